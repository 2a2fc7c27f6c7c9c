"""The documents tell the truth: commands run, links lead somewhere, words are the glossary's."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.generate import EXAMPLE_ENVIRON
from kiosk.app.settings import load_settings
from kiosk.app.wiring_plan import rows_of
from kiosk.door.signal import Fault, Pattern, Signal, pattern_of
from kiosk.door.signal_names import FAULTS, SIGNALS
from tests.parts.broker import free_port, program
from tests.parts.markdown import ROOT, Block, blocks, pages
from tests.parts.page_reader import reading

TUTORIAL = ROOT / "docs/tutorial/first-door.md"
RESCUE = ROOT / "docs/howto/rescue-events.md"
GLOSSARY = ROOT / "docs/glossary.md"
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    if program() is None:
        pytest.skip("mosquitto is not installed")
    with reading(tmp_path, {"18830": str(free_port())}) as reader:
        for block in blocks(TUTORIAL):
            if "not run" not in block.marks:
                reader.follow(block)


def test_only_an_installation_is_left_out_of_the_tutorial() -> None:
    left_out = [b for b in blocks(TUTORIAL) if "not run" in b.marks]
    assert [b.text for b in left_out] == ["bash provisioning/demo.sh\n"]
    assert (ROOT / "provisioning/demo.sh").is_file()


def test_a_page_that_rotted_would_be_noticed(tmp_path: Path) -> None:
    with reading(tmp_path, {}) as reader:
        reader.follow(Block("sh", "echo one; echo two\n", 1))
        reader.follow(Block("text", "one\nt...\n", 1))
        with pytest.raises(AssertionError):
            reader.follow(Block("text", "two\none\n", 1))
        with pytest.raises(AssertionError):
            reader.follow(Block("sh", "exit 3\n", 1))
        reader.follow(Block("sh", "exit 3\n", 1, {"exit": "3"}))
        with pytest.raises(AssertionError, match="nobody says"):
            reader.follow(Block("toml", "a = 1\n", 1))


def test_the_rescue_of_an_outbox_does_what_it_says(tmp_path: Path) -> None:
    saved = {b.marks["save"]: b.text for b in blocks(TUTORIAL) if "save" in b.marks}
    settings = saved["door.toml"].partition("[uplink]")[0] + '[uplink]\nkind = "stdout"\n'
    (tmp_path / "door.toml").write_text(settings.replace("stage.json", "card.json"))
    (tmp_path / "card.json").write_text(saved["card.json"], encoding="utf-8")
    (tmp_path / "site.key").write_text("5e" * 32, encoding="ascii")
    with reading(tmp_path, {"/var/lib/kiosk": str(tmp_path), "sudo ": ""}) as reader:
        door = {"terminal": "door"}
        reader.follow(Block("sh", "kiosk run --config door.toml\n", 1, door))
        reader.follow(Block("text", "... scan ...signal=accepted...\n", 1))
        # As after a power cut: nothing was closed, and the log still holds the rows.
        reader.end()
        for block in blocks(RESCUE):
            reader.follow(block)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path) if path else page
        assert there.exists(), f"{page.relative_to(ROOT)}: {target}"
        assert there.resolve().is_relative_to(ROOT), f"{page.relative_to(ROOT)}: {target}"
        if anchor:
            assert anchor in _anchors(there), f"{page.relative_to(ROOT)}: {target}"


def _anchors(page: Path) -> set[str]:
    """Return what headings are called in links, as forges write them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


def test_every_page_can_be_reached_from_the_index() -> None:
    index = ROOT / "docs/index.md"
    reached, waiting = set(), [index]
    while waiting:
        page = waiting.pop().resolve()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        targets = _LINK.findall(page.read_text(encoding="utf-8"))
        waiting += [page.parent / t.partition("#")[0] for t in targets if "://" not in t]
    missed = {str(page.relative_to(ROOT)) for page in pages() if page not in reached}
    assert not missed


def test_the_two_readmes_point_to_each_other() -> None:
    assert "(README.vi.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "(README.md)" in (ROOT / "README.vi.md").read_text(encoding="utf-8")


def cells(page: Path, heading: str) -> list[list[str]]:
    """Return the rows of the table below a heading, without its head."""
    text = page.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def shown(pattern: Pattern) -> tuple[str, int, set[str]]:
    """Return a pattern's colour, how often it lights up, and its tones."""
    lit = [bool(s.green or s.red) for s in pattern.steps]
    flashes = sum(on and not before for before, on in zip([False, *lit], lit, strict=False))
    colour = {(True, False): "green", (False, True): "red"}[
        any(s.green for s in pattern.steps), any(s.red for s in pattern.steps)
    ]
    return colour, flashes, {str(s.tone_hz) for s in pattern.steps if s.tone_hz}


def signals() -> dict[tuple[str, str], tuple[str, int, set[str]]]:
    """Return what is shown for each meaning, in Vietnamese and English."""
    answers = {SIGNALS[s]: shown(pattern_of(s)) for s in Signal if s is not Signal.OUT_OF_ORDER}
    faults = {FAULTS[f]: shown(pattern_of(Signal.OUT_OF_ORDER, f)) for f in Fault}
    return {**answers, **faults}


def test_the_legend_of_the_readme_is_what_the_door_shows() -> None:
    legend = {
        (vietnamese, english): (light, int(flashes), set(re.findall(r"\d+", tones)))
        for english, vietnamese, light, flashes, tones in cells(ROOT / "README.md", "What it shows")
    }
    assert legend == signals()


def test_the_legend_for_venues_is_what_the_door_shows() -> None:
    colours = {"xanh": "green", "đỏ": "red"}
    legend = {
        name: (colours[light], int(flashes), set(re.findall(r"\d+", tones)))
        for name, light, flashes, tones, _ in cells(ROOT / "README.vi.md", "Đèn và tiếng")
    }
    assert legend == {vietnamese: seen for (vietnamese, _), seen in signals().items()}


def test_the_wiring_of_the_readme_is_that_of_the_example() -> None:
    example = load_settings(ROOT / "provisioning/kiosk.example.toml", EXAMPLE_ENVIRON).settings
    drawn = {(str(r.bcm), str(r.header_pin), str(r.ground_pin)) for r in rows_of(example)}
    assert {tuple(row[1:4]) for row in cells(ROOT / "README.md", "Wiring")} == drawn


def test_what_the_troubleshooting_table_quotes_is_what_the_program_says() -> None:
    rows = cells(ROOT / "README.md", "Troubleshooting")
    assert len(rows) >= 12
    said = "\n".join(_said())
    quoted = 0
    for symptom, *_ in rows:
        for quote in re.findall(r"`([^`]*(?: |\.\.\.)[^`]*)`", symptom):
            if quote.startswith(("kiosk decode", "numpy")):
                continue  # a command, and a library's own words
            quoted += 1
            for part in filter(None, quote.strip(".").split("...")):
                assert part in said, f"nobody says: {part!r}"
    assert quoted >= 12


def _said() -> Iterator[str]:
    """Yield every text that a program of ours holds."""
    for path in (*(ROOT / "kiosk").rglob("*.py"), *(ROOT / "provisioning").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    for path in (ROOT / "provisioning").glob("*.sh"):
        yield re.sub(r"\$\{?\w+\}?", "", path.read_text(encoding="utf-8"))


def test_records_of_decisions_are_short_and_whole() -> None:
    records = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
    assert [r.name[:4] for r in records] == [f"{n:04}" for n in range(1, len(records) + 1)]
    assert records
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert text.count("\n") < 60, record.name
        for heading in ("Status", "Context", "Decision", "Consequences"):
            assert f"\n## {heading}\n" in text, f"{record.name}: {heading}"


def forbidden_words() -> dict[str, str]:
    """Return the words that the glossary refuses, and the word to use instead."""
    text = GLOSSARY.read_text(encoding="utf-8")
    table = text.partition("## Words that we do not use")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", table, re.MULTILINE)
    return dict(rows)


def identifiers(source: str) -> Iterator[str]:
    """Yield the names that a module gives to things."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def words_of(identifier: str) -> set[str]:
    """Return the words of a name, in either style.

    >>> sorted(words_of("_HelloWorld_now"))
    ['hello', 'now', 'world']
    """
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)
    return {part.lower() for part in parts}


def test_the_code_uses_the_words_of_the_glossary() -> None:
    refused = forbidden_words()
    assert len(refused) >= 8
    found = []
    for path in sorted([*(ROOT / "kiosk").rglob("*.py"), *(ROOT / "ledger").rglob("*.py")]):
        named = {path.stem, *identifiers(path.read_text(encoding="utf-8"))}
        for name in sorted(named):
            for word in words_of(name) & refused.keys():
                where = path.relative_to(ROOT)
                found.append(f"{where}: {name}: write {refused[word]}, not {word}")
    assert not found, "\n".join(found)


def test_a_refused_word_would_be_found() -> None:
    names = set(
        identifiers("class TicketReader:\n    def scan_ticket(self, aTicket): self.b = 1\n")
    )
    assert names == {"TicketReader", "scan_ticket", "self", "aTicket", "b"}
    assert all("ticket" in words_of(name) for name in names - {"self", "b"})


def test_no_page_names_this_machine() -> None:
    for page in pages():
        text = page.read_text(encoding="utf-8")
        assert str(ROOT) not in text.replace("/opt/kiosk", ""), page.name
