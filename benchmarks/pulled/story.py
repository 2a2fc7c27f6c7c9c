"""The life of one disk: boot after boot, each on what a cut has left of the one before."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.pulled.cutting import Replay
from benchmarks.pulled.delivery import stored_in
from benchmarks.pulled.disks import copy_sparse, make_ext4, mend, mounted
from benchmarks.pulled.judge import Found, Owed, acknowledged_in, examine, keys_in, list_in
from benchmarks.pulled.plan import GREEN, LIST_BEGINS, LIST_IS_TAKEN, End, Plan, told_by
from benchmarks.pulled.rig import Booted, Guest, RigError
from benchmarks.pulled.write_log import Entry

DISK_MIB = 256
"""Enough for a second superblock, as every card has."""
AHEAD_S = 1.5 * 86_400
"""From boot to boot: what the ledger had is pruned in the next, what is left is blanked later."""
_LATE = 0.7
"""A boot goes on from a cut in the last part of the one before: most of it is owed."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """One boot: the disk that it began with, and all that it wrote.

    `owed` is what the disk owed when it began; marks are added to that.
    """

    base: Path
    entries: Sequence[Entry]
    owed: Owed

    def owed_before(self, place: int) -> Owed:
        """Return what a cut before entry `place` owes."""
        told = [told_by(entry.mark) for entry in self.entries[:place] if entry.mark is not None]
        of = {GREEN: set(self.owed.shown), LIST_BEGINS: {"0"}, LIST_IS_TAKEN: {"0"}}
        for what, which in told:
            # The kernel makes one of its own, at the end.
            of.get(what, set()).add(which)
        return replace(
            self.owed,
            shown=frozenset(of[GREEN]),
            list_taken=max(self.owed.list_taken, *map(int, of[LIST_IS_TAKEN])),
            list_begun=max(self.owed.list_begun, *map(int, of[LIST_BEGINS])),
        )


@dataclass(slots=True)
class Story:
    """What was written, and what the guest saw while it was."""

    chapters: list[Chapter] = field(default_factory=list)
    marks: int = 0
    lags_s: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def tell(guest: Guest, folder: Path, plans: Sequence[Plan], seed: int) -> Story:
    """Boot by each plan, on what a cut has left of the boot before.

    Raises:
        RigError: A guest failed, or saw a green that it could not mark.
        LogError: A log cannot be read.
    """
    dice = random.Random(f"{seed} story")  # noqa: S311 - a trial, no secret
    story, owed = Story(), Owed()
    base = make_ext4(folder / "disk-0.img", DISK_MIB)
    for number, plan in enumerate(plans, start=1):
        disk = folder / "disk.img"
        copy_sparse(base, disk)
        booted = guest.boot(plan, disk)
        check_booted(booted, plan)
        chapter = Chapter(base, booted.entries, owed)
        story.chapters.append(chapter)
        story.marks += booted.told.marks
        story.lags_s += booted.told.lags_s
        count = len(booted.entries)
        place = dice.randrange(round(count * _LATE), count + 1)
        base = folder / f"disk-{number}.img"
        Replay(booted.entries, chapter.base, folder).cut(place, dice, base)
        owed = chapter.owed_before(place)
        if number < len(plans) and owed.shown:
            owed = _next(owed, folder, base, guest, story)
    return story


def _next(owed: Owed, folder: Path, base: Path, guest: Guest, story: Story) -> Owed:
    """Return what the next boot begins with: what it may prune, its keys and its list.

    Raises:
        RigError: Something is lost already, so that there is nothing to go on with.
    """
    copy, place = folder / "look.img", folder / "look"
    place.mkdir(exist_ok=True)
    copy_sparse(base, copy)
    found = examine(copy, place, owed)
    if found.lost or found.corrupt or found.wrong:
        raise RigError(f"a kiosk that was cut cannot be booted again: {found}")
    if found.is_mended:
        mend(base)
    copy_sparse(base, copy)
    with mounted(copy, place):
        keys = keys_in(place)
        acknowledged = acknowledged_in(place)
        version, _ = list_in(place)
    if keys is None:
        raise RigError("the keys are not on the disk that a cut has left")
    stored = stored_in(guest.ledger)
    for epoch, upto in acknowledged.items():
        if upto > stored.get(epoch, 0):
            story.wrong.append("the outbox takes for stored what the ledger does not have")
    before = owed.pruned
    pruned = {e: max(upto, before.get(e, 0)) for e, upto in acknowledged.items()}
    return replace(
        owed,
        pruned=pruned,
        may_blank=True,
        device_key=keys[0],
        period=keys[1],
        list_taken=version,
        list_begun=version,
    )


def check_booted(booted: Booted, plan: Plan) -> None:
    """Refuse a run in which a green was seen that no mark tells of, but for a kiosk's last.

    Raises:
        RigError: This is one.
    """
    told = booted.told
    in_log = sum(told_by(entry.mark or "")[0] == GREEN for entry in booted.entries)
    killed = sum(end is End.KILLED for end in plan.lives)
    if told.marks != in_log or not told.marks <= told.rises <= told.marks + killed:
        raise RigError(f"of {told.rises} greens {told.marks} were marked, {in_log} in the log")


def plans(boots: int, cards: int, seed: int, *, normal: bool) -> list[Plan]:
    """Return what a kiosk does in so many boots: alone, with a ledger, and twice alone again."""
    ends = (End.KILLED, End.STOPPED)
    return [
        Plan(
            seed=seed * 1000 + number,
            lives=ends if number % 2 == 0 else ends[::-1],
            cards=cards,
            first_list=1 + number * len(ends),
            ahead_s=number * AHEAD_S,
            delivers=number % 3 == 1,
            normal=normal,
        )
        for number in range(boots)
    ]


@dataclass(slots=True)
class Cut:
    """One cut that is to be made: before which entry of which chapter, and with what dice."""

    chapter: int
    place: int
    throw: int


def cuts_of(story: Story, count: int, seed: int) -> list[Cut]:
    """Return so many cuts at random places of all chapters, in the order of the log."""
    dice = random.Random(f"{seed} cuts")  # noqa: S311 - a trial, no secret
    lengths = [len(chapter.entries) + 1 for chapter in story.chapters]
    found = []
    for throw in range(count):
        chapter = dice.choices(range(len(lengths)), lengths)[0]
        found.append(Cut(chapter, dice.randrange(lengths[chapter]), throw))
    return sorted(found, key=lambda cut: (cut.chapter, cut.place))


def make_cuts(chapter: Chapter, cuts: Iterable[Cut], folder: Path, seed: int) -> Iterator[Found]:
    """Make these cuts of one chapter, in the order of the log, and judge each."""
    replay = Replay(chapter.entries, chapter.base, folder)
    result, place = folder / "cut.img", folder / "disk"
    place.mkdir(exist_ok=True)
    for cut in cuts:
        replay.cut(cut.place, random.Random(f"{seed} {cut.throw}"), result)  # noqa: S311 - a trial
        yield examine(result, place, chapter.owed_before(cut.place))
