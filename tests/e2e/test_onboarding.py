"""A kiosk becomes a door by one code before its camera: claim, certificate, settings, check-in.

Enrolment server, broker and kiosk are real processes; the camera is drawn.
"""

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.app.settings import Settings, load_run
from kiosk.enrolment.keys import held_in
from kiosk.eye.people import person
from kiosk.identity.periods import Terms
from kiosk.onboarding.onboarded import MADE_S
from kiosk.onboarding.shown import START
from kiosk.payloads.parts import base45
from provisioning.fleet import many
from provisioning.fleet.names import Role
from tests.e2e.door import environ
from tests.e2e.newcomer import Newcomer, code_of
from tests.parts.fleets import Client, Fleet, FleetBroker
from tests.parts.onboarding_codes import WIFI, bootstrap, onboarder
from tests.parts.serving import Serving

AN = person(random.Random(1))
MOST_CHANGES = 40
READ_FRAMES = 8
"""More than a foreign code is shown before it is refused."""
pytestmark = [
    # paho leaves the socket of a failed handshake to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path / "fleet")


@pytest.fixture
def serving(fleet: Fleet) -> Iterator[Serving]:
    with Serving(fleet) as running:
        yield running


@pytest.fixture
def listener(fleet: Fleet, tmp_path: Path) -> Path:
    """Return the certificate of a ledger; the broker's rules name it, so it comes first."""
    return fleet.write(tmp_path / "ledger", fleet.registrar.service("ledger", Role.LEDGER))


@pytest.fixture
def broker(fleet: Fleet, listener: Path, tmp_path: Path) -> Iterator[FleetBroker]:
    assert listener.exists()
    with FleetBroker(tmp_path, fleet) as running:
        yield running


@pytest.fixture
def ledger(broker: FleetBroker, listener: Path) -> Iterator[Client]:
    with Client(broker.port, listener, listener.with_name(many.ROOT)) as listening:
        listening.listens("kiosk/v1/+/+/event/+")
        yield listening


def checked_in(ledger: Client) -> str:
    """Return the next check-in of this door that the ledger is told of."""
    topic, body = "", b""
    while topic != "kiosk/v1/hk-042/door-1/event/checkin":
        topic, body = ledger.hears()
    return body.decode()


def has_read(ledger: Client, frames: int) -> None:
    """Wait until the door is ready and its eye has read a code in so many frames."""
    status: dict[str, Any] = {}
    while status.get("phase") != "ready" or (status["eye"] or {}).get("frames_read", 0) < frames:
        topic, body = ledger.hears()
        status = json.loads(body) if topic.endswith("/status") else status


def test_from_a_code_to_the_first_check_in(
    fleet: Fleet, serving: Serving, broker: FleetBroker, ledger: Client, tmp_path: Path
) -> None:
    with Newcomer(tmp_path / "kiosk") as kiosk:
        kiosk.shows("show-code")
        kiosk.show(code_of(fleet, serving.url, broker.port))
        kiosk.shows("code-taken")
        kiosk.shows("enrolling")
        kiosk.shows("onboarded")
        kiosk.is_onboarded()
        assert held_in(kiosk.held.read_bytes()).name == "hk-042/door-1"
        # The phone is still held up as the door starts: it is no card that is refused.
        ledger.listens("kiosk/v1/+/+/status")
        kiosk.starts_again()
        kiosk.next("starting", site="hk-042", device="door-1")
        has_read(ledger, READ_FRAMES)
        event_id = kiosk.passes(AN)
        assert event_id in checked_in(ledger)
        assert [event for _, event in kiosk.recorded()] == [event_id]


def test_a_residents_card_meanwhile_leaves_nothing_behind(tmp_path: Path) -> None:
    with Newcomer(tmp_path / "kiosk") as kiosk:
        kiosk.shows("show-code")
        kiosk.show(AN)
        kiosk.shows("not-onboarded")
        assert kiosk.stop() == 0
    assert not kiosk.outbox.exists()
    kept = b"".join(path.read_bytes() for path in kiosk.folder.iterdir() if path.is_file())
    log = "\n".join(map(str, kiosk.facts))
    fields = AN.split("|")
    for own in (fields[0], fields[2], fields[5]):
        assert own not in log
        assert own.encode() not in kept.replace(stage_of(kiosk), b"")


def stage_of(kiosk: Newcomer) -> bytes:
    """Return what the drawn camera is told to draw."""
    return (kiosk.folder / "stage.json").read_bytes()


@pytest.mark.parametrize(
    ("failure", "key", "changed"),
    [
        ("other-issuer", onboarder(99), {}),
        ("old", None, {"issued_s": MADE_S}),
        ("other-kiosk", None, {"wifi": WIFI, "sealed_to": bootstrap()}),
    ],
)
@pytest.mark.threat("forge-onboarding-code", "replay-onboarding-code")
def test_a_code_that_is_not_for_this_kiosk_is_refused_by_its_own_count(
    fleet: Fleet,
    tmp_path: Path,
    failure: str,
    key: Ed25519PrivateKey | None,
    changed: dict[str, Any],
) -> None:
    code = code_of(fleet, "https://127.0.0.1:1", 1, key, **changed)
    with Newcomer(tmp_path / "kiosk") as kiosk:
        kiosk.show(code)
        kiosk.shows("onboarding-failed", failure=failure)
        assert not kiosk.code.exists()
        assert kiosk.stop() == 0
    assert not kiosk.left.exists()


@pytest.mark.threat("forge-onboarding-code")
def test_an_altered_and_a_damaged_code_are_refused(fleet: Fleet, tmp_path: Path) -> None:
    code = code_of(fleet, "https://127.0.0.1:1", 1)
    letters = base45.decode(code.removeprefix(START).encode())
    altered = START + base45.encode(letters[:-1] + bytes([letters[-1] ^ 1])).decode()
    with Newcomer(tmp_path / "kiosk") as kiosk:
        kiosk.show(altered)
        kiosk.shows("onboarding-failed", failure="not-genuine")
        kiosk.show(code[: len(code) // 2])
        kiosk.shows("onboarding-failed", failure="unreadable")
        assert not kiosk.code.exists()


@pytest.mark.threat("replay-onboarding-code")
@pytest.mark.threat("replay-onboarding-code")
def test_a_spent_claim_ends_its_code_and_the_next_one_counts(
    fleet: Fleet, serving: Serving, broker: FleetBroker, tmp_path: Path
) -> None:
    first = code_of(fleet, serving.url, broker.port)
    with Newcomer(tmp_path / "one") as one:
        one.show(first)
        one.is_onboarded()
    # The same code before another kiosk: to that one it is new, and its claim is spent.
    with Newcomer(tmp_path / "two") as two:
        two.show(first)
        two.shows("onboarding-failed", failure="claim")
        two.shows("show-code")
        assert not two.code.exists()
        two.show(code_of(fleet, serving.url, broker.port))
        two.is_onboarded()


def test_a_server_that_is_away_is_waited_for(
    fleet: Fleet, broker: FleetBroker, tmp_path: Path
) -> None:
    serving = Serving(fleet)
    with Newcomer(tmp_path / "kiosk") as kiosk:
        kiosk.show(code_of(fleet, serving.url, broker.port))
        kiosk.shows("onboarding-failed", failure="server")
        kiosk.show()
        with serving:
            kiosk.is_onboarded()


def test_another_code_takes_the_place_of_one_that_leads_nowhere(
    fleet: Fleet, serving: Serving, broker: FleetBroker, tmp_path: Path
) -> None:
    with Newcomer(tmp_path / "kiosk") as kiosk:
        kiosk.show(code_of(fleet, "https://127.0.0.1:1", 1, device="door-2"))
        kiosk.shows("onboarding-failed", failure="server")
        kiosk.show(code_of(fleet, serving.url, broker.port))
        kiosk.is_onboarded()
        assert held_in(kiosk.held.read_bytes()).name == "hk-042/door-1"


@pytest.mark.parametrize(
    "said",
    [
        {"what": "code taken"},
        {"stage": "enrolment"},
        {"stage": "finishing"},
        {"stage": "onboarded"},
    ],
    ids=["taken", "enrolment", "finishing", "onboarded"],
)
def test_killed_at_a_stage_it_goes_on_and_nothing_is_shown_again(
    fleet: Fleet, serving: Serving, broker: FleetBroker, tmp_path: Path, said: dict[str, str]
) -> None:
    with Newcomer(tmp_path / "kiosk") as kiosk:
        kiosk.show(code_of(fleet, serving.url, broker.port))
        kiosk.next("onboarding", **said)
        kiosk.stop(signal.SIGKILL)
        kiosk.show()
        kiosk.start()
        if kiosk.ends_onboarded():
            kiosk.start()
        kiosk.next("starting", site="hk-042", device="door-1")
        assert not kiosk.code.exists()
        kiosk.passes(AN)
    assert held_in(kiosk.held.read_bytes()).name == "hk-042/door-1"


@pytest.mark.timeout(300)
def test_cut_between_any_two_changes_of_the_disk_it_ends_as_if_it_had_not_been(
    fleet: Fleet, serving: Serving, tmp_path: Path
) -> None:
    kiosks = [Newcomer(tmp_path / f"door-{number}") for number in range(1, MOST_CHANGES + 1)]
    for kiosk in kiosks:
        code = code_of(fleet, serving.url, 1, device=kiosk.folder.name)
        kiosk.code.write_bytes(code.encode())
    ends = cut_and_gone_on([kiosk.config for kiosk in kiosks])
    cuts = len(ends) - 1
    assert 10 < cuts < MOST_CHANGES
    assert {first for first, _ in ends[:-1]} == {-signal.SIGKILL}
    assert {second for _, second in ends} == {0}
    for kiosk in kiosks[:cuts]:
        found = load_run(kiosk.config, {})
        assert isinstance(found, Settings)
        assert found.secrets.site_key.terms == Terms("hk-042", 14)
        held = held_in(kiosk.held.read_bytes())
        assert held.name == f"hk-042/{kiosk.folder.name}"
        # The server knows this very one, and has given no other for the claim.
        with closing(fleet.folder.roll()) as roll:
            newest = roll.newest(held.name)
        assert newest is not None
        assert int(newest.serial, 16) == held.chain[0].serial_number
        names = {path.name for path in kiosk.folder.iterdir()}
        assert not [n for n in names if "code" in n or "draft" in n or "next" in n]


def cut_and_gone_on(configs: list[Path]) -> list[tuple[int, int]]:
    command = [sys.executable, "-m", "tests.parts.onboarding_cut", *map(str, configs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ())
    return [(first, second) for first, second in json.loads(done.stdout)]
