"""What a program asked of the kernel about one folder, in order, as `strace` saw it.

The program is run as it is. Whatever happens in the folder and has no place in the model is an
error: a trace that was half understood would prove anything.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.disk_model.disk import Name, Resize, Step, Sync, SyncFolder, Told, Write

ROOT = Path(__file__).parents[2]
_CALLS = (
    "trace=?open,openat,?creat,close,write,writev,pwrite64,pwritev,pwritev2,ftruncate,truncate,fallocate,"
    "fsync,fdatasync,?unlink,unlinkat,?rename,?renameat,renameat2,?link,linkat,?symlink,symlinkat,"
    "?mkdir,mkdirat,?rmdir,mmap,sendfile,copy_file_range,splice"
)
"""Whatever changes a file or a name; with a question mark what some architectures have not."""
_LONGEST_BYTES = 1 << 24
_VOLATILE = "-shm"
"""SQLite builds this file anew from the log after a cut; what it holds is never durable."""
_LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)(.*)", re.DOTALL)
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_UNFINISHED = " <unfinished ...>"
_DESCRIPTOR = re.compile(r"(\d+)<")


class TraceError(Exception):
    """The program cannot be traced, or did what the model does not know."""


def record(
    command: Sequence[str],
    folder: Path,
    log: Path,
    *,
    files: Mapping[str, int] | None = None,
    killed_at_sync: int | None = None,
) -> list[Step]:
    """Run `command` and return its steps in `folder`; its standard output is what it tells.

    `files` are numbers for what is in the folder already. Each process that comes to its sync
    number `killed_at_sync` is killed before the kernel does it.

    Raises:
        TraceError: No strace, a program that failed, or a call outside the model.
    """
    strace = shutil.which("strace")
    if strace is None:
        raise TraceError("strace is not installed: run bash provisioning/setup.sh dev")
    options = ["-f", "-y", "-xx", "-s", str(_LONGEST_BYTES), "-o", str(log), "-e", _CALLS]
    if killed_at_sync is not None:
        options += ["-e", f"inject=fsync,fdatasync:signal=SIGKILL:when={killed_at_sync}"]
    done = subprocess.run(  # noqa: S603 - strace, and the command that the caller names
        [strace, *options, *command],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise TraceError(f"the traced program failed: {done.stderr.strip()[-2000:]}")
    with log.open(encoding="ascii") as lines:
        return list(Reader(folder, files or {}).steps(lines))


class Reader:
    """Turns the lines of a trace into steps in one folder."""

    def __init__(self, folder: Path, files: Mapping[str, int]) -> None:
        self._folder = str(folder.resolve())
        self._mention = _escaped(self._folder)
        self._open: dict[tuple[str, str], int | None] = {}
        """Process and descriptor to a file's number; None is the folder itself."""
        self._volatile: set[tuple[str, str]] = set()
        self._names = dict(files)
        self._files = max(files.values(), default=0)

    def steps(self, lines: Iterable[str]) -> Iterator[Step]:
        """Yield what happened, in order.

        Raises:
            TraceError: Something happened in the folder that the model does not know.
        """
        for line in self._whole(lines):
            match = _LINE.match(line)
            if match is None or int(match[4]) < 0:
                continue
            process, call, arguments, result = match[1], match[2], match[3], int(match[4])
            if call == "write" and arguments.startswith("1<"):
                yield Told(_only_text(arguments))
            elif self._mention in arguments or self._mention in match[5]:
                yield from self._step(process, call, arguments, result)

    def _whole(self, lines: Iterable[str]) -> Iterator[str]:
        """Yield lines; a call that another process interrupted is one line, where it returned."""
        begun: dict[str, str] = {}
        for line in lines:
            process, _, rest = line.partition(" ")
            others = (other for key, other in begun.items() if key != process)
            if self._concerns(line) and any(map(self._concerns, others)):
                raise TraceError("two threads at once: their order is not known")
            if line.rstrip().endswith(_UNFINISHED):
                begun[process] = line.rstrip().removesuffix(_UNFINISHED)
            elif rest.lstrip().startswith("<... ") and process in begun:
                yield begun.pop(process) + rest.partition("resumed>")[2]
            else:
                yield line

    def _concerns(self, line: str) -> bool:
        return self._mention in line or " write(1<" in line

    def _step(self, process: str, call: str, arguments: str, result: int) -> Iterator[Step]:
        known: dict[str, Callable[[str, str, int], Iterator[Step]]] = {
            "open": self._opened,
            "openat": self._opened,
            "pwrite64": self._written,
            "ftruncate": self._resized,
            "fsync": self._synced,
            "fdatasync": self._synced,
            "unlink": self._removed,
            "rename": self._renamed,
            "renameat": self._renamed,
            "renameat2": self._renamed,
            "mmap": self._mapped,
            "close": self._closed,
        }
        if call not in known:
            raise TraceError(f"{call} in the folder of the outbox: the model does not know it")
        yield from known[call](process, arguments, result)

    def _opened(self, process: str, arguments: str, result: int) -> Iterator[Step]:
        path = _only_text(arguments).decode()
        key = (process, str(result))
        self._volatile.discard(key)
        if path == self._folder:
            self._open[key] = None
            return
        name = path.removeprefix(f"{self._folder}/")
        if name == path or "/" in name:
            raise TraceError("a file that is not directly in the folder of the outbox")
        if name.endswith(_VOLATILE):
            self._volatile.add(key)
            return
        if name not in self._names:
            self._files += 1
            self._names[name] = self._files
            yield Name(name, self._files)
        self._open[key] = self._names[name]
        if "O_TRUNC" in arguments:
            yield Resize(self._names[name], 0)

    def _file(self, process: str, arguments: str) -> int | None:
        """Return which file a descriptor means; None: one that is never durable, or the folder."""
        match = _DESCRIPTOR.match(arguments)
        key = (process, match[1] if match else "")
        if key in self._volatile:
            return None
        if key not in self._open:
            raise TraceError("a descriptor whose opening was not seen")
        return self._open[key]

    def _written(self, process: str, arguments: str, result: int) -> Iterator[Step]:
        file = self._file(process, arguments)
        if file is not None:
            yield Write(file, int(arguments.rpartition(",")[2]), _only_text(arguments)[:result])

    def _resized(self, process: str, arguments: str, _result: int) -> Iterator[Step]:
        file = self._file(process, arguments)
        if file is not None:
            yield Resize(file, int(arguments.rpartition(",")[2]))

    def _synced(self, process: str, arguments: str, _result: int) -> Iterator[Step]:
        file = self._file(process, arguments)
        if file is not None:
            yield Sync(file)
        elif not self._is_volatile(process, arguments):
            yield SyncFolder()

    def _removed(self, _process: str, arguments: str, _result: int) -> Iterator[Step]:
        name = _only_text(arguments).decode().removeprefix(f"{self._folder}/")
        if self._names.pop(name, None) is not None:
            yield Name(name, None)

    def _renamed(self, _process: str, arguments: str, _result: int) -> Iterator[Step]:
        """Yield both names; the model keeps or loses each by itself, which no file system does."""
        old, new = (bytes.fromhex(text.replace("\\x", "")) for text, _ in _TEXT.findall(arguments))
        before, after = (path.decode().removeprefix(f"{self._folder}/") for path in (old, new))
        if before not in self._names or "/" in after:
            raise TraceError("a name that comes from elsewhere, or goes there")
        self._names[after] = file = self._names.pop(before)
        yield Name(after, file)
        yield Name(before, None)

    def _mapped(self, process: str, arguments: str, _result: int) -> Iterator[Step]:
        descriptor = arguments.split(", ")[4]
        writes = "PROT_WRITE" in arguments and "MAP_SHARED" in arguments
        if writes and not self._is_volatile(process, descriptor):
            raise TraceError("a file that must be durable is written through memory")
        return iter(())

    def _closed(self, process: str, arguments: str, _result: int) -> Iterator[Step]:
        match = _DESCRIPTOR.match(arguments)
        self._open.pop((process, match[1] if match else ""), None)
        return iter(())

    def _is_volatile(self, process: str, arguments: str) -> bool:
        match = _DESCRIPTOR.match(arguments)
        return match is not None and (process, match[1]) in self._volatile


def _escaped(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def _only_text(arguments: str) -> bytes:
    """Return the one text among the arguments of a call."""
    texts = _TEXT.findall(arguments)
    if len(texts) != 1 or texts[0][1]:
        raise TraceError("a call whose bytes are not all in the trace")
    return bytes.fromhex(texts[0][0].replace("\\x", ""))
