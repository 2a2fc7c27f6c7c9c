"""A Pi out of its box becomes a door by one code on a phone: camera, network, claim, broker.

Everything is real but the sensor's picture and the radio: libcamera and picamera2, the kernel's
pins, systemd, the program behind the network socket, the enrolment server, a mutual-TLS mosquitto.
"""

from pathlib import Path

import pytest

from tests.device.pi.onboarding_parts import CONNECTION, DOOR, WIFI, Newcomer
from tests.device.pi.pictures import AN, NOBODY
from tests.parts.onboarding_codes import onboarder

PHONES_WIFI = "WIFI:T:WPA;S:ward;P:a long secret;;"
CUTS = [["code taken", "stage=enrolment", "stage=finishing"], ["stage=onboarded"]]
"""What is said where the plug is pulled.

On the way it may be a door already after a cut: pulling takes longer than a stage. It is killed
before each single change of a file by test_onboarding.py of tests/e2e.
"""


def test_from_a_phone_to_the_first_check_in(scratch: Path) -> None:
    with Newcomer(scratch) as pi:
        code = pi.code(claim=pi.claim())
        pi.unprovision()
        # A resident's card meanwhile: out of order, and nothing of it anywhere.
        pi.hold_up(AN)
        pi.until_says("shown=not-onboarded")
        # A code that somebody else has signed.
        pi.hold_up(pi.code(onboarder(99), claim=bytes(16)))
        pi.until_says("failure=other-issuer")
        pi.hold_up(code)
        # The door's eye, which is started later, sees that the phone was put away.
        pi.put_before_the_camera(NOBODY)
        pi.until_says("onboarded=True")
        pi.until_door()
        network = pi.shell(f"cat {CONNECTION}; stat -c %a:%U {CONNECTION}")
        pi.hold_up(AN)
        pi.until("grep -q event/checkin /run/heard-by-tls")
        (event,) = pi.checked_in()
        log = pi.log()
        left = pi.shell("ls /var/lib/kiosk; stat -c %a /var/lib/kiosk/onboarded.toml")
    assert "hidden=true" in network
    assert network.endswith("600:root")
    assert '"verdict":"accepted"' in event
    assert "onboarding.code" not in left
    assert left.endswith("600")
    assert WIFI.password is not None
    fields = AN.split("|")
    for secret in (WIFI.password, WIFI.ssid, fields[0], fields[2]):
        assert secret not in log


@pytest.mark.threat("replay-onboarding-code")
def test_a_spent_claim_and_a_replayed_code(scratch: Path) -> None:
    with Newcomer(scratch) as pi:
        spent = pi.code(claim=pi.redeemed_elsewhere(), wifi=None)
        good = pi.code(claim=pi.claim(), wifi=None)
        pi.unprovision()
        pi.hold_up(spent)
        pi.until_says("failure=claim")
        assert "onboarding.code" not in pi.shell("ls /var/lib/kiosk")
        pi.hold_up(good)
        pi.until_says("onboarded=True")
        pi.until_door()


@pytest.mark.parametrize("stages", CUTS, ids=["on-the-way", "at-the-end"])
def test_the_plug_is_pulled_at_each_stage(scratch: Path, stages: list[str]) -> None:
    with Newcomer(scratch) as pi:
        code = pi.code(claim=pi.claim())
        pi.unprovision()
        pi.hold_up(code)
        pi.put_before_the_camera(NOBODY)
        for words in stages:
            pi.until_says(words, DOOR)
            pi.pull_the_plug()
            pi.plug_in_again()
            # Nothing is shown again.
            pi.start_the_city()
        pi.until_door()
        assert "onboarding.code" not in pi.shell("ls /var/lib/kiosk")
        pi.hold_up(AN)
        pi.until("grep -q event/checkin /run/heard-by-tls")


def test_the_button_mends_the_network_and_onboards_anew(scratch: Path) -> None:
    with Newcomer(scratch) as pi:
        code = pi.code(claim=pi.claim(), wifi=None)
        pi.unprovision()
        pi.hold_up(code)
        pi.put_before_the_camera(NOBODY)
        pi.until_door()
        # At a door, with the button up: a code like any other, that is no card.
        pi.hold_up(PHONES_WIFI)
        pi.until_this_start_says("signal=not-a-card")
        assert not pi.has(CONNECTION)
        refused = len(pi.checked_in())
        pi.hold_the_button()
        pi.hold_up(PHONES_WIFI)
        pi.until_this_start_says("the network of a code is joined")
        pi.put_before_the_camera(NOBODY)
        assert pi.has(CONNECTION)
        assert len(pi.checked_in()) == refused
        # Held from the start it asks for a code; the one that it had is old.
        pi.shell("systemctl restart kiosk")
        pi.until_this_start_says("shown=show-code")
        pi.hold_up(code)
        pi.until_this_start_says("failure=old")
        pi.hold_the_button(down=False)
        pi.put_before_the_camera(NOBODY)
        pi.shell("systemctl restart kiosk")
        pi.until_this_start_says(DOOR)
        pi.until_ready()
        assert "secret" not in pi.log()
