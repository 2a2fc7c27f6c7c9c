"""What the lists say of a credential at the door."""

import pytest

from kiosk.door.credential import Assurance, Credential
from kiosk.door.standing import UNLISTED, Standing
from kiosk.identity import handle_of
from kiosk.lists.book import Book
from kiosk.lists.form import ListName, handle_key, revoked_key
from kiosk.lists.shards import SignedList
from kiosk.payloads.parts.trust import NOBODY
from provisioning.lists.making import Made
from tests.parts.issuers import nation, union, ward
from tests.parts.lists import a_list, entries, issuers

SITE_KEY = b"s" * 32
CARD = Credential("card", "0123456789abcdef", Assurance.SIGNED)
CERTIFICATE = Credential("certificate", "URN:UVCI:01:XX:099090000017#1", Assurance.SIGNED)
CCCD = Credential("cccd", "001090000001")
EVERYBODY = (CARD, CERTIFICATE, CCCD)


def book(*lists: Made) -> Book:
    return Book({m.manifest.name: SignedList(m.manifest, m.raw, m.shards) for m in lists}, {})


def handle(credential: Credential) -> str:
    return handle_of(credential, SITE_KEY)


def person(credential: Credential) -> bytes:
    return handle_key(handle(credential))


@pytest.mark.parametrize("listed", [CARD, CERTIFICATE])
def test_what_was_revoked_is_revoked_and_nothing_else(listed: Credential) -> None:
    found = book(a_list(held=[*entries(500), revoked_key(listed.kind, listed.subject_id)]))

    assert {c.kind: found.standing(c, handle(c)).revoked for c in EVERYBODY} == {
        c.kind: c is listed for c in EVERYBODY
    }


def test_what_nobody_signed_nobody_takes_back() -> None:
    found = book(a_list(held=[revoked_key("cccd", CCCD.subject_id)]))

    assert found.standing(CCCD, handle(CCCD)) == UNLISTED


def test_a_person_is_found_by_the_handle_and_nobody_else_is() -> None:
    until_s = 1_900_000_000
    entry = person(CARD) + until_s.to_bytes(4, "big")
    found = book(
        a_list(ListName.BARRED, held=[*entries(500), person(CCCD)]),
        a_list(ListName.DECLARED, held=[*entries(500, size=12), entry]),
    )

    assert found.standing(CCCD, handle(CCCD)) == Standing(barred=True)
    assert found.standing(CARD, handle(CARD)) == Standing(declared_until_s=until_s)
    assert found.standing(CERTIFICATE, handle(CERTIFICATE)) == UNLISTED
    # The same person at another site has another handle.
    assert found.standing(CCCD, handle_of(CCCD, b"t" * 32)) == UNLISTED


@pytest.mark.parametrize("count", [0, 1, 2, 3, 255, 256, 257, 5000])
def test_every_entry_is_found_and_no_neighbour(count: int) -> None:
    held = entries(count)
    found = a_list(held=held)
    listed = SignedList(found.manifest, found.raw, found.shards)

    assert found.manifest.entries == count
    assert all(listed.find(entry) == b"" for entry in held)
    assert not any(listed.find(entry[:-1] + b"\7") for entry in held)
    assert listed.find(b"\xff" * 8) is None


def test_lists_that_never_came_say_nothing() -> None:
    assert book().context is not None
    assert book().context == NOBODY
    assert book().versions == {}
    assert book().standing(CARD, handle(CARD)) == UNLISTED


def test_issuers_are_trusted_for_what_they_may_sign() -> None:
    keys = [issuer.key() for issuer in (ward(), union(), nation())]
    found = book(issuers(*keys))

    for key in keys:
        (kind,) = key.kinds
        assert found.context.signers(kind, key.kid) == (key,)
    assert found.context.signers("card", keys[1].kid) == ()
    assert found.versions["issuers"].entries == 3
