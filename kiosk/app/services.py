"""The two programs that run for years, `kiosk run` and `kiosk eye`, and where each command starts.

A technician's command may load what it likes: it ends. These two hold what they load, so they are
started without the command line's library and without the other commands, wherever their options
stand as our units and scripts write them. Anything else (`--help`, a misspelt option) is for the
command line, which says what is wrong.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kiosk.errors import EXIT_SETTINGS, KioskError, SettingsError

EXIT_INTERRUPTED = 130
_CONFIG = Path("/etc/kiosk/config.toml")
"""As `kiosk.app.settings` has it, which is not loaded yet."""


def run(config: Path) -> int:
    """Run the door until SIGTERM, or onboard this kiosk; return the exit code.

    Raises:
        SettingsError: The settings cannot be used.
    """
    from kiosk.app import logs, settings  # noqa: PLC0415 - not before `main` has its say
    from kiosk.app.onboarding_choice import onboarded  # noqa: PLC0415 - as below
    from kiosk.app.wiring import run_kiosk  # noqa: PLC0415 - the eye must not import this

    loaded = settings.load_run(config, os.environ)
    logs.configure(loaded.log.format, loaded.log.level)
    found = onboarded(loaded, config, os.environ)
    return found if isinstance(found, int) else run_kiosk(found, config, os.environ)


def eye(
    config: Path, socket: Path | None = None, *, child: bool = False, stats: bool = False
) -> int:
    """Run the eye alone until it is asked to stop; return the exit code.

    Raises:
        SettingsError: The settings cannot be used, or name no socket.
    """
    from kiosk.app import eye_settings, logs  # noqa: PLC0415 - as above
    from kiosk.app.eye_process import run_eye  # noqa: PLC0415 - only this process decodes

    loaded = eye_settings.load_eye(config, os.environ)
    logs.configure("json", "info")
    path = socket or loaded.eye.socket
    if path is None:
        raise SettingsError(
            f"{config}: eye.socket is not set; set it in both processes' settings, or use --socket"
        )
    return run_eye(loaded, path, child=child, stats=stats)


SERVICES: dict[str, tuple[Callable[..., int], frozenset[str], frozenset[str]]] = {
    "run": (run, frozenset({"config"}), frozenset()),
    "eye": (eye, frozenset({"config", "socket"}), frozenset({"child", "stats"})),
}
"""By name: what runs it, its options that take a path, and those that take nothing."""


def options_of(name: str, written: Sequence[str]) -> dict[str, Any] | None:
    """Return what the options of a service mean; None: they are for the command line.

    >>> options_of("run", ["--config", "kiosk.toml"]) == {"config": Path("kiosk.toml")}
    True
    >>> options_of("run", ["--help"])
    """
    if name not in SERVICES:
        return None
    _, paths, switches = SERVICES[name]
    meant: dict[str, Any] = {"config": _CONFIG}
    words = iter(written)
    for word in words:
        option = word.removeprefix("--") if word.startswith("--") else ""
        if option in switches:
            meant[option] = True
        elif option in paths and (value := next(words, "")) and not value.startswith("-"):
            meant[option] = Path(value)
        else:
            return None
    return meant


@contextlib.contextmanager
def errors_in_lines() -> Iterator[None]:
    """Turn an error of ours into lines on standard error and an exit code, never a traceback."""
    try:
        yield
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_SETTINGS)
    except KioskError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


def main(words: Sequence[str] | None = None) -> None:
    """Run the service or the command that `words`, or what the program was started with, names."""
    words = sys.argv[1:] if words is None else words
    # Nobody extends our settings: pydantic would read what is known of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    name = words[0] if words else ""
    meant = options_of(name, words[1:])
    if meant is None:
        from kiosk.app import cli  # noqa: PLC0415 - takes seconds on a Pi

        cli.main()
        return
    with errors_in_lines():
        try:
            sys.exit(SERVICES[name][0](**meant))
        except KeyboardInterrupt:
            sys.exit(EXIT_INTERRUPTED)
