"""`kiosk doctor` and `kiosk support-bundle`: what is wrong with a kiosk, and what to do about it.

Plain lines that a serial line carries; one line a check, one for its fix, never a traceback.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kiosk.app.command_errors import one_line_errors
from kiosk.app.config_problems import one_line
from kiosk.app.settings import DEFAULT_PATH
from kiosk.errors import KioskError

if TYPE_CHECKING:
    # Only the commands import them: the eye runs from the same program.
    from kiosk.app.doctor_checks import Seen, Visit
    from kiosk.doctor import Observation
    from kiosk.doctor.redaction import Redaction

_YES, _NO = {"y", "yes", "c", "có", "co"}, {"n", "no", "k", "không", "khong"}

ConfigFile = Annotated[
    Path, typer.Option("--config", metavar="FILE", help="The settings file to read.")
]
Root = Annotated[
    Path, typer.Option("--root", hidden=True, help="Where the machine's system files lie.")
]


def doctor(
    config: ConfigFile = DEFAULT_PATH,
    root: Root = Path("/"),
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nobody; what only a person can tell stays open.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ascii_only: Annotated[
        bool, typer.Option("--ascii", help="Print no letters but ASCII, for an old terminal.")
    ] = False,
) -> None:
    """Examine this kiosk: what is wrong, and the fix. Exit code: 0 fine, 1 a fault, 3 a warning.

    Run it with sudo on a kiosk: keys and the outbox are nobody else's to read.
    """
    from kiosk.doctor.examination import as_lines, exit_code, summary  # noqa: PLC0415 - see above
    from kiosk.doctor.report import report  # noqa: PLC0415 - see above

    told = []
    plain = ascii_only or not _shows_signs()
    for observation in _examined(config, root, _nobody if yes else _ask):
        told.append(observation)
        if not as_json:
            for line in as_lines(observation, ascii_only=plain):
                typer.echo(line)
    if as_json:
        typer.echo(report(told).model_dump_json(indent=1))
    else:
        typer.echo(summary(told, ascii_only=plain))
    raise typer.Exit(exit_code(told))


def support_bundle(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write, as .tar.gz.")],
    config: ConfigFile = DEFAULT_PATH,
    root: Root = Path("/"),
) -> None:
    """Write what helps somebody far away to help: no key, no password, nobody's data."""
    from kiosk.app.doctor_checks import look_up  # noqa: PLC0415 - see above
    from kiosk.doctor import bundle  # noqa: PLC0415 - see above

    with one_line_errors():
        visit = _visit(config, root, _nobody)
        seen = look_up(visit)
        redaction = _redaction(visit, seen)
        parts = [*_own_parts(visit, seen, redaction), *bundle.parts_of_machine(visit.machine)]
        files = bundle.files_of(parts, redaction)
        bundle.write(target, files)
        typer.echo(f"{one_line(str(target))}: {', '.join(sorted(files))}")


def _examined(config: Path, root: Path, ask: Any) -> Iterator["Observation"]:
    """Yield what is seen; a doctor that cannot even begin is a fault too, and no traceback."""
    from kiosk.doctor.examination import failed  # noqa: PLC0415 - see above

    try:
        from kiosk.app.doctor_checks import look_up  # noqa: PLC0415 - needs every library of ours

        visit = _visit(config, root, ask)
        seen = look_up(visit)
        yield from _observations(visit, seen, _redaction(visit, seen))
    except Exception as error:  # noqa: BLE001 - a library that is missing or broken, say
        yield failed("doctor", error)


def _observations(visit: "Visit", seen: "Seen", redaction: "Redaction") -> Iterator["Observation"]:
    from kiosk.app.doctor_checks import checks_of  # noqa: PLC0415 - see above
    from kiosk.doctor.examination import examine  # noqa: PLC0415 - see above

    for each in examine(checks_of(visit, seen)):
        fix = None if each.fix is None else redaction.known(each.fix)
        yield replace(each, found=redaction.known(each.found), fix=fix)


def _own_parts(visit: "Visit", seen: "Seen", redaction: "Redaction") -> list[Any]:
    from kiosk.app.config_show import as_toml  # noqa: PLC0415 - see above
    from kiosk.doctor import account  # noqa: PLC0415 - see above
    from kiosk.doctor.bundle import Part  # noqa: PLC0415 - see above
    from kiosk.doctor.report import report  # noqa: PLC0415 - see above
    from kiosk.doctor.versions import versions  # noqa: PLC0415 - see above

    told = list(_observations(visit, seen, redaction))
    problems = "".join(f"# {line}\n" for line in seen.problems)
    settings = problems if seen.loaded is None else as_toml(seen.loaded, with_origin=True)
    return [
        Part("doctor.json", report(told).model_dump(mode="json")),
        Part("settings.toml", settings),
        Part("versions.json", dict(versions(visit.machine))),
        Part("status.json", account.as_json(seen.account)),
        Part("outbox.json", _counts(seen)),
    ]


def _counts(seen: "Seen") -> Mapping[str, Any]:
    """Return the numbers of the outbox, and no word of it."""
    from kiosk.outbox.store import reading  # noqa: PLC0415 - see above

    path = (
        None if seen.loaded is None else getattr(seen.loaded.settings.outbox.settings, "path", None)
    )
    if path is None or not path.exists():
        return {}
    try:
        account = asdict(reading.account(path, check=False))
    except KioskError as error:
        return {"trouble": type(error).__name__}
    return {name: value for name, value in account.items() if isinstance(value, int | float)}


def _visit(config: Path, root: Path, ask: Any) -> "Visit":
    from kiosk.app.doctor_checks import Visit  # noqa: PLC0415 - see above
    from kiosk.doctor.machine import Machine  # noqa: PLC0415 - see above

    return Visit(config, os.environ, Machine(root), ask, is_root=os.geteuid() == 0)


def _redaction(visit: "Visit", seen: "Seen") -> "Redaction":
    from kiosk.app.doctor_secrets import redaction_of  # noqa: PLC0415 - see above

    return redaction_of(visit, seen)


def _nobody(_question: str) -> bool | None:
    """Answer nothing: nobody is asked."""
    return None


def _ask(question: str) -> bool | None:
    """Put a question on standard error; None where nobody answers."""
    for _ in range(3):
        sys.stderr.write(f"? {question} [y/n] ")
        sys.stderr.flush()
        answer = sys.stdin.readline()
        if not answer:
            return None
        word = answer.strip().lower()
        if word in _YES | _NO:
            return word in _YES
    return None


def _shows_signs() -> bool:
    """Tell whether our output can carry the signs."""
    from kiosk.doctor import SIGNS  # noqa: PLC0415 - see above

    try:
        "".join(SIGNS.values()).encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
