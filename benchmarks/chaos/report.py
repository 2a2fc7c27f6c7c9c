"""The matrix as text: a table for a terminal, one for the page, and what is wrong with it."""

from collections.abc import Sequence

from benchmarks.chaos.ran import Ran, Verdict

BEGIN, END = "<!-- begin: written by benchmarks.loss -->", "<!-- end -->"
_HEAD = (
    "variant",
    "fault",
    "shown",
    "stored",
    "lost",
    "doubled",
    "gaps",
    "kills",
    "again",
    "settled",
)


def cells(ran: Ran) -> tuple[str, ...]:
    """Return one row of the matrix."""
    found = ran.judgement
    settled = "no" if ran.settled_s is None else f"{ran.settled_s:.0f} s"
    return (
        ran.row.variant.value,
        ran.row.name,
        str(found.shown),
        str(found.stored),
        str(found.lost),
        str(found.duplicated),
        str(found.gaps),
        str(ran.killed),
        str(ran.repeated),
        f"{settled}, after a restart" if ran.restarted else settled,
    )


def total(ran: Sequence[Ran]) -> tuple[str, ...]:
    """Return the sum over our own variant."""
    ours = [each for each in ran if not each.row.must_lose]
    judged = [each.judgement for each in ours]
    counted = (
        sum(found.shown for found in judged),
        sum(found.stored for found in judged),
        sum(found.lost for found in judged),
        sum(found.duplicated for found in judged),
        sum(found.gaps for found in judged),
        sum(each.killed for each in ours),
        sum(each.repeated for each in ours),
    )
    return ("ours", "all rows", *(str(count) for count in counted), "")


def table(ran: Sequence[Ran]) -> str:
    """Return the matrix for a terminal."""
    lines = [_HEAD, *(cells(each) for each in ran), total(ran)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < 2 or column == len(_HEAD) - 1 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def page(before: str, ran: Sequence[Ran], command: str, took_s: float) -> str:
    """Return a page with the matrix between its marks."""
    head, _, rest = before.partition(BEGIN)
    _, _, tail = rest.partition(END)
    rows = [_HEAD, ("---",) * len(_HEAD), *(cells(each) for each in ran), total(ran)]
    drawn = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    made = f"```sh\n{command}\n```\n\n{took_s / 60:.0f} minutes on two shared x86_64 cores."
    return f"{head}{BEGIN}\n\n{made}\n\n{drawn}\n\n{END}{tail}"


def summary(ran: Ran) -> str:
    """Return what became of a row, in a line."""
    found = ran.judgement
    kills = ", ".join(f"{name} {count}" for name, count in ran.kills.items() if count)
    return (
        f"{ran.row.name} ({ran.row.variant}): shown {found.shown}, lost {found.lost},"
        f" doubled {found.duplicated}, gaps {found.gaps}, rows {found.rows},"
        f" sent again {ran.repeated}, killed {kills or 'nothing'}, paused {ran.pauses},"
        f" settled {cells(ran)[-1]}: {ran.verdict}"
    )


def remarks(ran: Sequence[Ran]) -> list[str]:
    """Return what a reader should know of a row and what breaks nothing, a line each."""
    return [f"{e.row.variant}, {e.row.name}: {remark}" for e in ran for remark in e.remarks]


def broken(ran: Sequence[Ran], events: int, kills: int = 0) -> list[str]:
    """Return what is not as it must be, a line each."""
    lines = []
    for each in ran:
        name = f"{each.row.variant}, {each.row.name}"
        lines += [f"{name}: {end}" for end in each.ends]
        if each.kept:
            continue
        if each.verdict is Verdict.UNTOLD:
            lines.append(f"{name}: {_untold(each)}")
        elif each.row.must_lose:
            lines.append(f"{name}: a control that lost nothing proves nothing")
        else:
            found = each.judgement
            lines.append(
                f"{name}: lost {found.lost} {list(found.examples)}, doubled {found.duplicated},"
                f" gaps {found.gaps} (the ledger says {found.ledger_gaps}), green for nothing"
                f" {found.without_commit}, stored unread {found.raw}, more than the Receive Maximum"
                f" {each.exceeded} times"
            )
    shown = sum(each.judgement.shown for each in ran if not each.row.must_lose)
    if shown < events:
        lines.append(f"{shown} of the {events} events that were asked for")
    killed = sum(each.killed for each in ran if not each.row.must_lose)
    if killed < kills:
        lines.append(f"{killed} of the {kills} kills that were asked for")
    return lines


def _untold(ran: Ran) -> str:
    if ran.still_came:
        return f"{Verdict.UNTOLD}: events still came when time was up; what is missing may be late"
    return (
        f"{Verdict.UNTOLD}: the fault had {ran.chances} of {ran.row.chances} chances within"
        f" {ran.active_s:.0f} s, and nothing was lost"
    )
