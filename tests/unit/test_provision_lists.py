"""`kiosk-provision lists`: from a ward's files to signed lists; mistakes are told by their line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kiosk.door.credential import Credential
from kiosk.identity import handle_of
from kiosk.identity.periods import SiteKey, Terms, as_text, ratcheted
from kiosk.lists import drain, files
from kiosk.lists.book import Book
from kiosk.lists.drain import DrainRate
from kiosk.lists.form import ListName
from kiosk.lists.keeper import Keeper
from kiosk.lists.keeper import Terms as ListTerms
from kiosk.lists.signers import signers_in
from kiosk.lists.store import Store
from provisioning.cli import app
from provisioning.issuer_file import IssuerFile
from provisioning.lists import folder as folders
from tests.parts.issuers import CARD_ID, ward
from tests.parts.lists import a_rate, operator

SITE = "hk-042"
KEY = SiteKey(bytes(range(32)), Terms(SITE, 14), 1500)
AN, BINH = Credential("cccd", "001090000001"), Credential("cccd", "001090000002")
UNTIL_S = 1_798_736_400
"""31 December 2026, 24:00 in Vietnam."""


class Desk:
    """An operator's folder, and the command line in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("pass", "correct horse battery staple\n")
        self.write("site.key", as_text(KEY))

    def write(self, name: str, text: str) -> Path:
        (self.root / name).write_text(text, "utf-8")
        return self.root / name

    def run(self, *arguments: object) -> Result:
        return CliRunner().invoke(app, ["lists", *map(str, arguments)])

    def make(self, name: str, *arguments: object) -> Result:
        where = ["--folder", self.root / "lists", "--key", self.root / "operator.pem"]
        return self.run(name, *arguments, *where, "--passphrase-file", self.root / "pass")

    def people(self, name: str, text: str) -> Result:
        more = ["--site-key", self.root / "site.key"]
        return self.make(name, self.write(f"{name}.csv", text), *more)

    def book(self) -> Book:
        """Return the lists as a kiosk of the site takes them."""
        terms = ListTerms(signers_in([self.root / "operator.pem.pub"]), SITE, 1000)
        keeper = Keeper(Store(self.root / "kiosk", SITE), terms)
        for name in ListName:
            files.install(keeper, self.root / "lists", name, SITE)
        return keeper.book()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    found = Desk(tmp_path)
    done = found.run("key", tmp_path / "operator.pem", "--passphrase-file", tmp_path / "pass")
    assert done.exit_code == 0
    return found


def test_a_key_is_made_once_and_is_encrypted(desk: Desk) -> None:
    assert b"ENCRYPTED" in (desk.root / "operator.pem").read_bytes()
    assert (desk.root / "operator.pem").stat().st_mode & 0o077 == 0
    again = desk.run("key", desk.root / "operator.pem", "--passphrase-file", desk.root / "pass")
    assert again.exit_code == 1
    assert again.stderr.count("\n") == 1


def test_issuers_and_revoked_cards(desk: Desk) -> None:
    key = ward().key()
    issuer = desk.write("issuer.json", IssuerFile.of(key).text())
    assert desk.make("issuers", issuer).exit_code == 0
    numbers = desk.write("cards.txt", f"# lost\n{CARD_ID.hex().upper()}  # found later\n\n")
    assert desk.make("revoked", numbers).exit_code == 0

    book = desk.book()
    assert book.context.signers("card", key.kid) == (key,)
    assert book.versions["revoked"].entries == 1


def test_people_are_found_in_this_period_and_in_the_next(desk: Desk) -> None:
    assert desk.people("barred", f"kind,id\ncccd,{AN.subject_id}\n").exit_code == 0
    text = f"Kind;ID;valid_until\ncccd;{BINH.subject_id};31/12/2026\n"
    text += f"cccd;{BINH.subject_id};2026-12-30 18:00\n"
    assert desk.people("declared", text).exit_code == 0

    book = desk.book()
    for key in (KEY, ratcheted(KEY, 1501)):
        assert book.standing(AN, handle_of(AN, key.key)).barred
        assert book.standing(BINH, handle_of(BINH, key.key)).declared_until_s == UNTIL_S
    later = ratcheted(KEY, 1502).key
    assert not book.standing(AN, handle_of(AN, later)).barred
    assert book.versions["barred"].periods == (1500, 1501)


def test_what_is_made_holds_nobody_s_number(desk: Desk) -> None:
    desk.people("barred", f"kind,id\ncccd,{AN.subject_id}\n")
    everything = b"".join(p.read_bytes() for p in (desk.root / "lists").rglob("*") if p.is_file())

    assert AN.subject_id.encode() not in everything
    assert handle_of(AN, KEY.key).encode() not in everything


def test_versions_only_rise_and_shards_that_are_gone_are_removed(desk: Desk) -> None:
    versions = []
    for cards in ("00" * 8, "11" * 8, "11" * 8, ""):
        assert desk.make("revoked", desk.write("cards.txt", cards)).exit_code == 0
        manifest = folders.latest(desk.root / "lists", ListName.REVOKED, None)
        assert manifest is not None
        versions.append(manifest.version)
        names = {p.name for p in (desk.root / "lists/revoked").iterdir()}
        assert names == {"manifest", *(f"{first:02x}" for first in manifest.shards)}
    assert versions == sorted(set(versions))


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("barred", "kind,id,name\n", "barred.csv:1: its columns must be kind, id"),
        ("barred", "", "barred.csv:1: its columns must be kind, id"),
        ("barred", "kind,id\ncccd\n", "barred.csv:2: 1 cells, and 2 columns"),
        ("barred", "kind,id\npassport,12345678\n", "barred.csv:2: kind: not one of "),
        ("barred", "kind,id\n\ncccd,0 0\n", "barred.csv:3: id: not 4 to 80 letters"),
        ("barred", 'kind,id\ncccd,"0', "barred.csv:2: no CSV: a quotation mark too many"),
        (
            "declared",
            "kind,id,valid_until\ncccd,001090000001,tomorrow\n",
            "declared.csv:2: valid_until: write 31/12/2026",
        ),
        (
            "declared",
            "kind,id,valid_until\ncccd,001090000001,2026-12-31 24:00\n",
            "declared.csv:2: valid_until: write 31/12/2026",
        ),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_nothing_is_made(
    desk: Desk, name: str, text: str, told: str
) -> None:
    done = desk.people(name, text)

    assert done.exit_code == 1
    assert told in done.stderr
    assert "001090000001" not in done.stderr
    assert not (desk.root / "lists").exists()


def test_a_number_that_is_none_is_named_by_its_line(desk: Desk) -> None:
    done = desk.make("revoked", desk.write("cards.txt", f"{'00' * 8}\nnonsense\n{'0' * 15}\n"))

    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert [line.partition("cards.txt:")[2][:1] for line in lines] == ["2", "3", ""]
    assert lines[-1] == "nothing was made"
    assert "nonsense" not in done.stderr


def test_a_key_that_does_not_open_is_one_line(desk: Desk) -> None:
    desk.write("pass", "another passphrase\n")
    done = desk.make("revoked", desk.write("cards.txt", ""))

    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "wrong passphrase" in done.stderr


def test_a_site_s_key_names_its_site(desk: Desk) -> None:
    text = desk.write("barred.csv", "kind,id\n")
    named = ["--site-key", desk.root / "site.key"]
    assert "the key is that of hk-042" in desk.make("barred", text, *named, "--site", "x").stderr
    plain = ["--site-key", desk.write("plain.key", "5a" * 32)]
    assert "give --site" in desk.make("barred", text, *plain).stderr
    assert desk.make("barred", text, *plain, "--site", SITE).exit_code == 0
    assert "holds" in desk.make("barred", text, "--site-key", desk.write("no.key", "x")).stderr


def test_show_verifies_as_a_kiosk_does(desk: Desk) -> None:
    desk.people("barred", f"kind,id\ncccd,{AN.subject_id}\n")
    where = ["--folder", desk.root / "lists"]
    told = desk.run("show", *where, "--signer", desk.root / "operator.pem.pub")
    assert "hk-042/barred: version " in told.stdout
    assert "2 entries" in told.stdout
    assert "for key periods 1500, 1501" in told.stdout
    assert "signature verified" in told.stdout

    (shard, *_) = sorted((desk.root / "lists/hk-042/barred").glob("??"))
    shard.write_bytes(b"1234567")
    done = desk.run("show", *where)
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "not the one that the manifest names" in done.stderr
    assert "there is no list" in desk.run("show", "--folder", desk.root / "none").stderr


def rate_of(desk: Desk) -> DrainRate:
    """Return the folder's rate as a kiosk reads it."""
    raw = (desk.root / "lists/config/drain").read_bytes()
    return drain.read(raw, signers_in([desk.root / "operator.pem.pub"]))


def test_a_drain_rate_is_signed_and_withdrawn_with_rising_versions(desk: Desk) -> None:
    assert "at most 2.5 events a second" in desk.make("drain", "--hz", "2.5").stdout
    first = rate_of(desk)
    assert "withdrawn" in desk.make("drain", "--withdraw").stdout
    second = rate_of(desk)

    assert (first.drain_hz, second.drain_hz) == (2.5, None)
    assert first.version < second.version


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give --hz, or --withdraw"),
        (["--hz", "2", "--withdraw"], "give --hz, or --withdraw"),
        (["--hz", "0.05"], "--hz: 0.1 to 10000 events a second"),
        (["--hz", "20000"], "--hz: 0.1 to 10000 events a second"),
        (["--hz", "nan"], "--hz: 0.1 to 10000 events a second"),
    ],
)
def test_a_rate_that_no_kiosk_takes_is_not_made(
    desk: Desk, arguments: list[str], told: str
) -> None:
    done = desk.make("drain", *arguments)
    assert (done.exit_code, done.stderr) == (1, f"{told}\n")
    assert not (desk.root / "lists").exists()


def test_show_verifies_a_drain_rate_too(desk: Desk) -> None:
    where = ["--folder", desk.root / "lists"]
    signer = ["--signer", desk.root / "operator.pem.pub"]
    desk.make("drain", "--hz", "2.5")
    assert (
        "at most 2.5 events a second, signature verified"
        in desk.run("show", *where, *signer).stdout
    )
    assert "signature not verified: --signer" in desk.run("show", *where).stdout

    path = desk.root / "lists/config/drain"
    path.write_bytes(a_rate(2.5, key=operator(8)))
    assert "lists.signers does not name" in desk.run("show", *where, *signer).stderr
    path.write_bytes(b"a rate")
    for done in (desk.run("show", *where), desk.make("drain", "--hz", "5")):
        assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
        assert "config/drain: drain rate: structure" in done.stderr
