"""Lights, buzzer and relay: each is driven, and a person says whether it did what it should.

A pin cannot tell whether a light hangs on it, so a person is asked. Without one nothing is proven
but that the pin can be driven. A relay opens a door: it is driven only for somebody who is there.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from kiosk.doctor import Diagnosis, Mark, Observation, fine, skipped
from kiosk.doctor.account import Account
from kiosk.errors import KioskError
from kiosk.indicators import OFF, Indicator, Output

Ask = Callable[[str], bool | None]
"""Puts a question; True is yes, None that nobody is there to answer."""

TONE_HZ = 1319

PINS = Diagnosis(
    "indicators.pins",
    Mark.FAULT,
    "the header's pins cannot be driven",
    "{remedy}",
)
PINS_REMEDY = (
    "sudo apt install python3-lgpio, add the user to group gpio; stop what else uses the pins: "
    "sudo systemctl stop kiosk"
)
UNSEEN = Diagnosis(
    "indicators.light",
    Mark.FAULT,
    "a light stays dark, or the other one is lit",
    "check the LED's wires ({wires}), then turn the LED round; kiosk wiring shows where it belongs",
)
UNHEARD = Diagnosis(
    "indicators.buzzer",
    Mark.FAULT,
    "the buzzer is silent",
    "check the buzzer's transistor and wires ({wires}); it must be a passive one; "
    "indicators.buzzer.volume must not be 0",
)
UNMOVED = Diagnosis(
    "indicators.relay",
    Mark.FAULT,
    "the relay does not click, or the lock does not open",
    "check the relay's wires ({wires}), its supply and indicators.relay.active_high",
)


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to try: its name, what drives it, what to ask, and what a `no` means.

    `wires` says where it is wired. `asks_first` is put before it is driven at all.
    """

    name: str
    output: Output
    question: str
    otherwise: Diagnosis
    wires: str = ""
    asks_first: str | None = None


class IndicatorsCheck:
    """Everything at the door that shows, sounds or opens.

    `build` gives the indicators, all of them off; `parts` are what they have together.
    """

    name = "indicators"
    after: tuple[str, ...] = ()

    def __init__(
        self,
        account: Account,
        build: Callable[[], Sequence[Indicator]],
        parts: Sequence[Part],
        ask: Ask,
    ) -> None:
        self._account = account
        self._build = build
        self._parts = parts
        self._ask = ask

    def __call__(self) -> Iterable[Observation]:
        """Drive one after the other, and ask."""
        if not self._parts:
            yield skipped(self.name, "this door has nothing that hangs on a pin")
            return
        if self._account.runs:
            yield skipped(
                self.name, "the running kiosk has the pins; to try them: sudo systemctl stop kiosk"
            )
            return
        with ExitStack() as stack:
            try:
                indicators = self._build()
            except KioskError as error:
                yield PINS.found(str(error), remedy=PINS_REMEDY)
                return
            for indicator in indicators:
                stack.callback(indicator.close)
            for part in self._parts:
                yield self._tried(part, indicators)

    def _tried(self, part: Part, indicators: Sequence[Indicator]) -> Observation:
        if part.asks_first is not None and not self._ask(part.asks_first):
            return skipped(self.name, f"{part.name}: not tried, nobody asked for it")
        try:
            _apply(indicators, part.output)
            answer = self._ask(part.question)
        except KioskError as error:
            return PINS.found(f"{part.name}: {error}", remedy=PINS_REMEDY)
        finally:
            _off(indicators)
        if answer is None:
            return fine(self.name, f"{part.name}: its pin can be driven; nobody was asked")
        if answer:
            return fine(self.name, f"{part.name}: works")
        return part.otherwise.found(f"{part.name}: somebody says no", wires=part.wires)


def _apply(indicators: Sequence[Indicator], output: Output) -> None:
    for indicator in indicators:
        indicator.apply(output)


def _off(indicators: Sequence[Indicator]) -> None:
    for indicator in indicators:
        try:
            indicator.apply(OFF)
        except KioskError:
            indicator.close()


GREEN = Part("green light", Output(green=1.0), "Is the green light on, and only it?", UNSEEN)
RED = Part("red light", Output(red=1.0), "Is the red light on, and only it?", UNSEEN)
BUZZER = Part("buzzer", Output(tone_hz=TONE_HZ), "Does the buzzer sound?", UNHEARD)
RELAY = Part(
    "relay",
    Output(unlocked=True),
    "Did the relay click and the lock open?",
    UNMOVED,
    asks_first="The door will be unlocked. Are you at the door, and may it open?",
)
