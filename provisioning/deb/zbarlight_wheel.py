"""Makes a wheel of zbarlight for another Python or processor from one that was built here.

zbarlight is published as source only: one C file. What differs from a wheel to the next is the
compiled file, its name, and three lines that name the platform.
"""

import argparse
import base64
import hashlib
import re
import zipfile
from pathlib import Path

_COMPILED = re.compile(r"_zbarlight\.cpython-.*\.so$")


def retagged(wheel: Path, compiled: Path, tag: str, folder: Path) -> Path:
    """Write the wheel with `compiled` in it, named after `tag`, into a folder; return its path."""
    name, version = wheel.name.split("-")[:2]
    made = folder / f"{name}-{version}-{tag}.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        parts = {
            member: source.read(member)
            for member in source.namelist()
            if not _COMPILED.search(member) and member != f"{info}/RECORD"
        }
        parts[f"{name}/{compiled.name}"] = compiled.read_bytes()
        told = parts[f"{info}/WHEEL"].decode("ascii")
        parts[f"{info}/WHEEL"] = re.sub(r"(?m)^Tag: .*$", f"Tag: {tag}", told).encode("ascii")
        parts[f"{info}/RECORD"] = _record(parts, f"{info}/RECORD")
        for member, content in parts.items():
            # The date of a zip's beginning: the same parts make the same file.
            out.writestr(zipfile.ZipInfo(member), content)
    return made


def _record(parts: dict[str, bytes], own: str) -> bytes:
    lines = []
    for member, content in parts.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
        lines.append(f"{member},sha256={digest.decode('ascii')},{len(content)}")
    return "\n".join([*lines, f"{own},,", ""]).encode("ascii")


def main() -> None:
    """Read the command line and write one wheel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("compiled", type=Path)
    parser.add_argument("tag")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    print(retagged(given.wheel, given.compiled, given.tag, given.folder))


if __name__ == "__main__":
    main()
