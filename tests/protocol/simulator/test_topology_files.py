"""Topology files; an error names file, line and remedy."""

from __future__ import annotations

import pytest

from protocol.simulator.toml_tables import DescriptionError
from protocol.simulator.topology import Place
from protocol.simulator.topology_files import load_topology

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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f:1: the file is empty; give it node rows"),
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
        ("[[node]]\nid = 1\nx_m = 0\n", "f:1: [[node]] has no y_m; add y_m = ..."),
        ("[[node]]\nid = 1\nx_m = 0\ny_m = 0\ncolour = 3\n", "f:5: unknown key 'colour'; known are id, x_m"),
        ("[[node]]\nx_m = 0\ny_m = 0\n", "f:1: [[node]] has no id; add id = ..."),
        ("[[node]]\nid = true\nx_m = 0\ny_m = 0\n", "f:2: id is true; write a whole number from 0 to 65533"),
        ("[[node]]\nid = 1\nx_m = 'a'\ny_m = 0\n", "f:3: x_m is 'a'; write a number"),
        ("[[node]]\nid = 1\nx_m = 0\ny_m = inf\n", "f:4: y_m is inf; write a number"),
        ("range_m = -1\n[[node]]\nid = 1\nx_m = 0\ny_m = 0\n", "f:1: range_m is -1; write a number above 0"),
        (2 * "[[node]]\nid = 1\nx_m = 0\ny_m = 0\n\n", "f:7: there is a node 1 already; give it an id"),
        ("rnage_m = 3\n", "f:1: unknown key 'rnage_m'; known are"),
        (
            "# mine\n[radio]\nloss = 0\n",
            "f:2: unknown key 'radio'; known are range_m, root, order, node, name",
        ),
        ("range_m = 3\n", "f:1: no nodes; add a [[node]] table"),
        ("node = 3\n", "f:1: node is 3; write a table for each: [[node]]"),
        ("\nroot = 9\n[[node]]\nid = 1\nx_m = 0\ny_m = 0\n", "f:2: root 9 is none of the nodes"),
        ("root = [1]\n[[node]]\nid = 1\nx_m = 0\ny_m = 0\n", "f:1: root [1] is none of the nodes"),
        (f"root = {'9' * 5000}\n", "Exceeds the limit"),
        ("hello\n", "f:1: Expected '=' after a key in a key/value pair (column 6); write TOML, topo.def"),
    ],
)
def test_a_wrong_file_names_its_line_and_the_remedy(text: str, message: str) -> None:
    with pytest.raises(DescriptionError) as error:
        load_topology(text, "f")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


FIELD = """name = "garden"
network = "tree"
range_m = 20

[plan]
image = "garden.png"

[[node]]
id = 3
board = "uno"
sensors = ["sht31"]
x_m = 0
y_m = 0

[[node]]
id = 5
board = "pi"
roles = ["gateway", "controller"]
x_m = 10
y_m = 0
"""


def test_the_description_of_a_field_to_be_built_tells_the_places_and_its_gateway_is_the_root() -> None:
    field = load_topology(FIELD, "garden.treering.toml")
    assert field.places[3] == Place(3, 0.0, 0.0, 0.0, 20.0)
    assert field.root == 5
    assert load_topology("root = 3\n" + FIELD, "garden.treering.toml").root == 3
