"""What one MQTT connection listens to: the words for this kiosk, and topics that were wanted.

Only the network thread of the connection touches the client; others leave what they want. What may
come at a wanted topic is bounded before it is handed on: by size, and where one message is enough,
by number, so that a hostile broker cannot fill the memory of whoever waits for it. Commands are
bounded by how fast they come: who may not command a door could still keep it busy.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.subscribeoptions import SubscribeOptions

from kiosk.uplink import Commanded, Report, Retained, Wanted, Word, WordRefused
from kiosk.uplink.delivery.pace import Pace
from kiosk.uplink.delivery.words import topics_of, word_of

QOS = 1
COMMANDS_HZ = 100.0
"""Commands that are handed on in a second; others are dropped and counted. Each costs the door as
much as a signed card, and an eye may show it as many."""
_ANY_NAME = "/+"


class Ear:
    """The subscriptions of one connection; `heard` gets what is said at them."""

    def __init__(
        self,
        source: str,
        heard: Callable[[Report], None],
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._heard = heard
        self._monotonic_s = monotonic_s
        self._pace = Pace(COMMANDS_HZ, at_s=monotonic_s())
        self._dropped = 0
        self._leaving: deque[Wanted] = deque()
        self._wanted: dict[str, Wanted] = {}
        self._asked: dict[int, list[Word]] = {}

    def want(self, wanted: Sequence[Wanted]) -> None:
        """Leave topics for the network thread; any thread."""
        self._leaving.extend(wanted)

    def begin(self, client: paho.Client) -> None:
        """Subscribe to the words for this kiosk."""
        self._subscribe(client, topics_of(self._source))

    def ask(self, client: paho.Client) -> None:
        """Subscribe to what was left; a topic that is wanted again is told again."""
        topics: dict[str, Word] = {}
        while self._leaving:
            wanted = self._leaving.popleft()
            self._wanted[wanted.topic] = wanted
            topics[wanted.topic] = Word.COMMAND if wanted.commands else Word.LIST
        if topics:
            self._subscribe(client, topics)

    def _subscribe(self, client: paho.Client, topics: dict[str, Word]) -> None:
        _, mid = client.subscribe([(topic, _options(word)) for topic, word in topics.items()])
        if mid is not None:
            self._asked[mid] = list(topics.values())

    def subscribed(self, mid: int, reasons: Sequence[Any]) -> None:
        """Tell of what the broker keeps from us."""
        for word, reason in zip(self._asked.pop(mid, ()), reasons, strict=False):
            if reason.is_failure:
                self._heard(WordRefused(word, f"the broker keeps it from us: {reason}"))

    def take(self, client: paho.Client, message: paho.MQTTMessage) -> None:
        """Hand on what a message says, where it is for us."""
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        above, _, name = topic.rpartition("/")
        wanted = self._wanted.get(topic) or self._wanted.get(f"{above}{_ANY_NAME}")
        if wanted is not None and wanted.commands:
            self._command(name, message, wanted.max_bytes)
            return
        if wanted is None:
            report = word_of(topic, bytes(message.payload), self._source)
            if report is not None:
                self._heard(report)
            return
        if wanted.once:
            del self._wanted[topic]
            client.unsubscribe(topic)
        if len(message.payload) <= wanted.max_bytes:
            self._heard(Retained(topic, bytes(message.payload)))

    def _command(self, name: str, message: paho.MQTTMessage, most: int) -> None:
        """Hand a command on as it came, cut where nobody reads on."""
        if self._pace.room(self._monotonic_s()) < 1:
            self._dropped += 1
            return
        self._pace.spend(1)
        body = bytes(message.payload[: most + 1])
        dropped, self._dropped = self._dropped, 0
        self._heard(Commanded(name, body, len(message.payload), bool(message.retain), dropped))


def _options(word: Word) -> SubscribeOptions:
    # Else the broker would hide from us that somebody meant a command to be retained.
    return SubscribeOptions(QOS, retainAsPublished=word is Word.COMMAND)
