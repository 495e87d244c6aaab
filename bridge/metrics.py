"""A bridge's status as figures for operators: Prometheus' text format, the same numbers as the status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_LINK, _PEER, _CONSUMER = ["link"], ["node"], ["consumer"]


def metrics_text(status: Mapping[str, Any]) -> bytes:
    """The figures of that status (bridge.status) in Prometheus' text format 0.0.4."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_StatusCollector(status))
    return generate_latest(registry)


class _StatusCollector(Collector):
    def __init__(self, status: Mapping[str, Any]) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """All families; a part that the bridge does not have gives none."""
        yield _gauge("treering_up_seconds", "Since the bridge started", self._status["up_s"])
        yield from self._of_segments()
        yield from self._of_peers()
        yield from self._of_log()
        yield from self._of_consumers()
        yield _gauge("treering_warnings", "Warnings that stand now", len(self._status["warnings"]))

    def _of_segments(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("treering_segment_up", "1 if the segment works", labels=_LINK)
        frames = CounterMetricFamily(
            "treering_frames", "Frames that crossed a segment", labels=["link", "direction"]
        )
        dropped = CounterMetricFamily(
            "treering_dropped_frames", "Frames of no use, by reason", labels=["link", "reason"]
        )
        unsent = CounterMetricFamily(
            "treering_unsent_frames", "Frames that a segment could not send", labels=_LINK
        )
        fill = GaugeMetricFamily("treering_queue_fill", "How full a segment's queue is, 0 to 1", labels=_LINK)
        for segment in self._status["segments"]:
            link = segment["link"]
            up.add_metric([link], segment["is_up"])
            fill.add_metric([link], segment["fill"])
            frames.add_metric([link, "in"], segment["frames_in"])
            frames.add_metric([link, "out"], segment["frames_out"])
            unsent.add_metric([link], segment["unsent"])
            for reason, count in segment["drops"].items():
                dropped.add_metric([link, reason], count)
        yield from (up, frames, dropped, unsent, fill)

    def _of_peers(self) -> Iterator[Metric]:
        states = GaugeMetricFamily("treering_peers", "Peers by state", labels=["state"])
        lost = CounterMetricFamily(
            "treering_lost_frames", "Frames that a peer sent and nobody here heard", labels=_PEER
        )
        heard = GaugeMetricFamily(
            "treering_peer_last_heard_seconds", "When a peer was last heard, since 1970", labels=_PEER
        )
        counts: dict[str, int] = {}
        for peer in self._status["peers"]:
            counts[peer["state"]] = counts.get(peer["state"], 0) + 1
            lost.add_metric([str(peer["node"])], peer["lost_frames"])
            heard.add_metric([str(peer["node"])], peer["last_heard_us"] / 1e6)
        for state, count in counts.items():
            states.add_metric([state], count)
        yield from (states, lost, heard)

    def _of_log(self) -> Iterator[Metric]:
        log = self._status["log"]
        yield _gauge("treering_log_bytes", "Size of the packet log", log["size_bytes"])
        yield _gauge("treering_log_segments", "Files of the packet log", log["segments"])
        yield _gauge("treering_disk_free_bytes", "Room on the log's disk", log["free_bytes"])
        yield _counter("treering_log_records", "Records written", log["records"])
        yield _counter("treering_log_lost_records", "Records that could not be kept", log["lost_records"])

    def _of_consumers(self) -> Iterator[Metric]:
        lag = GaugeMetricFamily("treering_consumer_lag_seconds", "How far behind the log", labels=_CONSUMER)
        taken = CounterMetricFamily("treering_consumer_facts", "Facts taken", labels=_CONSUMER)
        retries = CounterMetricFamily("treering_consumer_retries", "Batches tried again", labels=_CONSUMER)
        for consumer in self._status["consumers"]:
            name = [consumer["name"]]
            lag.add_metric(name, consumer["lag_s"])
            taken.add_metric(name, consumer["taken"])
            retries.add_metric(name, consumer["retries"])
        yield from (lag, taken, retries)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)
