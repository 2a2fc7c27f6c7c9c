"""Whether the eye is well: what it says of itself, and what becomes of one that says nothing.

Main thread only. Each answer is a cue for whoever shows it, or None.
"""

from kiosk.app.logs import Log
from kiosk.app.record import names_in
from kiosk.door.cues import FaultCleared, FaultRaised
from kiosk.door.signal import Fault
from kiosk.errors import EXIT_SETTINGS, SettingsError
from kiosk.eye.messages import Bye, Heartbeat, Hello, Message
from kiosk.eye.supervisor import EXIT_PLANNED, START_PATIENCE_S, Supervisor

_log = Log()


class EyeWatch:
    """Hears the eye and starts it again, or says that somebody else has to.

    `eye_s`: when it last spoke (monotonic s); None: not yet.
    """

    def __init__(self, supervisor: Supervisor | None, silent_s: float, now_s: float) -> None:
        self._supervisor = supervisor
        self._silent_s = silent_s
        # An eye that never connects is silent too, once it had time to start.
        self._heard_s: float | None = now_s + START_PATIENCE_S - silent_s
        self._planned = False
        self.eye_s: float | None = None

    @property
    def restarts(self) -> int:
        """How often it was started again here."""
        return self._supervisor.restarts if self._supervisor else 0

    def heard(self, message: Message, at_s: float) -> FaultRaised | FaultCleared | None:
        """Take in that the eye spoke, and what it says of itself."""
        self._heard_s = self.eye_s = at_s
        if self._supervisor is not None:
            self._supervisor.heard(at_s)
        match message:
            case Hello():
                _log.info("eye up", camera_and_decoders=names_in(message))
            case Bye():
                _log.info("eye begins anew", why=message.why)
                self._planned = True
            case Heartbeat(camera_ok=True):
                return FaultCleared(at_s, Fault.CAMERA)
            case Heartbeat():
                return FaultRaised(at_s, Fault.CAMERA)
        return None

    def gone(self, why: str, at_s: float) -> FaultRaised | None:
        """Say that nothing is seen, unless the eye planned it and another one is on its way."""
        planned, self._planned = self._planned, False
        if planned:
            return None
        _log.warning("eye gone", why=why)
        return FaultRaised(at_s, Fault.CAMERA)

    def supervise(self, now_s: float) -> FaultRaised | None:
        """Start it, bury it and start it again, as it needs.

        Raises:
            SettingsError: It cannot use its settings.
        """
        restarted = None if self._supervisor is None else self._supervisor.tick(now_s)
        if restarted is not None:
            if restarted.code == EXIT_SETTINGS:
                raise SettingsError("the eye cannot use its settings; its line is above")
            if restarted.code != EXIT_PLANNED:
                _log.warning("eye restarted", why=restarted.why, pause_s=restarted.pause_s)
                return FaultRaised(now_s, Fault.CAMERA)
        elif self._heard_s is not None and now_s - self._heard_s > self._silent_s:
            # An eye that somebody else restarts: all that can be done is to say so.
            self._heard_s = None
            _log.warning("eye silent", silent_s=self._silent_s)
            return FaultRaised(now_s, Fault.CAMERA)
        return None
