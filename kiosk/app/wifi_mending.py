"""Mends the network by a phone's `WIFI:` code, while the button inside the box is held down.

Only who can open the box can do that. Such a code is taken out of what the eye says, so the door
neither judges nor records it; without the button it is what it always was, a code that is no card.
It is joined on a thread of its own, `network`, and nothing of it is ever logged.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

from kiosk.app.logs import Log
from kiosk.app.player import Player
from kiosk.door.cues import Guide
from kiosk.door.signal import Failure, OnboardingSignal
from kiosk.errors import NetworkError, PayloadError
from kiosk.eye.link import Heard, Report
from kiosk.eye.messages import Code, Seen
from kiosk.network.client import Network
from kiosk.network.wifi import Wifi, read_wifi_code

_log = Log()

_HOLD_OFF_S = 2.5
"""A code unseen for so long was taken away; shown again, it is joined again."""
_TURN_S = 0.5
_CLOSE_S = 0.5


class Mending:
    """Stands between the eye and whoever hears it; `heard` runs on the eye's reader thread."""

    def __init__(
        self,
        network: Network,
        is_down: Callable[[], bool],
        play: Callable[[Guide], None],
        post: Callable[[Report], None],
    ) -> None:
        self._network = network
        self._is_down = is_down
        self._play = play
        self._post = post
        self._seen_s = float("-inf")
        self._asked: queue.Queue[Wifi] = queue.Queue(1)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)

    def start(self) -> None:
        """Begin to wait for a code."""
        self._thread.start()

    def heard(self, report: Report) -> None:
        """Pass on what the eye says, without what is for us; never blocks."""
        match report:
            case Heard(Seen() as seen, at_s) if self._is_down():
                others = tuple(code for code in seen.codes if not self._takes(code, at_s))
                if len(others) == len(seen.codes):
                    self._post(report)
                elif others:
                    self._post(Heard(seen.model_copy(update={"codes": others}), at_s))
            case _:
                self._post(report)

    def close(self) -> None:
        """Stop; a network that is being joined is not waited for."""
        self._stopping.set()
        self._thread.join(_CLOSE_S)

    def _takes(self, code: Code, at_s: float) -> bool:
        raw = code.payload_bytes
        if raw is None:
            return False
        try:
            wifi = read_wifi_code(raw)
        except PayloadError as error:
            if self._is_news(at_s):
                _log.warning("network", what=str(error))
                self._play(Guide(OnboardingSignal.FAILED, Failure.UNREADABLE))
            return True
        if wifi is None:
            return False
        if self._is_news(at_s):
            with contextlib.suppress(queue.Full):
                self._asked.put_nowait(wifi)
                self._play(Guide(OnboardingSignal.CODE_TAKEN))
        return True

    def _is_news(self, at_s: float) -> bool:
        before_s, self._seen_s = self._seen_s, at_s
        return at_s - before_s >= _HOLD_OFF_S

    def _run(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(queue.Empty):
                self._join(self._asked.get(timeout=_TURN_S))

    def _join(self, wifi: Wifi) -> None:
        try:
            self._network.join(wifi)
        except (NetworkError, PayloadError) as error:
            _log.warning("network", what=str(error))
            self._play(Guide(OnboardingSignal.FAILED, Failure.NETWORK))
        else:
            _log.info("network", what="the network of a code is joined")
            self._play(Guide(OnboardingSignal.JOINED))


@contextlib.contextmanager
def mending(
    button: Any, network: Network, player: Player, post: Callable[[Report], None]
) -> Iterator[Callable[[Report], None]]:
    """Give what hears the eye in place of `post`; without a button that is `post` itself.

    `button` is gpiozero's, or None.
    """
    if button is None:
        yield post
        return
    made = Mending(network, lambda: bool(button.is_pressed), player.play, post)
    made.start()
    try:
        yield made.heard
    finally:
        made.close()
