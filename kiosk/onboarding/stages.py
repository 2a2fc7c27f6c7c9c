"""How far a kiosk is on its way from a code to a door, and what moves it on: one table."""

from enum import StrEnum

from kiosk.door.signal import OnboardingSignal


class Stage(StrEnum):
    """How far a kiosk is with the code that it was shown."""

    WAITING = "waiting"
    """For a code."""
    NETWORK = "network"
    """The Wi-Fi that the code names is joined."""
    TIME = "time"
    """The clock is earlier than the code: no certificate could be judged."""
    ENROLMENT = "enrolment"
    """The claim is redeemed for a certificate."""
    FINISHING = "finishing"
    """Certificate, root and settings are put where the door reads them."""
    ONBOARDED = "onboarded"


class Turn(StrEnum):
    """What moves a kiosk from one stage to another."""

    TAKEN = "taken"
    """A code is on the disk, the first one or another."""
    DONE = "done"
    REFUSED = "refused"
    """The claim will never be redeemed."""


REPLACEABLE = (Stage.WAITING, Stage.NETWORK, Stage.TIME, Stage.ENROLMENT)
"""While what came is written, no other code takes the place of this one."""
TRANSITIONS: dict[tuple[Stage, Turn], Stage] = {
    **{(stage, Turn.TAKEN): Stage.NETWORK for stage in REPLACEABLE},
    (Stage.NETWORK, Turn.DONE): Stage.TIME,
    (Stage.TIME, Turn.DONE): Stage.ENROLMENT,
    (Stage.ENROLMENT, Turn.DONE): Stage.FINISHING,
    (Stage.ENROLMENT, Turn.REFUSED): Stage.WAITING,
    (Stage.FINISHING, Turn.DONE): Stage.ONBOARDED,
}
"""All that a code goes through."""

STAGE_SIGNALS = {
    Stage.WAITING: OnboardingSignal.SHOW_CODE,
    Stage.NETWORK: OnboardingSignal.JOINING,
    Stage.TIME: OnboardingSignal.AWAITING_TIME,
    Stage.ENROLMENT: OnboardingSignal.ENROLLING,
    Stage.FINISHING: OnboardingSignal.FINISHING,
}
