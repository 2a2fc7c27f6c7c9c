"""The eye: its process where a kiosk runs, and whether its decoders read a card at all."""

from collections.abc import Callable, Iterable

from kiosk.doctor import Diagnosis, Mark, Observation, fine, skipped
from kiosk.doctor.account import Account
from kiosk.eye.frame import Frame

MANY_RESTARTS = 5

SILENT = Diagnosis(
    "eye.silent",
    Mark.FAULT,
    "the running kiosk has never heard of its eye",
    "sudo systemctl restart kiosk-eye; eye.socket must be the same for both, and "
    "id kiosk-eye must show kiosk-link",
)
RESTARTS = Diagnosis(
    "eye.restarts",
    Mark.WARNING,
    "the eye had to be started again and again",
    "read why: journalctl -u kiosk -u kiosk-eye | grep 'eye restarted'; a smaller camera.width_px, "
    "or a larger eye.silent_s",
)
BLIND = Diagnosis(
    "eye.blind",
    Mark.FAULT,
    "no decoder reads a drawn code",
    "install the decoders again: bash provisioning/setup.sh, or the package door-kiosk",
)


class EyeCheck:
    """Whether the eye is up, or would be able to read.

    `drawn` gives a frame with a code in it, and `read` tells how many codes the decoders read.
    """

    name = "eye"
    after: tuple[str, ...] = ("kiosk.silent",)

    def __init__(
        self, account: Account, drawn: Callable[[], Frame], read: Callable[[Frame], int]
    ) -> None:
        self._account = account
        self._drawn = drawn
        self._read = read

    def __call__(self) -> Iterable[Observation]:
        """Ask the running eye, or try its decoders here."""
        word = self._account.word
        if word is None and self._account.runs:
            yield skipped(self.name, "the running kiosk says nothing yet")
        elif word is None:
            if self._read(self._drawn()) == 0:
                yield BLIND.found("the decoders read nothing in a drawn picture of a code")
            else:
                yield fine(self.name, "the decoders read a drawn code")
        elif word.eye is None:
            starting = "camera" not in word.faults
            if starting:
                yield skipped(self.name, "the eye is starting")
            else:
                yield SILENT.found("the kiosk runs, and no eye has spoken to it")
        elif (word.eye.restarts or 0) >= MANY_RESTARTS:
            yield RESTARTS.found(f"started again {word.eye.restarts} times")
        else:
            yield fine(self.name, f"speaks; {word.eye.frames} frames since it started")
