"""The network between kiosks and a broker: passes packets on, and does worse when it is told to.

It runs in a thread of its own with a loop of its own. What comes over it is counted, so that it is
known how often an event went over the wire.
"""

import asyncio
import contextlib
import random
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from benchmarks.chaos.wire import (
    CONNACK,
    PUBACK,
    RECEIVE_MAXIMUM_EXCEEDED,
    Framer,
    Packet,
    disconnect,
    puback,
    with_receive_maximum,
)

_READ_BYTES = 65536
_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Temper:
    """What the relay does to events and to their answers; parts of all, 0 to 1.

    `refuse_with`: while it is a code, no event passes and each is answered with it. `swallow`:
    answered with success and dropped. `receive_maximum`: told to kiosks, and enforced. `delay_s`:
    an answer waits up to so long. `cut`: the connection ends, in the middle of the packet.
    """

    refuse_with: int | None = None
    swallow: float = 0.0
    withhold: float = 0.0
    double: float = 0.0
    delay_s: float = 0.0
    cut: float = 0.0
    receive_maximum: int | None = None


CALM = Temper()


@dataclass(slots=True, eq=False)
class _Wire:
    """One kiosk's connection; only the loop touches it. `open`: what waits for an answer."""

    kiosk: asyncio.StreamWriter
    broker: asyncio.StreamWriter
    receive_maximum: int | None
    open: set[bytes] = field(default_factory=set)

    def end(self) -> None:
        for writer in (self.kiosk, self.broker):
            if not writer.is_closing():
                writer.transport.abort()


class Relay:
    """Listens on `port` while `with` lasts; `temper` may be replaced by any thread.

    `published` counts, for each event, how often a kiosk sent it, and `passed` all of them;
    `exceeded` how often one sent more than the Receive Maximum that it was told; `swallowed` how
    many were answered with success and dropped.
    """

    _loop: asyncio.AbstractEventLoop

    def __init__(self, broker_port: int, rng: random.Random) -> None:
        self._broker_port = broker_port
        self._rng = rng
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._server: asyncio.Server | None = None
        self._wires: set[_Wire] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.temper = CALM
        self.port = 0
        self.published: Counter[str] = Counter()
        self.passed = 0
        self.exceeded = 0
        self.swallowed = 0
        self.cuts = 0

    @property
    def repeated(self) -> int:
        """How many events too many went over the wire."""
        return self.passed - len(self.published)

    def change(self, **what: float | None) -> None:
        """Replace some of the temper; any thread."""
        self.temper = replace(self.temper, **what)  # type: ignore[arg-type] # fields by their names

    def cut_all(self) -> None:
        """End all connections, so that new ones are told what holds now; any thread."""

        def cut() -> None:
            for wire in list(self._wires):
                wire.end()

        if self.port:
            self._loop.call_soon_threadsafe(cut)

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        listening = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
        self.port = listening.result(_PATIENCE_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(_PATIENCE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_S)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        # Ended, not cancelled: a server logs a cancelled connection as a bug.
        for wire in list(self._wires):
            wire.end()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_PATIENCE_S / 2)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            from_broker, to_broker = await asyncio.open_connection("127.0.0.1", self._broker_port)
        except OSError:
            writer.transport.abort()
            return
        wire = _Wire(writer, to_broker, self.temper.receive_maximum)
        self._wires.add(wire)
        pumps = [
            asyncio.ensure_future(self._up(reader, wire)),
            asyncio.ensure_future(self._down(from_broker, wire)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._wires.discard(wire)
            wire.end()
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _up(self, reader: asyncio.StreamReader, wire: _Wire) -> None:
        framer = Framer()
        while received := await reader.read(_READ_BYTES):
            for packet in framer.packets(received):
                if wire.broker.is_closing() or not self._pass_up(packet, wire):
                    return
            await wire.broker.drain()

    async def _down(self, reader: asyncio.StreamReader, wire: _Wire) -> None:
        framer = Framer()
        while received := await reader.read(_READ_BYTES):
            for packet in framer.packets(received):
                if wire.kiosk.is_closing():
                    return
                self._pass_down(packet, wire)
            await wire.kiosk.drain()

    def _pass_up(self, packet: Packet, wire: _Wire) -> bool:
        """Pass on what a kiosk sends; False: the connection is to end."""
        event_id, temper = packet.event_id, self.temper
        if event_id is not None:
            self.published[event_id] += 1
            self.passed += 1
        if packet.wants_answer:
            wire.open.add(packet.mid)
            if wire.receive_maximum is not None and len(wire.open) > wire.receive_maximum:
                self.exceeded += 1
                wire.kiosk.write(disconnect(RECEIVE_MAXIMUM_EXCEEDED))
                return False
        if event_id is not None and self._rng.random() < temper.cut:
            self.cuts += 1
            wire.broker.write(packet.raw[: len(packet.raw) // 2])
            return False
        if event_id is not None and temper.refuse_with is not None:
            self._answer(packet.mid, puback(packet.mid, temper.refuse_with), wire)
        elif event_id is not None and self._rng.random() < temper.swallow:
            self.swallowed += 1
            self._answer(packet.mid, puback(packet.mid, 0), wire)
        else:
            wire.broker.write(packet.raw)
        return True

    def _pass_down(self, packet: Packet, wire: _Wire) -> None:
        temper = self.temper
        if packet.kind == CONNACK and wire.receive_maximum is not None:
            wire.kiosk.write(with_receive_maximum(packet, wire.receive_maximum))
        elif packet.kind != PUBACK:
            wire.kiosk.write(packet.raw)
        elif self._rng.random() >= temper.withhold:
            raw = packet.raw * (2 if self._rng.random() < temper.double else 1)
            delay_s = self._rng.uniform(0, temper.delay_s)
            if delay_s:
                self._loop.call_later(delay_s, self._answer, packet.mid, raw, wire)
            else:
                self._answer(packet.mid, raw, wire)

    @staticmethod
    def _answer(mid: bytes, raw: bytes, wire: _Wire) -> None:
        wire.open.discard(mid)
        if not wire.kiosk.is_closing():
            wire.kiosk.write(raw)
