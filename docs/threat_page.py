"""The threat model's tables: each attempt, who refuses it, and the tests that prove it.

The tests are read and not run: a marker is `@pytest.mark.threat("NAME")` above a test. A threat
that no test proves, and a test that proves what is not in the list, are errors of the page.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docs.delivery_page import markers
from docs.threats import THREATS, Attacker, Threat, names

PAGE = "docs/explanation/threat-model.md"
ROOT = Path(__file__).resolve().parent.parent
_MARK = "pytest.mark.threat"


@dataclass(frozen=True, slots=True, order=True)
class Proof:
    """A test, by its file (from the root) and its name, and the threat that it proves."""

    path: str
    test: str
    threat: str


def text(page: str) -> str:
    """Return the page with its tables drawn anew."""
    found = sorted(proofs(ROOT / "tests"))
    for attacker in Attacker:
        begin, end = markers(attacker.value)
        before, found_begin, rest = page.partition(begin)
        _, found_end, after = rest.partition(end)
        if not found_begin or not found_end:
            raise SystemExit(f"{PAGE}: put the two lines there: {begin} and {end}")
        table = "\n".join(_table(THREATS[attacker], found))
        page = f"{before}{begin}\n{table}\n{end}{after}"
    return page


def proofs(folder: Path) -> list[Proof]:
    """Return what the tests below a folder say that they prove.

    Raises:
        SystemExit: A threat has no test, or a test names none of the list, or names it wrongly.
    """
    found = [
        proof
        for path in sorted(folder.rglob("*.py"))
        for proof in _in_file(path.read_text("utf-8"), path.relative_to(folder.parent).as_posix())
    ]
    proven = {proof.threat for proof in found}
    wrong = [f"no test proves {name!r}" for name in sorted(names() - proven)]
    wrong += [
        f"{proof.path}: {proof.test}: no threat is called {proof.threat!r}"
        for proof in found
        if proof.threat not in names()
    ]
    if wrong:
        raise SystemExit("docs/threats.py: " + "\ndocs/threats.py: ".join(wrong))
    return found


def _in_file(source: str, path: str) -> Iterator[Proof]:
    """Yield what a file's tests prove; a marker anywhere else would prove nothing."""
    if "mark.threat" not in source:
        return
    tree, used = ast.parse(source), 0
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        for mark in (each for each in node.decorator_list if _is_mark(each)):
            used += 1
            given = mark.args if isinstance(mark, ast.Call) else []
            told = [arg.value for arg in given if isinstance(arg, ast.Constant)]
            is_test = node.name.startswith("test_") and Path(path).name.startswith("test_")
            if not is_test or not told or len(told) != len(given):
                raise SystemExit(f"{path}: {node.name}: a threat is named as a text, above a test")
            yield from (Proof(path, node.name, str(name)) for name in told)
    everywhere = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    if used != sum(ast.unparse(node).endswith("mark.threat") for node in everywhere):
        raise SystemExit(f"{path}: mark.threat stands above a test and nowhere else")


def _is_mark(decorator: ast.expr) -> bool:
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(named) == _MARK


def _table(threats: tuple[Threat, ...], found: list[Proof]) -> list[str]:
    lines = ["| Attempt | Who refuses it | Proven by |", "|---|---|---|"]
    for threat in threats:
        shown = ", ".join(_link(proof) for proof in found if proof.threat == threat.name)
        lines.append(f"| {threat.attempt} | {threat.refused_by} | {shown} |")
    return lines


def _link(proof: Proof) -> str:
    said = proof.test.removeprefix("test_").replace("_", " ")
    where = " (device tier)" if proof.path.startswith("tests/device/") else ""
    return f"[{said}](../../{proof.path}){where}"
