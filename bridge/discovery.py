"""Bridges tell of themselves by mDNS (RFC 6762, 6763), and are found by the app and `treering bridges`.

What is told is no secret, and proves nothing: the network's name, whether it is sealed, the bridge's node,
and where it listens (bridge.tcp_listener). Without mDNS a bridge works all the same: failures are warnings.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import ifaddr
from zeroconf import (
    BadTypeInNameException,
    Error,
    InterfaceChoice,
    ServiceListener,
    Zeroconf,
)
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from bridge.addresses import Address
from bridge.event_loop import end, in_background
from protocol.packets import MAX_NODE_ID
from protocol.simulator.toml_tables import Table

SERVICE = "_treering._tcp.local."
MAX_LABEL_BYTES = 63  # RFC 1035
MAX_VALUE_BYTES = 200  # a TXT string holds 255 with its key
# How often to look whether this computer's addresses have changed: a Pi often starts before its Wi-Fi does.
WATCH_S = 10.0
ANSWER_WAIT_MS = 2000
# More than one site has; what comes beyond that is somebody's flood.
MAX_FOUND = 256

_log = logging.getLogger(__name__)

Interfaces = Sequence[str] | InterfaceChoice


@dataclass(frozen=True, slots=True)
class DiscoverySettings:
    """[discovery]: `announce` is the name to be found by; None: the network's, on this computer."""

    mdns: bool = True
    announce: str | None = None

    @classmethod
    def from_table(cls, table: Table) -> DiscoverySettings:
        """Raises DescriptionError."""
        table.expect(("mdns", "announce"))
        return cls(table.flag("mdns", True), table.text("announce", None))


@dataclass(frozen=True, slots=True)
class BridgeInfo:
    """What a bridge tells of itself; `node` None: it has none of its own."""

    name: str
    network: str
    is_sealed: bool
    node: int | None

    def as_properties(self) -> dict[str, str | None]:
        """As a TXT record."""
        node = {} if self.node is None else {"node": str(self.node)}
        return {"network": _cut(self.network, MAX_VALUE_BYTES), "sealed": str(int(self.is_sealed)), **node}


@dataclass(frozen=True, slots=True)
class FoundBridge:
    """A bridge that was heard of, and where it listens."""

    info: BridgeInfo
    address: Address


def own_info(network: str, announce: str | None, *, is_sealed: bool, node: int | None) -> BridgeInfo:
    """Of a bridge on this computer."""
    return BridgeInfo(announce or f"{network} on {socket.gethostname()}", network, is_sealed, node)


def reachable_addresses(listen: Address) -> list[str]:
    """Where others reach who listens there: IPv4 addresses. None for a listener on loopback."""
    if listen.host in ("0.0.0.0", "::", ""):
        own = [str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
        return sorted(address for address in own if not ipaddress.ip_address(address).is_loopback)
    try:
        found = socket.gethostbyname(listen.host)
    except OSError:
        return []
    return [] if ipaddress.ip_address(found).is_loopback else [found]


class Announcer:
    """Tells of a bridge that listens on `port`, from `start` to `close`; `addresses` says where, now."""

    def __init__(
        self,
        info: BridgeInfo,
        port: int,
        addresses: Callable[[], list[str]],
        interfaces: Interfaces = InterfaceChoice.All,
    ) -> None:
        self.warning = ""  # why it is not told now
        self._info = info
        self._port = port
        self._addresses = addresses
        self._interfaces = interfaces
        self._zeroconf: AsyncZeroconf | None = None
        self._told: list[str] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the running loop."""
        self._task = in_background(self._watch())

    async def close(self) -> None:
        """Say that it is over; harmless when it is not started."""
        await end(self._task)
        await self._withdraw()

    async def _watch(self) -> None:
        while True:
            addresses = self._addresses()
            if addresses != self._told:
                await self._withdraw()
                try:
                    await self._announce(addresses)
                except (OSError, Error) as error:
                    self._warn(f"this bridge cannot be found by mDNS ({error}); others need its address")
            await asyncio.sleep(WATCH_S)

    async def _announce(self, addresses: list[str]) -> None:
        if addresses:
            self._zeroconf = AsyncZeroconf(interfaces=self._interfaces)
            info = AsyncServiceInfo(
                SERVICE,
                f"{_label(self._info.name)}.{SERVICE}",
                port=self._port,
                parsed_addresses=addresses,
                properties=dict(self._info.as_properties()),
            )
            await (await self._zeroconf.async_register_service(info, allow_name_change=True))
            _log.info("found by mDNS as %r at %s, port %d", info.get_name(), ", ".join(addresses), self._port)
        self._told = addresses
        self.warning = ""

    async def _withdraw(self) -> None:
        zeroconf, self._zeroconf = self._zeroconf, None
        self._told = []
        if zeroconf is not None:
            with contextlib.suppress(OSError, Error):
                await zeroconf.async_unregister_all_services()
                await zeroconf.async_close()

    def _warn(self, warning: str) -> None:
        if warning != self.warning:
            self.warning = warning
            _log.warning("%s", warning)


class Browser:
    """Looks for bridges, in a thread of its own, from `start` to `close`.

    `on_change` gets all that are there, sorted by name, whenever that changes; let it queue.
    """

    def __init__(
        self,
        on_change: Callable[[Sequence[FoundBridge]], None],
        interfaces: Interfaces = InterfaceChoice.All,
    ) -> None:
        self._listener = _Listener(on_change)
        self._interfaces = interfaces
        self._zeroconf: Zeroconf | None = None

    def start(self) -> None:
        """Raises OSError if there is no mDNS to be had."""
        self._zeroconf = Zeroconf(interfaces=self._interfaces)
        self._zeroconf.add_service_listener(SERVICE, self._listener)

    def close(self) -> None:
        """Look no more; harmless when it is not started."""
        if self._zeroconf is not None:
            self._zeroconf.close()
            self._zeroconf = None


@dataclass(eq=False)  # zeroconf keeps it by its hash, and ends its thread by that
class _Listener(ServiceListener):
    on_change: Callable[[Sequence[FoundBridge]], None]
    found: dict[str, FoundBridge] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        """See ServiceListener."""
        self.update_service(zc, type_, name)

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        """See ServiceListener."""
        try:
            answer = zc.get_service_info(type_, name, ANSWER_WAIT_MS)
        except BadTypeInNameException:
            return
        bridge = answer and _bridge_in(
            name, answer.parsed_addresses(), answer.port, answer.decoded_properties
        )
        if bridge:
            with self.lock:
                if name in self.found or len(self.found) < MAX_FOUND:
                    self.found[name] = bridge
            self._tell()

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        """See ServiceListener."""
        with self.lock:
            gone = self.found.pop(name, None)
        if gone:
            self._tell()

    def _tell(self) -> None:
        with self.lock:
            found = sorted(self.found.values(), key=lambda bridge: (bridge.info.name, bridge.address))
        self.on_change(found)


def _bridge_in(
    name: str, addresses: Sequence[str], port: int | None, properties: dict[str, str | None]
) -> FoundBridge | None:
    """The bridge that these answers, which anybody can give, tell of; None if they tell of none."""
    network, node = properties.get("network"), properties.get("node") or ""
    if not addresses or not port or not network or not network.isprintable():
        return None
    own = int(node) if node.isascii() and node.isdecimal() and len(node) <= 5 else None
    info = BridgeInfo(
        name.removesuffix(f".{SERVICE}"),
        network,
        properties.get("sealed") == "1",
        own if own is not None and own <= MAX_NODE_ID else None,
    )
    return FoundBridge(info, Address(addresses[0], port)) if info.name.isprintable() else None


def _label(name: str) -> str:
    """The name as a label of DNS: a dot would end it."""
    return _cut(name.replace(".", "-"), MAX_LABEL_BYTES)


def _cut(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode(errors="ignore")
