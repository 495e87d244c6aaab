"""What the tests of links share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bridge.rig import Line


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """A serial line, plugged in; the test may unplug it."""
    made = Line(tmp_path / "uno")
    yield made
    if made.link.exists():
        made.unplug()
