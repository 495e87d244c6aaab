"""Nodes on a network: one frame a datagram, by multicast for all and for strangers, else by unicast.

Where a network carries no multicast (some access points), the group may be a broadcast address, that of the
network, such as 192.168.1.255, or 255.255.255.255.

Each link has a socket of its own, bound to one interface's address: it sends from there, so that a peer
learns from any frame where its source can be reached. A second socket, shared with the other links of this
computer, takes what is sent to the group.

What finds no room in the system's buffers is counted among the link's drops, where the system tells.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import sys
from collections import Counter
from collections.abc import Callable, Sequence

from bridge import receive_buffer
from bridge.datagrams import Address, Datagram, reader_of
from bridge.errors import UsageError
from bridge.link import LinkError, LinkState, OnFrames, OnState
from protocol.long_counter import is_newer
from protocol.packets import BROADCAST, MAX_FRAME_BYTES, DropReason, FrameError, decode, peek_header
from protocol.sealed_reader import SealedReader

# In the block for the use of one site (RFC 2365), "TRG" in ASCII; the port is of no service known to IANA.
GROUP = "239.84.82.71"
PORT = 28539
LOOPBACK = "127.0.0.1"
MULTICAST_TTL = 1  # stays in the local network
# One byte more than a frame tells what is longer. Windows makes an error of what does not fit.
RECEIVE_BYTES = 65_535 if sys.platform == "win32" else MAX_FRAME_BYTES + 1
# More than one segment has; beyond it the one unheard for longest is forgotten, and reached by multicast.
MAX_NEIGHBOURS = 1024
# How often to look whether the network has gone, come or moved: a Pi often starts before its Wi-Fi does.
WATCH_S = 2.0


def default_interface(group: str = GROUP, port: int = PORT) -> str:
    """Address of the interface by which this computer would send to the group; loopback without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        try:
            probe.connect((group, port))  # sends nothing
        except OSError:
            return LOOPBACK
        address: str = probe.getsockname()[0]
        return address


class UdpLink:
    """A `bridge.link.Link` on a multicast group, or a broadcast address.

    `interface` is an address of this computer, None to choose.

    In a sealed network it learns where a node is from frames that `reader` opens, and from each only once: so
    nobody draws frames elsewhere by sending old ones. Raises UsageError for what is no group or address.
    """

    is_tap = False
    fill = 0.0

    def __init__(
        self,
        group: str = GROUP,
        port: int = PORT,
        interface: str | None = None,
        reader: SealedReader | None = None,
    ) -> None:
        self._reader = reader
        self._newest: dict[int, int] = {}
        self.name = f"udp:{group}:{port}"
        self.drops: Counter[DropReason] = Counter()
        self.unsent = 0
        self._group = _checked_group(group, port)
        self._chosen_interface = _checked_interface(interface)
        self._neighbours: dict[int, Address] = {}  # the one heard last stands last
        self._sockets: tuple[socket.socket, socket.socket] | None = None
        self._overflowed: dict[socket.socket, int] = {}  # as the system counts, of each socket
        self._address: Address = ("", 0)
        self._is_up = False
        self._has_failed = False  # since the sockets were opened
        self._watch: asyncio.TimerHandle | None = None

    @property
    def address(self) -> Address:
        """Where this link's own socket is: what peers learn."""
        return self._address

    def address_of(self, source: int) -> Address | None:
        """From where that node was heard last, as far as its frames tell beyond doubt; None if it was not."""
        return self._neighbours.get(source)

    async def start(self, on_frames: OnFrames, on_state: OnState) -> None:
        """See bridge.link.Link.start."""
        self._loop = asyncio.get_running_loop()
        self._on_frames, self._on_state = on_frames, on_state
        self._open(self._interface())
        self._tell(is_up=True)
        self._watch = self._loop.call_later(WATCH_S, self._check_network)

    def send(self, frame: bytes) -> None:
        """See bridge.link.Link.send. The queue is the system's, of the socket."""
        if not self._sockets:
            self.unsent += 1
            return
        _, _, destination, _ = peek_header(frame)
        neighbour = self._neighbours.get(destination) if destination != BROADCAST else None
        try:
            self._sockets[0].sendto(frame, neighbour or self._group)
            self._tell(is_up=True)
        except (BlockingIOError, ConnectionError):  # no room, or the echo of a port that is closed
            self.unsent += 1
        except OSError as error:
            self.unsent += 1
            self._has_failed = True
            self._tell(is_up=False, reason=f"cannot send by {self._address[0]} ({error.strerror})")

    async def close(self) -> None:
        """See bridge.link.Link.close."""
        if self._watch:
            self._watch.cancel()
        self._close_sockets()

    # --- receiving ---------------------------------------------------------------------------------------

    def _drain(self, read: Callable[[], Sequence[Datagram]]) -> None:
        """Take what has come; the loop calls again if there is more."""
        frames: list[bytes] = []
        neighbours = self._neighbours
        for frame, address in read():
            if address == self._address:
                continue
            if len(frame) > MAX_FRAME_BYTES:
                self.drops[DropReason.OVERSIZED] += 1
                continue
            frames.append(frame)
            if (source := self._source_of(frame)) is not None:
                neighbours.pop(source, None)
                neighbours[source] = address
                if len(neighbours) > MAX_NEIGHBOURS:
                    gone = next(iter(neighbours))
                    del neighbours[gone]
                    self._newest.pop(gone, None)
        if frames:
            self._on_frames(frames)

    def _source_of(self, frame: bytes) -> int | None:
        """Who sent it, if that is beyond doubt."""
        if self._reader is None:
            try:
                return decode(frame).source
            except FrameError:
                return None
        found = self._reader.read(frame)
        if isinstance(found, DropReason):
            return None
        number, source = found[0], peek_header(frame)[1]
        newest = self._newest.get(source)
        if newest is not None and not is_newer(number, newest):
            return None
        self._newest[source] = number
        return source

    # --- the sockets -------------------------------------------------------------------------------------

    def _interface(self) -> str:
        return self._chosen_interface or default_interface(*self._group)

    def _open(self, interface: str) -> None:
        own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        shared = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            _bind_own(own, self._group, interface)
            _join(shared, self._group, interface)
        except OSError as error:
            own.close()
            shared.close()
            raise _explain(interface, self._group, error) from error
        self._sockets = own, shared
        self._has_failed = False
        self._address = own.getsockname()
        for receiver in self._sockets:
            receiver.setblocking(False)
            receive_buffer.enlarge(receiver)
            self._loop.add_reader(receiver, self._drain, reader_of(receiver, RECEIVE_BYTES))

    def _close_sockets(self) -> None:
        self._count_overflow()
        self._overflowed.clear()
        for open_socket in self._sockets or ():
            self._loop.remove_reader(open_socket)
            open_socket.close()
        self._sockets = None

    def _count_overflow(self) -> None:
        """Note what found no room in the system's buffers since the last time."""
        for receiver in self._sockets or ():
            dropped = receive_buffer.dropped(receiver)
            if new := (dropped - self._overflowed.get(receiver, 0)) % (1 << 32):
                self.drops[DropReason.QUEUE_FULL] += new
                self._overflowed[receiver] = dropped

    def _check_network(self) -> None:
        """Move to the interface that now leads to the group, and try again after a failure."""
        self._watch = self._loop.call_later(WATCH_S, self._check_network)
        self._count_overflow()
        interface = self._interface()
        if self._sockets and not self._has_failed and interface == self._address[0]:
            return
        self._close_sockets()
        try:
            self._open(interface)
        except LinkError as error:
            self._tell(is_up=False, reason=str(error))

    def _tell(self, *, is_up: bool, reason: str = "") -> None:
        """Tell of changes only: a network that is down fails every frame."""
        if is_up != self._is_up:
            self._is_up = is_up
            self._on_state(LinkState(self.name, is_up, reason))


def _checked_group(group: str, port: int) -> Address:
    try:
        address = ipaddress.IPv4Address(group)
        if (address.is_multicast or _may_be_broadcast(address)) and 0 < port < 65_536:
            return group, port
    except ValueError:
        pass
    raise UsageError(
        f"{group}:{port} is no multicast group, nor a broadcast address; give 224.0.0.0 to 239.255.255.255,"
        " or one such as 192.168.1.255, and a port"
    )


def _may_be_broadcast(address: ipaddress.IPv4Address) -> bool:
    """Nothing but ones for the host, who has two bits at least; the network's mask is not known."""
    return int(address) & 0b11 == 0b11


def _is_multicast(group: Address) -> bool:
    return ipaddress.IPv4Address(group[0]).is_multicast


def _checked_interface(interface: str | None) -> str | None:
    try:
        return interface and str(ipaddress.IPv4Address(interface))
    except ValueError:
        raise UsageError(
            f"interface {interface!r}: give its IPv4 address (`ip addr` or `ipconfig` shows it)"
        ) from None


def _bind_own(own: socket.socket, group: Address, interface: str) -> None:
    own.bind((interface, 0))
    if _is_multicast(group):
        own.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        own.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, MULTICAST_TTL)
        own.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
    else:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)


def _join(shared: socket.socket, group: Address, interface: str) -> None:
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sys.platform not in ("linux", "win32"):
        # BSD and macOS share a port by this one. Linux would then want one user for all of its programs.
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    # Bound to the group, a socket gets nothing else that comes to the port. Windows cannot do that, and macOS
    # not to a broadcast address.
    can_bind = sys.platform == "linux" or (sys.platform != "win32" and _is_multicast(group))
    shared.bind((group[0] if can_bind else "", group[1]))
    if _is_multicast(group):
        membership = socket.inet_aton(group[0]) + socket.inet_aton(interface)
        shared.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)


def _explain(interface: str, group: Address, error: OSError) -> LinkError:
    return LinkError(
        f"udp {group[0]}:{group[1]} by {interface}: {error.strerror};"
        " give --interface an address of this computer (`ip addr` or `ipconfig` shows it)"
    )
