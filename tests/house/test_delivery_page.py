"""The diagrams of delivery are drawn from the tables that run."""

import pytest

from docs import delivery_page
from kiosk.uplink.delivery.connection import TRANSITIONS
from kiosk.uplink.delivery.rows import LIFE


def arrows(diagram: str) -> list[str]:
    return [line for line in diagram.splitlines() if "-->" in line]


def test_every_transition_has_one_arrow() -> None:
    # One more leads in, and one out of what has no way on.
    assert len(arrows(delivery_page.connection_diagram())) == len(TRANSITIONS) + 1
    assert len(arrows(delivery_page.rows_diagram())) == len(LIFE) + 2


def test_no_label_breaks_the_diagram() -> None:
    for diagram in (delivery_page.connection_diagram(), delivery_page.rows_diagram()):
        assert all(arrow.count(":") <= 1 for arrow in arrows(diagram))
        assert not any(";" in arrow for arrow in arrows(diagram))


def test_a_page_without_its_markers_is_refused() -> None:
    with pytest.raises(SystemExit, match="put the two lines there"):
        delivery_page.text("# A page\n")
