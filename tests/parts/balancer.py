"""A TCP balancer, as one stands before the nodes of a broker: it forwards bytes and reads none.

TLS is passed through, so the nodes see the kiosk's certificate and the kiosk sees theirs.
"""

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

_CHUNK_BYTES = 65_536
_START_S = 20.0


class Balancer:
    """Forwards each connection to the first node that takes it; `port` is its own.

    Nodes are asked in their order. `took` is told which node (by its place) each connection went
    to; read on the test's thread.
    """

    def __init__(self, nodes: Sequence[int]) -> None:
        self._nodes = nodes
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="balancer", daemon=True)
        self._open: set[asyncio.Task[None]] = set()
        self.took: list[int] = []
        self.port = 0

    def wait_for(self, count: int, patience_s: float) -> list[int]:
        """Return where connections went, once there were so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.took) >= count, patience_s), self.took
            return [*self.took]

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(_START_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_S)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in self._open:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._open, return_exceptions=True))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        for place, port in enumerate(self._nodes):
            try:
                there = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            with self._changed:
                self.took.append(place)
                self._changed.notify_all()
            await _both_ways((reader, writer), there)
            return
        writer.close()


Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _both_ways(here: Line, there: Line) -> None:
    """Forward until one end closes; then the other is closed too."""
    ways = [asyncio.create_task(_forward(here[0], there[1]))]
    ways.append(asyncio.create_task(_forward(there[0], here[1])))
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        for _, writer in (here, there):
            writer.close()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
