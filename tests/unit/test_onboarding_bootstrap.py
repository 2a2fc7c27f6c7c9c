"""The key to which a Wi-Fi password is sealed: made once, for its owner only, copied rightly."""

import os
import stat
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from kiosk.app.cli import app
from kiosk.errors import OnboardingError
from kiosk.onboarding.bootstrap import load_or_make, public_text, read_public
from tests.parts.onboarding_codes import bootstrap

NOBODY = 65_534


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "bootstrap.key"
    made = load_or_make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make(path).private_bytes_raw() == made.private_bytes_raw()
    assert [each.name for each in tmp_path.iterdir()] == ["bootstrap.key"]


def test_two_kiosks_have_different_keys(tmp_path: Path) -> None:
    first, second = (load_or_make(tmp_path / name) for name in ("a", "b"))
    assert first.private_bytes_raw() != second.private_bytes_raw()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for somebody else")
def test_what_root_makes_belongs_to_whom_the_folder_belongs(tmp_path: Path) -> None:
    os.chown(tmp_path, NOBODY, NOBODY)
    path = tmp_path / "bootstrap.key"
    load_or_make(path)
    assert (path.stat().st_uid, path.stat().st_gid) == (NOBODY, NOBODY)


def test_all_who_begin_at_the_same_time_get_the_same_key(tmp_path: Path) -> None:
    path, together = tmp_path / "bootstrap.key", threading.Barrier(8)
    found: list[bytes] = []

    def begin() -> None:
        together.wait(20)
        found.append(load_or_make(path).private_bytes_raw())

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 8
    assert set(found) == {load_or_make(path).private_bytes_raw()}
    assert [each.name for each in tmp_path.iterdir()] == ["bootstrap.key"]


def another_kind() -> bytes:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("raw", [b"", b"damaged", another_kind()])
def test_a_file_that_holds_no_such_key_is_left_as_it_is(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "bootstrap.key"
    path.write_bytes(raw)
    with pytest.raises(OnboardingError, match="holds no bootstrap key; remove it"):
        load_or_make(path)
    assert path.read_bytes() == raw


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OnboardingError, match=r"bootstrap\.key: cannot be used: No such file"):
        load_or_make(tmp_path / "none" / "bootstrap.key")


def test_a_copied_key_is_read_however_it_looks() -> None:
    public = bootstrap().public_key()
    text = public_text(public)
    assert len(text) == 63
    for copied in (text, text.lower(), text.replace("-", ""), f"  {text.replace('-', ' ')} "):
        assert read_public(copied).public_bytes_raw() == public.public_bytes_raw()
    mistaken = text.replace("O", "0").replace("I", "1").replace("B", "8")
    assert read_public(mistaken).public_bytes_raw() == public.public_bytes_raw()


def test_one_wrong_letter_is_found_before_anything_is_sealed() -> None:
    text = public_text(bootstrap().public_key())
    places = [at for at, letter in enumerate(text) if letter != "-"]
    for at in places:
        wrong = "C" if text[at] == "D" else "D"
        with pytest.raises(OnboardingError, match="no bootstrap key: it has 56"):
            read_public(text[:at] + wrong + text[at + 1 :])
    for wrong in ("", text[:-1], text + "A", "ạ" * 56, "9" * 56):
        with pytest.raises(OnboardingError, match="no bootstrap key"):
            read_public(wrong)


def test_the_command_prints_the_public_part_and_nothing_else_need_be_set_up(
    tmp_path: Path,
) -> None:
    path, config = tmp_path / "bootstrap.key", tmp_path / "config.toml"
    config.write_text(f'[onboarding]\nsigners = ["/nowhere.pub"]\nbootstrap_key_file = "{path}"\n')
    said = [CliRunner().invoke(app, ["bootstrap-key", "--config", str(config)]) for _ in range(2)]
    assert [each.exit_code for each in said] == [0, 0]
    public = load_or_make(path).public_key()
    assert {each.stdout for each in said} == {f"{public_text(public)}\n"}


def test_the_command_says_in_a_line_what_is_wrong(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[onboarding]\nbootstrap_key_file = "{tmp_path}/none/key"\n')
    said = CliRunner().invoke(app, ["bootstrap-key", "--config", str(config)])
    assert said.exit_code == 1
    assert said.stderr.count("\n") == 1
    config.write_text('[onboarding]\nbootstrap_key = "x"\n')
    said = CliRunner().invoke(app, ["bootstrap-key", "--config", str(config)])
    assert said.exit_code == 78
    assert "bootstrap_key_file" in said.stderr
