"""A credential of systemd's is a setting: over the file, and under the environment."""

from pathlib import Path

import pytest

from ledger import settings
from ledger.errors import SettingsError

TEXT = """\
[storage]
url = "sqlite:///ledger.db"
[source]
kind = "mqtt"
host = "broker.invalid"
tls = false
username = "ledger"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder of credentials, with one of somebody else's in it."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "another.thing").write_bytes(b"\xff")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


def test_credentials_are_laid_over_the_file(config: Path, given: Path) -> None:
    (given / "ledger.source.password").write_text("correct horse\n", encoding="utf-8")
    (given / "ledger.storage.url").write_text("postgresql://ledger:x@db/ledger\n", encoding="utf-8")
    loaded = settings.load(config)
    assert loaded.source["password"] == "correct horse"
    assert loaded.source["username"] == "ledger"
    assert loaded.storage.url.get_secret_value() == "postgresql://ledger:x@db/ledger"


def test_the_environment_overrides_a_credential(
    config: Path, given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (given / "ledger.source.password").write_text("from a credential", encoding="utf-8")
    monkeypatch.setenv("LEDGER_SOURCE__PASSWORD", "from the environment")
    assert settings.load(config).source["password"] == "from the environment"


def test_one_that_sets_nothing_is_told_without_what_it_holds(config: Path, given: Path) -> None:
    (given / "ledger.storage.adress").write_text("secret", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"storage\.adress: no such key") as caught:
        settings.load(config)
    assert "secret" not in str(caught.value)


def test_one_that_is_no_text_is_told_without_what_it_holds(config: Path, given: Path) -> None:
    (given / "ledger.source.password").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError) as caught:
        settings.load(config)
    assert str(caught.value) == (
        "credential ledger.source.password: cannot be read as text; write it anew"
    )
