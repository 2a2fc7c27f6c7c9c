"""The generated reference is in step with the code that it describes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docs import generate
from docs.settings_page import text as settings_page
from kiosk import clock, errors
from kiosk.app import adapters
from kiosk.app.settings import MANY_ADAPTERS, ONE_ADAPTER, SECTIONS
from kiosk.door.machine import TRANSITIONS
from kiosk.door.signal import Fault, Signal
from kiosk.door.signal_names import FAULTS, SIGNALS


def test_nothing_drifted() -> None:
    assert generate.drifted() == [], "run: python -m docs.generate"


def test_a_drift_is_named(tmp_path: Path) -> None:
    pages = generate.pages()
    for name, text in pages.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert generate.drifted(tmp_path) == []
    (tmp_path / "docs/reference/errors.md").write_text("old\n", encoding="utf-8")
    (tmp_path / "docs/reference/wiring.svg").unlink()
    assert set(generate.drifted(tmp_path)) == {
        "docs/reference/errors.md",
        "docs/reference/wiring.svg",
    }


def test_every_section_and_every_adapter_has_its_place() -> None:
    page = settings_page()
    for section in SECTIONS:
        assert f"## `[{section}]`" in page
    for package in ONE_ADAPTER.values():
        for name in adapters.names(package):
            assert f'### `kind = "{name}"`' in page
    for section, (_, package) in MANY_ADAPTERS.items():
        for name in adapters.names(package):
            assert f"### `[{section}.{name}]`" in page


@pytest.fixture
def needy(tmp_path: Path) -> Iterator[None]:
    """Let the clocks have one more file, whose library nobody has."""
    (tmp_path / "needy.py").write_text("import no_such_library\ndef build(settings): ...\n")
    clock.__path__.append(str(tmp_path))
    yield
    clock.__path__.remove(str(tmp_path))


@pytest.mark.usefixtures("needy")
def test_an_adapter_whose_library_is_missing_here_keeps_its_place() -> None:
    """The page is the same wherever it is written, so the check passes without every library."""
    heading = '### `kind = "needy"`'
    assert "needs the library no_such_library" in settings_page()
    before = f"{heading}\n\nWhat another machine knew.\n\n## `[log]`, optional\n"
    page = settings_page(before)
    assert f"{heading}\n\nWhat another machine knew.\n\n###" in page
    assert "no_such_library" not in page


def test_every_signal_and_every_fault_is_named_in_both_languages() -> None:
    page = generate.signals_page()
    assert set(SIGNALS) == set(Signal)
    assert set(FAULTS) == set(Fault)
    for vietnamese, english in (*SIGNALS.values(), *FAULTS.values()):
        assert f"| {vietnamese} | {english} |" in page


def test_every_remedy_is_explained() -> None:
    page = generate.errors_page()
    for remedy in errors.Remedy:
        assert f"\n| {remedy} | " in page


def test_the_diagram_has_one_arrow_for_each_transition() -> None:
    arrows = [line for line in generate.state_diagram().splitlines() if "-->" in line]
    assert len(arrows) == len(TRANSITIONS) + 1


def test_a_page_without_its_markers_is_refused() -> None:
    with pytest.raises(SystemExit, match="put the two lines there"):
        generate.door_page("# A page\n")


def test_an_unknown_argument_writes_nothing() -> None:
    assert generate.main(["--chekc"]) == 2
