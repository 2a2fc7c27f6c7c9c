"""The section `[onboarding]`, and the layer of settings that onboarding has left.

That layer lies above the settings file and below the environment. While it is not there yet, a
kiosk that knows who may onboard it waits for a code; the rest of its settings is checked all the
same, because nobody stands at it once it is a door.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kiosk.app import config_file, environment
from kiosk.app.choice import Chosen
from kiosk.app.config_file import Document
from kiosk.app.eye_settings import Eye, Log
from kiosk.app.reading import Reading
from kiosk.app.sections import Enrolment, Gpio, Identity
from kiosk.errors import SettingsError

if TYPE_CHECKING:
    from kiosk.onboarding.onboarded import Onboarded

SECTION = "onboarding"
DEFAULT_FILE = Path("/var/lib/kiosk/onboarded.toml")
_ISSUED = "issued"
_FROM_CODE = Path("onboarding code")


class Onboarding(BaseModel):
    """Whose onboarding codes this kiosk takes, held up before its camera."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    signers: tuple[Path, ...] = Field(
        default=(),
        max_length=8,
        description="Files with the public keys of those who may onboard this kiosk, made by "
        "`kiosk-provision onboarding key`; none: no onboarding code is taken.",
    )
    file: Path = Field(
        default=DEFAULT_FILE,
        description="Where onboarding leaves its settings, which count above those of the file "
        "here; in a folder that the kiosk may write. The code lies beside it while it is worked "
        "on.",
    )
    bootstrap_key_file: Path = Field(
        default=Path("/var/lib/kiosk/bootstrap.key"),
        description="This kiosk's own key, to which a Wi-Fi password in a code may be sealed; made "
        "when it is first needed.",
    )
    network_socket: Path = Field(
        default=Path("/run/kiosk-network/socket"),
        description="Where the program listens that may join a Wi-Fi network.",
    )

    @property
    def code_file(self) -> Path:
        """Where the code lies while it is worked on."""
        return self.file.with_name("onboarding.code")

    @property
    def passed_file(self) -> Path:
        """Names the boot in which nobody onboarded this kiosk in time: the button is not asked."""
        return self.file.with_name("onboarding.passed")


@dataclass(frozen=True, slots=True)
class Unprovisioned:
    """What a kiosk is told that waits for a code, and what onboarding needs of any kiosk."""

    onboarding: Onboarding
    enrolment: Enrolment
    identity: Identity
    eye: Eye
    gpio: Gpio
    indicators: tuple[Chosen, ...]
    clock: Chosen
    log: Log


class NotOnboarded(SettingsError):  # noqa: N818 - names a state of the world
    """The settings at `path` are right, and the rest of them comes with an onboarding code."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: right so far, and this kiosk is not onboarded yet: start it, and hold an "
            "onboarding code before its camera, or set kiosk.site and kiosk.device"
        )


def opened(path: Path, environ: Mapping[str, str], *, may_wait: bool = True) -> Reading:
    """Begin to read a settings file, with what onboarding has left above it.

    Where that is nothing yet, and it `may_wait`, what a code will bring is taken as given.

    Raises:
        SettingsError: A file cannot be read.
    """
    document = config_file.read(path)
    above = layer(_file_of(document, environ))
    waits = may_wait and above is None and _waits(document, environ)
    reading = Reading(document, environ, above=_expected(document) if waits else above)
    reading.waits_for_code = waits
    return reading


def layer(path: Path) -> Document | None:
    """Return what onboarding has left; None: nothing.

    Raises:
        SettingsError: There is a file, and it cannot be used.
    """
    found = _left(path)
    if found is None:
        return None
    document, _ = found
    values = {name: value for name, value in document.values.items() if name != _ISSUED}
    return Document(document.path, values, document.lines, document.length_lines)


def onboarded_at(path: Path) -> "Onboarded | None":
    """Return what onboarding has left, as a whole; None: nothing.

    Raises:
        SettingsError: There is a file, and it cannot be used.
    """
    found = _left(path)
    return None if found is None else found[1]


def check_code(reading: Reading) -> None:
    """Find settings with which a kiosk that waits for a code could not become a door."""
    if not reading.waits_for_code:
        return
    kind = (reading.raw(("uplink",)) or {}).get("kind")
    if kind != "mqtt":
        text = 'must be "mqtt" where a kiosk is onboarded by a code: the code names a broker'
        reading.complain(("uplink", "kind"), text)


def _left(path: Path) -> "tuple[Document, Onboarded] | None":
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be looked at: {error.strerror}; be root or the kiosk's user, or set "
            f"{SECTION}.file"
        ) from None
    document = config_file.read(path)
    # Loaded where there is such a file: the eye reads its settings by the same modules.
    from kiosk.onboarding.onboarded import Onboarded  # noqa: PLC0415 - see above

    try:
        return document, Onboarded.model_validate(document.values)
    except ValidationError:
        raise SettingsError(
            f"{path}: is not as onboarding leaves it; remove it, and show a code again"
        ) from None


def _file_of(document: Document, environ: Mapping[str, str]) -> Path:
    given = _given(document, environ, (SECTION, "file"))
    return Path(given) if isinstance(given, str) and given else DEFAULT_FILE


def _waits(document: Document, environ: Mapping[str, str]) -> bool:
    """Tell whether somebody may onboard this kiosk, and nobody has said yet which door it is."""
    signers = _given(document, environ, (SECTION, "signers"))
    return bool(signers) and _given(document, environ, ("kiosk", "site")) is None


def _given(document: Document, environ: Mapping[str, str], key: tuple[str, str]) -> Any:
    name = environment.variables(environ).get(key)
    if name is not None:
        return environ[name]
    section = document.values.get(key[0])
    return section.get(key[1]) if isinstance(section, Mapping) else None


def _expected(document: Document) -> Document:
    """Return what any code will bring, so that all the rest can be checked before one comes."""
    files = document.values.get("enrolment")
    known = files if isinstance(files, Mapping) else {}
    held = known.get("key_file", str(Enrolment().key_file))
    values = {
        "kiosk": {"site": "from-the-code", "device": "from-the-code"},
        "uplink": {"host": "from-the-code", "tls": True, "cert_file": held, "key_file": held},
        "enrolment": {"server": "https://from-the-code"},
    }
    return Document(_FROM_CODE, values)
