"""The virtual Pi's tests: collected only where run.sh names the kernel that they boot.

They start guests as root, so they run on this computer and not in the device tree.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

collect_ignore_glob = ["guest/*"] if "DEVICE_KERNEL" in os.environ else ["*.py"]

if "DEVICE_KERNEL" in os.environ:

    @pytest.fixture
    def scratch() -> Iterator[Path]:
        """Return a folder for one test's guests; it goes when the test ends.

        Not `tmp_path`: pytest keeps those of failed tests, and a guest's disk is large.
        """
        # Short: the guest's own socket lies in it, and a socket's path has at most 107 bytes.
        folder = Path(tempfile.mkdtemp(prefix="pi-", dir=os.environ["DEVICE_SCRATCH"]))
        yield folder
        shutil.rmtree(folder)
