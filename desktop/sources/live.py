"""A live field: serial ports and UDP, with a node of the network here in the app."""

from __future__ import annotations

import queue
from collections.abc import Sequence

from bridge.access import Access
from bridge.driver import node_driver, timing_of
from bridge.errors import UsageError
from bridge.link import Link
from bridge.sensors import NoSensor
from bridge.serial_link import SerialLink
from bridge.udp_link import UdpLink
from desktop.sources.link import LinkSource
from protocol.letters import Kind
from protocol.node import Event, LetterAnswered, LetterUnanswered
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
    sensor: a reading of this computer would be none of the field. With a controller's keys it can change the
    settings of nodes. Raises UsageError for keys that are of no use to it.
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
        self.answers: queue.SimpleQueue[LetterAnswered | LetterUnanswered] = queue.SimpleQueue()
        links: list[Link] = [SerialLink(port) for port in ports]
        if udp:
            links.append(UdpLink(reader=access.reader()))
        self._node = node_driver(
            network,
            OWN_LINK,
            own_id(access),
            NoSensor(),
            root=True,
            timing=timing,
            readings_asked=True,
            access=access,
            on_event=self._heed,
        )
        links.append(self._node)
        self._access = access
        title = " and ".join([*ports, *(["the network"] if udp else [])])
        super().__init__(title, links, access=access, relay_access=access, own_link=OWN_LINK)

    @property
    def command_obstacle(self) -> str | None:
        """Why the app cannot tell these nodes what to do, and what to do about that; None if it can."""
        if self._access.keys is None:
            return "an open network has no controller that its boards obey; seal it"
        try:
            self._access.for_controller(own_id(self._access))
        except UsageError as error:
            return str(error)
        return None

    def change_setting(self, node_id: int, key: int, value: bytes) -> None:
        """Have a node keep a setting (PROTOCOL.md 16.2); `answers` tells what became of it, in that order."""
        if self._thread is not None:
            self._thread.call(lambda: self._node.change_setting(node_id, key, value))

    def _heed(self, event: Event) -> None:
        if isinstance(event, LetterAnswered | LetterUnanswered) and event.kind is Kind.SETTING:
            self.answers.put(event)
