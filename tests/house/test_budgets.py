"""The size of things, and what no test may do: read from the sources, not from good intentions."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("benchmarks", "kiosk", "ledger", "provisioning", "tests")
MAX_FILE_LINES = 320
MAX_FUNCTION_LINES = 45

SOURCES = sorted(p for folder in FOLDERS for p in (ROOT / folder).rglob("*.py"))
TESTS = [p for p in SOURCES if p.is_relative_to(ROOT / "tests")]
PRODUCT = [
    p for p in SOURCES if p.is_relative_to(ROOT / "kiosk") or p.is_relative_to(ROOT / "ledger")
]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=name_of(path))


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for such an expression, and nothing for others."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def imported(tree: ast.Module) -> dict[str, str]:
    """Return what each name in a module stands for, as its imports say."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.partition(".")[0]
                names[local] = alias.name if alias.asname else local
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def uses(source: str) -> set[str]:
    """Return every dotted name that a source uses or imports, by its full name.

    `from time import sleep as nap; nap(1)` uses `time.sleep`.
    """
    tree = ast.parse(source)
    names = imported(tree)
    found = set(names.values())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Name | ast.Attribute):
            first, _, rest = dotted(node).partition(".")
            full = names.get(first, first)
            found.add(f"{full}.{rest}" if rest else full)
    return found


def forbidden_in_tests(source: str) -> set[str]:
    return {
        name
        for name in uses(source)
        if name in ("time.sleep", "asyncio.sleep")
        or name.startswith(("unittest.mock", "mock.patch"))
        or name.split(".")[0] == "mocker"
    }


def test_there_are_sources() -> None:
    assert len(PRODUCT) > 30
    assert Path(__file__) in TESTS


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_file_has_one_subject(path: Path) -> None:
    lines = path.read_text("utf-8").count("\n")
    assert lines <= MAX_FILE_LINES


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_function_fits_on_a_page(path: Path) -> None:
    functions = [node for node in ast.walk(tree_of(path)) if isinstance(node, Function)]
    lengths = {f.name: (f.end_lineno or f.lineno) - f.lineno + 1 for f in functions}
    assert {n: length for n, length in lengths.items() if length > MAX_FUNCTION_LINES} == {}


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_a_module_says_why_it_exists(path: Path) -> None:
    assert (ast.get_docstring(tree_of(path)) or "").strip()


@pytest.mark.parametrize("path", TESTS, ids=name_of)
def test_a_test_neither_sleeps_nor_patches(path: Path) -> None:
    assert forbidden_in_tests(path.read_text("utf-8")) == set()


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.sleep(1)",
        "import time as clock\nclock.sleep(1)",
        "from time import sleep",
        "from time import sleep as nap\nnap(1)",
        "from asyncio import sleep",
        "import unittest.mock",
        "from unittest import mock\nmock.patch('x')",
        "from unittest.mock import patch",
        "from unittest.mock import MagicMock",
        "def test(mocker):\n    mocker.patch('x')",
    ],
)
def test_this_suite_sees_what_it_forbids(source: str) -> None:
    assert forbidden_in_tests(source)


@pytest.mark.parametrize(
    "source",
    ["import time\ntime.monotonic()", "camera.sleep(1)", "from hypothesis import given"],
)
def test_this_suite_lets_the_rest_be(source: str) -> None:
    assert not forbidden_in_tests(source)
