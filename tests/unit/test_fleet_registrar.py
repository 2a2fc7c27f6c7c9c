"""Who gets a certificate: claims, renewals, the grace path, forks, revocation; at once by many."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from kiosk.enrolment.claim import claim_text, mark_of
from kiosk.enrolment.keys import (
    Held,
    Key,
    certificate_pem,
    held_of,
    new_key,
    proof,
    request_for,
    request_pem,
)
from kiosk.enrolment.wire import Redeem, Refusal, Renew
from kiosk.errors import EnrolmentRefused
from provisioning.errors import ProvisioningError
from provisioning.fleet.names import Role
from tests.parts.certificates import held as strangers
from tests.parts.fleets import DAY_S, PHRASE, ROOT_PHRASE, Fleet

HOUR_S = 3600
DOOR = "hk-042/door-1"


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    made = Fleet(tmp_path / "fleet", grace_days=100)
    made.add_sites("hk-042")
    return made


def asked(claim: bytes, key: Key, site: str | None = None, device: str | None = None) -> Redeem:
    request = request_pem(request_for(key))
    return Redeem(claim=claim_text(claim), request=request, site=site, device=device)


def redeemed(fleet: Fleet, claim: bytes, key: Key) -> Held:
    answer = fleet.registrar.redeem(asked(claim, key))
    return held_of(key, answer, [fleet.folder.root_certificate()])


def renewal(held: Held, key: Key) -> Renew:
    request = request_for(key)
    return Renew(
        certificate=certificate_pem(held.chain[0]),
        request=request_pem(request),
        proof=proof(held, request),
    )


def renewed(fleet: Fleet, held: Held, key: Key) -> Held:
    answer = fleet.registrar.renew(renewal(held, key))
    return held_of(key, answer, [fleet.folder.root_certificate()])


def claim_of(fleet: Fleet, hours: int | None = None) -> bytes:
    return fleet.registrar.claim_for("hk-042", "door-1", hours)[0]


def refusal_of(fleet: Fleet, said: Redeem | Renew) -> str:
    office = fleet.registrar
    with pytest.raises(EnrolmentRefused) as caught:
        _ = office.redeem(said) if isinstance(said, Redeem) else office.renew(said)
    return caught.value.refusal


def test_a_claim_gives_the_key_its_certificate(fleet: Fleet) -> None:
    held = redeemed(fleet, claim_of(fleet), new_key())
    assert held.name == DOOR
    assert held.until_s == pytest.approx(fleet.now_s() + 90 * DAY_S, abs=HOUR_S)


def test_a_claim_is_nowhere_on_the_disk(fleet: Fleet) -> None:
    claim = claim_of(fleet)
    told = [claim, claim.hex().encode(), claim_text(claim).encode()]
    told.append(claim_text(claim).replace("-", "").encode())
    kept = b"".join(path.read_bytes() for path in fleet.path.iterdir())
    assert not [each for each in told if each in kept]
    assert mark_of(claim).encode() in kept


@pytest.mark.threat("lost-claim")
def test_a_claim_counts_once_and_the_same_key_is_answered_again(fleet: Fleet) -> None:
    claim, key = claim_of(fleet), new_key()
    first = redeemed(fleet, claim, key)
    assert redeemed(fleet, claim, key).chain == first.chain
    assert refusal_of(fleet, asked(claim, new_key())) == Refusal.REDEEMED


@pytest.mark.threat("lost-claim")
def test_a_claim_ends_when_it_was_said_to(fleet: Fleet) -> None:
    claim = claim_of(fleet, hours=2)
    fleet.ahead_s = 2 * HOUR_S + 1
    assert refusal_of(fleet, asked(claim, new_key())) == Refusal.EXPIRED


@pytest.mark.threat("lost-claim")
def test_a_later_claim_takes_the_place_of_an_earlier_one(fleet: Fleet) -> None:
    first, second = claim_of(fleet), claim_of(fleet)
    assert refusal_of(fleet, asked(first, new_key())) == Refusal.CLAIM
    assert redeemed(fleet, second, new_key()).name == DOOR


@pytest.mark.threat("lost-claim")
def test_a_claim_at_another_door_is_refused_and_still_good(fleet: Fleet) -> None:
    claim = claim_of(fleet)
    elsewhere = asked(claim, new_key(), "hk-042", "door-2")
    assert refusal_of(fleet, elsewhere) == Refusal.ELSEWHERE
    assert redeemed(fleet, claim, new_key()).name == DOOR


def test_of_many_at_once_one_redeems(fleet: Fleet) -> None:
    claim, registrars = claim_of(fleet), [fleet.opened() for _ in range(3)]
    start = threading.Barrier(12)

    def redeem(number: int) -> str:
        said = asked(claim, new_key())
        start.wait()
        try:
            registrars[number % 3].redeem(said)
        except EnrolmentRefused as error:
            return error.refusal
        return "redeemed"

    with ThreadPoolExecutor(12) as pool:
        answers = sorted(pool.map(redeem, range(12)))
    assert answers == [Refusal.REDEEMED] * 11 + ["redeemed"]


@pytest.mark.parametrize("request_text", ["x", "-----BEGIN CERTIFICATE REQUEST-----"])
def test_what_is_no_request_costs_no_claim(fleet: Fleet, request_text: str) -> None:
    claim = claim_of(fleet)
    said = Redeem(claim=claim_text(claim), request=request_text)
    assert refusal_of(fleet, said) == Refusal.REQUEST
    assert redeemed(fleet, claim, new_key()).name == DOOR


@pytest.mark.threat("enrol-as-another")
def test_what_a_request_calls_itself_does_not_count(fleet: Fleet) -> None:
    key = new_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "operator")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
    said = Redeem(claim=claim_text(claim_of(fleet)), request=request_pem(request))
    answer = fleet.registrar.redeem(said)
    assert held_of(key, answer, [fleet.folder.root_certificate()]).name == DOOR


def test_a_certificate_is_renewed_for_a_new_key(fleet: Fleet) -> None:
    old = fleet.enrolled(DOOR)
    fleet.ahead_s = 60 * DAY_S
    new = renewed(fleet, old, new_key())
    assert new.name == DOOR
    assert new.until_s > old.until_s
    assert new.chain[0].public_key() != old.chain[0].public_key()


def test_nothing_is_renewed_that_is_good_for_long(fleet: Fleet) -> None:
    old = fleet.enrolled(DOOR)
    assert refusal_of(fleet, renewal(old, new_key())) == Refusal.EARLY


@pytest.mark.parametrize("late_days", [1, 60, 99])
def test_an_expired_certificate_may_still_renew(fleet: Fleet, late_days: int) -> None:
    old = fleet.enrolled(DOOR)
    fleet.ahead_s = (90 + late_days) * DAY_S
    assert renewed(fleet, old, new_key()).until_s > fleet.now_s()


def test_grace_ends(fleet: Fleet) -> None:
    old = fleet.enrolled(DOOR)
    fleet.ahead_s = 191 * DAY_S
    assert refusal_of(fleet, renewal(old, new_key())) == Refusal.UNKNOWN


@pytest.mark.parametrize("days", [60, 120])
@pytest.mark.threat("go-on-after-revocation")
def test_whoever_is_revoked_renews_nothing(fleet: Fleet, days: int) -> None:
    old = fleet.enrolled(DOOR)
    fleet.registrar.revoke(DOOR, "stolen")
    fleet.ahead_s = days * DAY_S
    assert refusal_of(fleet, renewal(old, new_key())) == Refusal.REVOKED


def test_an_answer_that_was_lost_is_given_again(fleet: Fleet) -> None:
    old, key = fleet.enrolled(DOOR), new_key()
    fleet.ahead_s = 60 * DAY_S
    assert renewed(fleet, old, key).chain == renewed(fleet, old, key).chain


def test_an_answer_that_came_too_late_is_made_anew_for_the_same_key(fleet: Fleet) -> None:
    old, key = fleet.enrolled(DOOR), new_key()
    fleet.ahead_s = 60 * DAY_S
    lost = renewed(fleet, old, key)
    fleet.ahead_s = 160 * DAY_S
    assert renewed(fleet, old, key).until_s > lost.until_s


@pytest.mark.threat("two-with-one-key")
def test_of_two_devices_with_one_key_the_second_is_refused_and_both_are_seen(fleet: Fleet) -> None:
    old = fleet.enrolled(DOOR)
    fleet.ahead_s = 60 * DAY_S
    renewed(fleet, old, new_key())
    assert refusal_of(fleet, renewal(old, new_key())) == Refusal.FORKED
    roll = fleet.folder.roll()
    assert [device.forked for device in roll.devices()] == [True]
    roll.close()


@pytest.mark.threat("enrol-as-another")
def test_a_proof_with_another_key_is_refused(fleet: Fleet) -> None:
    old, thief = fleet.enrolled(DOOR), new_key()
    fleet.ahead_s = 60 * DAY_S
    said = renewal(Held(thief, old.chain), thief)
    assert refusal_of(fleet, said) == Refusal.UNKNOWN


@pytest.mark.threat("enrol-as-another")
def test_a_proof_for_another_request_is_refused(fleet: Fleet) -> None:
    old = fleet.enrolled(DOOR)
    fleet.ahead_s = 60 * DAY_S
    said = renewal(old, new_key())
    other = said.model_copy(update={"request": request_pem(request_for(new_key()))})
    assert refusal_of(fleet, other) == Refusal.UNKNOWN


def test_a_certificate_of_another_fleet_is_unknown(fleet: Fleet) -> None:
    assert refusal_of(fleet, renewal(strangers(DOOR, 61), new_key())) == Refusal.UNKNOWN


def test_enrolling_anew_revokes_what_was_before(fleet: Fleet) -> None:
    old = fleet.enrolled(DOOR)
    redeemed(fleet, claim_of(fleet), new_key())
    crl = x509.load_pem_x509_crl(fleet.registrar.revocations.read())
    serial = old.chain[0].serial_number
    assert crl.get_revoked_certificate_by_serial_number(serial) is not None
    fleet.ahead_s = 60 * DAY_S
    assert refusal_of(fleet, renewal(old, new_key())) == Refusal.REVOKED


def test_a_revoked_device_cannot_redeem_a_claim_that_was_waiting(fleet: Fleet) -> None:
    claim = claim_of(fleet)
    fleet.registrar.revoke(DOOR, "stolen")
    assert refusal_of(fleet, asked(claim, new_key())) == Refusal.CLAIM


def test_a_list_of_revocations_does_not_run_out_before_its_signer(fleet: Fleet) -> None:
    # A broker refuses everybody whose issuer's list has run out.
    crl = x509.load_pem_x509_crl(fleet.registrar.revocations.write())
    (_, issuing), *_ = fleet.folder.issuing()
    assert crl.next_update_utc == issuing.not_valid_after_utc


def test_what_a_lost_issuing_key_signed_is_renewed_by_the_next_one(fleet: Fleet) -> None:
    old = fleet.enrolled(DOOR)
    fleet.folder.add_issuing(fleet.folder.root_key, ROOT_PHRASE, PHRASE, int(fleet.now_s()))
    fleet.folder.distrust(1)
    fleet.signers = fleet.folder.signers(PHRASE)
    fleet.registrar = fleet.opened()
    new = renewed(fleet, old, new_key())
    assert new.chain[1] == fleet.folder.issuing()[0][1]
    fleet.registrar.revocations.write()
    crls = fleet.registrar.revocations.read().count(b"BEGIN X509 CRL")
    assert crls == 1


def test_a_server_that_began_before_keeps_the_list_of_a_newer_issuing_key(fleet: Fleet) -> None:
    server = fleet.registrar
    fleet.folder.add_issuing(fleet.folder.root_key, ROOT_PHRASE, PHRASE, int(fleet.now_s()))
    fleet.signers = fleet.folder.signers(PHRASE)
    fleet.opened().revocations.write()
    assert server.revocations.write().count(b"BEGIN X509 CRL") == 2
    fleet.folder.distrust(1)
    assert server.revocations.write().count(b"BEGIN X509 CRL") == 1


def test_a_service_does_not_renew_like_a_kiosk(fleet: Fleet) -> None:
    held = fleet.registrar.service("ledger", Role.LEDGER)
    fleet.ahead_s = 390 * DAY_S
    assert refusal_of(fleet, renewal(held, new_key())) == Refusal.UNKNOWN


def test_a_service_keeps_its_certificate_while_it_gets_the_next(fleet: Fleet) -> None:
    fleet.registrar.service("ledger", Role.LEDGER)
    fleet.registrar.service("ledger", Role.LEDGER)
    crl = x509.load_pem_x509_crl(fleet.registrar.revocations.write())
    assert len(crl) == 0
    assert fleet.registrar.revoke("ledger", "") == 2


@pytest.mark.parametrize(
    ("site", "device"),
    [
        ("hk-042", "lists"),
        ("lists", "door"),
        ("HK", "d"),
        ("a", "+"),
        ("a", "b/c"),
        ("a" * 60, "bbbbb"),
    ],
)
def test_names_that_would_mislead_a_broker_are_refused(
    fleet: Fleet, site: str, device: str
) -> None:
    with pytest.raises(ProvisioningError):
        fleet.registrar.claim_for(site, device)


def test_nobody_is_enrolled_at_a_site_that_is_not_on_the_roll(fleet: Fleet) -> None:
    with pytest.raises(ProvisioningError, match="no such site"):
        fleet.registrar.claim_for("hk-999", "door-1")
