"""A worker of the ledger as somebody starts it: `kiosk-ledger ingest`, on a fleet's broker."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioning.broker import end
from provisioning.fleet import many
from tests.parts.serving import ENVIRON, Said


def settings_of(folder: Path, port: int, held: Path) -> Path:
    """Write a worker's settings, with a database in `folder`; return their file."""
    values: dict[str, object] = {
        "kind": "mqtt",
        "host": "127.0.0.1",
        "port": port,
        "ca_file": str(held.with_name(many.ROOT)),
        "cert_file": str(held),
        "key_file": str(held),
        "client_id": held.parent.name,
        "will_delay_s": 0,
    }
    lines = ["[storage]", f'url = "sqlite:///{folder}/ledger.db"', "[source]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    path = held.with_name("ledger.toml")
    path.write_text("\n".join([*lines, "[ingest]", "tell_s = 0.05", ""]), "utf-8")
    return path


@contextmanager
def ingesting(config: Path) -> Iterator[Said]:
    """Give what a worker says, from its first connection to its end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ledger", "ingest", "--config", str(config)],
        env=ENVIRON,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = Said(process)
    try:
        said.waits_for("connected")
        yield said
    finally:
        end(process, kill=True)
        said.ends()
