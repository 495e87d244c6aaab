"""Bytes on the wire a round, ours and the same as JSON: three nodes, four metrics.

The frames are those of a round in the simulator, on a wire that loses nothing. Beside each stands the message
that says the same as compact JSON, as scripts of IoT labs send it: a token there carries every node's
readings and so grows with every hop. Both sides ride in datagrams alike, whose headers are not counted.

    python -m benchmarks.json_size               # the bytes
    python -m benchmarks.json_size --messages    # and every frame and message of the round
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from protocol.aggregate import METRICS
from protocol.capture import Record
from protocol.packets import Beat, Frame, Poll, Reading, Sign, Token, decode
from protocol.simulator.medium import Air
from protocol.simulator.propagation import Ideal
from protocol.simulator.radio import RADIOS
from protocol.simulator.scenario import Grid, Scenario
from protocol.simulator.simulation import AIR_LINK, Simulation
from protocol.simulator.summary import RoundSummary

NODES = 3
METRIC_IDS = tuple(METRICS)[:4]
PERIOD_MS = 5_000
# A round that begins so late is one like all others.
COUNTED_ROUND = 5
# What says that a node lives and has what was sent, beside the readings themselves.
UPKEEP = (Sign, Beat)

_Readings = Mapping[int, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Sent:
    """One frame of the round, and the JSON that says the same."""

    frame: bytes
    decoded: Frame
    message: str

    @property
    def is_upkeep(self) -> bool:
        """Whether it brings no reading nearer."""
        return isinstance(self.decoded.payload, UPKEEP)

    @property
    def is_first_turn(self) -> bool:
        """Whether it is a token that still gathers."""
        return isinstance(self.decoded.payload, Token) and self.decoded.payload.turn == 0


def round_of(network: str, *, readings_asked: bool = False) -> list[Sent]:
    """Every frame of one round, from its start to that of the next."""
    scenario = Scenario(
        field=Grid(NODES, 1), air=Air(Ideal(), RADIOS["lan"]), period_ms=PERIOD_MS, network=network
    )
    frames: list[tuple[int, bytes]] = []
    began_us: dict[int, int] = {}

    def keep_frame(record: Record) -> None:
        if record.link == AIR_LINK:
            frames.append((record.timestamp_us, record.frame))

    def keep_start(summary: RoundSummary) -> None:
        began_us[summary.version] = simulation.now_us - 1000 * (summary.duration_ms + 1)

    simulation = Simulation(
        scenario.topology(),
        seed=1,
        network=network,
        timing=scenario.timing,
        metrics=METRIC_IDS,
        air=scenario.air,
        readings_asked=readings_asked,
        on_record=keep_frame,
        on_round=keep_start,
    )
    simulation.advance_to((COUNTED_ROUND + 2) * PERIOD_MS * 1000)
    version, next_version = list(began_us)[COUNTED_ROUND - 1 : COUNTED_ROUND + 1]
    readings: dict[int, dict[str, float]] = {node: {} for node in sorted(simulation.alive)}
    for metric_id in METRIC_IDS:
        for node, raw in simulation.truth.readings(metric_id, version).items():
            readings[node][METRICS[metric_id].name] = METRICS[metric_id].scaled(raw)
    of_round = [frame for at_us, frame in frames if began_us[version] <= at_us < began_us[next_version]]
    return list(_said(of_round, readings, version))


def _said(frames: list[bytes], readings: _Readings, version: int) -> Iterator[Sent]:
    in_token: dict[int, Mapping[str, float]] = {}
    for data in frames:
        frame = decode(data)
        if isinstance(frame.payload, Token) and frame.payload.turn == 0:
            in_token[frame.source] = readings[frame.source]
        yield Sent(data, frame, _compact(_message(frame, readings, in_token, version)))


def _message(frame: Frame, readings: _Readings, in_token: _Readings, version: int) -> Mapping[str, object]:
    """What a script would send."""
    match frame.payload:
        case Token():
            head = {"type": "token", "round": version, "from": frame.source, "to": frame.destination}
            return {**head, "readings": {str(node): found for node, found in in_token.items()}}
        case Sign():
            return {"type": "ack", "round": version, "from": frame.source}
        case Poll():
            return {"type": "poll", "round": version, "from": frame.source, "to": frame.destination}
        case Reading():
            return {
                "type": "response", "round": version, "from": frame.source, "readings": readings[frame.source]
            }  # fmt: skip
        case Beat():
            return {"type": "heartbeat", "round": version, "from": frame.source}
        case payload:
            raise AssertionError(f"a healthy round has no {payload}")


def _compact(message: Mapping[str, object]) -> str:
    return json.dumps(message, separators=(",", ":"))


def line_of(title: str, sent: Sequence[Sent], same: Sequence[Sent] | None = None) -> str:
    """Our bytes, and those of the JSON beside them or beside `same`, as a row of Markdown."""
    ours = sum(len(one.frame) for one in sent)
    theirs = sum(len(one.message) for one in same or sent)
    return f"| {title} | {len(sent)} | {ours:,} | {theirs:,} | {theirs / ours:.1f} |"


def table() -> Iterator[str]:
    """As Markdown: each network, and those of its messages alone that carry readings or ask for them."""
    ring, polling = round_of("ring"), round_of("polling")
    yield "| a round of 3 nodes, 4 metrics | frames | Treering, bytes | as JSON, bytes | ratio |"
    yield "|---|---|---|---|---|"
    yield line_of("ring", ring)
    yield line_of("ring, without acks", [one for one in ring if not one.is_upkeep])
    yield line_of("ring, tokens of the first turn", [one for one in ring if one.is_first_turn])
    # The JSON token has everybody's readings in any case, and needs no further turn for them.
    yield line_of("ring with everybody's readings", round_of("ring", readings_asked=True), ring)
    yield line_of("polling", polling)
    yield line_of("polling, without heartbeats", [one for one in polling if not one.is_upkeep])


def main() -> int:
    """Print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.json_size", description=__doc__)
    parser.add_argument("--messages", action="store_true", help="every frame and message as well")
    if parser.parse_args().messages:
        for network in ("ring", "polling"):
            print(f"{network}:")
            for sent in round_of(network):
                print(f"{len(sent.frame):4}  {sent.frame.hex()}\n{len(sent.message):4}  {sent.message}")
            print()
    print("\n".join(table()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
