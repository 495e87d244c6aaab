"""Datagrams that have come to a socket, many at a time.

On Linux by recvmmsg(2), one call for all: it takes half the time of a `recvfrom` for each, and other threads
get the interpreter once a batch instead of once a datagram. Elsewhere by `recvfrom`.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from typing import ClassVar

Address = tuple[str, int]
Datagram = tuple[bytes, Address]

# Read before others on the event loop have their turn: some milliseconds of work.
BATCH = 256
_KNOWN_ADDRESSES = 4096  # more than a network has; beyond it all are looked at anew
_ADDRESS_BYTES = 16  # of a sockaddr_in
_DONT_WAIT = 0x40


def reader_of(receiver: socket.socket, most_bytes: int) -> Callable[[], Sequence[Datagram]]:
    """Reads what has come to an IPv4 socket that does not block, up to BATCH; each cut off at `most_bytes`.

    On Windows what is longer is cut to nothing. Errors read as nothing: the network may have gone.
    """
    if sys.platform == "linux" and (receive := _recvmmsg()) is not None:
        return _Slots(receiver, most_bytes, receive).read
    return lambda: _read_each(receiver, most_bytes)


def _read_each(receiver: socket.socket, most_bytes: int) -> list[Datagram]:
    found: list[Datagram] = []
    for _ in range(BATCH):
        try:
            found.append(receiver.recvfrom(most_bytes))
        except ConnectionError:  # Windows tells here that a peer's port is closed
            continue
        except OSError:
            break
    return found


def _recvmmsg() -> Callable[..., int] | None:
    try:
        found: Callable[..., int] = ctypes.CDLL(None).recvmmsg
    except (OSError, AttributeError):
        return None
    return found


class _Iovec(ctypes.Structure):
    _fields_: ClassVar = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


class _Header(ctypes.Structure):
    """`struct msghdr` of <sys/socket.h>."""

    _fields_: ClassVar = [
        ("name", ctypes.c_void_p),
        ("name_size", ctypes.c_uint32),
        ("iovec", ctypes.c_void_p),
        ("iovecs", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class _Message(ctypes.Structure):
    """`struct mmsghdr`."""

    _fields_: ClassVar = [("header", _Header), ("size", ctypes.c_uint)]


class _Slots:
    """Room for a batch: in each slot a datagram, and from where it came."""

    def __init__(self, receiver: socket.socket, most_bytes: int, receive: Callable[..., int]) -> None:
        self._receiver, self._receive, self._slot_bytes = receiver, receive, most_bytes
        self._addresses: dict[bytes, Address] = {}
        self._data = ctypes.create_string_buffer(BATCH * most_bytes)
        self._names = ctypes.create_string_buffer(BATCH * _ADDRESS_BYTES)
        self._iovecs, self._messages = (_Iovec * BATCH)(), (_Message * BATCH)()
        for slot in range(BATCH):
            iovec, header = self._iovecs[slot], self._messages[slot].header
            iovec.base, iovec.size = ctypes.addressof(self._data) + slot * most_bytes, most_bytes
            header.name = ctypes.addressof(self._names) + slot * _ADDRESS_BYTES
            header.name_size, header.iovec, header.iovecs = _ADDRESS_BYTES, ctypes.addressof(iovec), 1
        at, size = _Message.size.offset, ctypes.sizeof(_Message)
        self._sizes = struct.Struct("=" + f"{at}xI{size - at - 4}x" * BATCH)

    def read(self) -> list[Datagram]:
        """What has come."""
        count = self._receive(self._receiver.fileno(), self._messages, BATCH, _DONT_WAIT, None)
        if count <= 0:
            return []
        sizes = self._sizes.unpack_from(self._messages)
        data = ctypes.string_at(self._data, count * self._slot_bytes)
        names = ctypes.string_at(self._names, count * _ADDRESS_BYTES)
        found: list[Datagram] = []
        at, addresses = 0, self._addresses
        for slot in range(count):
            name = names[slot * _ADDRESS_BYTES : slot * _ADDRESS_BYTES + 8]  # family, port, address
            found.append((data[at : at + sizes[slot]], addresses.get(name) or self._address_of(name)))
            at += self._slot_bytes
        return found

    def _address_of(self, name: bytes) -> Address:
        if len(self._addresses) == _KNOWN_ADDRESSES:
            self._addresses.clear()
        address = socket.inet_ntoa(name[4:8]), int.from_bytes(name[2:4], "big")
        self._addresses[name] = address
        return address
