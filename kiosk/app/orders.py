"""What each command does, on the main thread: a cue for the door, another direction, or the end."""

from collections.abc import Callable, Mapping

from kiosk.app.notify import Notify
from kiosk.app.told_direction import Way
from kiosk.commands.form import Command, CommandName
from kiosk.commands.judging import Refusal, Refused
from kiosk.door.cues import Cue, LightsDoubted, Sought
from kiosk.door.event import Direction
from kiosk.door.machine import Passing
from kiosk.door.signal import Signal, lights_test, pattern_of

EXIT_RESTART = 75
"""EX_TEMPFAIL of sysexits.h; the unit calls it a success and starts us again. The eye ends with the
same number where it begins anew by itself."""
_AS_SET = "settings"


class Orders:
    """Does commands; `step` gives the door a cue. `exit_code` says that the kiosk is to end."""

    def __init__(
        self,
        way: Way,
        notify: Notify,
        step: Callable[[Cue], None],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._way = way
        self._notify = notify
        self._step = step
        self._monotonic_s = monotonic_s
        self.exit_code: int | None = None

    def obey(self, command: Command) -> str | Refused:
        """Do what a command says; return what was done, in words, or why it was not."""
        names: Mapping[str, Callable[[Mapping[str, str]], str | Refused]] = {
            CommandName.IDENTIFY: self._identify,
            CommandName.TEST_LIGHTS: self._test_lights,
            CommandName.DIRECTION: self._direction,
            CommandName.RESTART: self._restart,
        }
        act = names.get(command.name)
        return Refused(Refusal.UNKNOWN) if act is None else act(command.arguments)

    def _identify(self, arguments: Mapping[str, str]) -> str | Refused:
        if arguments:
            return _no_arguments()
        self._step(Sought(self._monotonic_s()))
        pattern = pattern_of(Signal.IDENTIFY)
        return f"red light and two tones for {pattern.rounds * pattern.length_ms / 1000:.0f} s"

    def _test_lights(self, arguments: Mapping[str, str]) -> str | Refused:
        if arguments:
            return _no_arguments()
        self._step(LightsDoubted(self._monotonic_s()))
        seconds = lights_test().length_ms / 1000
        return f"every signal in turn for {seconds:.0f} s, unless a card is held up"

    def _direction(self, arguments: Mapping[str, str]) -> str | Refused:
        to = arguments.get("to", "")
        if to not in (*Direction, _AS_SET) or len(arguments) > 1:
            return Refused(Refusal.ARGUMENTS, f"to: {', '.join(Direction)} or {_AS_SET}")
        if self._way.settings is Passing.TOGGLE:
            return Refused(
                Refusal.NOT_HERE,
                "this kiosk counts both ways (toggle): change kiosk.direction in its settings",
            )
        try:
            self._way.turn(None if to == _AS_SET else Direction(to))
        except OSError as error:
            return Refused(
                Refusal.FAILED,
                f"the disk does not take it ({error.strerror}); the direction is still "
                f"{self._way.passing.value}",
            )
        return f"the direction is {self._way.passing.value}, and stays so after a restart"

    def _restart(self, arguments: Mapping[str, str]) -> str | Refused:
        if arguments:
            return _no_arguments()
        if not self._notify.listens:
            return Refused(
                Refusal.NOT_HERE, "no service manager runs this kiosk: nobody would start it again"
            )
        self.exit_code = EXIT_RESTART
        return "it ends now and is started again"


def _no_arguments() -> Refused:
    return Refused(Refusal.ARGUMENTS, "this command has no arguments")
