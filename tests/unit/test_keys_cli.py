"""`kiosk-provision keys`: what an operator makes, and what a kiosk and an authority make of it."""

import json
import stat
import unicodedata
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kiosk.door.credential import Credential
from kiosk.door.sealed import Identity, Occasion, unix_us
from kiosk.identity import handle_of
from kiosk.identity.periods import Terms, derived, period_at, ratcheted, site_key_in
from kiosk.identity.sealing import Sealer
from ledger.authority import authority
from provisioning import key_file
from provisioning.keys_cli import keys_app
from tests.parts.authorities import PASSPHRASE
from tests.parts.check_ins import SOURCE, check_in

CARD = "099090000001||Nguyễn Văn An|01011990|Nam|Số 1 Hàng Bạc, Hà Nội|15042021"
PERSON = Credential("cccd", "099090000001")


def run(folder: Path, *words: str, code: int = 0, given: str | None = None) -> Result:
    secret = folder / "passphrase"
    secret.write_text(f"{PASSPHRASE}\n")
    done = CliRunner().invoke(keys_app, [*words, "--passphrase-file", str(secret)], input=given)
    assert done.exit_code == code, done.output
    return done


@pytest.fixture
def root(tmp_path: Path) -> Path:
    run(tmp_path, "root", str(tmp_path / "root.key"))
    return tmp_path / "root.key"


def secret_of(root: Path) -> bytes:
    return key_file.read(root, PASSPHRASE).private_bytes_raw()


def test_a_root_is_encrypted_for_its_owner_and_never_overwritten(root: Path) -> None:
    assert stat.S_IMODE(root.stat().st_mode) == 0o600
    assert b"ENCRYPTED PRIVATE KEY" in root.read_bytes()
    assert secret_of(root).hex() not in root.read_text()
    again = run(root.parent, "root", str(root), code=1)
    assert again.stderr == f"{root}: is there already; a key is never overwritten\n"


def test_a_kiosk_gets_the_key_of_one_period(root: Path) -> None:
    file = root.with_name("site.key")
    run(root.parent, "kiosk", str(root), str(file), "--site", "hk-042", "--period", "1484")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    site_key = site_key_in(file.read_text())
    assert site_key == derived(secret_of(root), Terms("hk-042", 14), 1484)


def test_a_thief_s_key_leads_to_no_key_of_the_next_generation(root: Path, tmp_path: Path) -> None:
    words = ("--site", "hk-042", "--period")
    files = {name: tmp_path / f"{name}.key" for name in ("first", "stolen", "next", "later")}
    for name, more in (
        ("first", ("1484", "--generation", "1")),
        ("stolen", ("1484",)),
        ("next", ("1484", "--generation", "2")),
        ("later", ("1490", "--generation", "2")),
    ):
        run(tmp_path, "kiosk", str(root), str(files[name]), *words, *more)
    made = {name: site_key_in(file.read_text()) for name, file in files.items()}
    assert made["first"] == made["stolen"]
    assert made["next"].terms == made["stolen"].terms
    assert ratcheted(made["next"], 1490) == made["later"]
    theirs = {ratcheted(made["stolen"], period).key for period in range(1484, 1500)}
    assert theirs.isdisjoint({made["next"].key, made["later"].key})


def test_a_handle_of_a_later_generation_is_the_one_that_a_kiosk_makes(root: Path) -> None:
    file, words = root.with_name("site.key"), ("--site", "hk-042", "--generation", "2")
    run(root.parent, "kiosk", str(root), str(file), *words)
    done = run(root.parent, "handle", str(root), *words, "--json", given="cccd 099090000001")
    found = json.loads(done.stdout)
    at_kiosk = site_key_in(file.read_text())
    assert found["period"] == at_kiosk.period
    assert found["handle"] == handle_of(PERSON, at_kiosk.key)


def test_the_present_period_is_the_default(root: Path, tmp_path: Path) -> None:
    file = root.with_name("site.key")
    run(tmp_path, "kiosk", str(root), str(file), "--site", "hk-042", "--days", "366")
    assert site_key_in(file.read_text()).period == period_at(file.stat().st_mtime, 366)


@pytest.mark.parametrize("given", [CARD, f"{CARD}\n", "cccd 099090000001", "cccd 099090000001\r\n"])
def test_a_person_s_handle_is_the_one_that_a_kiosk_makes(root: Path, given: str) -> None:
    words = ("--site", "hk-042", "--site", "hk-043", "--since", "2021-01-01", "--json")
    done = run(root.parent, "handle", str(root), *words, "--days", "366", given=given)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    at_kiosk = derived(secret_of(root), Terms("hk-042", 366), found[0]["period"])
    for each in [line for line in found if line["site"] == "hk-042"]:
        at_kiosk = ratcheted(at_kiosk, each["period"])
        assert each["handle"] == handle_of(PERSON, at_kiosk.key)
    assert len({each["handle"] for each in found}) == len(found) >= 10
    assert found[0]["begins"] == "2020-02-08"


@pytest.mark.parametrize("given", ["", "nonsense", "cccd", "cccd ", "099090000001", "nobody 1"])
def test_what_is_no_person_is_refused_and_not_quoted(root: Path, given: str) -> None:
    done = run(root.parent, "handle", str(root), "--site", "hk-042", code=1, given=given)
    assert "standard input holds no card that can be read here" in done.stderr
    assert not given.strip() or given not in done.output.replace("cccd, ", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--site", "HK 042"), "--site is no venue"),
        (("--site", "hk-042", "--since", "soon"), "--since is no day"),
    ],
)
def test_what_cannot_be_used_is_one_line(root: Path, words: tuple[str, ...], said: str) -> None:
    done = run(root.parent, "handle", str(root), *words, code=1, given=CARD)
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_another_passphrase_opens_no_root(root: Path) -> None:
    other = root.with_name("other")
    other.write_text("another passphrase")
    file = root.with_name("site.key")
    done = CliRunner().invoke(
        keys_app,
        ["kiosk", str(root), str(file), "--site", "hk-042", "--passphrase-file", str(other)],
    )
    assert (done.exit_code, file.exists()) == (1, False)
    assert "wrong passphrase" in done.stderr


def test_a_passphrase_is_never_taken_from_what_is_piped_in(tmp_path: Path) -> None:
    file = tmp_path / "root.key"
    typed = f"{PASSPHRASE}\n{PASSPHRASE}\n"
    done = CliRunner().invoke(keys_app, ["root", str(file)], input=typed)
    assert (done.exit_code, file.exists()) == (1, False)
    assert "--passphrase-file FILE" in done.stderr


def test_a_passphrase_of_decomposed_letters_is_the_same(tmp_path: Path) -> None:
    file, secret = tmp_path / "authority.key", tmp_path / "passphrase"
    word = "một câu mật khẩu dài"
    secret.write_text(unicodedata.normalize("NFD", word), "utf-8")
    arguments = ["authority", str(file), "--passphrase-file", str(secret)]
    assert CliRunner().invoke(keys_app, arguments).exit_code == 0
    assert authority(file, unicodedata.normalize("NFC", word)).key_id


def test_what_kiosks_seal_to_the_public_key_the_private_one_opens(tmp_path: Path) -> None:
    file = tmp_path / "authority.key"
    told = run(tmp_path, "authority", str(file)).stdout
    opener = authority(file, PASSPHRASE)
    assert opener.key_id in told
    public = file.with_name("authority.key.pub")
    assert b"PRIVATE" not in public.read_bytes()
    assert stat.S_IMODE(public.stat().st_mode) == 0o644
    raw = opener._private.public_key().public_bytes_raw()  # noqa: SLF001 - to compare the pair
    clock = check_in().clock
    sealed = Sealer(SOURCE, [raw]).seal(PERSON, clock)
    occasion = Occasion(SOURCE, unix_us(clock.utc), clock.boot, clock.mono_ns)
    assert opener.open(sealed, occasion) == Identity("cccd", "099090000001")
    again = run(tmp_path, "authority", str(file), code=1)
    assert "is there already" in again.stderr
