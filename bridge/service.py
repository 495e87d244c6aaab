"""A bridge as a service: segments, the log, its consumers, and those who look on, as a configuration says.

Frames go from the links through the relay into the log; what they tell goes from there to the consumers,
each in a thread and at a place of its own (PROTOCOL.md 18). A reload changes what has changed, nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version

from bridge import systemd
from bridge.access import RecordOpener
from bridge.config import BridgeConfig
from bridge.errors import TreeringError
from bridge.event_loop import failures_raised, set_by_hangup, wait_for_stop
from bridge.link import LinkCounts, LinkState
from bridge.link_set import LinkSet
from bridge.log.fact_log import FactLog
from bridge.log.segments import SegmentedLog
from bridge.parts import Parts
from bridge.peer_watch import PeerWatch
from bridge.private_file import make_private_folder
from bridge.service_parts import Machine, parts_of
from bridge.service_status import (
    consumer_status,
    consumer_warnings,
    latency_statuses,
    log_status,
    peer_status,
    rate_name,
    segment_status,
    segment_warnings,
)
from bridge.status import BridgeStatus, Rates
from bridge.stream.latency import LatencyRecorder, Stage, Summary
from protocol.capture import Record
from protocol.node import Event
from protocol.observer import RoundRow

TICK_S = 1.0
RETRY_S = 30.0  # of what could not start

_log = logging.getLogger(__name__)


def _ignore(news: object) -> None:
    """Nobody asked."""


class Service:
    """One run of a bridge. `on_records` gets every frame, `on_opened` those that `opener` can open, and
    `on_event` what happens to the bridge's own node."""

    def __init__(
        self,
        config: BridgeConfig,
        *,
        on_records: Callable[[Sequence[Record]], None] = _ignore,
        on_opened: Callable[[Sequence[Record]], None] = _ignore,
        on_event: Callable[[Event], None] = _ignore,
    ) -> None:
        """Takes the folder. Raises UsageError if it cannot be used, or another bridge has it."""
        make_private_folder(config.folder)
        self.config = config
        self.started_s = time.time()
        self._started_all_s = time.monotonic()
        self._version = version("treering")
        self.latencies = LatencyRecorder()
        self.rates = Rates()
        self.losses: dict[str, LinkCounts] = {}  # what each link has not carried, also of those closed by now
        self.opener = RecordOpener(config.access)  # for who looks on; the log's reader has one of its own
        self._on_records = on_records
        self._on_opened = on_opened
        self.log = SegmentedLog(config.log)
        try:
            self.facts = FactLog(self.log, lambda: RecordOpener(config.access))
        except BaseException:
            self.log.close()
            raise
        self.links = LinkSet(self._take, self._tell, config.access)
        self.peers = PeerWatch(config.node.period_s, self.links)
        self.machine = Machine(config, self.links, self.facts, self.peers, self.status, on_event)
        self._parts = Parts(self.machine.start)

    async def run(
        self,
        stop: asyncio.Event,
        read_again: Callable[[], BridgeConfig] | None = None,
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        """Until `stop`; SIGHUP has the configuration read again; `on_ready` is called when all parts run.

        Raises TreeringError if a part cannot start.
        """
        reload = asyncio.Event()
        with failures_raised(stop), set_by_hangup(reload):
            try:
                await self._parts.become(parts_of(self.config), self.machine.note_first_failure)
                systemd.notify(systemd.READY)
                on_ready()
                await self._tend(stop, reload, read_again)
            finally:
                systemd.notify(systemd.STOPPING)
                await self._close()

    def status(self) -> BridgeStatus:
        """All of it, as it is now."""
        config, machine, now_s = self.config, self.machine, time.time()
        return {
            "name": config.name,
            "version": self._version,
            "network": config.node.network.name.lower(),
            "node": None if config.node.relay_only else config.node.node_id,
            "is_sealed": config.access.keys is not None,
            "started_us": round(self.started_s * 1e6),
            "now_us": round(now_s * 1e6),
            "up_s": now_s - self.started_s,
            "segments": [
                segment_status(segment, self.links.frames, self.rates) for segment in self.links.segments
            ],
            "peers": [peer_status(peer) for peer in self.peers.rows()],
            "log": log_status(self.facts),
            "consumers": [consumer_status(runner) for runner in machine.runners],
            "latencies": latency_statuses(self._latencies()),
            "rules": [] if machine.rules is None else [*machine.rules.rule_statuses],
            "actuators": [] if machine.desk is None else [*machine.desk.statuses()],
            "streams": [] if machine.rules is None else [*machine.rules.stream_statuses],
            "warnings": list(self._warnings()),
        }

    def _latencies(self) -> dict[Stage, Summary]:
        summaries = self.latencies.summaries()
        for runner in self.machine.runners:
            if runner.consumer is self.machine.store and runner.queue.waits.count:
                summaries[Stage.STORED] = runner.queue.waits.summary()
        return summaries

    def _warnings(self) -> Iterator[str]:
        yield from self.machine.failures.values()
        yield from segment_warnings(self.links.segments)
        if self.machine.listener is not None:
            yield from self.machine.listener.warnings
        yield from self.log.warnings
        yield from consumer_warnings(self.machine.runners)
        if self.machine.store is not None:
            yield from self.machine.store.warnings
        if self.machine.rules is not None and self.machine.rules.passed_over:
            yield f"rules of any node are blind to {self.machine.rules.passed_over} nodes: too many"
        if self.machine.desk is not None:
            yield from self.machine.desk.warnings
        if self.machine.announcer is not None and self.machine.announcer.warning:
            yield self.machine.announcer.warning

    async def reload(self, config: BridgeConfig) -> None:
        """Become what `config` says; a part that cannot start is left out, and told of."""
        now = self.config
        same_log = replace(config.log, folder=now.log.folder)
        kept = replace(config, name=now.name, access=now.access, folder=now.folder, log=same_log)
        if kept != config:
            _log.warning(
                "name, keys or a folder has changed: that needs a restart, the rest is taken over now"
            )
        self.log.settings = kept.log
        self.config = kept
        await self._start_all()

    async def _start_all(self) -> None:
        """What is wanted and does not run."""
        self._started_all_s = time.monotonic()
        await self._parts.become(parts_of(self.config), self.machine.note_failure)
        wanted = set(parts_of(self.config)) - set(self._parts.settings)
        self.machine.failures = {part: text for part, text in self.machine.failures.items() if part in wanted}

    async def _tend(
        self, stop: asyncio.Event, reload: asyncio.Event, read_again: Callable[[], BridgeConfig] | None
    ) -> None:
        watchdog_s = systemd.watchdog_interval_s()
        while not stop.is_set():
            await wait_for_stop(stop, TICK_S if watchdog_s is None else min(TICK_S, watchdog_s))
            self._tick()
            if watchdog_s is not None:
                systemd.notify("WATCHDOG=1")
            if reload.is_set():
                reload.clear()
                await self._read_again(read_again)
            elif self.machine.failures and time.monotonic() - self._started_all_s >= RETRY_S:
                await self._start_all()

    async def _read_again(self, read_again: Callable[[], BridgeConfig] | None) -> None:
        if read_again is None:
            _log.warning("there is no configuration to read again: it was given by options")
            return
        systemd.notify(systemd.reloading())
        try:
            await self.reload(read_again())
            _log.info("the configuration was read again")
        except TreeringError as error:
            _log.error("%s; going on as before", error)
        finally:
            systemd.notify(systemd.READY)

    def _tick(self) -> None:
        now_s = time.time()
        self.links.tell_counts()
        self.rates.sample({rate_name(*way): count for way, count in self.links.frames.items()}, now_s)
        self.peers.age(round(now_s * 1e6))
        for runner in self.machine.runners:
            runner.queue.look(runner.status().lag_records, now_s)
        if (store := self.machine.store) is not None:
            store.write_peers(self.peers.take_rows())
            store.write_events(self.peers.take_events())
        up = sum(segment.is_up for segment in self.links.segments)
        systemd.notify(f"STATUS={up} of {len(self.links.segments)} segments up, {self.facts.records} records")

    async def _close(self) -> None:
        """Links first: goodbyes are recorded. Then who reads the log, and the log itself."""
        try:
            await self._parts.become(())
            await self.links.close_all()
        finally:
            self.log.close()

    # --- frames --------------------------------------------------------------------------------------------

    def _take(self, records: Sequence[Record]) -> None:
        self._on_records(records)
        opened = self._opened(records)
        self.peers.take(opened)
        self._on_opened(opened)
        facts = self.facts.append(records)
        self.latencies.record(Stage.DECODED, time.time() - records[0].timestamp_us / 1e6, len(records))
        for fact in facts:
            if type(fact) is RoundRow:  # how long ago its first reading was measured
                self.latencies.record(Stage.SEEN, fact.duration_ms / 1000)

    def _opened(self, records: Sequence[Record]) -> Sequence[Record]:
        if self.config.access.keys is None:
            return records
        return [opened for record in records if (opened := self.opener.open(record)) is not None]

    def _tell(self, status: LinkState | LinkCounts) -> None:
        if isinstance(status, LinkCounts):
            self.losses[status.link] = status
        else:
            _log.log(logging.INFO if status.is_up else logging.WARNING, "%s", status)
