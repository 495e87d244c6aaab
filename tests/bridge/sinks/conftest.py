"""A real mosquitto, and somebody who listens there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.sinks.servers import Mosquitto, running
from benchmarks.sinks.subscriber import Subscriber, subscribed


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    server = Mosquitto(folder)
    with running(server):
        yield server


@pytest.fixture
def subscriber(broker: Mosquitto) -> Iterator[Subscriber]:
    with subscribed(broker.port) as heard:
        yield heard
