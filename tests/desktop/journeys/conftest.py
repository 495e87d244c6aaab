"""The person who makes the journeys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.desktop.journeys.person import Person

if TYPE_CHECKING:
    from desktop.window import Window


@pytest.fixture
def person(window: Window, display: str) -> Person:
    """Before a window that was opened for the first time."""
    return Person(window, display)
