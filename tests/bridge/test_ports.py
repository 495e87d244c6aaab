"""The list of serial ports, as pyserial would give it with some boards plugged in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from serial.tools.list_ports_common import ListPortInfo

from bridge.ports import PortInfo, find_again, find_port, list_ports
from desktop.command import main

UNO = PortInfo("/dev/ttyACM0", "Arduino Uno", 0x2341, 0x0043, "75330303035351F0C1F1", "1-1.2")
CLONE = PortInfo("/dev/ttyUSB0", "CH340 (a clone of the Uno or Nano)", 0x1A86, 0x7523, None, "1-1.3")
UNKNOWN = PortInfo("/dev/ttyUSB10", "Weather Logger", 0x1209, 0x0001, "1", "1-1.4")
BUILT_IN = PortInfo("/dev/ttyAMA0", "unknown")


def as_pyserial(port: PortInfo) -> ListPortInfo:
    info = ListPortInfo(port.device)
    info.vid, info.pid, info.serial_number, info.location = (
        port.vid,
        port.pid,
        port.serial_number,
        port.location,
    )
    info.product = "Weather Logger" if port is UNKNOWN else None
    if port.vid is not None:
        info.apply_usb_info()
    return info


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> list[PortInfo]:
    ports = [UNKNOWN, CLONE, UNO, BUILT_IN]
    monkeypatch.setattr("bridge.ports.pyserial_ports.comports", lambda: [as_pyserial(port) for port in ports])
    return ports


def test_boards_are_named_and_sorted(plugged: list[PortInfo]) -> None:
    assert list_ports() == [UNO, BUILT_IN, CLONE, UNKNOWN]


def test_the_command_prints_a_line_a_port(
    plugged: list[PortInfo], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ports"]) == 0
    assert "/dev/ttyACM0  Arduino Uno\n" in capsys.readouterr().out
    assert main(["ports", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == {
        "device": "/dev/ttyACM0",
        "board": "Arduino Uno",
        "vid": 0x2341,
        "pid": 0x0043,
        "serial_number": "75330303035351F0C1F1",
        "location": "1-1.2",
    }


def test_without_a_port_it_says_what_to_do(
    plugged: list[PortInfo], capsys: pytest.CaptureFixture[str]
) -> None:
    plugged.clear()
    assert main(["ports"]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "plug a board in" in printed.err


def test_the_real_ports_of_this_computer_can_be_listed() -> None:
    assert all(isinstance(port, PortInfo) for port in list_ports())


def test_a_port_is_found_by_its_name_or_a_link_to_it(tmp_path: Path) -> None:
    device = tmp_path / "ttyACM0"
    device.touch()
    link = tmp_path / "by-id"
    link.symlink_to(device)
    port = PortInfo(str(device), "Arduino Uno")
    assert find_port(str(device), [UNO, port]) == port
    assert find_port(str(link), [UNO, port]) == port
    assert find_port(str(tmp_path / "other"), [UNO, port]) is None


@pytest.mark.parametrize(
    ("known", "now", "is_same"),
    [
        (UNO, PortInfo("/dev/ttyACM1", "", 0x2341, 0x0043, UNO.serial_number, "4-4"), True),
        (UNO, PortInfo("/dev/ttyACM0", "", 0x2341, 0x0043, "of another Uno", "1-1.2"), False),
        (CLONE, PortInfo("/dev/ttyUSB7", "", 0x1A86, 0x7523, None, "1-1.3"), True),
        (CLONE, PortInfo("/dev/ttyUSB0", "", 0x1A86, 0x7523, None, "1-1.4"), False),
        (CLONE, PortInfo("/dev/ttyUSB0", "", 0x0403, 0x6001, None, "1-1.3"), False),
    ],
)
def test_a_device_is_the_same_by_serial_number_else_by_socket(
    known: PortInfo, now: PortInfo, is_same: bool
) -> None:
    assert (find_again(known, [BUILT_IN, now]) == now) == is_same
