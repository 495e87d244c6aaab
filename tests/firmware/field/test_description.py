"""What a description of a field may say, and how it is told what is wrong with it."""

from pathlib import Path

import pytest

from bridge.errors import UsageError
from firmware.field.description import BOARD_SENSORS, Board, Role, parse_field, read_field
from protocol.packets import Network
from protocol.settings import Roles, Sensors
from protocol.simulator.scenario import SENSOR_METRICS, load_scenario

GARDEN = """\
name = "garden"
network = "tree"
period_s = 10
controller = 1

[[node]]
id = 1
board = "pi"
roles = ["gateway", "controller"]

[[node]]
id = 7
board = "uno"
roles = ["actuator"]
sensors = ["sht31", "soil_moisture"]
neighbours = [1, 8]
safe_value = 0
hold_s = 120

[[node]]
id = 8
board = "mega"
"""
NODE = '[[node]]\nid = 1\nboard = "pi"\nroles = ["gateway"]\n'


def test_a_description_is_read() -> None:
    field = parse_field(GARDEN, "garden.toml")
    assert (field.name, field.network, field.period_ms, field.controller) == (
        "garden",
        Network.TREE,
        10_000,
        1,
    )
    assert field.gateways == (1,)
    node = field.node(7)
    assert node.board is Board.UNO
    assert node.roles == frozenset({Role.ACTUATOR})
    assert node.neighbours == (1, 8)
    assert field.node(8).neighbours is None


def test_a_board_is_told_what_the_description_says() -> None:
    settings = parse_field(GARDEN, "garden.toml").settings_of(7)
    assert settings.node_id == 7
    assert settings.roles == Roles.ACTUATOR
    assert settings.sensors == Sensors.SHT31 | Sensors.SOIL_MOISTURE
    assert (settings.gateways, settings.controller, settings.neighbours) == ((1,), 1, (1, 8))
    assert (settings.safe_value, settings.hold_s, settings.period_ms) == (0, 120, 10_000)
    assert settings.network_key is None


def test_the_first_gateway_of_a_tree_is_its_root() -> None:
    two = GARDEN.replace('board = "mega"', 'board = "mega"\nroles = ["gateway"]')
    field = parse_field(two, "garden.toml")
    assert field.settings_of(1).roles == Roles.ROOT | Roles.GATEWAY
    assert field.settings_of(8).roles == Roles.GATEWAY


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (NODE, "f.toml:1: the file has no name; add name = ..."),
        ('name = "a"\n', "f.toml:1: the file has no node; add node = ..."),
        ('name = "a b"\n' + NODE, "f.toml:1: name is 'a b'; use letters, digits, - and _"),
        ('name = "a"\ncolour = 1\n' + NODE, "f.toml:2: unknown key 'colour'; known are "),
        ('name = "a"\n' + NODE + NODE, "f.toml:7: node 1 is there twice; give each node its own id"),
        ('name = "a"\n' + NODE + "speed = 1\n", "f.toml:6: unknown key 'speed'; known are "),
        ('name = "a"\n[[node]]\nid = 1\nboard = "duo"\n', "f.toml:4: board is 'duo'; write one of uno, nano"),
        ('name = "a"\n[[node]]\nid = 1\nboard = "uno"\n', "nobody is the root; give one roles"),
        ('name = "a"\n' + NODE + "neighbours = [4]\n", "f.toml:6: neighbours: no node 4 in the field"),
        ('name = "a"\norder = [1]\n' + NODE, "f.toml:2: order is of a ring or a polled network; remove it"),
        ('name = "a"\n' + NODE.replace("pi", "uno").replace("gateway", "gateway\", \"controller"),
         "f.toml:5: node 1 is a controller on a board; a controller is a Pi"),
        ("name = \n", "f.toml:1: "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_field(text, "f.toml")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_board_knows_sixteen_neighbours_at_most() -> None:
    nodes = "".join(f'[[node]]\nid = {n}\nboard = "pi"\n' for n in range(2, 20))
    board = f'[[node]]\nid = 30\nboard = "uno"\nneighbours = {list(range(2, 20))}\n'
    with pytest.raises(UsageError, match=r"neighbours of node 30 names 18 nodes; a board knows 16 at most"):
        parse_field('name = "a"\n' + NODE + nodes + board, "f.toml")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"missing\.toml: No such file or directory; name a description"):
        read_field(tmp_path / "missing.toml")


SIMULATED = """\
name = "garden"
range_m = 20

[radio]
medium = "disk"

[plan]
image = "garden.png"

[[node]]
id = 1
board = "pi"
roles = ["gateway"]
x_m = 0
y_m = 2.5
"""


def test_the_file_of_a_scenario_describes_a_field_as_well() -> None:
    assert parse_field(SIMULATED, "garden.treering.toml").node(1).board is Board.PI
    assert load_scenario(SIMULATED, "garden.treering.toml").topology().root == 1


def test_the_simulator_knows_what_each_sensor_measures() -> None:
    assert SENSOR_METRICS.keys() == BOARD_SENSORS.keys()


def test_its_root_is_the_first_gateway() -> None:
    second = '[[node]]\nid = 2\nboard = "uno"\nx_m = 1\ny_m = 1\n'
    with pytest.raises(UsageError, match="the root is 2, and the first gateway is 1; remove root"):
        parse_field("root = 2\n" + SIMULATED + second, "garden.treering.toml")
