"""A bridge as a source: the app listens to what it hears, over TCP, and asks it how it is, over HTTP."""

from __future__ import annotations

from bridge.access import Access
from bridge.addresses import STATUS_PORT, STREAM_PORT, Address, address_text
from bridge.tcp_link import TcpLink
from desktop.sources.link import LinkSource


class BridgeSource(LinkSource):
    """All frames of the bridge that listens at `address`; if it is not there, it is waited for.

    The app has no node here: the bridge has one. `status_address` is where the bridge tells its status, by
    default at the usual port of the same host.
    """

    def __init__(self, address: Address, *, access: Access, status_address: Address | None = None) -> None:
        self.status_address = status_address or Address(address.host, STATUS_PORT)
        where = address.host if address.port == STREAM_PORT else address_text(address)
        super().__init__(f"Bridge at {where}", [TcpLink(address)], access=access)
