"""The state diagrams of delivery, from the tables that the courier runs on."""

from collections.abc import Mapping
from enum import StrEnum

from kiosk.uplink.delivery.connection import TRANSITIONS, Link, Turn
from kiosk.uplink.delivery.rows import LIFE, Fate, Row

PAGE = "docs/explanation/delivery.md"
CONNECTION = "connection"
ROWS = "rows"


def text(page: str) -> str:
    """Return the page with the blocks between its markers drawn anew."""
    for name, diagram in ((CONNECTION, connection_diagram()), (ROWS, rows_diagram())):
        begin, end = markers(name)
        before, found_begin, rest = page.partition(begin)
        _, found_end, after = rest.partition(end)
        if not found_begin or not found_end:
            raise SystemExit(f"{PAGE}: put the two lines there: {begin} and {end}")
        page = f"{before}{begin}\n{diagram}\n{end}{after}"
    return page


def markers(name: str) -> tuple[str, str]:
    """Return the lines between which a diagram stands."""
    return f"<!-- begin: {name}, written by python -m docs.generate -->", f"<!-- end: {name} -->"


def connection_diagram() -> str:
    """Return what there is between courier and broker, as Mermaid."""
    return _diagram(Link.WAITING, TRANSITIONS)


def rows_diagram() -> str:
    """Return the life of an event, as Mermaid."""
    return _diagram(Row.UNSENT, LIFE)


def _diagram(
    first: StrEnum, table: Mapping[tuple[Link, Turn], Link] | Mapping[tuple[Row, Fate], Row]
) -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {_node(first)}"]
    last = set(table.values()) - {before for before, _ in table}
    for (before, turn), after in table.items():
        lines.append(f"    {_node(before)} --> {_node(after)}: {turn.value}")
    lines += [f"    {_node(state)} --> [*]" for state in sorted(last)]
    return "\n".join([*lines, "```"])


def _node(state: StrEnum) -> str:
    return state.value.replace(" ", "_")
