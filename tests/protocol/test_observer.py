"""PROTOCOL.md 6.4 and 6.5: what an observer makes of frames, and that a log tells what the live run told."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.aggregate import SATURATED, Aggregate
from protocol.capture import CaptureReader, CaptureWriter, Direction, Record
from protocol.letters import Cause, StateUpdate, encode_update
from protocol.node import Joined, ParentLost, RoundFinished
from protocol.observer import (
    ActuatorSeen,
    Dropped,
    NodeHeard,
    NodeLost,
    Observation,
    Observer,
    ParentChanged,
    ReadingsSeen,
    RoundRow,
    json_line,
)
from protocol.packets import (
    BROADCAST,
    HOST,
    MAX_NODE_ID,
    Depth,
    DropReason,
    Empty,
    Frame,
    FrameType,
    Help,
    Items,
    Letter,
    Link,
    Payload,
    Report,
    Result,
    encode,
)
from protocol.recent_counters import RECENT_FRAMES
from protocol.simulator.faults import Fault, Kill, Revive
from protocol.simulator.field import reading
from protocol.simulator.topology import grid
from tests.protocol import vectors
from tests.protocol.strategies import frames
from tests.protocol.watch import DATA, ROOT, Watch, rows_of, sync
from tests.protocol.worlds import Run, run_checked


@pytest.fixture
def watch() -> Watch:
    return Watch()


# --- result objects --------------------------------------------------------------------------------------


def test_a_result_object_byte_for_byte(watch: Watch) -> None:
    watch.data(9, 0)
    row = watch.row(12, doubt=1, comment='{"alive": 5, "reachable": 4}')
    assert json_line(row) == (
        '{"round":12,"version":12,"metric":"temperature","max":61,"max_id":9,"total":200,"count":4,'
        '"count_lo":3,"count_hi":4,"average":-15.0,"unit":"degC","exact":false,"saturated":false,'
        '"duration_ms":840,"frames":1,"bytes":21,"repairs":0,"alive":5,"reachable":4}'
    )


def test_what_else_is_known_follows_the_object(watch: Watch) -> None:
    line = json_line(watch.row(12), readings={"7": 61}, contributors=[7])
    assert line.endswith(',"repairs":0,"readings":{"7":61},"contributors":[7]}')


def test_a_result_of_several_metrics_gives_a_row_each_in_their_order(watch: Watch) -> None:
    aggregates = ((4, Aggregate(12, 40, 1, 120, 3)), (0, DATA), (63, Aggregate(12, 7, 2, 7, 1)))
    found = watch.hear(FrameType.RESULT, ROOT, HOST, Result(840, Items(aggregates)))
    assert [(row.metric.name, row.average, row.metric.unit) for row in rows_of(found)] == [
        ("wind_speed", 10.0, "m/s"),
        ("temperature", -15.0, "degC"),
        ("metric_63", 7.0, "raw"),
    ]


def test_without_readings_there_is_no_maximum_and_no_average(watch: Watch) -> None:
    (row,) = rows_of(watch.result(12, aggregates=[Aggregate.empty(12)]))
    found = row.as_json()
    assert [found[key] for key in ("max", "max_id", "average")] == [None, None, None]
    assert [found[key] for key in ("total", "count", "count_lo", "count_hi", "exact")] == [0, 0, 0, 0, True]


@pytest.mark.parametrize(("total", "count"), [(SATURATED, 300), (300, SATURATED)])
def test_a_saturated_result_says_so_and_has_no_average(watch: Watch, total: int, count: int) -> None:
    (row,) = rows_of(watch.result(12, aggregates=[Aggregate(12, 255, 9, total, count)]))
    assert (row.saturated, row.exact, row.average, row.max) == (True, False, None, 255)


@pytest.mark.parametrize(("doubt", "count_lo"), [(0, 4), (1, 3), (4, 0), (9, 0)])
def test_doubt_is_an_interval(watch: Watch, doubt: int, count_lo: int) -> None:
    found = watch.row(12, doubt=doubt).as_json()
    assert [found[key] for key in ("count_lo", "count_hi", "exact")] == [count_lo, 4, doubt == 0]


def test_an_average_has_six_decimals(watch: Watch) -> None:
    (row,) = rows_of(watch.result(12, aggregates=[Aggregate(12, 61, 9, 100, 3)]))
    assert row.average == -23.333333


@pytest.mark.parametrize(
    ("comment", "known"),
    [
        (None, {}),
        ("", {}),
        ('{"alive":3}', {"alive": 3}),
        ('{"reachable":2,"other":1}', {"reachable": 2}),
        ('{"alive":"3","reachable":true}', {}),
        ("look at this", {}),
        ("[1,2]", {}),
        ("7", {}),
        ("null", {}),
        ("[" * 60_000, {}),
        ('{"alive":' + "9" * 5000 + "}", {}),
    ],
)
def test_a_comment_may_tell_what_only_a_simulator_knows(
    watch: Watch, comment: str | None, known: dict[str, int]
) -> None:
    found = watch.row(12, comment=comment).as_json()
    assert {key: found[key] for key in ("alive", "reachable") if key in found} == known


# --- rounds ----------------------------------------------------------------------------------------------


def test_frames_and_bytes_count_from_the_start_and_then_from_result_to_result(watch: Watch) -> None:
    watch.data(7, 3)
    watch.hear(FrameType.DEPTH, 7, 3, Depth(0))
    first, second = watch.row(1), watch.row(2)
    watch.hear(FrameType.DISC_ACK, 8, 3, Empty())
    third = watch.row(3)
    assert [(row.frames, row.bytes) for row in (first, second, third)] == [(2, 21 + 11), (0, 0), (1, 10)]


def test_a_copy_is_no_error_and_tells_nothing(watch: Watch) -> None:
    frame = vectors.frames()["data_with_links_and_doubt"][0]
    record = Record(5, "serial", Direction.INBOUND, frame)
    copies = [Record(6, link, Direction.OUTBOUND, frame) for link in ("udp", "tcp")]
    assert watch.observer.observe(record) != []
    assert [watch.observer.observe(copy) for copy in copies] == [[], []]
    assert (watch.observer.good, watch.observer.dropped.total()) == (1, 0)
    assert watch.row(12).frames == 1
    assert watch.observer.nodes[3].last_heard_us == 5


def test_a_copy_is_known_among_the_recent_frames_of_its_source(watch: Watch) -> None:
    def record(counter: int, source: int = 7) -> Record:
        frame = encode(Frame(FrameType.DEPTH, source, 3, counter, Depth(0)))
        return Record(0, "air", Direction.INBOUND, frame)

    for counter in range(RECENT_FRAMES):
        watch.observer.observe(record(counter))
    for counter in range(RECENT_FRAMES):
        watch.observer.observe(record(counter))
    assert watch.observer.good == RECENT_FRAMES
    watch.observer.observe(record(0, source=8))  # of another source, so no copy
    watch.observer.observe(record(RECENT_FRAMES))
    watch.observer.observe(record(0))  # the counter has come round, or the node started again
    assert watch.observer.good == RECENT_FRAMES + 3


def test_a_result_that_the_root_says_again_gives_no_second_row(watch: Watch) -> None:
    watch.data(7, 3)
    assert rows_of(watch.result(12)) != []
    watch.data(7, 3)
    assert rows_of(watch.result(12)) == []
    assert watch.row(13).frames == 1


def test_a_round_is_the_version_unwrapped_from_the_first_seen(watch: Watch) -> None:
    versions = [65533, 65534, 65535, 0, 1, 5, 32772, 0, 3]
    assert [watch.row(version).round for version in versions] == [
        65533, 65534, 65535, 65536, 65537, 65541, 98308, 131072, 131075,
    ]  # fmt: skip


def test_an_older_version_is_of_a_root_that_started_again(watch: Watch) -> None:
    versions = [65535, 0, 40, 39, 40, 65535, 0]
    assert [watch.row(version).round for version in versions] == [65535, 65536, 65576, 39, 40, 65535, 65536]


def test_a_version_at_half_the_circle_is_no_crash(watch: Watch) -> None:
    assert [watch.row(version).round for version in (0, 32768, 0)] == [0, 32768, 0]


# --- what is no frame ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", vectors.malformed())
def test_what_is_no_frame_is_counted_with_its_reason(watch: Watch, name: str) -> None:
    frame, reason = vectors.malformed()[name]
    (dropped,) = watch.observer.observe(Record(9, "serial", Direction.INBOUND, frame))
    assert isinstance(dropped, Dropped)
    assert (dropped.timestamp_us, dropped.link, dropped.reason) == (9, "serial", reason)
    assert dropped.detail.startswith(DropReason(reason).label)
    assert watch.observer.dropped == {reason: 1}
    assert (watch.observer.good, watch.observer.nodes) == (0, {})
    assert watch.row(1).frames == 0


# Few nodes, few counters and few rounds, so that frames of one run meet.
few_ids = st.integers(0, 4)
few_links = st.lists(st.builds(Link, few_ids, few_ids, st.sampled_from([0, 255])), max_size=3)
few_items = st.builds(
    lambda version, links: Items(((0, replace(DATA, version=version)),), tuple(links)),
    st.integers(0, 3),
    few_links,
)


def few(
    frame_type: FrameType, destinations: st.SearchStrategy[int], payloads: st.SearchStrategy[Payload]
) -> st.SearchStrategy[Frame]:
    return st.builds(Frame, st.just(frame_type), few_ids, destinations, st.integers(0, 99), payloads)


few_frames = st.one_of(
    few(FrameType.DATA, few_ids, st.builds(Report, st.just(1), few_items)),
    few(FrameType.RESULT, st.just(HOST), st.builds(Result, st.just(840), few_items)),
    few(FrameType.HELP, st.just(BROADCAST), st.just(Help(12, 2))),
    few(FrameType.DISC_ACK_ACK, few_ids, st.builds(sync, st.integers(0, 3))),
)


@given(st.lists(st.one_of(frames, few_frames), max_size=30))
def test_frames_in_any_order_make_sense(heard: list[Frame]) -> None:
    observer, parents = Observer(), dict[int, int | None]()
    network = observer.network
    for frame in heard:
        observed = observer.observe(Record(1, "air", Direction.INBOUND, encode(frame)))
        if observer.network is not network:
            network = observer.network
            parents.clear()  # a ring or a polled network is no tree
        for seen in observed:
            match seen:
                case ParentChanged(_, node, parent, _):
                    assert parents.get(node) != parent
                    parents[node] = parent
                case NodeLost(_, node, parent):
                    assert parents[node] == parent
                    parents[node] = None
                case RoundRow():
                    assert json.loads(json_line(seen))["round"] >= 0
        if observer.root is not None:
            parents[observer.root] = None
    assert {node: parent for node, parent in observer.parents.items() if parent is not None} == {
        node: parent for node, parent in parents.items() if parent is not None
    }
    assert all(node != parent for node, parent in observer.parents.items())
    assert all(node <= MAX_NODE_ID for node in observer.nodes)
    assert observer.good <= len(heard)


# --- whole runs ------------------------------------------------------------------------------------------


DEAD = 2


def repaired_field(seed: int) -> Run:
    """Four by four nodes; two inner ones die, one of them comes back."""
    faults = [Fault(6, Kill(6)), Fault(9, Kill(DEAD)), Fault(14, Revive(6))]
    return run_checked(grid(4, 4, 10, 15), 40, seed=seed, faults=faults)


def watched(records: Iterable[Record]) -> tuple[Observer, list[Observation]]:
    observer = Observer()
    return observer, [seen for record in records for seen in observer.observe(record)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_log_tells_what_the_live_run_told(seed: int) -> None:
    run, writer, reader = repaired_field(seed), CaptureWriter(), CaptureReader()
    live, told = watched(run.records)
    replayed, told_again = watched(reader.feed(writer.header() + b"".join(map(writer.encode, run.records))))
    assert [json_line(row) for row in rows_of(told)] == [json_line(row) for row in rows_of(told_again)]
    assert told == told_again
    assert live.nodes == replayed.nodes
    assert [row.round for row in rows_of(told)] == list(range(1, 41))


def without(node_id: int, parents: Mapping[int, int | None]) -> dict[int, int | None]:
    return {node: parent for node, parent in parents.items() if node != node_id}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_tree_and_its_repairs_are_those_of_the_nodes(seed: int) -> None:
    run = repaired_field(seed)
    truth: dict[int, int | None] = {}
    repaired, repairs = set[int](), list[int]()
    for _, node, event in run.events:
        match event:
            case Joined(parent, _):
                repaired |= {node} & truth.keys()
                truth[node] = parent
            case ParentLost():
                truth[node] = None
            case RoundFinished():
                repairs.append(len(repaired))
                repaired = set()
    observer, told = watched(run.records)
    assert observer.root is not None
    assert without(DEAD, observer.parents) == without(DEAD, truth | {observer.root: None})
    assert observer.nodes[DEAD].lost
    assert [row.repairs for row in rows_of(told)] == repairs
    assert sum(repairs) > 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_who_hears_the_results_alone_sees_the_same_tree(seed: int) -> None:
    run = repaired_field(seed)
    all_ears, _ = watched(run.records)
    results_only, told = watched(record for record in run.records if record.link == "host")
    assert without(DEAD, results_only.parents) == without(DEAD, all_ears.parents)
    assert len(rows_of(told)) == 40


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_readings_of_a_tree_are_what_its_nodes_measured(seed: int) -> None:
    run = repaired_field(seed)
    places = grid(4, 4, 10, 15).places
    _, told = watched(run.records)
    seen = [found for found in told if isinstance(found, ReadingsSeen)]
    assert len(seen) > 4 * 40, "the leaves of each round"
    assert len({(found.node, found.version) for found in seen}) == len(seen)
    for found in seen:
        assert found.pairs == ((0, reading(places[found.node], 0, found.version, seed)),)


# --- who is there, and what actuators do ---


def test_each_node_is_heard_once_a_second_of_the_log_by_who_asks() -> None:
    observer = Observer(tells_heard=True)
    heard = []
    for counter, time_us in enumerate((999_999, 1_000_000, 1_500_000, 1_999_999, 2_000_000)):
        frame = encode(Frame(FrameType.HELP, 7, BROADCAST, counter, Help(0, 1)))
        heard += [
            found.timestamp_us
            for found in observer.observe(Record(time_us, "udp", Direction.INBOUND, frame))
            if isinstance(found, NodeHeard)
        ]
    assert heard == [999_999, 1_000_000, 2_000_000]


def test_what_a_controller_tells_all_is_an_actuators_state() -> None:
    update = encode_update(StateUpdate(7, 0, 255, Cause.COMMANDED))
    frame = encode(Frame(FrameType.LETTER, 5, BROADCAST, 1, Letter(14, 1, 1, 2, 3, update)))
    found = Observer().observe(Record(9, "udp", Direction.INBOUND, frame))
    assert found == [ActuatorSeen(9, 7, 0, 255, Cause.COMMANDED)]


def test_copies_of_a_letter_tell_nothing_and_nor_does_an_older_one_that_comes_late() -> None:
    def copy(source: int, number: int, value: int) -> Record:
        update = encode_update(StateUpdate(7, 0, value, Cause.COMMANDED))
        letter = Letter(14, 1, 1, 2, number, update)
        frame = encode(Frame(FrameType.LETTER, source, BROADCAST, number, letter))
        return Record(10 * number + source, "udp", Direction.INBOUND, frame)

    observer = Observer()
    records = [copy(5, 3, 255), copy(6, 3, 255), copy(5, 4, 0), copy(8, 3, 255), copy(6, 4, 0)]
    found = [fact for fact in observer.observe_all(records) if isinstance(fact, ActuatorSeen)]
    assert [(fact.timestamp_us, fact.value) for fact in found] == [(35, 255), (45, 0)]
