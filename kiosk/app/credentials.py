"""Settings from systemd's credentials: secrets that only the kiosk's own unit is given.

A credential `kiosk.SECTION.KEY` sets that key, over the file and under the environment. Where the
setting is a file (its name ends with `_file`) it is the credential's path, otherwise its text.

Source: systemd.exec(5), "Credentials": `$CREDENTIALS_DIRECTORY` names a folder in memory that no
other unit can see.
"""

from collections.abc import Mapping
from pathlib import Path

from kiosk.app.environment import name_of
from kiosk.errors import SettingsError

DIRECTORY = "CREDENTIALS_DIRECTORY"
_OURS = "kiosk."
_IS_PATH = "_file"


def with_credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with our credentials as variables; what was set already stays.

    Raises:
        SettingsError: A credential cannot be read.
    """
    folder = environ.get(DIRECTORY)
    if not folder:
        return dict(environ)
    try:
        found = sorted(path for path in Path(folder).iterdir() if path.name.startswith(_OURS))
    except OSError as error:
        raise SettingsError(f"{DIRECTORY}: cannot be read: {error.strerror}") from None
    given = {name_of(tuple(p.name.removeprefix(_OURS).split("."))): _value(p) for p in found}
    return {**given, **environ}


def _value(path: Path) -> str:
    if path.name.endswith(_IS_PATH):
        return str(path)
    try:
        # An editor or `echo` ends the line; no secret of ours does.
        return path.read_text("utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            f"credential {path.name}: cannot be read as text; write it anew"
        ) from None
