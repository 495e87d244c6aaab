"""A live field: serial ports and UDP, with a node of the network here in the app."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bridge.access import Access, RecordOpener
from bridge.driver import node_driver, timing_of
from bridge.link import Link, LinkCounts, LinkState
from bridge.sensors import NoSensor
from bridge.serial_link import SerialLink
from bridge.thread import BridgeThread, Ended
from bridge.thread import Status as BridgeStatus
from bridge.udp_link import UdpLink
from desktop.sources import Put, Report, State, Status
from protocol.capture import Record
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


class LiveSource:
    """The nodes on these ports (a device, or a pyserial URL), and with `udp` those on the network.

    In a tree the app is the root; in a ring or a polled network it is a member like any other. It has no
    sensor: a reading of this computer's would be none of the field. Raises UsageError for keys that are of
    no use to it.
    """

    log = None
    is_simulated = False

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
        self.opener = RecordOpener(access)
        self.title = " and ".join([*ports, *(["the network"] if udp else [])])
        self._links = links
        self._states: dict[str, LinkState] = {}
        self._counts: dict[str, LinkCounts] = {}
        self._thread: BridgeThread | None = None

    def start(self, put: Put, report: Report) -> None:
        """See desktop.sources.Source.start."""

        def on_status(status: BridgeStatus) -> None:
            report(self._status(status))

        def put_all(records: Sequence[Record]) -> None:
            for record in records:
                put(record)

        self._thread = BridgeThread(self._links, put_all, on_status, self.opener.access)
        self._thread.start()

    def stop(self) -> None:
        """See desktop.sources.Source.stop."""
        if self._thread is not None:
            self._thread.stop()

    def _status(self, news: BridgeStatus) -> Status:
        notice = None
        if isinstance(news, Ended):
            return Status(State.FAILED if news.error else State.ENDED, news.error or "disconnected")
        if isinstance(news, LinkCounts):
            self._counts[news.link] = news
        elif news.link != OWN_LINK:
            self._states[news.link] = news
            notice = str(news)
        down = [state for state in self._states.values() if not state.is_up]
        text = "; ".join(str(state) for state in down) or "connected"
        state = State.STARTING if down or not self._states else State.RUNNING
        return Status(state, text, drops=self._drops(), notice=notice)

    def _drops(self) -> Counter[str]:
        drops: Counter[str] = Counter()
        for counts in self._counts.values():
            for reason, count in counts.drops.items():
                drops[f"{reason.label} ({counts.link})"] += count
            drops[f"not sent ({counts.link})"] += counts.unsent
        return drops
