"""One file for all who read fields; nothing is lost on the way to it and back."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import UsageError
from bridge.scenarios import names, read_scenario
from desktop.editor.document import FieldDocument
from desktop.editor.edits import FIRST_ROLES, change_nodes
from desktop.editor.exchange import avrora_rows, is_kept_here, is_packet_log, open_field, topo_def
from desktop.editor.field_text import read_field, write_field
from desktop.toml_text import toml_text
from firmware.field.description import parse_field
from protocol.packets import Network
from protocol.simulator.propagation import FreeSpace
from protocol.simulator.scenario import load_scenario
from protocol.simulator.toml_tables import DescriptionError
from protocol.simulator.topology_files import load_topology
from tests.desktop.editor.fields import documents
from tests.desktop.editor.test_document import row

TOPO_DEF = "3\n1 0 0 30\n2 5 5 30\n3 15 15 12.5\n"
AVRORA = "node0 0 0 0\nnode1 9 3 3\n"


@given(documents())
def test_what_is_saved_is_read_again(document: FieldDocument) -> None:
    assert read_field(write_field(document), "field.treering.toml") == document


_VALUES = st.recursive(
    st.booleans() | st.integers(-(1 << 60), 1 << 60) | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), _VALUES))
def test_toml_says_what_it_was_given(values: dict[str, object]) -> None:
    assert tomllib.loads(toml_text(values)) == values


def test_all_who_read_fields_read_the_same_file() -> None:
    document = replace(row(4), name="garden", network=Network.RING, order=(1, 2, 3, 4), period_s=3)
    document = change_nodes(document, {2}, sensors=("sht31",), neighbours=(1, 3))
    text = write_field(document)
    field = parse_field(text, "garden.treering.toml")
    assert (field.name, field.order, field.node(2).neighbours) == ("garden", (1, 2, 3, 4), (1, 3))
    assert field.node(2).sensors == ("sht31",)
    scenario = load_scenario(text, "garden.treering.toml")
    assert (scenario.network, scenario.period_ms, scenario.topology().order) == ("ring", 3_000, (1, 2, 3, 4))
    assert scenario.air.broken_links == {(4, 2)}
    assert load_topology(text.replace('[radio]\nmedium = "disk"\n', ""), "g").places[4].x_m == 30


def test_a_file_is_what_a_person_would_write() -> None:
    assert write_field(row(2)) == (
        'name = "field"\nnetwork = "tree"\nperiod_s = 5\nrange_m = 15\n\n[radio]\nmedium = "disk"\n\n'
        '[[node]]\nid = 1\nboard = "pi"\nroles = ["gateway", "controller"]\nx_m = 0\ny_m = 0\n\n'
        '[[node]]\nid = 2\nboard = "uno"\nx_m = 10\ny_m = 0\n'
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[node]]\nid = 1\ncolour = 2\n", "f:3: unknown key 'colour'"),
        ("[[node]]\nid = 1\nx_m = 'a'\n", "f:3: x_m is 'a'; write a number"),
        ("[[node]]\nx_m = 1\n", "f:1: [[node]] has no id; add id = ..."),
        ("[[node]]\nid = 1\nboard = 'duo'\n", "f:3: board is 'duo'; write one of uno"),
        ("name = \n", "f:1: "),
        ("[radio]\nmedium = 'soup'\n", "f:2: medium is 'soup'; write one of ideal, disk, free-space"),
        ("[radio]\nmedium = 'free-space'\nfrequency_mhz = 0\n", "the frequency is above 0"),
        ("root = 7\n[[node]]\nid = 1\n", "f:1: root 7 is none of the nodes"),
        ("[plan]\nm_per_px = 1\n", "f:1: [plan] has no image; add image = ..."),
    ],
)
def test_what_makes_no_sense_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(DescriptionError) as caught:
        read_field(text, "f")
    assert said in str(caught.value)


def test_what_can_be_mended_is_read() -> None:
    text = "[[node]]\nid = 1\nneighbours = [9]\nsensors = ['dht22']\n[[node]]\nid = 1\n"
    document = read_field(text, "odd name.treering.toml")
    assert (document.repeated_ids, document.nodes[0].neighbours) == ([1], (9,))
    assert document.name == "odd-name"


@pytest.mark.parametrize("name", [name for name in names() if name != "series"])
def test_the_scenarios_that_come_with_treering_can_be_edited(name: str, tmp_path: Path) -> None:
    path = Path(__file__).parents[3] / "scenarios" / f"{name}.toml"
    document = open_field(path)
    scenario = read_scenario(name)
    given = {(p.id, p.x_m, p.y_m) for p in scenario.topology().places.values()}
    assert {(node.id, node.x_m, node.y_m) for node in document.nodes} == given
    again = load_scenario(write_field(document), name)
    assert again.topology().root == scenario.topology().root
    assert (again.network, again.period_ms) == (scenario.network, scenario.period_ms)


def test_the_comments_at_the_top_stay() -> None:
    text = "# Our garden.\n# The fence is wet.\n\n" + write_field(row(2))
    document = read_field(text, "f")
    assert document.heading == "# Our garden.\n# The fence is wet."
    assert write_field(document) == text


def test_only_a_field_to_be_built_is_saved_to_where_it_came_from(tmp_path: Path) -> None:
    scenario = Path(__file__).parents[3] / "scenarios" / "diamond.toml"
    assert not is_kept_here(scenario)
    for name, kept in (("garden.toml", True), ("g.treering.toml", True), ("topo.def", False)):
        (tmp_path / name).write_text(write_field(row(2)) if kept else TOPO_DEF)
        assert is_kept_here(tmp_path / name) is kept


def test_topo_def_goes_in_and_out(tmp_path: Path) -> None:
    (tmp_path / "topo.def").write_text(TOPO_DEF)
    document = open_field(tmp_path / "topo.def")
    assert [(n.id, n.range_m) for n in document.nodes] == [(1, 30), (2, 30), (3, 12.5)]
    assert document.nodes[0].roles == FIRST_ROLES
    assert dict(load_topology(topo_def(document), "t").places) == dict(load_topology(TOPO_DEF, "t").places)


def test_avrora_rows_go_in_and_out(tmp_path: Path) -> None:
    (tmp_path / "field.top").write_text(AVRORA)
    document = open_field(tmp_path / "field.top")
    assert document.range_m == 18
    assert [(n.id, n.x_m, n.y_m, n.z_m) for n in document.nodes] == [(0, 0, 0, 0), (1, 9, 3, 3)]
    assert load_topology(avrora_rows(document), "a").places == load_topology(AVRORA, "a").places


def test_a_malformed_file_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "topo.def").write_text("2\n1 0 0 30\n2 5 x 30\n")
    with pytest.raises(UsageError, match=r"topo.def:3: y is 'x'; write a number of metres"):
        open_field(tmp_path / "topo.def")


def test_what_a_format_cannot_say_is_told() -> None:
    with pytest.raises(UsageError, match=r"node 1 is heard everywhere, and topo\.def wants a range"):
        topo_def(replace(row(1), range_m=None))
    with pytest.raises(UsageError, match="the field has no node; add some first"):
        avrora_rows(FieldDocument())
    twice = change_nodes(row(2), {2}, id=1)
    with pytest.raises(UsageError, match="id 1 is there twice"):
        avrora_rows(twice)


def test_a_log_is_told_from_a_field(tmp_path: Path, demo_log: Path) -> None:
    (tmp_path / "a.txt").write_bytes(demo_log.read_bytes()[:64])
    (tmp_path / "b.toml").write_text(write_field(row(1)))
    assert is_packet_log(tmp_path / "a.txt")
    assert not is_packet_log(tmp_path / "b.toml")
    assert is_packet_log(tmp_path / "missing.pcapng")


def test_the_radio_of_free_space_keeps_its_numbers() -> None:
    document = replace(row(2), medium=FreeSpace(3.5, 868, 4), loss=0.1, rest={"radio": {"name": "lan"}})
    text = write_field(document)
    assert "shadowing_db = 4" in text
    scenario = load_scenario(text, "f")
    assert scenario.air.propagation == FreeSpace(3.5, 868, 4)
    assert (scenario.air.radio.name, scenario.air.quality.loss) == ("lan", 0.1)
