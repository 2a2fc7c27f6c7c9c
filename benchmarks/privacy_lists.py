"""The operator's part of a run: a list of trusted issuers, so that signed cards open doors too."""

import subprocess
import sys
from pathlib import Path

from provisioning.issuer_file import IssuerFile
from tests.parts.issuers import union, ward

_PATIENCE_S = 60.0


def publish_issuers(folder: Path, port: int, passphrase: str) -> Path:
    """Make the list as an operator does, put it on the broker, and return the public key file."""
    folder.mkdir()
    secret, broker = folder / "passphrase", folder / "broker.toml"
    secret.write_text(passphrase)
    broker.write_text(f'host = "127.0.0.1"\nport = {port}\ntls = false\n')
    files = []
    for issuer in (ward(), union()):
        files.append(str(folder / f"{issuer.name}.json"))
        Path(files[-1]).write_text(IssuerFile.of(issuer.key()).text())
    key, lists = str(folder / "operator.pem"), str(folder / "lists")
    _run("key", key, "--passphrase-file", str(secret))
    options = ("--folder", lists, "--key", key, "--passphrase-file", str(secret))
    _run("issuers", *files, *options)
    _run("publish", "--broker", str(broker), "--folder", lists)
    return folder / "operator.pem.pub"


def _run(*words: str) -> None:
    command = "from provisioning.cli import main; main()"
    subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", command, "lists", *words],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=_PATIENCE_S,
    )
