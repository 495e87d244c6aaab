"""A serial port that is unplugged and plugged in again."""

from __future__ import annotations

import threading
from collections.abc import Callable

import serial

from bridge.errors import TreeringError
from bridge.ports import PortInfo, find_again, find_port, list_ports
from bridge.serial_port import open_port

FIRST_RETRY_S = 0.2
LAST_RETRY_S = 2.0


class PluggedPort:
    """Opens a serial port, and again after a loss.

    The same USB device is looked for then, by serial number or socket, since it may come back under another
    name; a port that is not on USB by its path.
    """

    def __init__(self, port: str, baud: int, list_ports: Callable[[], list[PortInfo]] = list_ports) -> None:
        self._port = port
        self._baud = baud
        self._list_ports = list_ports
        self._usb_device: PortInfo | None = None

    def open(self) -> serial.Serial:
        """For the first time. Raises UsageError, LinkError."""
        port = open_port(self._port, self._baud)
        found = find_port(self._port, self._list_ports())
        self._usb_device = found if found and found.vid is not None else None
        return port

    def open_again(self, closing: threading.Event, tell: Callable[[str], None]) -> serial.Serial | None:
        """The port, when it is back; None if `closing` is set before. `tell` gets each new reason why not."""
        retry_s, told = FIRST_RETRY_S, ""
        while not closing.wait(retry_s):
            retry_s = min(2 * retry_s, LAST_RETRY_S)
            again = find_again(self._usb_device, self._list_ports()) if self._usb_device else None
            if self._usb_device and not again:
                continue
            try:
                return open_port(again.device if again else self._port, self._baud)
            except TreeringError as error:
                if str(error) != told:
                    told = str(error)
                    tell(told)
        return None
