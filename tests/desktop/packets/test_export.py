"""What is exported is there whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bridge.capture_file import read_records
from desktop.packets.export import PacketExport
from protocol.capture import Direction, Record
from tests.protocol import vectors

FRAME = vectors.frames()["data_one_metric"][0]
LOG = [Record(1000 * i, f"link {i % 3}", Direction.INBOUND, FRAME, f"{i}") for i in range(2000)]


def read(rows: Sequence[int]) -> list[Record]:
    return [LOG[row] for row in rows]


def test_it_is_written_in_pieces_and_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    rows = np.arange(0, 2000, 3)
    export = PacketExport(tmp_path / "some.pcapng", rows, read)
    shares = []
    while not export.is_done:
        assert not export.path.exists()
        export.write_some(0.0)
        shares.append(export.share)
    assert len(shares) > 2
    assert shares == sorted(shares)
    assert list(read_records(export.path)) == LOG[::3]
    assert list(tmp_path.iterdir()) == [export.path]


def test_what_is_cancelled_leaves_nothing_and_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "some.pcapng"
    path.write_text("precious")
    export = PacketExport(path, np.arange(2000), read)
    export.write_some(0.0)
    export.cancel()
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        PacketExport(tmp_path / "none" / "some.pcapng", np.arange(3), read).write_some(0.0)
