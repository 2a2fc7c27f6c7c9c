"""Lists as loose files, laid out like the topics of a broker: how one comes without a network.

`revoked/manifest` and `revoked/0f`; for a site `hk-042/barred/manifest`. What lies there is as
little trusted as a broker: sizes are looked at before anything is read.
"""

from pathlib import Path

from kiosk.errors import ListError
from kiosk.lists import shards
from kiosk.lists.form import MAX_MANIFEST_BYTES, MAX_SHARD_BYTES, ListName, site_of
from kiosk.lists.keeper import Keeper
from kiosk.lists.manifest import Manifest

MANIFEST = "manifest"


def place(root: Path, name: ListName, site: str | None) -> Path:
    """Return the folder of one list."""
    return root / name if site is None else root / site / name


def read_manifest(root: Path, name: ListName, site: str | None) -> bytes | None:
    """Return a list's signed manifest; None: there is no such list.

    Raises:
        ListError: It cannot be read, or is too large.
    """
    path = place(root, name, site) / MANIFEST
    return _bounded(path, MAX_MANIFEST_BYTES) if path.exists() else None


def read_shards(root: Path, manifest: Manifest) -> dict[int, bytes]:
    """Return the shards that a manifest names, each checked.

    Raises:
        ListError: One is missing, too large, or another one.
    """
    folder = place(root, manifest.name, manifest.site)
    found = {}
    for first in manifest.shards:
        body = _bounded(folder / f"{first:02x}", MAX_SHARD_BYTES)
        shards.check(manifest, first, body)
        found[first] = body
    return found


def install(keeper: Keeper, root: Path, name: ListName, site: str) -> bool:
    """Take one list from a folder, as one that comes over a broker; tell whether it is a new one.

    Raises:
        ListError: It is not to be taken; the one in use stays.
    """
    raw = read_manifest(root, name, site_of(name, site))
    manifest = None if raw is None else keeper.examine(name, raw)
    if raw is None or manifest is None:
        return False
    keeper.install(manifest, raw, read_shards(root, manifest))
    return True


def _bounded(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise ListError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > most:
        raise ListError(f"{path}: larger than the {most} bytes that are read")
    return content
