"""What is declared is what is imported: a kiosk carries nothing for somebody else's sake."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
OWN = {"benchmarks", "docs", "kiosk", "ledger", "provisioning", "tests"}
APT = {"lgpio", "libcamera", "picamera2"}
"""A Pi takes these from its own system, and only the kiosk imports them."""
OF_PARTS = {"fleet": "provisioning", "cards": "provisioning", "ledger": "ledger", "zbar": "kiosk"}
BROUGHT = {"pydantic-core": "pydantic", "fontpkg": "fontpkg-be-vietnam-pro"}
"""What is imported under the name of one, and declared as the other, which brings it along."""
DISTRIBUTIONS = packages_distributions()


def name_of(requirement: str) -> str:
    """Return the distribution's name as an index compares it."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def declared(*extras: str) -> set[str]:
    lists = [PROJECT["dependencies"]] if not extras else [EXTRAS[extra] for extra in extras]
    return {name_of(each) for names in lists for each in names}


def listed(mode: str) -> set[str]:
    text = (ROOT / f"provisioning/requirements/{mode}.txt").read_text("utf-8")
    return {name_of(line) for line in text.splitlines() if re.match(r"\w", line)}


def imported(source: str) -> set[str]:
    """Return the packages that a source imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - OWN


def distributions(part: str) -> set[str]:
    """Return what a part of the project imports, by the names under which it is installed."""
    sources = [path.read_text("utf-8") for path in sorted((ROOT / part).rglob("*.py"))]
    packages = set[str]().union(*map(imported, sources)) - APT
    names = {name_of(name) for each in packages for name in DISTRIBUTIONS.get(each, [each])}
    return {BROUGHT.get(name, name) for name in names}


def test_the_kiosk_declares_what_it_imports_and_no_more() -> None:
    assert distributions("kiosk") == declared() | declared("zbar")


@pytest.mark.parametrize(
    ("part", "extras"), [("ledger", ("ledger",)), ("provisioning", ("cards", "fleet"))]
)
def test_an_extra_holds_what_its_part_imports(part: str, extras: tuple[str, ...]) -> None:
    assert distributions(part) <= declared() | declared(*extras)


@pytest.mark.parametrize("extra", EXTRAS)
def test_nothing_is_in_an_extra_for_no_reason(extra: str) -> None:
    assert declared(extra) <= distributions(OF_PARTS[extra])


@pytest.mark.parametrize(
    ("mode", "extras"),
    [
        ("run", ("zbar",)),
        ("cards", ("cards",)),
        ("fleet", ("fleet", "cards")),
        ("ledger", ("ledger",)),
        ("dev", tuple(EXTRAS)),
    ],
)
def test_a_list_holds_what_its_machine_needs(mode: str, extras: tuple[str, ...]) -> None:
    assert declared() | declared(*extras) <= listed(mode)


def test_the_list_of_a_kiosk_holds_nothing_of_the_others() -> None:
    # typer itself asks for rich.
    others = (declared("ledger") | declared("fleet") | declared("cards")) - {"rich"}
    assert listed("run") & others == set()


def run_without(library: str, program: str, *words: str) -> tuple[int, str]:
    """Run a program where a library is missing; return its exit code and what it says of it."""
    code = f"import sys; sys.modules[{library!r}] = None; from {program} import main; main()"
    command = [sys.executable, "-c", code, *words]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("library", ["starlette", "structlog"])
def test_serving_where_nobody_serves_says_what_is_missing(library: str, tmp_path: Path) -> None:
    ended = run_without(library, "provisioning.cli", "serve", "--folder", str(tmp_path))
    remedy = "bash provisioning/setup.sh fleet"
    assert ended == (1, f"{library} is not installed: {remedy}\n")


@pytest.mark.parametrize("library", ["pydantic_settings", "sqlalchemy", "structlog"])
def test_a_ledger_s_command_on_a_kiosk_says_what_is_missing(library: str, tmp_path: Path) -> None:
    config = tmp_path / "ledger.toml"
    config.write_text(f'storage.url = "sqlite:///{tmp_path}/ledger.db"\n[source]\nkind = "mqtt"\n')
    ended = run_without(library, "ledger.__main__", "migrate", "--config", str(config))
    remedy = "pip install 'door-kiosk[ledger]'"
    assert ended == (78, f"{library} is not installed: {remedy}\n")


def test_this_suite_sees_an_import_wherever_it_stands() -> None:
    source = "import os\ndef f():\n    import paho.mqtt.client\n    from PIL import Image\n"
    assert imported(source) == {"paho", "PIL"}
    assert imported("from . import door\nfrom kiosk.door import hours") == set()
