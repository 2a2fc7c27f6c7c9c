"""Every error the kiosk raises on purpose, each with the remedy the daemon applies.

The daemon chooses by class and never by text, so a message may be reworded freely. A message says
what happened and what to do, in one line, and never contains a payload, a name or a number read
from a card. Third-party exceptions are translated at their adapter; a bug stays a builtin
exception and crashes.
"""

from enum import StrEnum
from typing import ClassVar

EXIT_SETTINGS = 78
"""EX_CONFIG of sysexits.h: a person must change a file; systemd does not start us again."""


class Remedy(StrEnum):
    """What the daemon does about an error."""

    STOP = "stop"
    """End with exit code 78: a person must change a file; a restart would not help."""
    REFUSE = "refuse"
    """Refuse this card kindly: it is one person's card, never an incident."""
    RESTART_EYE = "restart-eye"
    """Start the eye anew; the door is out of order until it sees again."""
    DEGRADE = "degrade"
    """Go on without it, or with what there was before, and say so."""
    OUT_OF_ORDER = "out-of-order"
    """Show out of order until the disk takes a write again."""
    RETRY = "retry"
    """Try again later; the outbox keeps the events."""


class KioskError(Exception):
    """The root of all errors raised on purpose."""

    remedy: ClassVar[Remedy]


class SettingsError(KioskError, ValueError):
    """The settings cannot be used. The message names file, line, key, value and fix."""

    remedy = Remedy.STOP


class PayloadError(KioskError, ValueError):
    """A payload claims a format but breaks its rules: ours, but bad."""

    remedy = Remedy.REFUSE


class ListError(KioskError, ValueError):
    """A list is not taken as it came or as it is on the disk; the one in use stays."""

    remedy = Remedy.DEGRADE


class EnrolmentError(KioskError):
    """No certificate for the broker could be got or used; the one in use stays."""

    remedy = Remedy.DEGRADE


class EnrolmentRefused(EnrolmentError):  # noqa: N818 - names a state of the world
    """The enrolment server answered, and gives no certificate; `refusal` says why in one word."""

    def __init__(self, refusal: str, message: str) -> None:
        super().__init__(message)
        self.refusal = refusal


class OnboardingError(KioskError):
    """A kiosk is not onboarded by what was shown to it or lies on its disk; it waits for more."""

    remedy = Remedy.REFUSE


class OnboardingRefused(OnboardingError):  # noqa: N818 - names a state of the world
    """An onboarding code is not taken; `refusal` says why in one word."""

    def __init__(self, refusal: str, message: str) -> None:
        super().__init__(message)
        self.refusal = refusal


class NetworkError(KioskError):
    """The network that a code names is not up; it is tried on and on."""

    remedy = Remedy.RETRY


class DeviceError(KioskError, OSError):
    """A device does not do what it should."""

    remedy = Remedy.DEGRADE


class CameraLost(DeviceError):  # noqa: N818 - names a state of the world, as the whole taxonomy does
    """The camera is unplugged, refuses to start, or stopped delivering frames."""

    remedy = Remedy.RESTART_EYE


class NotAPicture(DeviceError):  # noqa: N818
    """A file is no picture that can be decoded within bounds."""


class IndicatorLost(DeviceError):  # noqa: N818
    """A light, the buzzer or the relay cannot be driven."""


class OutboxError(KioskError):
    """A check-in could not be committed to disk, so green may not be shown."""

    remedy = Remedy.OUT_OF_ORDER


class OutboxFull(OutboxError):  # noqa: N818
    """The disk, or the space given to the outbox, is full."""


class DeliveryError(KioskError):
    """Events do not reach the broker; they stay in the outbox."""

    remedy = Remedy.RETRY


class BrokerUnreachable(DeliveryError):  # noqa: N818
    """No connection to the broker."""
