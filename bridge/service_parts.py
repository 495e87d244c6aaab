"""The parts of a bridge: what a configuration asks for, and how each of them starts and stops."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, singledispatchmethod
from pathlib import Path
from urllib.parse import quote

from bridge.config import BridgeConfig
from bridge.discovery import Announcer, DiscoverySettings, own_info, reachable_addresses
from bridge.driver import NodeDriver
from bridge.errors import TreeringError
from bridge.link import Link
from bridge.link_set import LinkSet
from bridge.link_settings import SerialSettings, UdpSettings
from bridge.log.fact_log import FactLog
from bridge.log.facts import Consumer
from bridge.log.runner import Pauses, Runner
from bridge.node_settings import NodeSettings
from bridge.parts import Stop
from bridge.peer_watch import PeerWatch
from bridge.rules.consumer import RulesConsumer
from bridge.rules.desk import Desk
from bridge.rules.engine import RuleEvent
from bridge.rules.settings import RuleSettings
from bridge.sinks.kinds import SinkSettings, kind_of, make_sink
from bridge.sinks.live_sink import LiveSink
from bridge.sinks.rule_board import RuleBoard
from bridge.status import BridgeStatus
from bridge.status_server import StatusServer, StatusSettings
from bridge.store.queries import Queries
from bridge.store.rows import NO_NODE, EventRow, PeerRow
from bridge.store.settings import StoreSettings
from bridge.store.store import Store
from bridge.tcp_link import ConnectSettings, TcpLink
from bridge.tcp_listener import ListenSettings, TcpListener
from bridge.text_link import TextLink, TextSettings
from protocol.node import Event

STORE_FILE = "store.sqlite"
OFFSETS_FOLDER = "offsets"
STATUS_TIMEOUT_S = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TextPart:
    """A board that prints, as a member of the bridge's network."""

    text: TextSettings
    node: NodeSettings


@dataclass(frozen=True, slots=True)
class AnnouncePart:
    """What mDNS is to tell."""

    discovery: DiscoverySettings
    listen: ListenSettings
    node: int | None


@dataclass(frozen=True, slots=True)
class RulesPart:
    """Rules, and the node that commands their actuators."""

    rules: RuleSettings
    node: NodeSettings


@dataclass(frozen=True, slots=True)
class NoRulesPart:
    """That there are none, or none any more, for whoever shows rules."""


def parts_of(config: BridgeConfig) -> list[Hashable]:
    """All parts in the order of their starts: who reads first, the bridge's own node when it can be heard."""
    parts: list[Hashable] = [config.store, *config.sinks]
    parts += [part for part in (config.status, config.listen) if part is not None]
    parts += [
        TextPart(link, config.node) if isinstance(link, TextSettings) else link for link in config.links
    ]
    parts.append(config.node)
    if config.rules != RuleSettings():
        parts.append(RulesPart(config.rules, config.node))
    else:
        parts.append(NoRulesPart())
    if config.discovery is not None and config.listen is not None:
        node = None if config.node.relay_only else config.node.node_id
        parts.append(AnnouncePart(config.discovery, config.listen, node))
    return parts


class Machine:
    """Starts parts. What runs stands in its attributes, for the status.

    `failures` tells of parts that could not start.
    """

    def __init__(
        self,
        config: BridgeConfig,
        links: LinkSet,
        facts: FactLog,
        peers: PeerWatch,
        status: Callable[[], BridgeStatus],
        on_event: Callable[[Event], None],
    ) -> None:
        self.store: Store | None = None
        self.runners: list[Runner] = []
        self.listener: TcpListener | None = None
        self.announcer: Announcer | None = None
        self.rules: RulesConsumer | None = None
        self.desk: Desk | None = None
        self.failures: dict[Hashable, str] = {}
        self._config = config
        self._links = links
        self._facts = facts
        self._peers = peers
        self._status = status
        self._on_event = on_event
        self._node: NodeDriver | None = None
        self._rule_board = RuleBoard()

    def note_failure(self, part: Hashable, error: Exception) -> None:
        """A part could not start; it is tried again. What is no fault of disk or settings is raised."""
        if not isinstance(error, TreeringError):
            raise error
        if self.failures.get(part) != str(error):
            _log.error("%s; the rest goes on", error)
        self.failures[part] = str(error)

    def note_first_failure(self, part: Hashable, error: Exception) -> None:
        """The same at the start of a bridge, which records without its sinks, and before there is a secret, a
        disk or the address of a network: frames do not come again. What is wrong with its node ends it."""
        if not isinstance(part, StoreSettings | SinkSettings | ListenSettings | StatusSettings):
            raise error
        self.note_failure(part, error)

    @singledispatchmethod
    async def start(self, part: Hashable) -> Stop:
        """Start that part; the result stops it. Raises TreeringError."""
        raise TypeError(f"{part!r} is no part of a bridge")

    # --- links ---------------------------------------------------------------------------------------------

    @start.register
    async def _start_serial(self, settings: SerialSettings) -> Stop:
        return await self._open(settings.link(), settings.place)

    @start.register
    async def _start_udp(self, settings: UdpSettings) -> Stop:
        return await self._open(settings.link(self._config.access.reader()))

    @start.register
    async def _start_connect(self, settings: ConnectSettings) -> Stop:
        return await self._open(TcpLink(settings.to))

    @start.register
    async def _start_text(self, part: TextPart) -> Stop:
        node = part.node
        access = self._config.access
        return await self._open(
            TextLink(part.text, node.network, node.period_s, order=node.order, access=access)
        )

    @start.register
    async def _start_node(self, settings: NodeSettings) -> Stop:
        access = self._config.access
        # Of an open network any node may be a controller: a reload may bring the first actuators.
        driver = settings.driver(
            access if access.keys else access.for_controller(settings.node_id), self._heed
        )
        if driver is None:
            return _nothing_to_stop
        await self._links.open(driver)
        self._node = driver

        async def stop() -> None:
            self._node = None
            await self._links.close(driver)

        return stop

    def _heed(self, event: Event) -> None:
        self._on_event(event)
        if self.desk is not None:
            self.desk.heed(event)

    async def _open(self, link: Link, place: str = "") -> Stop:
        await self._links.open(link, is_patient=self._config.is_patient, place=place)
        return partial(self._links.close, link)

    @start.register
    async def _start_listener(self, settings: ListenSettings) -> Stop:
        if warning := settings.warning(is_open=self._config.access.keys is None):
            _log.warning("%s", warning)
        listener = TcpListener(settings, self._links.attach, self._links.detach, self._links.tell)
        if not await self._has_started(listener.start(), is_asked_for=settings != ListenSettings()):
            return _nothing_to_stop
        self.listener = listener

        async def stop() -> None:
            self.listener = None
            await listener.close()

        return stop

    # --- who reads the log ---------------------------------------------------------------------------------

    @start.register
    async def _start_store(self, settings: StoreSettings) -> Stop:
        folder = self._config.folder
        path = folder / (settings.file or STORE_FILE)
        store = await asyncio.to_thread(Store, path, self._config.name, settings)
        self._peers.recall(await asyncio.to_thread(_known_peers, path), round(time.time() * 1e6))
        stop_runner = self._run(store)
        self.store = store

        async def stop() -> None:
            self.store = None
            await stop_runner()

        return stop

    @start.register
    async def _start_sink(self, settings: SinkSettings) -> Stop:
        place = self._place(kind_of(settings), settings.delivery.name)
        sink = await asyncio.to_thread(make_sink, settings, self._config.name, place, self._rule_board)
        stop_runner = self._run(sink, Pauses(longest_s=sink.delivery.backoff_most_s))
        if isinstance(sink, LiveSink):
            self._rule_board.add(sink)

        async def stop() -> None:
            if isinstance(sink, LiveSink):
                self._rule_board.remove(sink)
            sink.interrupt()
            await stop_runner()

        return stop

    @start.register
    async def _start_rules(self, part: RulesPart) -> Stop:
        if part.rules.actuators:
            self._config.access.for_controller(part.node.node_id)  # a reload takes no other keys
        rules = RulesConsumer(part.rules, self._place("rules"), on_events=self._keep_events, wish=self._wish)
        if part.rules.actuators and self._node is not None:
            self.desk = Desk(part.rules.actuators, self._node, rules.actuators)
            self.desk.start()
        self.rules = rules
        self._rule_board.begin(part.rules.rules, rules.begun(), rules.now_us)
        stop_runner = self._run(rules)

        async def stop() -> None:
            await stop_runner()
            if self.desk is not None:
                self.desk.close()
            self.rules = self.desk = None

        return stop

    @start.register
    async def _start_no_rules(self, part: NoRulesPart) -> Stop:
        self._rule_board.begin(())
        return _nothing_to_stop

    def _keep_events(self, events: Sequence[RuleEvent]) -> None:
        if (store := self.store) is not None:
            store.write_events([_event_row(event) for event in events])
        self._rule_board.take(events)

    def _wish(self, wanted: Mapping[str, bool]) -> None:
        self._rule_board.note_present()
        if (desk := self.desk) is not None:
            desk.wish(wanted)

    def _place(self, kind: str, name: str | None = None) -> Path:
        """Where a consumer keeps how far it has read."""
        file_name = kind if name in (None, kind) else f"{kind}-{name}"
        return self._config.folder / OFFSETS_FOLDER / f"{quote(file_name, safe='')}.json"

    def _run(self, consumer: Consumer, pauses: Pauses | None = None) -> Stop:
        runner = Runner(self._facts, consumer, pauses or Pauses())
        runner.start()
        self.runners.append(runner)

        async def stop() -> None:
            self.runners.remove(runner)
            await asyncio.to_thread(runner.stop)

        return stop

    # --- who looks on --------------------------------------------------------------------------------------

    @start.register
    async def _start_status(self, settings: StatusSettings) -> Stop:
        server = StatusServer(settings, self._status_from_thread(asyncio.get_running_loop()))

        async def begin() -> None:
            server.start()

        await self._has_started(begin(), is_asked_for=settings != StatusSettings())

        async def stop() -> None:
            await asyncio.to_thread(server.stop)

        return stop

    def _status_from_thread(self, loop: asyncio.AbstractEventLoop) -> Callable[[], BridgeStatus]:
        """The status is made where what it tells of changes."""

        async def make() -> BridgeStatus:
            return self._status()

        return lambda: asyncio.run_coroutine_threadsafe(make(), loop).result(STATUS_TIMEOUT_S)

    @start.register
    async def _start_announcer(self, part: AnnouncePart) -> Stop:
        listen = self.listener.address if self.listener else part.listen.address
        config = self._config
        info = own_info(
            config.name, part.discovery.announce, is_sealed=config.access.keys is not None, node=part.node
        )
        announcer = Announcer(info, listen.port, partial(reachable_addresses, listen))
        announcer.start()
        self.announcer = announcer

        async def stop() -> None:
            self.announcer = None
            await announcer.close()

        return stop

    async def _has_started(self, starting: Awaitable[None], *, is_asked_for: bool) -> bool:
        """Whether it has; raises TreeringError only for what somebody asked for, not for a default."""
        try:
            await starting
        except TreeringError as error:
            if is_asked_for:
                raise
            _log.warning("%s", error)
            return False
        return True


def _event_row(event: RuleEvent) -> EventRow:
    kind = f"{event.kind.value} {'begins' if event.has_begun else 'ends'}"
    node = NO_NODE if event.node is None else event.node
    return EventRow(event.timestamp_us, kind, node, event.name, json.dumps({"text": event.text}))


def _known_peers(store: Path) -> list[PeerRow]:
    with Queries(store) as queries:
        return queries.peers()


async def _nothing_to_stop() -> None:
    """Of a part that has nothing to do."""
