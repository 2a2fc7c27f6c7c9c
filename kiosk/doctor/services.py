"""The two services under systemd: are they up, do they come back by themselves, and how often?"""

from collections.abc import Iterable, Iterator

from kiosk.doctor import Diagnosis, Mark, Observation, fine, skipped
from kiosk.doctor.machine import Machine
from kiosk.errors import EXIT_SETTINGS

UNITS = ("kiosk.service", "kiosk-eye.service")
HANGS = "kiosk-hung.service"
"""Started once for each hang; it counts, and does nothing else."""
PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "Result",
    "ExecMainStatus",
    "NRestarts",
    "InactiveExitTimestampMonotonic",
)
MANY_RESTARTS = 3

DOWN = Diagnosis(
    "services.down",
    Mark.FAULT,
    "a service does not run",
    "read why: journalctl -u {unit} -n 30; then: sudo systemctl restart kiosk kiosk-eye",
)
SETTINGS = Diagnosis(
    "services.settings",
    Mark.FAULT,
    "a service has ended because the settings cannot be used",
    "kiosk config check; mend what it says; then: sudo systemctl restart kiosk kiosk-eye",
)
NOT_AT_BOOT = Diagnosis(
    "services.not-at-boot",
    Mark.WARNING,
    "the kiosk does not start by itself after a power cut",
    "sudo systemctl enable kiosk",
)
RESTARTS = Diagnosis(
    "services.restarts",
    Mark.WARNING,
    "a service was started again and again",
    "read why: journalctl -u {unit} | grep -i -e error -e critical; look at the line power too",
)
HUNG = Diagnosis(
    "services.hung",
    Mark.WARNING,
    "the kiosk has hung since boot and was started again by its watchdog",
    "read what hung: journalctl -u kiosk | grep hung; look at the lines disk and power too",
)


class ServicesCheck:
    """What systemd says of them."""

    name = "services"
    after: tuple[str, ...] = ()

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __call__(self) -> Iterable[Observation]:
        """Ask for each of them; nothing wrong is one line."""
        known = {unit: shown(self._machine, unit) for unit in UNITS}
        here = {unit: said for unit, said in known.items() if said.get("LoadState") == "loaded"}
        if "kiosk.service" not in here:
            yield skipped(self.name, "not installed as a service here")
            return
        wrong = [each for unit, said in here.items() for each in _wrong(unit, said)]
        hung = shown(self._machine, HANGS)
        if hung.get("InactiveExitTimestampMonotonic", "0") not in ("", "0"):
            wrong.append(HUNG.found("the watchdog has ended the kiosk since boot"))
        yield from wrong
        if not wrong:
            count = sum(int(said.get("NRestarts") or 0) for said in here.values())
            yield fine(self.name, f"{', '.join(here)}: active, {count} restarts")


def _wrong(unit: str, said: dict[str, str]) -> Iterator[Observation]:
    state = f"{unit}: {said.get('ActiveState')} ({said.get('SubState')})"
    if said.get("ActiveState") not in ("active", "activating"):
        code = said.get("ExecMainStatus", "")
        what = f"{state}, result {said.get('Result')}, exit code {code}"
        if code == str(EXIT_SETTINGS):
            yield SETTINGS.found(what)
        else:
            yield DOWN.found(what, unit=unit)
        return
    restarts = said.get("NRestarts", "0")
    if restarts.isdigit() and int(restarts) > MANY_RESTARTS:
        yield RESTARTS.found(f"{unit}: started again {restarts} times", unit=unit)
    if unit == "kiosk.service" and said.get("UnitFileState") == "disabled":
        yield NOT_AT_BOOT.found(f"{state}, disabled")


def shown(machine: Machine, unit: str) -> dict[str, str]:
    """Return what systemd says of a unit; empty where there is no systemd."""
    ran = machine.run(["systemctl", "show", unit, f"--property={','.join(PROPERTIES)}"])
    if ran is None or ran.code != 0:
        return {}
    pairs = (line.partition("=") for line in ran.text.splitlines())
    return {name: value for name, _, value in pairs}
