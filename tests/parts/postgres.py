"""A real PostgreSQL of one's own: a cluster in a temporary folder, on a free loopback port.

It syncs to disk as it does by default. It refuses to run as root, so a root who starts it becomes
the user `postgres`, or `nobody`, for it. It is ended by the pid that was started.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg.sql import SQL, Identifier

from tests.parts.broker import free_port

_START_S = 60
_STOP_S = 20.0
_ATTEMPTS = 5
_BINARIES = "/usr/lib/postgresql/*/bin"


def binaries() -> Path | None:
    """Return the folder of the newest server here: Debian keeps it off everybody's PATH."""
    found = sorted(
        (p for p in Path("/").glob(_BINARIES.lstrip("/")) if (p / "initdb").is_file()),
        key=lambda p: int(p.parent.name.partition(".")[0]),
    )
    if found:
        return found[-1]
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


class Postgres:
    """One server, used as `with Postgres() as server`.

    Each `address` of it is a schema of its own: a database of its own takes a second to make.
    """

    def __init__(self) -> None:
        self._folder = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._places = 0
        self._user = _user()
        self.port = 0

    def address(self) -> str:
        """Return the address of a new place without tables."""
        self._places += 1
        name = f"ledger_{self._places}"
        address = f"postgresql://ledger@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(address) as connection:
            connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(name)))
        return f"{address}?options=-csearch_path%3D{name}"

    def start(self) -> None:
        """Start it again after `kill`; returns when it answers."""
        self._start()

    def kill(self) -> None:
        """SIGKILL the server: its children see that and end."""
        self._end(signal.SIGKILL)

    def __enter__(self) -> Self:
        # Not pytest's folder: only its owner may pass through that.
        self._folder = Path(tempfile.mkdtemp(prefix="kiosk-postgres-"))
        if self._user is not None:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        self._run(
            "initdb", "-D", str(self._folder / "cluster"), "-U", "ledger", "-A", "trust",
            "-E", "UTF8", "--no-locale", "--no-instructions",
        )  # fmt: skip
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Immediate shutdown: a checkpoint of all databases would take longer than the tests.
        self._end(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        for _ in range(_ATTEMPTS):
            port = self.port or free_port()
            log = (self._folder / "log").open("ab")
            self._process = subprocess.Popen(
                self._command(
                    "postgres", "-D", str(self._folder / "cluster"), "-p", str(port),
                    "-c", "listen_addresses=127.0.0.1",
                    "-c", f"unix_socket_directories={self._folder}",
                    "-c", "log_min_messages=fatal",
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )  # fmt: skip
            log.close()
            if self._answers(port):
                self.port = port
                return
            self._end(signal.SIGKILL)
        raise RuntimeError("PostgreSQL does not start:\n" + (self._folder / "log").read_text())

    def _answers(self, port: int) -> bool:
        # psql tries once and fails at once while nobody listens: `-t` of pg_isready does not wait.
        for _ in range(_START_S * 10):
            if self._process is None or self._process.poll() is not None:
                return False
            ready = subprocess.run(
                self._command("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)), check=False
            )
            if ready.returncode == 0:
                return True
            try:
                self._process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
        return False

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            self._command(*command), capture_output=True, text=True, check=False, cwd="/"
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr}")

    def _command(self, program: str, *arguments: str) -> list[str]:
        folder = binaries()
        if folder is None:
            raise RuntimeError("PostgreSQL is not installed: run bash provisioning/setup.sh dev")
        words = [str(folder / program), *arguments]
        if self._user is None:
            return words
        ids = (f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups")
        return ["setpriv", *ids, *words]

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _user() -> pwd.struct_passwd | None:
    """Return who runs the server; None: we do, because we are not root."""
    if os.getuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")
