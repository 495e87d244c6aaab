"""`treering ports`: the serial ports of this computer, and which boards they are."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, dataclass

from serial.tools import list_ports as pyserial_ports

HELP = "list the serial ports and the boards on them"

# (USB vendor, product): boards.txt of the Arduino AVR core, and the USB serial chips that clones carry.
_BOARDS = {
    (0x2341, 0x0001): "Arduino Uno",
    (0x2341, 0x0043): "Arduino Uno",
    (0x2341, 0x0243): "Arduino Uno",
    (0x2341, 0x006A): "Arduino Uno",
    (0x2A03, 0x0043): "Arduino Uno",
    (0x2341, 0x0062): "Arduino Uno Mini",
    (0x2341, 0x0010): "Arduino Mega",
    (0x2341, 0x0042): "Arduino Mega",
    (0x2A03, 0x0010): "Arduino Mega",
    (0x2A03, 0x0042): "Arduino Mega",
    (0x2341, 0x8036): "Arduino Leonardo",
    (0x2A03, 0x8036): "Arduino Leonardo",
    (0x2341, 0x8037): "Arduino Micro",
    (0x2A03, 0x8037): "Arduino Micro",
    (0x1A86, 0x7523): "CH340 (a clone of the Uno or Nano)",
    (0x0403, 0x6001): "FT232R (an older Nano, or an adapter)",
    (0x10C4, 0xEA60): "CP210x (an adapter)",
    (0x067B, 0x2303): "PL2303 (an adapter)",
}


@dataclass(frozen=True, slots=True)
class PortInfo:
    """One serial port; the USB fields are None for a port that is not on USB."""

    device: str
    board: str
    vid: int | None = None
    pid: int | None = None
    serial_number: str | None = None
    location: str | None = None


def list_ports() -> list[PortInfo]:
    """The serial ports there are, sorted by name."""
    return [
        PortInfo(
            port.device,
            _board(port.vid, port.pid, port.description),
            port.vid,
            port.pid,
            port.serial_number,
            port.location,
        )
        for port in sorted(pyserial_ports.comports())
    ]


def find_port(device: str, ports: list[PortInfo]) -> PortInfo | None:
    """The one of `ports` that `device` names, directly or by a symbolic link."""
    names = {device, os.path.realpath(device)}
    return next((port for port in ports if port.device in names), None)


def find_again(known: PortInfo, ports: list[PortInfo]) -> PortInfo | None:
    """The one of `ports` that is the same USB device as `known`, whatever its name is now.

    Many clones have no serial number; those are the same while they are in the same socket.
    """

    def identity(port: PortInfo) -> tuple[object, ...]:
        return port.vid, port.pid, port.serial_number or f"in {port.location}"

    return next((port for port in ports if identity(port) == identity(known)), None)


def _board(vid: int | None, pid: int | None, description: str) -> str:
    if vid is None or pid is None:
        return "unknown" if description == "n/a" else description
    return _BOARDS.get((vid, pid), description)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering ports`."""
    parser.add_argument("--json", action="store_true", help="one JSON object a port")


def run(args: argparse.Namespace) -> int:
    """Print the ports."""
    ports = list_ports()
    for port in ports:
        print(json.dumps(asdict(port)) if args.json else f"{port.device}  {port.board}")
    if not ports:
        print("treering: no serial port; plug a board in, with a cable that carries data", file=sys.stderr)
    return 0
