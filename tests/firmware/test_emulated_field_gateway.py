"""A field whose root is a gateway on a board: what comes out of its line to the host (PROTOCOL.md 15)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.access import RecordOpener, load_access
from bridge.capture_file import read_records
from desktop.command import main
from firmware.native.library import ROOT
from protocol.packets import Boot, Frame, Heard, Result, decode
from protocol.simulator.simulation import HOST_LINK

pytestmark = pytest.mark.usefixtures("built_board", "built_core")

GATEWAY = 1
FIELD = ("--grid", "2x2", "--core", "avr", "--gateway", "mega", "--json", "--truth")
WAIT_S = 30
# Of BOOT's flags (15.3).
SEALED, IS_ROOT, HAS_TWO_PORTS = 1, 2, 4


def assert_true(rows: list[Any], nodes: int) -> None:
    """Each result is exact for the nodes that it counts: what their sensors felt."""
    assert rows
    for row in rows:
        felt = [row["readings"][str(node)] for node in row["contributors"]]
        assert (row["count"], row["total"], row["max"]) == (len(felt), sum(felt), max(felt))
    assert rows[-1]["count"] == nodes


def from_host_line(log: Path) -> list[Frame]:
    """What the gateway told its host."""
    keys = log.with_suffix(".keys.toml")
    opener = RecordOpener(load_access(str(keys))) if keys.exists() else None
    records = list(read_records(log))
    if opener:
        opener.learn(records)
    opened = (opener.open(record) if opener else record for record in records if record.link == HOST_LINK)
    frames = [decode(record.frame) for record in opened if record is not None]
    assert all(frame.source == GATEWAY for frame in frames)
    return frames


@pytest.mark.parametrize("sealed", [(), ("--sealed",)], ids=["open", "sealed"])
def test_results_and_starts_come_out_of_the_host_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, sealed: tuple[str, ...]
) -> None:
    log = tmp_path / "field.pcapng"
    assert main(["simulate", *FIELD, *sealed, "--rounds", "4", "--reboot", "1@3", "--capture", str(log)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert_true(rows, nodes=4)
    payloads = [frame.payload for frame in from_host_line(log)]
    results = [payload for payload in payloads if isinstance(payload, Result)]
    assert [aggregate.total for result in results for _, aggregate in result.items.aggregates] == [
        row["total"] for row in rows
    ]
    boots = [payload for payload in payloads if isinstance(payload, Boot)]
    first, again = boots
    assert (first.boot_life, first.boot_counter) < (again.boot_life, again.boot_counter)
    assert {boot.flags for boot in boots} == {IS_ROOT | HAS_TWO_PORTS | (SEALED if sealed else 0)}


@pytest.mark.parametrize(("loss", "least", "most"), [(0.0, 255, 255), (0.3, 140, 215)])
def test_the_gateway_tells_how_well_it_hears_whom(tmp_path: Path, loss: float, least: int, most: int) -> None:
    """A quality of 255 is that of a link that loses nothing."""
    log = tmp_path / "field.pcapng"
    assert main(["simulate", *FIELD, "--rounds", "24", "--loss", str(loss), "--capture", str(log)]) in (0, 1)
    told: defaultdict[int, list[int]] = defaultdict(list)
    for frame in from_host_line(log):
        if isinstance(frame.payload, Heard):
            told[frame.payload.heard_source].append(frame.payload.quality)
    assert told.keys() == {2, 3, 4}
    last = [qualities[-1] for qualities in told.values()]
    assert all(len(qualities) >= 24 for qualities in told.values())
    assert least <= sum(last) / len(last) <= most


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate(timeout=WAIT_S)


def started(processes: list[subprocess.Popen[str]], *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "desktop.command", *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ
    )
    processes.append(process)
    return process


def rows_of(process: subprocess.Popen[str], ends_well: bool = True) -> list[Any]:
    out, error = process.communicate(timeout=WAIT_S)
    assert not ends_well or process.returncode == 0, error
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("sealed", [(), ("--sealed",)], ids=["open", "sealed"])
def test_a_bridge_reads_the_field_while_it_runs(
    processes: list[subprocess.Popen[str]], tmp_path: Path, sealed: tuple[str, ...]
) -> None:
    line = tmp_path / "line"
    field = started(
        processes, "simulate", *FIELD, *sealed, "--period", "1", "--rounds", "60", "--pty", str(line)
    )
    assert field.stdout is not None
    first = json.loads(field.stdout.readline())  # the line is there when there is a result
    access = ("--keys", str(tmp_path / "line.keys.toml")) if sealed else ("--open",)
    bridge = started(
        processes,
        *("bridge", "--port", str(line), "--no-root", "--id", "99", "--no-udp", "--json"),
        *(*access, "--rounds", "3"),
    )
    seen = rows_of(bridge)
    field.send_signal(signal.SIGINT)
    rows = [first, *rows_of(field, ends_well=False)]
    assert_true(rows, nodes=4)
    totals = {(row["version"], row["metric"]): row["total"] for row in rows}
    assert len(seen) >= 2 * 3
    assert {(row["version"], row["metric"]): row["total"] for row in seen}.items() <= totals.items()
    assert not line.is_symlink()
