"""The folder in which an operator keeps the lists, laid out like the topics of a broker.

`revoked/manifest` and `revoked/0f` beside `hk-042/barred/manifest`; the drain rate is
`config/drain`. A kiosk without a network gets the lists on a stick: `kiosk lists install`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from kiosk.errors import ListError
from kiosk.lists.files import MANIFEST, place, read_manifest, read_shards
from kiosk.lists.form import OF_A_SITE, ListName
from kiosk.lists.manifest import Manifest, said
from provisioning.errors import ProvisioningError
from provisioning.lists.making import Made


def write(root: Path, made: Made) -> None:
    """Put a list into the folder; the manifest last, so that a cut leaves one that is refused.

    Raises:
        ProvisioningError: It cannot be written.
    """
    folder = place(root, made.manifest.name, made.manifest.site)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for first, body in made.shards.items():
            path = folder / f"{first:02x}"
            if not path.is_file() or path.read_bytes() != body:
                replace(path, body)
        replace(folder / MANIFEST, made.raw)
        for path in folder.iterdir():
            if path.name not in {MANIFEST, *(f"{first:02x}" for first in made.shards)}:
                path.unlink()
    except OSError as error:
        raise ProvisioningError(f"{folder}: cannot be written: {error.strerror}") from None


def read(root: Path, name: ListName, site: str | None) -> Made | None:
    """Return a list of the folder as it lies there, verified by nobody; None: there is none.

    Raises:
        ProvisioningError: It cannot be read, or is not whole.
    """
    try:
        raw = read_manifest(root, name, site)
        if raw is None:
            return None
        manifest = said(raw)
        if manifest.name is not name or manifest.site != site:
            raise ProvisioningError(f"{place(root, name, site)}: holds another list")
        return Made(manifest, raw, read_shards(root, manifest))
    except ListError as error:
        raise ProvisioningError(f"{place(root, name, site)}: {error}") from None


def latest(root: Path, name: ListName, site: str | None) -> Manifest | None:
    """Return what the manifest in the folder says; None: there is none.

    Raises:
        ProvisioningError: It cannot be read: its version must be known before there is another.
    """
    try:
        raw = read_manifest(root, name, site)
        return None if raw is None else said(raw)
    except ListError as error:
        raise ProvisioningError(f"{place(root, name, site)}: {error}") from None


def every(root: Path) -> Iterator[Made]:
    """Yield all lists of the folder.

    Raises:
        ProvisioningError: One cannot be read.
    """
    for path in sorted(root.glob("**/" + MANIFEST)):
        parts = path.relative_to(root).parts[:-1]
        if not parts or parts[-1] not in list(ListName) or len(parts) > 2:
            continue
        name = ListName(parts[-1])
        if (len(parts) == 2) != (name in OF_A_SITE):
            continue
        made = read(root, name, parts[0] if len(parts) == 2 else None)
        if made is not None:
            yield made


def replace(path: Path, content: bytes) -> None:
    """Put a file there, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    draft = path.with_name(f"{path.name}.draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
