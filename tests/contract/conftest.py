"""What several families' suites share; the parts themselves are in `tests.parts`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.broker import Broker, program
from tests.parts.disk import SmallDisk, small_disk


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """Give a running mosquitto that lets everybody do everything."""
    if program() is None:
        pytest.skip("mosquitto is not installed")
    with Broker(tmp_path) as running:
        yield running


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Give an empty file system of one megabyte."""
    with small_disk(tmp_path / "disk") as mounted:
        yield mounted
