"""A bridge under systemd: its unit, and what it tells."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge import systemd
from bridge.service_unit import unit_text

CONFIG = Path("/etc/treering/bridge.toml")
needs_unix = pytest.mark.skipif(sys.platform == "win32", reason="systemd runs on Linux")


@pytest.fixture
def listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """systemd's end."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(path)
        made.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        yield made


@needs_unix
def test_states_arrive_as_lines(listener: socket.socket) -> None:
    systemd.notify(systemd.READY, "STATUS=2 segments")
    assert listener.recv(1000) == b"READY=1\nSTATUS=2 segments"


@needs_unix
def test_a_reload_tells_its_time(listener: socket.socket) -> None:
    systemd.notify(systemd.reloading())
    first, second = listener.recv(1000).decode().split("\n")
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0


def test_without_systemd_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    systemd.notify(systemd.READY)
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    systemd.notify(systemd.READY)


@pytest.mark.parametrize(
    ("environment", "interval_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "self"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_the_watchdog_is_told_twice_as_often_as_it_waits(
    environment: dict[str, str], interval_s: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, str(os.getpid()) if value == "self" else value)
    assert systemd.watchdog_interval_s() == interval_s


def test_the_unit_names_command_and_configuration() -> None:
    text = unit_text(Path("/opt/treering/bin/treering"), CONFIG)
    assert "ExecStart=/opt/treering/bin/treering bridge --config /etc/treering/bridge.toml --quiet\n" in text
    assert "Type=notify\n" in text
    with pytest.raises(ValueError, match="absolute paths without blanks"):
        unit_text(Path("treering"), CONFIG)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_unit_and_finds_it_well_confined(tmp_path: Path) -> None:
    program = tmp_path / "treering"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    unit = tmp_path / "treering-bridge.service"
    unit.write_text(unit_text(program, CONFIG), encoding="utf-8")
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert "treering-bridge.service" not in verified.stderr, verified.stderr
    secure = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert secure.returncode == 0, secure.stdout
