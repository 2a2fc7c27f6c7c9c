"""A disk of which the power may fail at any moment, and what it may hold afterwards.

Writes lie in the memory of kernel and drive until a sync of their file returned. Whatever was not
synced is, for each sector of 512 bytes by itself, kept, dropped or torn. A name in the folder is
durable after a sync of the folder only, each name by itself: harsher than ext4, which writes names
in order and with the file's own sync.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

SECTOR_BYTES = 512


@dataclass(frozen=True, slots=True)
class Write:
    """`data` was written at `offset` of a file."""

    file: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Resize:
    """A file got another size: cut short, or grown by zeros."""

    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """Content and size of a file were made durable."""

    file: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name in the folder means this file from now on; None: it was removed."""

    name: str
    file: int | None


@dataclass(frozen=True, slots=True)
class SyncFolder:
    """All names were made durable."""


@dataclass(frozen=True, slots=True)
class Told:
    """The program told the outside something: from now on it must be true."""

    text: bytes


Step = Write | Resize | Sync | Name | SyncFolder | Told


@dataclass(frozen=True, slots=True)
class Drive:
    """What a disk does: the shipped outbox is judged on the default, the others are worse."""

    flushes: bool = True
    """A sync is obeyed; False is a card that lies."""
    garbled_bytes: int = 0
    """So much around a torn write becomes garbage, with what had been durable there before: 512 or
    4096. With 0 only bytes that were being written are at risk, as SQLite assumes by default."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How one cut treats what was not synced, as parts of 1."""

    keep: float
    torn: float
    garbage: bool
    """Torn parts and new space hold random bytes, not the old ones."""


NOTHING_KEPT = Plan(0.0, 0.0, garbage=False)
EVERYTHING_KEPT = Plan(1.0, 0.0, garbage=False)


def any_plan(dice: random.Random) -> Plan:
    """Return a plan between the extremes: mixed disks are where programs fail."""
    keep = dice.choice((0.05, 0.5, 0.95, dice.random()))
    return Plan(keep, dice.choice((0.0, 0.05, 0.5)), garbage=dice.random() < 0.5)


class _Layer:
    """What was written to a file since it was last synced or cut short."""

    def __init__(self, size: int) -> None:
        self.sizes = [size]
        """The size at the beginning, and after each change since."""
        self.versions: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
        """For each sector what was written, oldest first: place within it, and bytes."""

    def tear(self, content: bytearray, plan: Plan, dice: random.Random, garbled_bytes: int) -> None:
        """Change `content` as a cut may leave it."""
        missing_bytes = max(self.sizes) - len(content)
        content.extend(dice.randbytes(missing_bytes) if plan.garbage else bytes(missing_bytes))
        for sector, versions in self.versions.items():
            base = sector * SECTOR_BYTES
            kept = len(versions)
            if dice.random() >= plan.keep:
                kept = dice.randrange(kept) if plan.keep else 0
            for start, part in versions[:kept]:
                content[base + start : base + start + len(part)] = part
            torn = kept < len(versions) and dice.random() < plan.torn
            if torn and garbled_bytes:
                base -= base % garbled_bytes
                content[base : base + garbled_bytes] = dice.randbytes(garbled_bytes)
            elif torn:
                start, part = versions[kept]
                first = dice.randrange(len(part))
                last = dice.randrange(first, len(part)) + 1
                new = dice.randbytes(last - first) if plan.garbage else part[first:last]
                content[base + start + first : base + start + last] = new

    def size(self, plan: Plan, dice: random.Random) -> int:
        """Return a size that a cut may leave."""
        if dice.random() < plan.keep:
            return self.sizes[-1]
        return dice.choice(self.sizes) if plan.keep else self.sizes[0]


class File:
    """One file: what is durable, and what was written since."""

    def __init__(self) -> None:
        self.synced = bytearray()
        self._layers = [_Layer(0)]
        """A new one for each time it was cut short: that happened as a whole or not at all."""
        self._changes: list[Write | Resize] = []

    @property
    def dirty(self) -> bool:
        """Tell whether a cut may change it."""
        return bool(self._changes)

    def write(self, change: Write) -> None:
        """Write in memory only."""
        self._changes.append(change)
        layer = self._layers[-1]
        layer.sizes.append(max(layer.sizes[-1], change.offset + len(change.data)))
        for sector, start, part in _sectors(change.offset, change.data):
            layer.versions[sector].append((start, part))

    def resize(self, change: Resize) -> None:
        """Change the size in memory only."""
        self._changes.append(change)
        if change.size < self._layers[-1].sizes[-1]:
            self._layers.append(_Layer(change.size))
        else:
            self._layers[-1].sizes.append(change.size)

    def sync(self) -> None:
        """Make all of it durable."""
        for change in self._changes:
            match change:
                case Write(offset=offset, data=data):
                    self.synced.extend(bytes(max(0, offset - len(self.synced))))
                    self.synced[offset : offset + len(data)] = data
                case Resize(size=size):
                    del self.synced[size:]
                    self.synced.extend(bytes(size - len(self.synced)))
        self._changes.clear()
        self._layers = [_Layer(len(self.synced))]

    def cut(self, plan: Plan, dice: random.Random, garbled_bytes: int) -> tuple[bytes, int]:
        """Return what is left, and a number that tells this content from others."""
        last = len(self._layers) - 1
        if dice.random() >= plan.keep:
            last = dice.randrange(last + 1) if plan.keep else 0
        content = bytearray(self.synced)
        for number, layer in enumerate(self._layers[: last + 1]):
            if number:
                del content[layer.sizes[0] :]
            layer.tear(content, plan, dice, garbled_bytes)
        del content[self._layers[last].size(plan, dice) :]
        return bytes(content), self._number(content, cut_short=last > 0, span=garbled_bytes)

    def _number(self, content: bytearray, *, cut_short: bool, span: int) -> int:
        """Return a number for this content; what cannot have changed is left out, to be fast."""
        if cut_short:
            return hash(bytes(content))
        span = span or SECTOR_BYTES
        touched = {sector * SECTOR_BYTES // span for sector in self._layers[0].versions}
        parts = [bytes(content[n * span : (n + 1) * span]) for n in sorted(touched)]
        return hash((len(content), bytes(content[len(self.synced) :]), *parts))


class Disk:
    """One folder on a disk, and what was done to it so far."""

    def __init__(self, drive: Drive | None = None) -> None:
        self._drive = drive or Drive()
        self._files: dict[int, File] = defaultdict(File)
        self._names: dict[str, list[int | None]] = {}
        """For each name its durable meaning, and every one since."""

    @property
    def dirty(self) -> bool:
        """Tell whether a cut has more than one possible result."""
        return any(file.dirty for file in self._files.values()) or any(
            len(meanings) > 1 for meanings in self._names.values()
        )

    def apply(self, step: Step) -> None:
        """Do what the program did."""
        match step:
            case Write(file=file):
                self._files[file].write(step)
            case Resize(file=file):
                self._files[file].resize(step)
            case Sync(file=file):
                if self._drive.flushes:
                    self._files[file].sync()
            case Name(name=name, file=file):
                self._names.setdefault(name, [None]).append(file)
            case SyncFolder():
                if self._drive.flushes:
                    self._names = {name: past[-1:] for name, past in self._names.items()}
            case Told():
                pass

    def cut(self, plan: Plan, dice: random.Random) -> tuple[dict[str, bytes], int]:
        """Return the files that are left, and a number that tells this result from others here."""
        left: dict[str, bytes] = {}
        fates = []
        for name, meanings in self._names.items():
            pick = dice.randrange(len(meanings))
            if dice.random() < plan.keep:
                pick = len(meanings) - 1
            file = meanings[0 if plan.keep == 0.0 else pick]
            fates.append(file)
            if file is not None:
                left[name], fate = self._files[file].cut(plan, dice, self._drive.garbled_bytes)
                fates.append(fate)
        return left, hash(tuple(fates))


def _sectors(offset: int, data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield sector, place within it and bytes, for every sector that `data` touches."""
    place = 0
    while place < len(data):
        sector, start = divmod(offset + place, SECTOR_BYTES)
        part = data[place : place + SECTOR_BYTES - start]
        yield sector, start, part
        place += len(part)
