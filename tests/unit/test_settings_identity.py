"""`[identity]`: what its files hold, and one line for each that holds something else."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.app.settings import load_eye, load_settings
from kiosk.errors import SettingsError
from kiosk.identity.periods import Terms, as_text, derived
from tests.parts.authorities import office
from tests.unit.test_settings_problems import GOOD, KEY

KEY_OF_A_PERIOD = derived(b"r" * 32, Terms("hk-042", 14), 1484)
PUBLIC = office().private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
SIGNING = (
    Ed25519PrivateKey.from_private_bytes(bytes(32))
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
)
WEAK = (
    b"-----BEGIN PUBLIC KEY-----\n"
    b"MCowBQYDK2VuAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    b"-----END PUBLIC KEY-----\n"
)


def config(folder: Path, *lines: str) -> Path:
    """Leave settings whose [identity] has these lines; `{folder}` stands for the folder."""
    path = folder / "config.toml"
    text = "\n".join(lines).replace("{folder}", str(folder))
    path.write_text(GOOD.replace(f'site_key = "{KEY}"', text), encoding="utf-8")
    return path


def problem(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(path, {})
    (told,) = str(caught.value).split("\n")
    return told


FILE = 'site_key_file = "{folder}/site.key"'
AUTHORITY = 'authority_key_file = "{folder}/authority.pub"'


def test_a_key_with_its_period_is_read(tmp_path: Path) -> None:
    (tmp_path / "site.key").write_text(as_text(KEY_OF_A_PERIOD))
    (tmp_path / "authority.pub").write_bytes(PUBLIC)
    settings = load_settings(config(tmp_path, FILE, AUTHORITY), {}).settings
    assert settings.secrets.site_key == KEY_OF_A_PERIOD
    assert settings.secrets.recipients == (office().public,)
    assert KEY_OF_A_PERIOD.key.hex() not in repr(settings)


def test_a_key_of_hex_digits_alone_still_counts_and_has_no_periods(tmp_path: Path) -> None:
    (tmp_path / "site.key").write_text("ab" * 32)
    secrets = load_settings(config(tmp_path, FILE), {}).settings.secrets
    assert (secrets.site_key.key, secrets.site_key.terms) == (b"\xab" * 32, None)
    assert secrets.recipients == ()


def test_the_recovery_key_comes_second(tmp_path: Path) -> None:
    (tmp_path / "site.key").write_text(as_text(KEY_OF_A_PERIOD))
    for number, name in enumerate(("authority.pub", "recovery.pub"), 1):
        key = office(number).private.public_key()
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / name).write_bytes(pem)
    second = 'recovery_key_file = "{folder}/recovery.pub"'
    secrets = load_settings(config(tmp_path, FILE, AUTHORITY, second), {}).settings.secrets
    assert secrets.recipients == (office(1).public, office(2).public)


SITE_KEYS = {
    "of another venue": (
        as_text(derived(b"r" * 32, Terms("hk-043", 14), 1484)),
        "holds the key of hk-043, and kiosk.site is hk-042; copy the right one",
    ),
    "cut off": (
        as_text(KEY_OF_A_PERIOD)[:-20],
        "what the file holds has a key that is 45 characters long and must be 64 hex digits",
    ),
    "of a later kind": ("doorkiosk-site-key 2\nkey 00\n", "does not begin with"),
    "no text": ("\u1ec5", "the file holds other bytes than text"),
}


@pytest.mark.parametrize("name", SITE_KEYS)
def test_a_key_file_that_cannot_be_used_is_one_line(name: str, tmp_path: Path) -> None:
    text, said = SITE_KEYS[name]
    (tmp_path / "site.key").write_text(text, encoding="utf-8")
    told = problem(config(tmp_path, FILE))
    assert told.partition(": ")[2].startswith(f'identity.site_key_file = "{tmp_path}'[:40])
    assert said in told
    assert KEY_OF_A_PERIOD.key.hex()[:16] not in told


def test_periods_of_another_length_are_the_setting_s_problem(tmp_path: Path) -> None:
    (tmp_path / "site.key").write_text(as_text(KEY_OF_A_PERIOD))
    told = problem(config(tmp_path, FILE, "period_days = 7"))
    assert "identity.period_days = 7: the key in " in told
    assert "write period_days = 14, or have a key made for 7" in told


RECIPIENTS = {
    "not there": (None, "no such file; it must hold the authority's public key"),
    "private": (office().plain_file(), "holds a private key, which no kiosk may have"),
    "private and encrypted": (office().file(), "holds a private key, which no kiosk may have"),
    "of another kind": (SIGNING, "holds a key of another kind than X25519"),
    "nonsense": (b"nonsense", "holds no public key in PEM"),
    "open to everybody": (WEAK, "nothing can be sealed to this key"),
}


@pytest.mark.parametrize("name", RECIPIENTS)
def test_a_file_that_holds_no_public_key_is_one_line(name: str, tmp_path: Path) -> None:
    content, said = RECIPIENTS[name]
    (tmp_path / "site.key").write_text(as_text(KEY_OF_A_PERIOD))
    if content is not None:
        (tmp_path / "authority.pub").write_bytes(content)
    told = problem(config(tmp_path, FILE, AUTHORITY))
    assert "identity.authority_key_file = " in told
    assert said in told


def test_a_recovery_key_alone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site.key").write_text(as_text(KEY_OF_A_PERIOD))
    told = problem(config(tmp_path, FILE, 'recovery_key_file = "{folder}/x.pub"'))
    assert "recovery_key_file is given without authority_key_file" in told


def test_the_eye_reads_none_of_these_files(tmp_path: Path) -> None:
    (tmp_path / "authority.pub").write_bytes(b"nonsense")
    load_eye(config(tmp_path, FILE, AUTHORITY), {})
