"""The bytes of a round against the layouts of PROTOCOL.md, and the JSON against what the frames say."""

from __future__ import annotations

import json

import pytest

from benchmarks.json_size import METRIC_IDS, NODES, round_of
from protocol.aggregate import METRICS
from protocol.packets import CRC_BYTES, HEADER_BYTES, Reading, Token

FRAME = HEADER_BYTES + CRC_BYTES


def test_a_ring_of_three_sends_six_tokens_and_seven_signs() -> None:
    sent = round_of("ring")
    tokens = [one for one in sent if isinstance(one.decoded.payload, Token)]
    assert len(tokens) == 2 * NODES
    assert {len(one.frame) for one in tokens} == {FRAME + 28 + 10 * len(METRIC_IDS)}
    assert [len(one.frame) for one in sent if one.is_upkeep] == [FRAME + 15] * (2 * NODES + 1)
    held = [json.loads(one.message)["readings"] for one in tokens]
    assert [len(readings) for readings in held] == [1, 2, 3, 3, 3, 3], "the JSON token grows, ours does not"


def test_the_json_says_what_the_frames_say() -> None:
    """A response has the very readings of the READING beside it, and the last token their sums."""
    for one in round_of("polling"):
        if isinstance(one.decoded.payload, Reading):
            said = {
                METRICS[metric].name: METRICS[metric].scaled(raw) for metric, raw in one.decoded.payload.pairs
            }
            assert json.loads(one.message)["readings"] == said
    last = [one for one in round_of("ring") if isinstance(one.decoded.payload, Token)][-1]
    assert isinstance(last.decoded.payload, Token)
    for metric, aggregate in last.decoded.payload.aggregates:
        values = [found[METRICS[metric].name] for found in json.loads(last.message)["readings"].values()]
        assert METRICS[metric].scaled(aggregate.total / aggregate.count) == pytest.approx(sum(values) / NODES)
        assert METRICS[metric].scaled(aggregate.max) == max(values)
