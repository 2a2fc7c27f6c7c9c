"""A server that lives for months: issuing keys are made and distrusted while it runs."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kiosk.enrolment.claim import claim_text
from kiosk.enrolment.keys import (
    Held,
    Key,
    certificate_pem,
    held_of,
    new_key,
    request_for,
    request_pem,
)
from kiosk.enrolment.wire import Redeem
from provisioning.errors import ProvisioningError
from provisioning.fleet.commands import ca_app
from provisioning.fleet.names import Role
from provisioning.fleet.registrar import Registrar
from tests.parts.fleets import DAY_S, PHRASE, ROOT_PHRASE, Fleet


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    made = Fleet(tmp_path / "fleet")
    made.add_sites("hk-042")
    return made


def serving(fleet: Fleet) -> Registrar:
    """Return what a server has: it may open what comes later."""
    folder = fleet.folder
    return Registrar(folder, fleet.signers, fleet.now_s, lambda: folder.signers(PHRASE))


def next_key(fleet: Fleet) -> int:
    root_key = fleet.folder.root_key
    return fleet.folder.add_issuing(root_key, ROOT_PHRASE, PHRASE, int(fleet.now_s()))


def asked(server: Registrar, device: str, key: Key) -> Redeem:
    claim, _ = server.claim_for("hk-042", device)
    request = request_pem(request_for(key))
    return Redeem(claim=claim_text(claim), request=request, site=None, device=None)


def redeemed(server: Registrar, device: str) -> Held:
    key = new_key()
    answer = server.redeem(asked(server, device, key))
    return held_of(key, answer, [server.folder.root_certificate()])


def test_a_running_server_signs_with_the_next_issuing_key(fleet: Fleet) -> None:
    server = serving(fleet)
    before = redeemed(server, "door-1")
    assert next_key(fleet) == 2
    after = redeemed(server, "door-2")
    numbers = {held.chain[1]: number for number, held in ((1, before), (2, after))}
    assert numbers == {certificate: number for number, certificate in fleet.folder.issuing()}
    assert server.revocations.write().count(b"BEGIN X509 CRL") == 2


def test_a_running_server_signs_no_more_with_one_that_was_distrusted(fleet: Fleet) -> None:
    server = serving(fleet)
    next_key(fleet)
    redeemed(server, "door-1")
    fleet.folder.distrust(2)
    assert redeemed(server, "door-2").chain[1] == fleet.folder.issuing()[0][1]
    assert server.revocations.write().count(b"BEGIN X509 CRL") == 1


def test_an_answer_that_was_lost_before_a_key_was_distrusted_is_given_by_the_next(
    fleet: Fleet,
) -> None:
    server, key = serving(fleet), new_key()
    request = asked(server, "door-1", key)
    lost = server.redeem(request)
    next_key(fleet)
    assert server.redeem(request) == lost
    fleet.folder.distrust(1)
    held = held_of(key, server.redeem(request), [server.folder.root_certificate()])
    assert held.chain[1] == fleet.folder.issuing()[0][1]
    assert server.redeem(request).certificate == "".join(map(certificate_pem, held.chain))


def test_a_command_that_cannot_open_the_next_key_says_so(fleet: Fleet) -> None:
    server = serving(fleet)
    next_key(fleet)
    (fleet.path / "issuing-2.key").write_bytes(b"damaged")
    with pytest.raises(ProvisioningError, match=r"issuing-2\.key"):
        redeemed(server, "door-1")


def test_it_is_shown_who_still_needs_an_old_issuing_key(fleet: Fleet) -> None:
    def needed() -> list[str]:
        done = CliRunner().invoke(ca_app, ["show", "--folder", str(fleet.path)])
        assert done.exit_code == 0, done.output
        return [line.rpartition(" ")[2] for line in done.stdout.splitlines() if "needed" in line]

    server = serving(fleet)
    for device in ("door-1", "door-2", "door-3"):
        redeemed(server, device)
    server.service("ledger", Role.LEDGER)
    server.revoke("hk-042/door-3", "stolen")
    assert needed() == ["3"]
    next_key(fleet)
    assert needed() == ["3", "0"]
    redeemed(server, "door-1")
    assert needed() == ["2", "1"]
    server.service("ledger", Role.LEDGER)
    assert needed() == ["1", "2"]
    # What has ended needs nobody: it renews with whatever key there is.
    fleet.ahead_s = -200 * DAY_S
    redeemed(server, "door-2")
    assert needed() == ["0", "2"]
