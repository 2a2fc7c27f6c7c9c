"""Prints events, one JSON object a line: for trials, pipes and a first look without a broker."""

import sys
from collections.abc import Sequence
from typing import TextIO

from pydantic import BaseModel, ConfigDict

from kiosk.door.event import QueuedEvent
from kiosk.errors import BrokerUnreachable
from kiosk.uplink import STATUS_ROW, Connected, Post, Puback, Wanted

_SUCCESS = 0


class Settings(BaseModel):
    """Standard output has nothing to set."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StdoutUplink:
    """Writes each event as a line and answers it when the line was flushed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._post: Post | None = None

    def connect(self, post: Post) -> None:
        """Be connected at once."""
        self._post = post
        post(Connected(receive_maximum=1))

    def send(self, event: QueuedEvent) -> None:
        """Print one event."""
        if self._post is None:
            raise BrokerUnreachable("not connected: call connect first")
        try:
            self._stream.write(event.body.decode() + "\n")
            self._stream.flush()
        except (OSError, ValueError) as error:
            raise BrokerUnreachable(f"standard output is closed: {error}") from error
        self._post(Puback(event.row, _SUCCESS))

    def send_status(self, body: bytes) -> None:  # noqa: ARG002 - nobody reads it
        """Print nothing: a status is not an event."""
        if self._post is None:
            raise BrokerUnreachable("not connected: call connect first")
        self._post(Puback(STATUS_ROW, _SUCCESS))

    def listen(self, wanted: Sequence[Wanted]) -> None:  # noqa: ARG002 - nobody says anything
        """Hear nothing: nobody talks to standard output."""
        if self._post is None:
            raise BrokerUnreachable("not connected: call connect first")

    def answer(self, name: str, body: bytes) -> None:  # noqa: ARG002 - nobody asked
        """Print nothing: nobody commands standard output."""
        if self._post is None:
            raise BrokerUnreachable("not connected: call connect first")

    def disconnect(self, status: bytes | None = None) -> None:  # noqa: ARG002 - nobody reads it
        """Stop printing."""
        self._post = None


def build(settings: Settings, source: str, will: bytes) -> StdoutUplink:  # noqa: ARG001 - built alike
    """Return the uplink on standard output."""
    return StdoutUplink(sys.stdout)
