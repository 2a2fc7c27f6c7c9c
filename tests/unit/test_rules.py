"""Who may pass, and the reason that is given."""

import pytest

from kiosk.door.credential import (
    Assurance,
    Credential,
    Damaged,
    Defect,
    Foreign,
    ForeignKind,
    Validity,
)
from kiosk.door.rules import (
    DEFECT_REASONS,
    FOREIGN_REASONS,
    Decision,
    Flag,
    Reason,
    Rules,
    Verdict,
    decide,
)
from kiosk.door.sighting import Content, Place

NOW_S = 1000.0
RULES = Rules(frozenset({"cccd", "member"}))
TABLE: list[tuple[Content, Rules, Reason]] = [
    (Credential("cccd", "001090000001"), RULES, Reason.OK),
    (Credential("member", "42", Assurance.SIGNED), RULES, Reason.OK),
    (Credential("bhyt", "0100000001"), RULES, Reason.KIND_NOT_ACCEPTED),
    (Credential("cccd", "001090000001"), Rules(frozenset()), Reason.KIND_NOT_ACCEPTED),
    (Credential("cccd", "1", validity=Validity(1000, 1001)), RULES, Reason.OK),
    (Credential("cccd", "1", validity=Validity(1001, None)), RULES, Reason.NOT_YET_VALID),
    (Credential("cccd", "1", validity=Validity(None, 1000)), RULES, Reason.EXPIRED),
    (Credential("bhyt", "1", validity=Validity(None, 1)), RULES, Reason.KIND_NOT_ACCEPTED),
    (Damaged("member", "x", Defect.FORGED), RULES, Reason.FORGED),
    (Damaged("member", "x", Defect.UNTRUSTED_ISSUER), RULES, Reason.UNTRUSTED_ISSUER),
    (Damaged("cccd", "name: empty"), RULES, Reason.MALFORMED),
    (Damaged("bhyt", "name: empty"), RULES, Reason.KIND_NOT_ACCEPTED),
    (Damaged("card", "x", Defect.FORGED), RULES, Reason.KIND_NOT_ACCEPTED),
    (Foreign(ForeignKind.PAYMENT), RULES, Reason.PAYMENT_CODE),
    (Foreign(ForeignKind.URL), RULES, Reason.URL),
    (Foreign(ForeignKind.WIFI), RULES, Reason.WIFI_CODE),
    (Foreign(ForeignKind.CONTACT), RULES, Reason.CONTACT_CARD),
    (Foreign(ForeignKind.VENUE_POSTER), RULES, Reason.VENUE_POSTER),
    (Foreign(ForeignKind.FOREIGN_POSTER), RULES, Reason.FOREIGN_POSTER),
    (Foreign(ForeignKind.UNKNOWN), RULES, Reason.UNKNOWN),
]


@pytest.mark.parametrize(("content", "rules", "reason"), TABLE)
def test_decision(content: Content, rules: Rules, reason: Reason) -> None:
    decision = decide(content, rules, NOW_S)
    assert decision.reason is reason
    assert decision.accepted is (reason is Reason.OK)
    assert decision.verdict is (Verdict.ACCEPTED if reason is Reason.OK else Verdict.REJECTED)


def test_every_foreign_kind_has_a_reason_of_its_own() -> None:
    assert set(FOREIGN_REASONS) == set(ForeignKind)
    assert len(set(FOREIGN_REASONS.values())) == len(ForeignKind)


def test_every_defect_has_a_reason_of_its_own() -> None:
    assert set(DEFECT_REASONS) == set(Defect)
    assert len(set(DEFECT_REASONS.values())) == len(Defect)


def test_where_nobody_knows_the_time_no_card_is_refused_for_its_dates() -> None:
    for validity in (Validity(None, 1), Validity(2**40, None)):
        decision = decide(Credential("cccd", "1", validity=validity), RULES)
        assert decision == Decision(Verdict.ACCEPTED, Reason.OK, (Flag.CLOCK_UNTRUSTED,))


def test_a_card_without_dates_needs_no_clock() -> None:
    decision = decide(Credential("cccd", "1"), RULES)
    assert decision == Decision(Verdict.ACCEPTED, Reason.OK)


def test_nobody_is_named_by_what_is_printed() -> None:
    printed = repr((Credential("cccd", "001090000001"), Decision(Verdict.ACCEPTED, Reason.OK)))
    assert "001090000001" not in printed


@pytest.mark.parametrize(
    ("place", "moved"),
    [
        (Place(0.5, 0.5, 0.2), False),
        (Place(0.519, 0.481, 0.2), False),
        (Place(0.521, 0.5, 0.2), True),
        (Place(0.5, 0.479, 0.2), True),
        (Place(0.5, 0.5, 0.221), True),
        (Place(0.5, 0.5, 0.179), True),
    ],
)
def test_a_move_is_more_than_a_tenth_of_the_size(place: Place, *, moved: bool) -> None:
    assert place.moved_from(Place(0.5, 0.5, 0.2)) is moved


def test_a_code_without_size_still_has_a_place() -> None:
    assert not Place(0.5, 0.5, 0).moved_from(Place(0.5, 0.5, 0))
    assert Place(0.51, 0.5, 0).moved_from(Place(0.5, 0.5, 0))
