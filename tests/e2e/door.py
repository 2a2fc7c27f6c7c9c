"""`kiosk run` as anybody starts it: a settings file, a process, its log, and a stage to stand on.

Nothing of the kiosk is imported to look into it: a test knows what its log, its disk and its topics
say. All waiting is waiting for one of these, with a deadline that only a defect reaches.
"""

import json
import os
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE_S = 40.0
SITE_KEY = "5a" * 32
Sections = dict[str, dict[str, Any]]


def toml(sections: Sections) -> str:
    """Return settings as TOML, whose values are written as in JSON; None is left out."""
    lines = []
    for name, values in sections.items():
        lines.append(f"[{name}]")
        given = {key: value for key, value in values.items() if value is not None}
        lines += [f"{key} = {json.dumps(value, default=str)}" for key, value in given.items()]
    return "\n".join(lines) + "\n"


def mqtt(port: int, **more: Any) -> Sections:
    """Return the settings of an uplink to a broker on this machine."""
    values = {"kind": "mqtt", "host": "127.0.0.1", "port": port, "tls": False, "will_delay_s": 0}
    return {"uplink": {**values, **more}}


class Door:
    """A kiosk in a folder of its own, on mock pins, before a synthetic camera with a stage.

    `sections` are settings beside or instead of those below, `more` is for its environment. It is
    started by `with`, and may be killed and started again as often as a test likes; its disk stays.
    """

    def __init__(
        self, folder: Path, sections: Sections, more: Mapping[str, str] | None = None
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.outbox = folder / "outbox.db"
        self.config = folder / "kiosk.toml"
        self.stdout = folder / "stdout"
        self._stage = folder / "stage.json"
        self._environ = {**environ(), **(more or {})}
        self.config.write_text(toml(self._settings(folder, sections)), "utf-8")
        self._changed = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._tmp: Path | None = None
        self.facts: list[dict[str, Any]] = []
        self._at = 0

    def _settings(self, folder: Path, sections: Sections) -> Sections:
        known: Sections = {
            "kiosk": {"site": "hk-042", "device": "door-1", "direction": "in"},
            "identity": {"site_key": SITE_KEY, "device_key_file": folder / "device.key"},
            "camera": {"kind": "synthetic", "stage": self._stage, "fps": 12},
            "eye": {"decoders": ["zxing"]},
            "door": {"hold_off_s": 0.5, "repeat_s": 1},
            "gpio": {"pins": "mock"},
            "indicators": {"use": ["led", "buzzer", "relay"]},
            "outbox": {"kind": "sqlite", "path": self.outbox},
            "log": {"format": "json"},
        }
        return {name: {**known.get(name, {}), **sections.get(name, {})} for name in known} | {
            name: values for name, values in sections.items() if name not in known
        }

    # The process ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the daemon; returns at once."""
        self._at = len(self.facts)
        with self.stdout.open("ab") as stdout:
            self._process = process = subprocess.Popen(
                [sys.executable, "-m", "kiosk", "run", "--config", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
                env={**self._environ, "TMPDIR": str(self._tmp or tempfile.gettempdir())},
            )
        self._reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._reader.start()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the daemon alone."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """Wait for the daemon's end, and return its exit code."""
        code = self.process.wait(PATIENCE_S)
        if self._reader is not None:
            self._reader.join(PATIENCE_S)
        return code

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End the daemon by a signal, and return its exit code."""
        self.send(number)
        return self.wait()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the door was not started"
        return self._process

    @property
    def sockets(self) -> list[Path]:
        """The folders that running kiosks made for their sockets."""
        return [] if self._tmp is None else [*self._tmp.iterdir()]

    def eye_pid(self) -> int:
        """Return the process id of the eye, which is the daemon's only child."""
        (pid,) = children(self.process.pid)
        return pid

    def __enter__(self) -> Self:
        # A socket's path is limited to 107 bytes, and a test's folder may be longer than that.
        self._tmp = Path(tempfile.mkdtemp(prefix="door-"))
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            # The eye dies with it, by the kernel: that is tested, and holds here too.
            self.process.kill()
        self.wait()
        if self._tmp is not None:
            shutil.rmtree(self._tmp)

    # What it says --------------------------------------------------------------------------------

    def next(self, event: str, **facts: Any) -> dict[str, Any]:
        """Return the next line of the log with this `event` and these facts, waiting for it."""
        found: dict[str, Any] = {}

        def is_there() -> bool:
            while self._at < len(self.facts):
                line = self.facts[self._at]
                self._at += 1
                if line["event"] == event and facts.items() <= line.items():
                    found.update(line)
                    return True
            return self.process.poll() is not None and self._ended

        with self._changed:
            self._changed.wait_for(is_there, PATIENCE_S)
            assert found, f"no {event!r} with {facts} in:\n{self.tail()}"
        return found

    def says(self, event: str, **facts: Any) -> list[dict[str, Any]]:
        """Return all lines so far with this event and these facts."""
        with self._changed:
            lines = [*self.facts]
        return [line for line in lines if line["event"] == event and facts.items() <= line.items()]

    def tail(self) -> str:
        """Return the last lines of the log, for a message."""
        return "\n".join(map(str, self.facts[-25:]))

    @property
    def lamps(self) -> list[str]:
        """What the lights did, as the console indicator drew it."""
        return [line["line"] for line in self.says("text") if ") red" in line["line"]]

    @property
    def _ended(self) -> bool:
        return bool(self.facts) and self.facts[-1]["event"] == "log ended"

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        with process.stderr as log:
            for line in log:
                try:
                    facts = json.loads(line)
                except ValueError:
                    facts = {"event": "text", "line": line.decode(errors="replace").rstrip()}
                self._note(facts)
        process.wait()
        self._note({"event": "log ended"})

    def _note(self, facts: dict[str, Any]) -> None:
        with self._changed:
            self.facts.append(facts)
            self._changed.notify_all()

    # Before it -----------------------------------------------------------------------------------

    def show(self, *texts: str) -> None:
        """Hold these up, and nothing else; replaced whole, never half-written."""
        places = {1: (0.5,), 2: (0.27, 0.73)}.get(len(texts), ())
        codes = [{"text": t, "x": x, "size": 0.5} for t, x in zip(texts, places, strict=True)]
        draft = self._stage.with_suffix(".draft")
        draft.write_text(json.dumps({"codes": codes}), "utf-8")
        draft.replace(self._stage)

    def passes(self, text: str) -> str:
        """Hold up a card until it is green; return the id of its event."""
        self.show(text)
        event_id: str = self.next("scan", signal="accepted")["event_id"]
        return event_id

    def recorded(self) -> list[tuple[int, str]]:
        """Return number and id of all check-ins on the disk, read past the daemon."""
        with closing(sqlite3.connect(f"file:{self.outbox}?mode=ro", uri=True)) as db:
            return db.execute("SELECT seq, event_id FROM event ORDER BY seq").fetchall()


def environ() -> dict[str, str]:
    """Return our environment without what a kiosk would take for its settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("KIOSK_")}


def children(pid: int) -> list[int]:
    """Return the process ids of a process's children."""
    tasks = Path(f"/proc/{pid}/task")
    return [int(p) for task in tasks.iterdir() for p in (task / "children").read_text().split()]


def has_ended(pid: int) -> bool:
    """Wait until a process has ended, whoever its parent is; tell whether it did."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(PATIENCE_S * 1000))
    finally:
        os.close(handle)
