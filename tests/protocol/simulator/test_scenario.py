"""Scenario files: what each key means, and that every error names its line and the remedy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.simulator.faults import (
    Cut,
    Fault,
    Freeze,
    Heal,
    Join,
    Kill,
    Merge,
    Partition,
    Reboot,
    Revive,
    SetQuality,
    StepClock,
    Thaw,
)
from protocol.simulator.medium import Quality
from protocol.simulator.propagation import Disk, FreeSpace, Ideal
from protocol.simulator.radio import RADIOS
from protocol.simulator.ring_order import hears_all
from protocol.simulator.scenario import Given, Grid, NotConnectedError, Scattered, Scenario, load_scenario
from protocol.simulator.survey import reachable_from
from protocol.simulator.toml_tables import DescriptionError
from protocol.simulator.topology import Place, Topology
from protocol.timing import PROFILES, PollingTiming, RingTiming

ALL = """
[field]
random = 20
area_m = [80, 60.5]
range_m = 25
connected = true
root = 3

[radio]
medium = "free-space"
transmit_dbm = 8
frequency_mhz = 868
shadowing_db = 4
name = "hc12-15k"
collisions = true
loss = 0.1
duplication = 0.05
delay_ms = 40
bit_flips = 0.01

[[link]]
from = 1
to = 2
loss = 0.5
[[link]]
from = 2
to = 3
loss = 1
one_way = true

[run]
rounds = 100
period_s = 2.5
seed = 7
profile = "classic"
metrics = ["humidity", "temperature"]
first_version = 65530
max_children = 4
clock_ppm = 100
"""


def test_every_key_has_its_place() -> None:
    scenario = load_scenario(ALL, "f")
    assert scenario.field == Scattered(20, 80.0, 60.5, 25.0, connected=True, root=3)
    air = scenario.air
    assert air.propagation == FreeSpace(8.0, 868.0, 4.0)
    assert (air.radio, air.collisions) == (RADIOS["hc12-15k"], True)
    assert air.quality == Quality(0.1, 0.05, 40, 0.01)
    assert air.link_loss == {(1, 2): 0.5, (2, 1): 0.5, (2, 3): 1.0}
    assert (scenario.rounds, scenario.seed, scenario.period_ms) == (100, 7, 2500)
    assert (scenario.metrics, scenario.first_version) == ((1, 0), 65530)
    assert (scenario.max_children, scenario.clock_ppm) == (4, 100.0)


def test_a_profile_keeps_its_timers_and_takes_the_period() -> None:
    scenario = load_scenario('[field]\ngrid = "2x2"\n[run]\nprofile = "classic"\nperiod_s = 30\n', "f")
    classic = PROFILES["classic"]
    assert scenario.timing == replace(classic, period_ms=30_000)


RING = '[field]\ngrid = "2x2"\n[run]\nnetwork = "ring"\norder = [3, 1, 4, 2]\nreadings = true\nperiod_s = 2\n'


def test_a_network_has_its_own_timers_and_order() -> None:
    ring = load_scenario(RING, "f")
    assert (ring.network, ring.order, ring.readings) == ("ring", (3, 1, 4, 2), True)
    assert ring.timing == RingTiming(period_ms=2_000)
    assert ring.order_in(ring.topology()) == (3, 1, 4, 2)
    polling = load_scenario(RING.replace('"ring"', '"polling"'), "f")
    assert polling.timing == PollingTiming(period_ms=2_000)


def test_in_a_ring_or_a_polled_network_everybody_hears_everybody_unless_there_is_a_range() -> None:
    for field in (Grid(6, 1), Scattered(6, 500.0, 500.0)):
        for network in ("ring", "polling"):
            scenario = Scenario(field, network=network)
            assert hears_all(scenario.topology().listeners)
            assert scenario.order_in(scenario.topology()) == ()
        assert not hears_all(replace(Scenario(field), network="tree").topology().listeners)
        assert not hears_all(Scenario(replace(field, range_m=15.0), network="ring").topology().listeners)


def test_a_ring_that_is_not_a_room_gets_an_order_in_which_each_hears_the_next() -> None:
    square = Scenario(Grid(2, 2, 10.0, 10.0), network="ring")
    assert square.order_in(square.topology()) in ((1, 2, 4, 3), (1, 3, 4, 2))
    cut = replace(square, air=replace(square.air, link_loss={(1, 2): 1.0}))
    assert cut.order_in(cut.topology()) == (), "there is none any more"
    polling = replace(square, network="polling")
    assert polling.order_in(polling.topology()) == ()


def test_a_topology_may_give_the_order() -> None:
    nodes = "".join(f"[[node]]\nid = {node}\nx_m = 0\ny_m = {node}\n" for node in (1, 2, 3))
    scenario = load_scenario("order = [2, 3]\n" + nodes + '[run]\nnetwork = "ring"\n', "f")
    assert scenario.order_in(scenario.topology()) == (2, 3)
    assert replace(scenario, order=(3, 1)).order_in(scenario.topology()) == (3, 1), "that of the run counts"


def test_a_short_file_has_the_defaults() -> None:
    scenario = load_scenario('[field]\ngrid = "3x2"\n', "f")
    assert scenario.field == Grid(3, 2, 10.0, None)
    assert isinstance(scenario.air.propagation, Disk)
    assert not scenario.air.collisions
    topology = scenario.topology()
    assert sorted(topology.places) == [1, 2, 3, 4, 5, 6]
    assert topology.places[1].range_m == 15.0, "the eight neighbours"


def test_a_topology_is_a_scenario() -> None:
    scenario = load_scenario("range_m = 9\nroot = 7\n[[node]]\nid = 7\nx_m = 0\ny_m = 0\n", "f")
    topology = scenario.topology()
    assert topology.places == {7: Place(7, 0.0, 0.0, 0.0, 9.0)}
    assert topology.root == 7


def test_another_file_may_hold_the_places() -> None:
    places = Topology([Place(4, 0.0, 0.0), Place(5, 1.0, 0.0)])
    asked = []

    def read_topology(path: str) -> Topology:
        asked.append(path)
        return places

    text = '[field]\ntopology = "there.def"\nrange_m = 3\n[[fault]]\nround = 2\nkill = 5\n'
    scenario = load_scenario(text, "f", read_topology)
    assert asked == ["there.def"]
    assert scenario.field == Given(places, 3.0)
    assert scenario.topology().places[5].range_m == 3.0


def test_the_media() -> None:
    field = '[field]\ngrid = "2x2"\n[radio]\nmedium = '
    assert isinstance(load_scenario(field + '"ideal"', "f").air.propagation, Ideal)
    assert load_scenario(field + '"free-space"', "f").air.propagation == FreeSpace()


FAULTS = """
[field]
grid = "3x3"
[radio]
loss = 0.1
delay_ms = 5
[[fault]]
round = 9
delay_ms = 70
[[fault]]
round = 5
loss = 0.3
duplication = 0.2
[[fault]]
round = 2
kill = [2, 3]
[[fault]]
round = 3
revive = 2
[[fault]]
round = 3
join = 4
[[fault]]
round = 3
reboot = 5
[[fault]]
round = 3
freeze = 6
[[fault]]
round = 4
thaw = [6]
[[fault]]
round = 6
cut = [1, 2]
one_way = true
[[fault]]
round = 6
cut = [2, 3]
[[fault]]
round = 7
heal = [1, 2]
[[fault]]
round = 8
partition = [[1, 2], [4, 5]]
[[fault]]
round = 10
merge = true
[[fault]]
round = 11
step_clock = 9
step_ms = 30
"""


def test_every_fault() -> None:
    assert load_scenario(FAULTS, "f").faults == [
        Fault(2, Kill(2)),
        Fault(2, Kill(3)),
        Fault(3, Revive(2)),
        Fault(3, Join(4)),
        Fault(3, Reboot(5)),
        Fault(3, Freeze(6)),
        Fault(4, Thaw(6)),
        Fault(5, SetQuality(Quality(0.3, 0.2, 5))),
        Fault(6, Cut(1, 2, one_way=True)),
        Fault(6, Cut(2, 3)),
        Fault(7, Heal(1, 2)),
        Fault(8, Partition((frozenset({1, 2}), frozenset({4, 5})))),
        Fault(9, SetQuality(Quality(0.3, 0.2, 70))),
        Fault(10, Merge()),
        Fault(11, StepClock(9, 30)),
    ]


GRID = '[field]\ngrid = "2x2"\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "no field; give one of grid, random and topology, or [[node]] tables"),
        ("[field]\n", 1, "no field; give one of"),
        ('[field]\ngrid = "2x2"\nrandom = 3\n', 3, "a field of grid and random; give one of"),
        (GRID + "[[node]]\nid = 1\nx_m = 0\ny_m = 0\n", 1, "a [field] and [[node]] tables; give one"),
        (GRID + "\n[rdaio]\nloss = 1\n", 4, "unknown key 'rdaio'; known are field, radio, link, run, fault"),
        (GRID + "# x\ncolour = 3\n", 4, "unknown key 'colour'; known are grid, spacing_m"),
        (GRID + "[radio]\nlost = 0.1\n", 4, "unknown key 'lost'; known are medium, name"),
        (GRID + "[run]\nround = 3\n", 4, "unknown key 'round'; known are rounds"),
        ('[field]\ngrid = "2y2"\n', 2, "grid '2y2' is not like 4x4; write columns x rows"),
        ("[field]\ngrid = 4\n", 2, "grid '4' is not like 4x4"),
        ('[field]\ngrid = "0x2"\n', 2, "grid '0x2' holds no node"),
        ('[field]\ngrid = "999x999"\n', 2, "holds more than the 65533 nodes that have an id"),
        (GRID + "spacing_m = 0\n", 3, "spacing_m is 0; write a number above 0"),
        (GRID + "range_m = -3\n", 3, "range_m is -3; write a number above 0 up to 1e+09 (metres)"),
        (GRID + "range_m = '3'\n", 3, "range_m is '3'; write a number"),
        (GRID + "range_m = nan\n", 3, "range_m is nan; write a number"),
        (GRID + "area_m = [1, 2]\n", 3, "area_m is of a random field; remove it, or give random"),
        (GRID + "root = 5\n", 3, "root is 5; write a whole number from 1 to 4"),
        ("[field]\nrandom = 3\nspacing_m = 2\n", 3, "spacing_m is of a grid field; remove it"),
        ("[field]\nrandom = 0\n", 2, "random is 0; write a whole number from 1 to 65533"),
        ("[field]\nrandom = 3\narea_m = [\n  5,\n  0]\n", 3, "area_m is 0; write a number above 0"),
        ("[field]\nrandom = 3\narea_m = 5\n", 3, "area_m is 5; write two numbers: area_m = [50, 50]"),
        ("[field]\nrandom = 3\nconnected = 1\n", 3, "connected is 1; write true or false"),
        ("[field]\ntopology = 3\n", 2, "topology is no text; write the name of a file"),
        ('\n[field]\ntopology = "x"\n', 3, "no topology file can be read here; give [[node]] tables"),
        ("range_m = 3\n" + GRID, 1, "range_m stands above a [field]; write it below [field]"),
        (GRID + "[radio]\nmedium = 'air'\n", 4, "medium is 'air'; write one of ideal, disk, free-space"),
        (GRID + "[radio]\nname = 'x'\n", 4, "name is 'x'; write one of cc1000, hc12-5k"),
        (GRID + "[radio]\nloss = 1.5\n", 4, "loss is 1.5; write a number from 0 up to 1"),
        (GRID + "[radio]\ndelay_ms = 1.5\n", 4, "delay_ms is 1.5; write a whole number from 0"),
        (GRID + "[radio]\ntransmit_dbm = 3\n", 4, "transmit_dbm is of the medium free-space; remove it"),
        (GRID + "[radio]\nmedium = 'free-space'\nfrequency_mhz = 0\n", 5, "frequency_mhz is 0; write a"),
        (GRID + "radio = 3\n", 3, "unknown key 'radio'"),
        ("radio = 3\n" + GRID, 1, "radio is 3; write a table: [radio]"),
        (GRID + "[link]\nfrom = 3\n", 3, "write a table for each: [[link]]"),
        (GRID + "[[link]]\nfrom = 1\nto = 2\n", 3, "[[link]] has no loss; add loss = ..."),
        (GRID + "[[link]]\nfrom = 1\nto = 9\nloss = 1\n", 5, "to: no node 9 in the field; name one of 1, 2"),
        (GRID + "[[link]]\nfrom = 1\nto = 1\nloss = 1\n", 5, "a link from node 1 to itself; name two nodes"),
        (GRID + "[run]\nrounds = true\n", 4, "rounds is true; write a whole number from 1"),
        (GRID + "[run]\nperiod_s = 0\n", 4, "period_s is 0; write a number from 0.001 up to 7200"),
        (GRID + "[run]\nperiod_s = 9e9\n", 4, "period_s is 9000000000.0; write a number"),
        (GRID + "[run]\nprofile = 'fast'\n", 4, "profile is 'fast'; write one of default, classic"),
        (GRID + "[run]\nnetwork = 'star'\n", 4, "network is 'star'; write one of tree, ring, polling"),
        (GRID + "[run]\norder = [1]\n", 4, "order is of a ring or a polled network; remove it, or write"),
        (GRID + "[run]\nreadings = true\n", 4, "readings is of a ring or a polled network; remove it"),
        (GRID + "[run]\nnetwork = 'ring'\nmax_children = 3\n", 5, "max_children is of a tree; remove it"),
        (GRID + "[run]\nnetwork = 'ring'\norder = [1, 1]\n", 5, "order names node 1 twice; name each node"),
        (GRID + "[run]\nnetwork = 'ring'\norder = [1, 9]\n", 5, "order: no node 9 in the field; name one"),
        (GRID + "[run]\nnetwork = 'ring'\nprofile = 'classic'\n", 5, "'classic'; write one of default"),
        ("order = [1]\n" + GRID, 1, "order stands above a [field]; write it below [run]"),
        (GRID + "[run]\nmetrics = ['heat']\n", 4, "metrics is ['heat']; write a list of temperature,"),
        (GRID + "[run]\nmetrics = []\n", 4, "metrics is []; write a list of temperature,"),
        (GRID + "[run]\nseed = 'a'\n", 4, "seed is 'a'; write a whole number"),
        (GRID + f"[run]\nseed = {'9' * 400}\n", 4, "seed is 999"),
        (GRID + f"[run]\nrounds = {'9' * 5000}\n", 4, "Exceeds the limit"),
        (GRID + "[[fault]]\nround = 2\n", 3, "a fault that does nothing; give one of kill, leave"),
        (GRID + "[[fault]]\nkill = 2\n", 3, "[[fault]] has no round; add round = ..."),
        (GRID + "[[fault]]\nround = 0\nkill = 2\n", 4, "round is 0; write a whole number from 1"),
        (GRID + "[[fault]]\nround = 1\nkill = 2\nrevive = 3\n", 3, "a fault of kill and revive; give one"),
        (
            GRID + "[[fault]]\nround = 1\nkill = 1\n\n[[fault]]\nround = 2\nkill = 7\n", 9,
            "kill: no node 7 in the field; name one of 1, 2, 3, 4",
        ),
        (GRID + "[[fault]]\nround = 1\nkill = []\n", 5, "kill names no node; name at least one"),
        (GRID + "[[fault]]\nround = 1\nkill = 'two'\n", 5, "kill is 'two'; write node ids"),
        (GRID + "[[fault]]\nround = 1\ncut = [1]\n", 5, "cut names 1 nodes; name two: cut = [1, 2]"),
        (GRID + "[[fault]]\nround = 1\nheal = [1, 2]\none_way = true\n", 6, "one_way is of cut; remove it"),
        (GRID + "[[fault]]\nround = 1\npartition = [1, 2]\n", 5, "partition is no list of groups"),
        (GRID + "[[fault]]\nround = 1\npartition = [[1, 2], [2]]\n", 5, "a node in two groups; put each"),
        (GRID + "[[fault]]\nround = 1\nmerge = false\n", 5, "merge is false; write merge = true"),
        (GRID + "[[fault]]\nround = 1\nstep_clock = 1\n", 3, "[[fault]] has no step_ms; add step_ms"),
        (GRID + "[[fault]]\nround = 1\nstep_clock = 1\nstep_ms = -5\n", 6, "step_ms is -5; write a whole"),
        (GRID + "[[fault]]\nround = 1\nloss = 2\n", 5, "loss is 2; write a number from 0 up to 1"),
        ("[[node]]\nid = 1\nx_m = 0\ny_m = 0\n[[node]]\nid = 1\nx_m = 0\ny_m = 0\n", 6, "a node 1 already"),
        (GRID + "[run]\nrounds = \n", 4, "; write a scenario in TOML"),
        (GRID + '[run]\nprofile = "a\n', 4, "; write a scenario in TOML"),
        (GRID + "[run]\nrounds = 1\nrounds = 2\n", 5, "; write a scenario in TOML"),
    ],
)  # fmt: skip
def test_a_wrong_scenario_names_its_line_and_the_remedy(text: str, line: int, words: str) -> None:
    with pytest.raises(DescriptionError) as error:
        load_scenario(text, "my.toml")
    message = str(error.value)
    assert message.startswith(f"my.toml:{line}: ")
    assert words in message
    assert "; " in message
    assert "\n" not in message


VALUES = (
    *("0", "1", "-1", "2", "7", "0.5", "-0.5", "1e400", "inf", "nan", "true", "'4x4'", "'0x0'", "''", "[]"),
    *("[1, 2]", "[1, 'a']", "[[1], [2]]", "[[]]", "[[1], 2]", "{}", "{a = 1}", "[{}]", "['humidity']"),
    *("1979-05-27", "9" * 30, "9" * 5000, "[\n1,\n2\n]", "'default'", "'free-space'"),
)
KEYS = (
    *("grid", "random", "topology", "spacing_m", "area_m", "connected", "range_m", "root", "medium", "name"),
    *("collisions", "loss", "duplication", "delay_ms", "bit_flips", "transmit_dbm", "frequency_mhz", "from"),
    *("to", "one_way", "rounds", "period_s", "seed", "profile", "metrics", "first_version", "max_children"),
    *(
        "clock_ppm",
        "core",
        "round",
        "kill",
        "join",
        "cut",
        "heal",
        "partition",
        "merge",
        "step_clock",
        "step_ms",
    ),
    *("id", "x_m", "y_m", "z_m", "node", "field", "radio", "link", "run", "fault", "else"),
)
HEADERS = ("", "[field]", "[radio]", "[run]", "[[link]]", "[[fault]]", "[[node]]", "[node]", "[[radio]]")
LINES = st.one_of(
    st.sampled_from(HEADERS),
    st.builds("{} = {}".format, st.sampled_from(KEYS), st.sampled_from(VALUES)),
)


@given(st.lists(LINES, max_size=8), st.booleans())
def test_whatever_stands_in_it_a_scenario_is_read_or_answered_with_a_line(
    lines: list[str], full: bool
) -> None:
    text = (GRID if full else "") + "\n".join(lines)
    try:
        scenario = load_scenario(text, "my.toml")
    except DescriptionError as error:
        name, line, rest = str(error).split(":", 2)
        assert name == "my.toml"
        assert 1 <= int(line) <= text.count("\n") + 1
        assert "; " in rest
        assert "\n" not in rest
    else:
        assert scenario.rounds >= 1
        assert scenario.timing.period_ms >= 1
        assert sorted(fault.round for fault in scenario.faults) == [fault.round for fault in scenario.faults]


def test_a_connected_field_is_the_first_of_the_seed() -> None:
    loose = Scattered(30, 100.0, 100.0, 25.0)
    joined = Scattered(30, 100.0, 100.0, 25.0, connected=True)
    for seed in range(5):
        field = joined.topology(seed, Disk())
        assert len(reachable_from(1, field.listeners)) == 30
        assert field.places == joined.topology(seed, Disk()).places, "the seed gives the field"
        if len(reachable_from(1, loose.topology(seed, Disk()).listeners)) == 30:
            assert field.places == loose.topology(seed, Disk()).places


def test_a_field_that_cannot_be_connected_is_not_sought_for_ever() -> None:
    with pytest.raises(
        NotConnectedError, match="none of 1000 fields of 9 nodes on 1000 x 1000 m is connected at"
    ):
        Scattered(9, 1000.0, 1000.0, 5.0, connected=True).topology(1, Disk())


BUILT = """name = "garden"
network = "ring"
period_s = 3
order = [1, 2, 3]
range_m = 15

[radio]
loss = 0.1

[[node]]
id = 1
board = "pi"
x_m = 0
y_m = 0

[[node]]
id = 2
board = "uno"
neighbours = [1]
x_m = 10
y_m = 0

[[node]]
id = 3
board = "uno"
x_m = 10
y_m = 10
"""


def test_the_description_of_a_field_to_be_built_is_a_scenario() -> None:
    scenario = load_scenario(BUILT, "garden.treering.toml")
    assert (scenario.network, scenario.period_ms, scenario.air.quality.loss) == ("ring", 3_000, 0.1)
    assert scenario.topology().order == (1, 2, 3)
    assert scenario.air.broken_links == {(3, 2)}, "node 2 is to hear node 1 alone"


def test_its_nodes_measure_what_its_sensors_do_unless_the_run_says_otherwise() -> None:
    wired = BUILT.replace("neighbours = [1]", 'sensors = ["wind", "sht31"]')
    assert load_scenario(wired, "f").metrics == (0, 1, 4)
    assert load_scenario(wired + '[run]\nmetrics = ["wind_speed"]\n', "f").metrics == (4,)
    assert load_scenario(BUILT, "f").metrics == (0,)


def test_what_it_says_of_the_run_is_said_once() -> None:
    with pytest.raises(DescriptionError, match="network stands above the first table as well; give it once"):
        load_scenario(BUILT + '[run]\nnetwork = "ring"\n', "f")
    with pytest.raises(DescriptionError, match=r"network stands above a \[field\]; write it below \[run\]"):
        load_scenario('network = "ring"\n[field]\ngrid = "2x2"\n', "f")
