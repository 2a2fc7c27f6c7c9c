"""What onboarding finds on a disk, and what the enrolment server says to it, one thing each."""

import queue
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.app.inbox import WorkEnded
from kiosk.app.onboarding_section import onboarded_at
from kiosk.app.onboarding_work import Places, Work, Worker
from kiosk.app.settings import load_run
from kiosk.clock.system import Settings as ClockSettings
from kiosk.clock.system import build
from kiosk.door.signal import Failure, Fault
from kiosk.enrolment.keys import certificate_pem, certificates_in, held_in
from kiosk.identity.periods import SiteKey, Terms, as_text, site_key_in
from kiosk.network.client import NetworkSocket
from kiosk.network.wifi import Wifi
from kiosk.onboarding.cues import Begin
from kiosk.onboarding.form import Setup
from kiosk.onboarding.kept import KeptCode
from kiosk.onboarding.stages import Stage
from tests.e2e.newcomer import Newcomer, claim_for, pin_of
from tests.parts.certificates import ROOT as STRANGER
from tests.parts.fleets import DAY_S, Fleet
from tests.parts.onboarding_codes import SETUP
from tests.parts.serving import Serving

PATIENCE_S = 60.0
KEY = bytes(range(32))
OK = WorkEnded(1)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path / "fleet")


@pytest.fixture
def serving(fleet: Fleet) -> Iterator[Serving]:
    with Serving(fleet) as running:
        yield running


@pytest.fixture
def kiosk(tmp_path: Path) -> Newcomer:
    return Newcomer(tmp_path / "kiosk")


class Bench:
    """A worker on a kiosk's disk; each stage is asked for and waited for."""

    def __init__(self, kiosk: Newcomer) -> None:
        found = load_run(kiosk.config, {})
        places = Places(found.onboarding, found.enrolment, found.identity)
        clock = build(ClockSettings())
        self._ended: queue.Queue[WorkEnded] = queue.Queue()
        work = Work(places, NetworkSocket(places.onboarding.network_socket, 1.0), clock)
        self._worker = Worker(work, clock, self._ended.put)

    def does(self, setup: Setup, *stages: Stage) -> WorkEnded:
        """Return how the last of these stages ended, or the first that failed."""
        self._worker.start()
        try:
            for stage in stages:
                self._worker.begin(Begin(1, stage, setup))
                ended = self._ended.get(timeout=PATIENCE_S)
                if ended != OK:
                    break
        finally:
            self._worker.close(PATIENCE_S)
        return ended


BOTH = (Stage.ENROLMENT, Stage.FINISHING)


def setup_of(fleet: Fleet, serving: Serving) -> Setup:
    return replace(
        SETUP,
        server=serving.url,
        pin=pin_of(fleet),
        claim=claim_for(fleet),
        issued_s=int(time.time()),
        wifi=None,
    )


def test_everything_is_left_as_a_door_needs_it(
    fleet: Fleet, serving: Serving, kiosk: Newcomer
) -> None:
    setup = setup_of(fleet, serving)
    KeptCode(kiosk.code).keep(b"DKSETUP:1:ABC")
    assert Bench(kiosk).does(setup, *BOTH) == OK
    left = onboarded_at(kiosk.left)
    assert left is not None
    assert left.is_by(setup)
    assert {path.name: path.stat().st_mode & 0o777 for path in kiosk.folder.glob("[eors]*")} == {
        "enrolled.key": 0o600,
        "onboarded.toml": 0o600,
        "onboarding.pub": (kiosk.folder / "onboarding.pub").stat().st_mode & 0o777,
        "root.pem": 0o644,
        "site.key": 0o600,
    }


@pytest.mark.parametrize(
    "key", [SiteKey(KEY), SiteKey(KEY, Terms("hk-042", 14), 1)], ids=["for-ever", "with-periods"]
)
def test_a_venues_key_that_lies_there_stays(
    fleet: Fleet, serving: Serving, kiosk: Newcomer, key: SiteKey
) -> None:
    kiosk.site_key.write_text(as_text(key))
    assert Bench(kiosk).does(setup_of(fleet, serving), *BOTH) == OK
    assert kiosk.site_key.read_text() == as_text(key)


def test_another_venues_key_gives_way(fleet: Fleet, serving: Serving, kiosk: Newcomer) -> None:
    kiosk.site_key.write_text(as_text(SiteKey(KEY, Terms("hk-001", 14), 1)))
    assert Bench(kiosk).does(setup_of(fleet, serving), *BOTH) == OK
    made = site_key_in(kiosk.site_key.read_text())
    assert made.terms == Terms("hk-042", 14)
    assert made.key != KEY


def test_the_root_of_another_fleet_gives_way(
    fleet: Fleet, serving: Serving, kiosk: Newcomer
) -> None:
    kiosk.root.write_text(certificate_pem(STRANGER.certificate))
    assert Bench(kiosk).does(setup_of(fleet, serving), *BOTH) == OK
    assert certificates_in(kiosk.root.read_bytes()) == (fleet.folder.root_certificate(),)


@pytest.mark.threat("stand-before-enrolment")
def test_a_server_with_another_root_gets_no_claim_and_is_asked_again(
    fleet: Fleet, serving: Serving, kiosk: Newcomer
) -> None:
    setup = setup_of(fleet, serving)
    wrong = replace(setup, pin=bytes(32))
    assert Bench(kiosk).does(wrong, Stage.ENROLMENT) == WorkEnded(1, Failure.SERVER)
    # Nobody has heard of the claim: it is good still.
    assert Bench(kiosk).does(setup, *BOTH) == OK


def test_a_claim_that_came_too_late_ends_its_code(
    fleet: Fleet, serving: Serving, kiosk: Newcomer
) -> None:
    fleet.ahead_s = -100 * DAY_S
    late = setup_of(fleet, serving)
    fleet.ahead_s = 0
    ended = Bench(kiosk).does(late, Stage.ENROLMENT)
    assert ended == WorkEnded(1, Failure.CLAIM, final=True)
    assert not kiosk.held.exists()


def test_a_claim_for_another_door_ends_its_code(
    fleet: Fleet, serving: Serving, kiosk: Newcomer
) -> None:
    other = replace(setup_of(fleet, serving), device="door-2")
    ended = Bench(kiosk).does(other, Stage.ENROLMENT)
    assert ended == WorkEnded(1, Failure.CLAIM, final=True)


def test_onboarded_anew_the_old_certificate_is_in_use_until_the_new_one_is_there(
    fleet: Fleet, serving: Serving, kiosk: Newcomer
) -> None:
    assert Bench(kiosk).does(setup_of(fleet, serving), *BOTH) == OK
    before = kiosk.held.read_bytes()
    again = replace(setup_of(fleet, serving), issued_s=int(time.time()) + 1)
    bench = Bench(kiosk)
    assert bench.does(again, Stage.ENROLMENT) == OK
    assert kiosk.held.read_bytes() == before
    assert Bench(kiosk).does(again, *BOTH) == OK
    assert held_in(kiosk.held.read_bytes()).chain[0] != held_in(before).chain[0]


def test_without_a_network_program_and_a_way_to_the_server_the_network_fails(
    fleet: Fleet, kiosk: Newcomer
) -> None:
    with Serving(fleet) as ended:
        setup = replace(setup_of(fleet, ended), wifi=Wifi("ward", "a long secret"))
    assert Bench(kiosk).does(setup, Stage.NETWORK) == WorkEnded(1, Failure.NETWORK)


def test_where_a_cable_reaches_the_server_a_wi_fi_that_fails_does_not_matter(
    fleet: Fleet, serving: Serving, kiosk: Newcomer
) -> None:
    setup = replace(setup_of(fleet, serving), wifi=Wifi("ward", "a long secret"))
    assert Bench(kiosk).does(setup, Stage.NETWORK, *BOTH) == OK


def test_a_folder_that_is_gone_is_the_disks_fault(
    fleet: Fleet, serving: Serving, kiosk: Newcomer
) -> None:
    setup = setup_of(fleet, serving)
    bench = Bench(kiosk)
    kiosk.folder.rename(kiosk.folder.with_name("elsewhere"))
    assert bench.does(setup, Stage.ENROLMENT) == WorkEnded(1, Fault.DISK)
