"""Opening a serial port, and saying in one line why it does not open."""

from __future__ import annotations

import contextlib
import errno
import io
import re
import select
import sys
from pathlib import Path

import serial

from bridge.errors import TreeringError, UsageError
from bridge.link import LinkError

READ_TIMEOUT_S = 0.2  # how long a reader may take to notice that it is to end
WRITE_TIMEOUT_S = 1.0  # a port that takes no byte for so long is stuck: the frame is given up
_BUSY = (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK)
_MISSING = (errno.ENOENT, errno.ENXIO, errno.ENODEV)
_NOT_SERIAL = (errno.ENOTTY, errno.EINVAL, errno.EISDIR)


def open_port(device: str, baud: int) -> serial.Serial:
    """The open port; `device` may also be a URL of pyserial's, such as `socket://host:port`.

    Raises UsageError if there is no such port, LinkError if it is there and cannot be had.
    """
    try:
        port: serial.Serial = serial.serial_for_url(
            device, baud, timeout=READ_TIMEOUT_S, write_timeout=WRITE_TIMEOUT_S, exclusive=True
        )
    except ValueError as error:  # an unknown kind of URL
        raise UsageError(f"{device}: {error}; `treering ports` lists the ports there are") from error
    except OSError as error:  # SerialException is one
        raise _explain(device, error) from error
    return port


def write(port: serial.Serial, data: bytes) -> None:
    """Write all of `data`. Raises SerialTimeoutException if the port is stuck, else OSError.

    pyserial spins while a port takes nothing, so room is waited for first; Windows waits by itself.
    """
    with contextlib.suppress(io.UnsupportedOperation):
        descriptor = port.fileno()
        if not select.select([], [descriptor], [], WRITE_TIMEOUT_S)[1]:
            raise serial.SerialTimeoutException("the port takes no bytes")
    port.write(data)


def _explain(device: str, error: OSError) -> TreeringError:
    code = _error_number(error)
    if code == errno.EACCES and sys.platform == "win32":
        code = errno.EBUSY  # where "access is denied" means that another program has the port
    if code in _BUSY:
        return LinkError(
            f"{device}: another program uses this port; close it (a serial monitor, another treering)"
        )
    if code == errno.EACCES:
        group = _group_of(device)
        return LinkError(
            f"{device}: permission denied;"
            f' add yourself to group {group} ("sudo usermod -aG {group} $USER") and log in again'
        )
    if code in _MISSING:
        return UsageError(f"{device}: no such serial port; `treering ports` lists those there are")
    if code in _NOT_SERIAL:
        return UsageError(f"{device}: not a serial port; `treering ports` lists those there are")
    return LinkError(f"{device}: cannot be opened ({error}); check the device and its cable")


def _error_number(error: OSError) -> int | None:
    """pyserial does not always hand the number on; then it stands in the text: "FileNotFoundError(2, ..."."""
    found = re.search(r"\((\d+),", str(error))
    return error.errno or (int(found[1]) if found else None)


def _group_of(device: str) -> str:
    """The group whose members may open the port: dialout on Debian, uucp elsewhere."""
    try:
        group = Path(device).group()
    except (OSError, KeyError, NotImplementedError):
        return "dialout"
    return "dialout" if group == "root" else group
