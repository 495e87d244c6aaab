"""Topology files and generators; an error names file, line and remedy."""

from __future__ import annotations

import pytest

from protocol.simulator.topology import Place, TopologyError, grid, load_topology, scattered

TOPO_DEF = """4

1          0.0       0.0       30.0

2          5.0       5.0       30.0

3          2.5       0.0       30.0

4          15.0     15.0     30.0
"""
AVRORA = "node0 0 0 0\nnode1 9 3 3\nnode2 12 2 4\nnode3 2 4 7\n"
TOML = """range_m = 20
root = 5

[[node]]
id = 4
x_m = 0
y_m = 1.5

[[node]]
id = 5
x_m = 10
y_m = 0
range_m = 8
"""


def test_the_reports_topo_def() -> None:
    field = load_topology(TOPO_DEF, "topo.def")
    assert list(field.places) == [1, 2, 3, 4]
    assert field.places[4] == Place(4, 15.0, 15.0, 0.0, 30.0)
    assert field.root == 1


def test_the_reports_avrora_file() -> None:
    field = load_topology(AVRORA, "field.top")
    assert field.places[3] == Place(3, 2.0, 4.0, 7.0, 18.0)
    assert field.root == 0


def test_the_projects_own_toml() -> None:
    field = load_topology(TOML, "field.toml")
    assert field.places[4] == Place(4, 0.0, 1.5, 0.0, 20.0)
    assert field.root == 5
    assert field.neighbours(5) == {4}
    assert field.neighbours(4) == frozenset(), "node 5 reaches 8 m only"


def test_a_grid_runs_row_by_row_from_node_1() -> None:
    field = grid(3, 2, 10, 15)
    assert field.places[4] == Place(4, 0.0, 10.0, 0.0, 15)
    assert field.neighbours(1) == {2, 4, 5}


def test_without_a_range_everyone_hears_everyone() -> None:
    assert grid(3, 1, 1000, None).neighbours(1) == {2, 3}


def test_a_seed_is_a_field() -> None:
    assert scattered(9, 50, 50, 20, 3).places == scattered(9, 50, 50, 20, 3).places
    assert scattered(9, 50, 50, 20, 3).places != scattered(9, 50, 50, 20, 4).places


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f: the file is empty; give it node rows"),
        ("2\n1 0 0 30\n2 5 x 30\n", "f:3: y is 'x'; write a number of metres"),
        ("2\n1 0 0 30\n\n1 5 5 30\n", "f:4: node 1 stands in line 2 already; give it an id of its own"),
        ("3\n1 0 0 30\n2 5 5 30\n", "f:1: says 3 nodes, and 2 follow; make the count and the rows agree"),
        ("1\n1 0 0 -3\n", "f:2: range -3 m; a range is greater than 0"),
        ("1\n1 0 0\n", "f:2: '1 0 0' is no node row; write: id x y range"),
        ("9" * 5000 + "\n1 0 0 9\n", "write TOML, topo.def"),
        ("1\n" + "9" * 5000 + " 0 0 9\n", "is no node row; write: id x y range"),
        ("1\n70000 0 0 9\n", "f:2: node id 70000; ids run from 0 to 65533"),
        ("1\n1 nan 0 9\n", "f:2: x is 'nan'; write a number of metres"),
        ("node0 0 0 0\nnode1 9 3\n", "f:2: 'node1 9 3' is no node row; write: nodeN x y z"),
        ("node0 0 0 0\nfoo 9 3 3\n", "f:2: 'foo 9 3 3' is no node row; write: nodeN x y z"),
        ("[[node]]\nid = 1\nx_m = 0\n", "f:1: y_m is 'missing'; write a number of metres"),
        ("[[node]]\nid = 1\nx_m = 0\ny_m = 0\ncolour = 3\n", "f:1: unknown key 'colour'; known are"),
        ("[[node]]\nx_m = 0\ny_m = 0\n", "f:1: a node without an id; add id = a whole number"),
        ("rnage_m = 3\n", "f: unknown key 'rnage_m'; known are"),
        ("range_m = 3\n", "f: no nodes; add a [[node]] table"),
        ("root = 9\n[[node]]\nid = 1\nx_m = 0\ny_m = 0\n", "f: root 9 is none of the nodes"),
        ("root = [1]\n[[node]]\nid = 1\nx_m = 0\ny_m = 0\n", "f: root [1] is none of the nodes"),
        (f"root = {'9' * 5000}\n", "f: Exceeds the limit"),
        ("hello\n", "line 1, column 6); write TOML, topo.def"),
    ],
)
def test_a_wrong_file_names_its_line_and_the_remedy(text: str, message: str) -> None:
    with pytest.raises(TopologyError) as error:
        load_topology(text, "f")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_reachable_needs_links_that_work_both_ways_and_living_nodes() -> None:
    field = load_topology("4\n1 0 0 12\n2 10 0 12\n3 20 0 12\n4 30 0 5\n", "f")
    assert field.reachable() == {1, 2, 3}
    assert field.reachable({1, 3}) == {1}
    assert field.reachable({2, 3}) == frozenset()
