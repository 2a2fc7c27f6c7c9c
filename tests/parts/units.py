"""The systemd units as text: which there are, and what each says."""

from collections import defaultdict

from tests.parts.markdown import ROOT

UNITS = ROOT / "systemd"
SERVICES = ("kiosk.service", "kiosk-eye.service")
NETWORK = ("kiosk-network.socket", "kiosk-network@.service")
SERVERS = ("ledger/kiosk-ledger@.service", "enrolment/kiosk-enrolment.service")
COUNTERS = ("kiosk-hung.service", "kiosk-blind.service", "kiosk-eye-later.timer")


def settings_of(name: str) -> dict[str, list[str]]:
    """Return the keys of a unit, each with its words from all its lines."""
    words: dict[str, list[str]] = defaultdict(list)
    for line in (UNITS / name).read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            words[key] += value.split()
    return words
