"""Our commands as somebody types them: what they print, and how they end."""

import subprocess
import sys
from pathlib import Path

from tests.e2e.door import PATIENCE_S, environ


def kiosk(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `kiosk` with these arguments to its end."""
    return subprocess.run(
        [sys.executable, "-m", "kiosk", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        stdin=subprocess.DEVNULL,
        env=environ(),
    )
