"""A live field: serial ports and UDP, with a node of the network here in the app."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.access import Access
from bridge.driver import node_driver, timing_of
from bridge.link import Link
from bridge.sensors import NoSensor
from bridge.serial_link import SerialLink
from bridge.udp_link import UdpLink
from desktop.sources.link import LinkSource
from protocol.packets import Network

OWN_ID = 1
OWN_LINK = "app"


def own_id(access: Access) -> int:
    """Who the app is: the member whose keys it has, or one that may be the root."""
    keys = access.keys
    if keys is None:
        return OWN_ID
    if keys.member_id is not None:
        return keys.member_id
    return OWN_ID if not keys.gateways or OWN_ID in keys.gateways else min(keys.gateways)


class LiveSource(LinkSource):
    """The nodes on these ports (a device, or a pyserial URL), and with `udp` those on the network.

    In a tree the app is the root; in a ring or a polled network it is a member like any other. It has no
    sensor: a reading of this computer's would be none of the field. Raises UsageError for keys that are of
    no use to it.
    """

    def __init__(
        self,
        ports: Sequence[str],
        *,
        access: Access,
        udp: bool = True,
        period_s: float = 5.0,
        network: Network = Network.TREE,
    ) -> None:
        timing = timing_of(network, period_s)
        links: list[Link] = [SerialLink(port) for port in ports]
        if udp:
            links.append(UdpLink(reader=access.reader()))
        links.append(
            node_driver(
                network,
                OWN_LINK,
                own_id(access),
                NoSensor(),
                root=True,
                timing=timing,
                readings_asked=True,
                access=access,
            )
        )
        title = " and ".join([*ports, *(["the network"] if udp else [])])
        super().__init__(title, links, access=access, relay_access=access, own_link=OWN_LINK)
