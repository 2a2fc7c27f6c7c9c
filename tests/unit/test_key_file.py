"""Private keys on disk: encrypted at a price, for their owner only, opened by openssl too."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from kiosk.payloads.parts.trust import Algorithm, IssuerKey
from provisioning import issuer_file, key_file
from provisioning.errors import ProvisioningError
from provisioning.issuer_file import IssuerFile

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PASSPHRASE = "đúng ngựa pin ghim"
PUBLIC = IssuerKey(
    b"k070", Algorithm.EDDSA, KEY.public_key().public_bytes_raw(), "vn-00070", frozenset({"card"})
)


def test_a_key_comes_back_with_its_passphrase_and_with_no_other(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    key_file.write(path, KEY, PASSPHRASE)
    assert key_file.read(path, PASSPHRASE).private_bytes_raw() == KEY.private_bytes_raw()
    assert path.stat().st_mode & 0o777 == 0o600
    assert KEY.private_bytes_raw() not in path.read_bytes()
    for wrong in ("", PASSPHRASE + " ", PASSPHRASE.upper()):
        with pytest.raises(ProvisioningError, match="wrong passphrase") as caught:
            key_file.read(path, wrong)
        assert "\n" not in str(caught.value)


def test_openssl_opens_it_and_guessing_is_dear(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    path = tmp_path / "key.pem"
    key_file.write(path, KEY, PASSPHRASE)
    opened = subprocess.run(
        [openssl, "pkey", "-in", path, "-passin", "stdin", "-outform", "DER"],
        input=PASSPHRASE.encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    plain = KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert opened.stdout == plain
    shown = subprocess.run(
        [openssl, "asn1parse", "-in", path], capture_output=True, check=True, text=True, timeout=60
    )
    assert "scrypt" in shown.stdout
    assert ":4000" in shown.stdout


def test_a_key_file_of_others_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    encryption = BestAvailableEncryption(PASSPHRASE.encode())
    path.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    assert key_file.read(path, PASSPHRASE).private_bytes_raw() == KEY.private_bytes_raw()


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(b"another key")
    with pytest.raises(ProvisioningError, match="is there already"):
        key_file.write(path, KEY, PASSPHRASE)
    assert path.read_bytes() == b"another key"


def test_a_short_passphrase_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(ProvisioningError, match="too short"):
        key_file.write(tmp_path / "key.pem", KEY, "x" * 11)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "no key file"),
        (
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "no",
        ),
        (key_file.encrypted(KEY, PASSPHRASE).replace(b"M", b"N"), "no key file"),
        (KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "no key file"),
        (
            X25519PrivateKey.generate().private_bytes(
                Encoding.PEM,
                PrivateFormat.PKCS8,
                BestAvailableEncryption(PASSPHRASE.encode()),
            ),
            "another kind",
        ),
    ],
    ids=["empty", "cut off", "damaged", "not encrypted", "another kind"],
)
def test_what_is_no_key_of_ours_is_one_line(tmp_path: Path, raw: bytes, told: str) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(raw)
    with pytest.raises(ProvisioningError, match=told):
        key_file.read(path, PASSPHRASE)


def test_an_issuer_s_file_is_the_key_that_doors_are_told_of(tmp_path: Path) -> None:
    path = tmp_path / "issuer.json"
    path.write_text(IssuerFile.of(PUBLIC).text(), encoding="ascii")
    assert issuer_file.read(path) == PUBLIC


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('"card"', '"card", 5'), "kinds"),
        (('"alg": -8', '"alg": -6'), "alg"),
        (('"alg": -8', '"alg": -7'), "public: no key of its algorithm"),
        (("6b303730", "6b3"), "kid"),
        (('"issuer"', '"isuer"'), "issuer"),
        (("vn-00070", "phường"), "issuer"),
        (("{", "["), "JSON"),
    ],
)
def test_an_issuer_s_file_that_cannot_be_used_is_one_line(
    tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    path = tmp_path / "issuer.json"
    text = IssuerFile.of(PUBLIC).text()
    assert change[0] in text
    path.write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(ProvisioningError, match=told) as caught:
        issuer_file.read(path)
    assert "\n" not in str(caught.value)
