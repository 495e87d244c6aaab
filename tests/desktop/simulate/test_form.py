"""What is filled in becomes a scenario, or a line that says which answer is wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import UsageError
from desktop.simulate.form import FILE, GRID, RANDOM, Form, FormError
from protocol.simulator.scenario import Given, Grid, Scattered

TOPO_DEF = "2\n1 0 0 20\n2 10 0 20\n"
PLAN = """
[field]
grid = "3x2"
[run]
period_s = 2
seed = 9
[plan]
image = "hall.png"
m_per_px = 0.1
x_m = -5
"""


def test_what_stands_in_the_form_at_first_can_be_run() -> None:
    scenario = Form().scenario()
    assert scenario.field == Grid(4, 4)
    assert (scenario.network, scenario.period_ms, scenario.air.quality.loss) == ("tree", 5_000, 0.05)
    assert len(scenario.topology().places) == 16
    assert Form().pace == 1.0


def test_a_random_field() -> None:
    form = Form(
        field=RANDOM, nodes="80", area_m="120 X 90", range_m="30", seed="7", network="ring", speed="2,5"
    )
    scenario = form.scenario()
    assert scenario.field == Scattered(80, 120.0, 90.0, 30.0)
    assert (scenario.seed, scenario.network, form.pace) == (7, "ring", 2.5)
    assert form.title == "Simulated ring, 80 nodes"


def test_a_file_says_all_but_core_and_speed(tmp_path: Path) -> None:
    (tmp_path / "topo.def").write_text(TOPO_DEF)
    scenario = Form(field=FILE, file=str(tmp_path / "topo.def"), network="ring").scenario()
    assert isinstance(scenario.field, Given)
    assert scenario.network == "tree"
    (tmp_path / "hall.treering.toml").write_text(PLAN)
    form = Form(field=FILE, file=str(tmp_path / "hall.treering.toml"), core="c")
    assert (form.scenario().seed, form.scenario().core) == (9, "c")
    picture = form.picture()
    assert picture is not None
    assert (picture.path, picture.m_per_px, picture.x_m) == (tmp_path / "hall.png", 0.1, -5.0)
    assert Form(field=FILE, file="grid-16").scenario().field.size == 16, "one that comes with Treering"
    assert Form(field=FILE, file="grid-16").picture() is None


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"grid": "4"}, "Columns × rows: '4' is not like 4x4"),
        ({"grid": "0x4"}, "holds no node"),
        ({"spacing_m": "far"}, "Spacing (m): 'far' is no number"),
        ({"period_s": "0"}, "Round every (s): 0 is not from 0.1"),
        ({"loss_percent": "110"}, "Frames lost (%): 110 is not from 0 to 100"),
        ({"speed": ""}, "Speed: 'nothing' is no number"),
        ({"seed": "inf"}, "Seed"),
        ({"field": RANDOM, "nodes": "0"}, "Nodes: 0 is not from 1"),
        ({"field": RANDOM, "area_m": "100"}, "Area (m, height)"),
        ({"field": FILE}, "File: choose"),
        ({"network": "mesh"}, "Network: there are tree"),
        ({"core": "java"}, "Core: there are python"),
    ],
)
def test_an_answer_that_cannot_be_used_is_named(answers: dict[str, Any], message: str) -> None:
    form = Form(**{"field": GRID} | answers)
    with pytest.raises(FormError, match=re.escape(message)):
        print(form.pace, form.scenario())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml"):
        Form(field=FILE, file=str(tmp_path / "none.toml")).scenario()
