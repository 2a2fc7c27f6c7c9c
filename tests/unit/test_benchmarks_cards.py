"""The benchmark of cards: a few cards the whole way, and that a miss would be seen."""

import json
from pathlib import Path

import pytest
from PIL import Image

from benchmarks import cards
from benchmarks.card_cases import WARD, Issued, cases, issuer, new_register
from benchmarks.card_prints import photocopied
from benchmarks.cards import UNREAD, Tally, judged
from benchmarks.scenes.dice import dice
from kiosk.door.reason import Reason
from provisioning.cards.form import Form
from provisioning.cards.register import Register


def test_a_few_cards_the_whole_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = tmp_path / "cards.json"
    given = ["--cards", "5", "--bad", "1", "--many", "10", "--json", str(figures)]
    assert cards.main(given) == 0
    told = json.loads(figures.read_text())
    assert {each["wanted"] for each in told["cases"]} == {
        *("ok", "forged", "expired", "not-yet-valid", "revoked", "untrusted-issuer"),
    }
    assert {(each["case"], each["form"]) for each in told["cases"]} >= {
        (name, form.value) for name in ("altered", "good, copied") for form in Form
    }
    assert all(each["shown"] == each["read"] for each in told["cases"])
    assert set(told["seconds"]) == {form.value for form in Form}
    printed = capsys.readouterr().out
    assert "all targets met" in printed
    assert "10 cards issued and printed as sheet" in printed


@pytest.mark.parametrize(
    ("reasons", "good"),
    [
        ({"ok": 100}, True),
        ({"ok": 99, UNREAD: 1}, True),
        ({"ok": 98, UNREAD: 2}, False),
        ({"ok": 99, "forged": 1}, False),
        ({"ok": 99, "misread": 1}, False),
        ({}, False),
    ],
)
def test_a_wrong_answer_is_never_forgiven_and_a_miss_rarely(
    reasons: dict[str, int],
    good: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    shown = sum(reasons.values())
    tally = Tally("good", "card", "ok", shown, shown - reasons.get(UNREAD, 0), reasons)
    assert tally.good is good


def test_bad_cards_are_bad_for_one_reason_only(tmp_path: Path) -> None:
    """Under another door's lists each of them would be something else."""
    ward = issuer(WARD, 1)
    with Register.opened(new_register(tmp_path, ward)) as register:
        issued = Issued(register, ward, tmp_path)
        every = {case.name: case for case in cases(issued, 2, 2)}
        book, strange = issued.book(ward), issued.book(issuer("vn-00071", 7))
    for name, case in every.items():
        for _, code in case.cards:
            assert judged([code.encode()], code, book) == case.reason.value
            expected = Reason.OK if name == "wrong issuer" else Reason.UNTRUSTED_ISSUER
            assert judged([code.encode()], code, strange) == expected.value
    (_, code), *_ = every["good"].cards
    assert judged([], code, book) == UNREAD
    assert judged([b"DK1:"], code, book) == "misread"


def test_a_photocopy_is_another_picture_every_time() -> None:
    card = Image.new("L", (200, 100), 255)
    card.paste(0, (50, 30, 150, 70))
    first, second = (photocopied(card, dice("copy", number)) for number in range(2))
    assert first.tobytes() != second.tobytes()
    assert first.getpixel((100, 50)) == 0
    assert photocopied(card, dice("copy", 0)).tobytes() == first.tobytes()
