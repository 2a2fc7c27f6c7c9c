"""Register and paper change together: whatever fails, nobody holds half a card."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from kiosk.door.credential import CardClass, Credential, Quota
from kiosk.payloads import formats, read
from kiosk.payloads.parts.trust import Algorithm, IssuerKey, trusting
from provisioning.cards import days
from provisioning.cards.code import kid_of
from provisioning.cards.desk import Defaults, Desk
from provisioning.cards.people import Person
from provisioning.cards.register import Card, Register, State
from provisioning.errors import ProvisioningError
from tests.parts import clerk
from tests.parts.clerk import DEFAULTS, ISSUER, LAST, NOW_S, desk, listed, press

KEY = IssuerKey(ISSUER.kid, Algorithm.EDDSA, ISSUER.public, ISSUER.name, frozenset({"card"}))
YEAR = timedelta(days=365)


def issue(at: Desk, target: Path, text: str = clerk.PEOPLE) -> list[Card]:
    return at.issue(listed(text), DEFAULTS, press(target))


def credential(code: bytes) -> Credential:
    found = read(code, formats(), trusting([KEY]))
    assert isinstance(found, Credential)
    return found


def leftovers(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"register.db"}


def test_what_is_issued_is_what_is_printed(tmp_path: Path) -> None:
    with desk(tmp_path) as at:
        cards = issue(at, tmp_path / "a.pdf")
    codes = clerk.printed(tmp_path / "a.pdf")
    assert [card.number for card in cards] == list(codes) == [1, 2, 3]
    for card in cards:
        found = credential(codes[card.number])
        assert found.subject_id == card.card_id.hex()
        assert found.validity.expires_s == days.start_s(LAST + timedelta(days=1))
    assert len({card.card_id for card in cards}) == 3
    assert leftovers(tmp_path) == {"a.pdf"}
    with desk(tmp_path) as at:
        assert at.register.search() == cards
        assert at.settle() == []


def test_the_register_holds_no_code_and_is_for_its_owner(tmp_path: Path) -> None:
    with desk(tmp_path) as at:
        issue(at, tmp_path / "a.pdf")
    raw = (tmp_path / "register.db").read_bytes()
    assert b"DK1:" not in raw
    assert "Trần Thị Bình".encode() in raw
    for name in ("register.db", "a.pdf"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_a_line_says_what_differs_from_the_command(tmp_path: Path) -> None:
    text = (
        "name,class,quota,valid from,valid until\n"
        "Lê An,,,,\nTrần B,staff,5 in 15,1/10/2026,31/10/2026\n"
    )
    with desk(tmp_path) as at:
        defaults = replace(DEFAULTS, card_class=CardClass.MINOR)
        first, second = at.issue(listed(text), defaults, press(tmp_path / "a.pdf"))
    assert (first.terms.card_class, first.terms.quota) == (CardClass.MINOR, None)
    assert (second.terms.card_class, second.terms.quota) == (CardClass.STAFF, Quota(5, 15))
    assert days.day_of(second.terms.from_s) == date(2026, 10, 1)
    assert days.last_day(second.terms.until_s) == date(2026, 10, 31)


@pytest.mark.parametrize(
    ("text", "last", "told"),
    [
        ("name,valid until\nLê An,\nTrần B,20/9/2026\n", LAST, [":3: valid until: is over"]),
        ("name\nLê An\n", None, [":2: valid until: say it here"]),
        ("name,valid from\nLê An,1/1/2028\n", LAST, [":2: valid until: before the card"]),
        ("name,quota\nLê 2,x\nTrần B,\n", None, [":2: name", ":2: quota", ":3: valid until"]),
    ],
)
def test_one_bad_line_and_nobody_gets_a_card(
    tmp_path: Path, text: str, last: date | None, told: list[str]
) -> None:
    with desk(tmp_path) as at:
        with pytest.raises(ProvisioningError) as caught:
            at.issue(listed(text), Defaults(clerk.TODAY, last), press(tmp_path / "a.pdf"))
        lines = str(caught.value).splitlines()
        assert lines.pop() == "nothing was issued"
        for line, each in zip(lines, told, strict=True):
            assert each in line
        assert at.register.search() == []
    assert leftovers(tmp_path) == set()


def test_who_holds_a_card_gets_no_second_one_unless_it_is_said(tmp_path: Path) -> None:
    with desk(tmp_path) as at:
        issue(at, tmp_path / "a.pdf", "name\nLê An\n")
        with pytest.raises(ProvisioningError, match=":3: holds card 1 already"):
            issue(at, tmp_path / "b.pdf", "name\nTrần B\nLÊ AN\n")
        at.issue(listed("name\nLê An\n"), DEFAULTS, press(tmp_path / "b.pdf"), second=True)
    with desk(tmp_path, NOW_S + 366 * 86_400) as at:
        later = Defaults(LAST + YEAR, LAST + YEAR)
        (card,) = at.issue(listed("name\nLê An\n"), later, press(tmp_path / "c.pdf"))
        assert card.number == 3


def test_a_letter_that_no_font_has_is_told(tmp_path: Path) -> None:
    with desk(tmp_path) as at:
        strict = replace(press(tmp_path / "a.pdf"), missing=lambda text: "ŭ" if "ŭ" in text else "")
        with pytest.raises(ProvisioningError, match=":2: no font here prints ŭ"):
            at.issue(listed("name\nY Blŭk\n"), DEFAULTS, strict)


def test_a_card_printed_again_is_the_same(tmp_path: Path) -> None:
    with desk(tmp_path) as at:
        cards = issue(at, tmp_path / "a.pdf")
        at.reprint(cards, press(tmp_path / "b.pdf"))
        assert at.register.cards_of(2) == cards
    assert clerk.printed(tmp_path / "a.pdf") == clerk.printed(tmp_path / "b.pdf")


def test_to_extend_is_a_second_code_of_the_same_card(tmp_path: Path) -> None:
    with desk(tmp_path) as at:
        (card,) = issue(at, tmp_path / "a.pdf", "name,quota\nLê An,5/15\n")
        (longer,) = at.extend([card], LAST + YEAR, press(tmp_path / "b.pdf"))
        assert at.register.revoked_ids() == []
        assert at.register.card(1) == longer
    old, new = (credential(clerk.printed(tmp_path / name)[1]) for name in ("a.pdf", "b.pdf"))
    assert old.subject_id == new.subject_id
    assert old.claims == new.claims
    assert old.validity.not_before_s == new.validity.not_before_s
    assert new.validity.expires_s == days.start_s(LAST + YEAR + timedelta(days=1))


def test_to_replace_is_a_new_card_and_the_old_one_is_revoked(tmp_path: Path) -> None:
    with desk(tmp_path) as at:
        first, second, _ = issue(at, tmp_path / "a.pdf")
        (new,) = at.replace([first], "lost", None, press(tmp_path / "b.pdf"))
        assert at.register.revoked_ids() == [first.card_id]
        gone = at.register.card(first.number)
        assert (gone.state, gone.replaced_by, gone.why) == (State.REPLACED, new.number, "lost")
        assert (new.person, new.terms) == (first.person, first.terms)
        at.revoke([second], "moved away")
        assert at.register.revoked_ids() == sorted([first.card_id, second.card_id])
        # Who lost a card and got another one holds it.
        with pytest.raises(ProvisioningError, match=f"holds card {new.number} already"):
            issue(at, tmp_path / "c.pdf", "name,birth year\nTrần Thị Bình,1950\n")


def ended(at: Desk, cards: Sequence[Card]) -> dict[str, Callable[[], object]]:
    target = press(Path("/nonexistent/x.pdf"))
    return {
        "reprint": lambda: at.reprint(cards, target),
        "extend": lambda: at.extend(cards, LAST + YEAR, target),
        "replace": lambda: at.replace(cards, "", None, target),
        "revoke": lambda: at.revoke(cards, ""),
    }


@pytest.mark.parametrize("what", ["reprint", "extend", "replace", "revoke"])
def test_a_card_that_has_ended_stays_ended(tmp_path: Path, what: str) -> None:
    with desk(tmp_path) as at:
        first, second, third = issue(at, tmp_path / "a.pdf")
        at.revoke([first], "")
        at.replace([second], "", None, press(tmp_path / "b.pdf"))
        for number, told in ((1, "is revoked"), (2, "was replaced by 4")):
            every = [third, at.register.card(number)]
            with pytest.raises(ProvisioningError, match=f"card {number} {told}"):
                ended(at, every)[what]()
        assert at.register.card(3) == third


def test_an_expired_card_is_extended_or_replaced_and_not_printed_again(tmp_path: Path) -> None:
    with desk(tmp_path) as at:
        cards = issue(at, tmp_path / "a.pdf")
    with desk(tmp_path, NOW_S + 400 * 86_400) as at:
        with pytest.raises(ProvisioningError, match="has expired: cards extend"):
            at.reprint(cards, press(tmp_path / "b.pdf"))
        with pytest.raises(ProvisioningError, match="has expired: say until when"):
            at.replace(cards, "", None, press(tmp_path / "b.pdf"))
        with pytest.raises(ProvisioningError, match="name a later day"):
            at.extend(cards, LAST, press(tmp_path / "b.pdf"))
        with pytest.raises(ProvisioningError, match="no card that is in use ends by"):
            at.ending(LAST)
        at.extend(cards[:1], LAST + YEAR, press(tmp_path / "b.pdf"))
        at.replace(cards[1:], "", LAST + YEAR, press(tmp_path / "c.pdf"))


def test_cards_that_end_are_found_by_their_last_day(tmp_path: Path) -> None:
    with desk(tmp_path) as at:
        cards = issue(at, tmp_path / "a.pdf", "name,valid until\nLê An,1/10/2026\nTrần B,\n")
        assert at.ending(date(2026, 10, 1)) == cards[:1]
        assert at.ending(LAST) == cards
        with pytest.raises(ProvisioningError, match="ends by 30/09/2026"):
            at.ending(date(2026, 9, 30))


def test_who_is_forgotten_is_nowhere_in_the_file_and_stays_revoked(tmp_path: Path) -> None:
    with desk(tmp_path) as at:
        first, second, third = issue(at, tmp_path / "a.pdf")
        at.revoke([first], "moved to Huế")
        with pytest.raises(ProvisioningError, match="card 2 is in use"):
            at.forget([at.register.card(1), second])
        assert at.register.card(1).person == first.person
        at.forget([at.register.card(1)])
        assert at.register.revoked_ids() == [first.card_id]
        assert at.register.card(1).person == Person("")
        assert at.register.search()[1:] == [second, third]
    raw = (tmp_path / "register.db").read_bytes()
    for gone in ("Trần Thị Bình", "tran thi binh", "trần thị bình", "moved to Huế"):
        assert gone.encode() not in raw
    assert "Nguyễn Văn An".encode() in raw
    with desk(tmp_path, NOW_S + 400 * 86_400) as at:
        at.forget([second, third])
        assert at.register.search("an") == []


def test_names_are_found_however_they_are_written(tmp_path: Path) -> None:
    with desk(tmp_path) as at:
        issue(at, tmp_path / "a.pdf")
        for fragment in ("dang thuy y", "ĐẶNG", "Thu\u0300y", "thùy ý"):
            assert [card.number for card in at.register.search(fragment)] == [3]
        assert at.register.search("%") == []
        at.revoke(at.register.search("van an"), "")
        assert [card.number for card in at.register.search("", State.REVOKED)] == [2]


@pytest.mark.parametrize(
    ("raw", "told"), [(b"", "no register of cards"), (b"x" * 4096, "not a database")]
)
def test_what_is_no_register_is_one_line(tmp_path: Path, raw: bytes, told: str) -> None:
    path = tmp_path / "register.db"
    path.write_bytes(raw)
    with pytest.raises(ProvisioningError, match=told), Register.opened(path):
        pass
    assert path.read_bytes() == raw


def test_a_newer_register_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "register.db"
    Register.create(path, clerk.WARD)
    with sqlite3.connect(path) as sql:
        sql.execute("PRAGMA user_version = 2")
    sql.close()
    with pytest.raises(ProvisioningError, match="made by a newer program"), Register.opened(path):
        pass


def test_nothing_of_a_person_or_a_card_is_shown_by_accident(tmp_path: Path) -> None:
    with desk(tmp_path) as at:
        (card,) = issue(at, tmp_path / "a.pdf", "name,birth year,note\nLê An,1950,Tổ 5\n")
    for secret in ("Lê An", "1950", "Tổ 5", card.card_id.hex(), repr(card.card_id)):
        assert secret not in repr(card)
    assert kid_of(ISSUER.public) == clerk.WARD.kid
