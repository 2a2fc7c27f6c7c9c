"""The how-tos about the two servers: what they name is there, and the backup can be restored."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.reading import read
from ledger.storage.opening import Database
from tests.parts.kiosk_events import EPOCH, NOW_US, message
from tests.parts.ledgers import numbers, whole_up_to
from tests.parts.markdown import ROOT, blocks
from tests.parts.units import SERVERS, settings_of

HOWTO = ROOT / "docs/howto"
PAGES = {
    SERVERS[0]: HOWTO / "run-a-ledger-as-a-service.md",
    SERVERS[1]: HOWTO / "run-the-enrolment-server.md",
}
RENEW = HOWTO / "back-up-and-renew-servers.md"
INSTALLER = ROOT / "provisioning/install-server.sh"
SAID = {
    PAGES[SERVERS[0]]: ("takes events in", "waits for the broker", "nothing can be stored"),
    RENEW: ("the certificate of before stays in use", "connected"),
}
IN_PYTHON = "sudo -u kiosk-ledger /opt/kiosk-ledger/current/venv/bin/python"


def text_of(page: Path) -> str:
    return " ".join(page.read_text(encoding="utf-8").split())


@pytest.mark.parametrize("name", SERVERS)
def test_a_page_names_the_secrets_that_its_unit_takes(name: str) -> None:
    text, taken = text_of(PAGES[name]), settings_of(name)["LoadCredential"]
    secrets = set(re.findall(r"\b(?:ledger|enrolment)\.[a-z.]*[a-z]+", text))
    named = {each for each in secrets if each.endswith(("password", ".url", "phrase"))}
    assert named == set(taken)


@pytest.mark.parametrize("name", SERVERS)
def test_a_page_names_the_paths_of_its_unit_and_its_installer(name: str) -> None:
    text, unit = text_of(PAGES[name]), settings_of(name)
    started = " ".join(unit["ExecStart"])
    assert f"/var/lib/{unit['StateDirectory'][0]}" in text
    assert unit["EnvironmentFile"][0].removeprefix("-").replace("%i", "2") in text
    assert started.partition("/venv/")[0] in text
    assert f"/usr/local/bin/{Path(started.partition(' ')[0]).name}" in text
    role = name.partition("/")[0]
    commands = [b.text.strip() for b in blocks(PAGES[name]) if "install-server.sh" in b.text]
    assert f"sudo bash provisioning/install-server.sh {role}" in commands
    assert f"sudo bash provisioning/install-server.sh {role} --uninstall" in commands


@pytest.mark.parametrize("page", SAID, ids=lambda page: page.stem)
def test_what_a_page_quotes_is_what_the_ledger_says(page: Path) -> None:
    said = "\n".join(path.read_text("utf-8") for path in (ROOT / "ledger").rglob("*.py"))
    for words in SAID[page]:
        assert f"`{words}`" in text_of(page)
        assert f'"{words}"' in said


def test_what_the_installer_says_is_what_the_page_tells() -> None:
    text, script = text_of(PAGES[SERVERS[0]]), INSTALLER.read_text(encoding="utf-8")
    for words, code in (
        ("installed, but not ready: ", "installed_not_ready=3"),
        ("nothing to do: ", ""),
        ("not upgraded: ", "rolled_back=4"),
    ):
        assert f"`{words}" in text
        assert words in script
        assert code in script


def test_the_backup_is_a_whole_ledger(tmp_path: Path) -> None:
    (block,) = [b for b in blocks(RENEW) if "sqlite" in b.marks]
    database = Database(f"sqlite:///{tmp_path}/ledger.db")
    database.migrate()
    storage = database.storage()
    storage.store([read(message(n)) for n in (1, 2, 3)], NOW_US)
    # It runs: what it has just stored is in the log beside the file.
    script = block.text.replace(IN_PYTHON, sys.executable)
    script = script.replace("/var/lib/kiosk-ledger", str(tmp_path))
    assert "sudo" not in script
    subprocess.run(["sh", "-euc", script], check=True, timeout=60)
    storage.close()
    restored = Database(f"sqlite:///{tmp_path}/backup.db")
    assert restored.migrate()[0] is not None
    assert numbers(restored) == [1, 2, 3]
    assert whole_up_to(restored) == {EPOCH: 3}
