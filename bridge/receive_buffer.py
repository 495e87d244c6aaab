"""The system's buffer behind a socket, where datagrams wait that come faster than they are read.

Linux gives no more than `sysctl net.core.rmem_max`. What finds no room is lost; Linux tells how many.
"""

from __future__ import annotations

import socket
import sys

RECEIVE_BUFFER_BYTES = 1 << 22  # some thousand frames: 50 ms at 100,000 a second
# Of Linux, from its uapi headers: numbers of a socket's memory, and where its drops stand among them.
_SO_MEMINFO, _DROPS_AT, _MEMINFO_BYTES = 55, 32, 36


def enlarge(receiver: socket.socket) -> None:
    """As far as the system lets us: Linux gives its most, others an error."""
    size_bytes = RECEIVE_BUFFER_BYTES
    while size_bytes > receiver.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF):
        try:
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size_bytes)
            return
        except OSError:
            size_bytes //= 2


def dropped(receiver: socket.socket) -> int:
    """How many datagrams found no room since the socket was opened, modulo 2^32; 0 where nobody tells."""
    if sys.platform != "linux":
        return 0
    memory = receiver.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO_BYTES)
    return int.from_bytes(memory[_DROPS_AT:], sys.byteorder)
