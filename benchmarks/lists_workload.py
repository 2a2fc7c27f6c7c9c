"""The program that is traced: a kiosk takes one version of its lists after the other.

It tells on its standard output what it is about to take, and when that is in use. Between two of
them it may end without a word, as a process that is killed. `--without-fsync` is the control: the
same module, which then waits for no disk.
"""

import argparse
import os
import random
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.lists.form import KEY_BYTES, ListName
from kiosk.lists.keeper import Keeper, Terms
from kiosk.lists.manifest import Manifest
from kiosk.lists.signed import signing
from kiosk.lists.store import Store
from provisioning.lists.making import Made, made, sharded

SITE = "hk-model"
MAX_ENTRIES = 2_000_000
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def keeper_in(folder: Path) -> Keeper:
    """Return the shipped keeper over a folder; it has loaded what is there."""
    public = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    keeper = Keeper(Store(folder, SITE), Terms(signing([public]), SITE, MAX_ENTRIES))
    keeper.load()
    return keeper


@lru_cache(maxsize=16)
def version_of(number: int, entries: int, seed: int = 1) -> Made:
    """Return a version of the list of revoked cards: most entries are those of the one before."""
    dice = random.Random(seed)  # noqa: S311 - a trial, no secret
    held = [dice.randbytes(KEY_BYTES) for _ in range(entries)]
    more = random.Random(f"{seed} {number}")  # noqa: S311 - a trial, no secret
    held += [more.randbytes(KEY_BYTES) for _ in range(max(1, entries // 100))]
    manifest = Manifest(ListName.REVOKED, number, 1_790_000_000 + number, 0)
    return made(manifest, sharded(held), KEY)


def take(keeper: Keeper, found: Made) -> None:
    """Take a list as one that has come, all shards of it."""
    manifest = keeper.examine(found.manifest.name, found.raw)
    if manifest is not None:
        keeper.install(manifest, found.raw, found.shards)


def _wait_for_nothing(fd: object) -> None:
    del fd


def _tell(word: str, number: int) -> None:
    os.write(1, f"{word} {number}".encode())


def main(given: Sequence[str] | None = None) -> None:
    """Take one version after the other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lists_workload")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--versions", type=int, default=6)
    parser.add_argument("--entries", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-fsync", action="store_true")
    options = parser.parse_args(sys.argv[1:] if given is None else given)
    if options.without_fsync:
        os.fsync = _wait_for_nothing
    keeper = keeper_in(options.folder)
    for number in range(1, options.versions + 1):
        if number % 3 == 0:
            keeper = keeper_in(options.folder)
        found = version_of(number, options.entries, options.seed)
        _tell("begins", number)
        take(keeper, found)
        _tell("has", number)


if __name__ == "__main__":
    main()
