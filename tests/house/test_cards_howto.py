"""The how-tos for cards and posters do what they say; their pictures show cards that are read."""

import io
from pathlib import Path

import pytest
from PIL import Image

from docs import card_pictures
from kiosk.app.decode import decoders
from kiosk.eye.frame import Frame
from tests.parts.markdown import ROOT, blocks
from tests.parts.page_reader import reading

HOWTO = ROOT / "docs/howto"


def follow(folder: Path, page: str, replaced: dict[str, str]) -> int:
    """Do what a page says; return how many commands that were."""
    count = 0
    with reading(folder, replaced) as reader:
        for block in blocks(HOWTO / page):
            if "setup.sh" in block.text:
                continue  # An installation.
            reader.follow(block)
            count += block.language == "sh"
    return count


def test_cards_are_issued_as_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("đúng ngựa pin ghim\n", encoding="utf-8")
    given = " --passphrase-file secret"
    # Nobody sits at a terminal here to be asked.
    replaced = {"cards init": f"cards init{given}", " --pdf": f"{given} --pdf"}
    assert follow(tmp_path, "issue-cards.md", replaced) == 9
    assert {path.name for path in tmp_path.glob("*.pdf")} == {
        *("cards.pdf", "again.pdf", "new.pdf", "longer.pdf")
    }


def test_a_poster_is_made_as_the_page_says(tmp_path: Path) -> None:
    assert follow(tmp_path, "make-a-poster.md", {}) == 1
    assert (tmp_path / "poster.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(("name", "shown"), [("card-sheet.png", 2), ("card-pocket.png", 4)])
def test_the_cards_in_the_pictures_are_read(name: str, shown: int) -> None:
    path = ROOT / "docs/pictures" / name
    with Image.open(path) as opened:
        picture = opened.convert("L")
    frame = Frame(picture.tobytes(), *picture.size, picture.width, 1, 1)
    (reader, *_) = decoders(None, {})
    codes = {symbol.payload for symbol in reader.decode(frame)}
    assert codes == {code.encode() for _, code in card_pictures.cards()[:shown]}


def test_the_pictures_are_small_and_made_by_the_script() -> None:
    for name, raw in card_pictures.pictures().items():
        committed = (ROOT / "docs/pictures" / name).read_bytes()
        assert len(committed) < 64_000
        with Image.open(io.BytesIO(raw)) as drawn, Image.open(io.BytesIO(committed)) as before:
            assert drawn.size == before.size
