"""A network as it stands in the field: to scale, all of it, and who stands nowhere on a shelf."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bridge.errors import UsageError
from desktop.network.camera import Camera
from desktop.network.picture_file import read_picture
from desktop.network.plan import Picture, Plan, scale_bar_m
from desktop.network.plan_file import read_plan
from desktop.network.plan_ground import PlanGround
from desktop.palette import PALETTES
from protocol.simulator.topology import Place, grid, scattered

WIDTH_PX, HEIGHT_PX, EM_PX = 700.0, 400.0, 13.0
LIGHT = PALETTES["light"]
FIELD = """
[field]
grid = "3x2"
spacing_m = 5
"""
metres = st.floats(-5_000, 5_000)


@given(st.dictionaries(st.integers(1, 60), st.tuples(metres, metres), min_size=1, max_size=20))
def test_all_nodes_are_on_the_canvas_and_distances_are_to_scale(
    places: dict[int, tuple[float, float]],
) -> None:
    plan = Plan({node: Place(node, x, y) for node, (x, y) in places.items()})
    fit = plan.fit(places, WIDTH_PX, HEIGHT_PX, EM_PX)
    assert fit.fitted.is_plan
    for x, y in fit.fitted.places.values():
        assert 0 <= x <= WIDTH_PX
        assert 0 <= y <= HEIGHT_PX
    nodes = list(places)
    for a, b in pairwise(nodes):
        seen = math.dist(fit.fitted.places[a], fit.fitted.places[b])
        assert seen == pytest.approx(fit.px_per_m * math.dist(places[a], places[b]), abs=0.01)


def test_who_stands_nowhere_is_on_a_shelf_below_and_who_is_silent_is_marked() -> None:
    plan = Plan(grid(3, 2, 10, None).places)
    fit = plan.fit([1, 2, 77, 78], WIDTH_PX, HEIGHT_PX, EM_PX)
    assert fit.fitted.places.keys() == {1, 2, 77, 78}
    assert len(fit.silent) == 4, "3 to 6 were not heard"
    lowest = max(y for node, (_, y) in fit.fitted.places.items() if node < 77)
    assert fit.fitted.places[77][1] == fit.fitted.places[78][1] > max(lowest, *(y for _, y in fit.silent))


def test_nodes_of_a_crowded_field_are_small() -> None:
    few = Plan(scattered(10, 100, 70, None, 1).places).fit(range(1, 11), WIDTH_PX, HEIGHT_PX, EM_PX)
    many = Plan(scattered(500, 100, 70, None, 1).places).fit(range(1, 501), WIDTH_PX, HEIGHT_PX, EM_PX)
    assert many.fitted.radius_px < few.fitted.radius_px


@given(st.floats(1e-3, 1e4), st.floats(20, 500))
def test_the_scale_is_a_round_length_that_has_room(px_per_m: float, most_px: float) -> None:
    length_m = scale_bar_m(px_per_m, most_px)
    assert most_px / 2.51 <= length_m * px_per_m <= most_px * 1.001
    assert f"{length_m:e}"[0] in "125"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A red hall."""
    Image.new("RGB", (200, 100), "#ff0000").save(tmp_path / "hall.png")
    return tmp_path / "hall.png"


def test_a_field_names_its_picture_and_the_picture_lies_where_it_says(picture: Path) -> None:
    file = picture.with_name("hall.treering.toml")
    file.write_text(FIELD + '[plan]\nimage = "hall.png"\nm_per_px = 0.1\nx_m = -5\ny_m = -2\n')
    plan = read_plan(file)
    assert plan.picture == Picture(picture, 0.1, -5.0, -2.0)
    ground = PlanGround()
    plan = ground.sized(plan)
    fit = plan.fit(plan.places, WIDTH_PX, HEIGHT_PX, EM_PX)
    drawn = ground.draw((700, 400), LIGHT, plan, fit, Camera())
    inside = (round(fit.origin[0] + 2 * fit.px_per_m), round(fit.origin[1] + 2 * fit.px_per_m))
    outside = (round(fit.origin[0] - 6 * fit.px_per_m), inside[1])
    red, green, _ = drawn.getpixel(inside)  # type: ignore[misc]
    assert red > green, "faded, and red"
    assert drawn.getpixel(outside) == (255, 255, 255)
    assert drawn.getpixel((inside[0] + 690 - inside[0], 10)) == (255, 255, 255)
    far = ground.draw((700, 400), LIGHT, plan, fit, Camera(1.0, 5_000.0, 0.0))
    assert far.getcolors() == [(700 * 400, (255, 255, 255))], "moved out of sight"


def test_a_picture_that_cannot_be_read_is_left_out_and_told(tmp_path: Path) -> None:
    (tmp_path / "hall.png").write_text("no picture")
    ground = PlanGround()
    plan = ground.sized(Plan(grid(2, 2, 10, None).places, Picture(tmp_path / "hall.png", 0.1)))
    assert plan.picture is None
    assert "hall.png" in ground.problem
    assert "choose the picture again" in ground.problem


def test_topologies_are_plans_too_and_what_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "topo.def").write_text("2\n1 0 0 20\n2 10 0 20\n")
    assert read_plan(tmp_path / "topo.def").places.keys() == {1, 2}
    (tmp_path / "field.toml").write_text(FIELD)
    assert len(read_plan(tmp_path / "field.toml").places) == 6
    assert read_plan(tmp_path / "field.toml").picture is None
    (tmp_path / "odd.toml").write_text(FIELD + '[plan]\nimage = "hall.png"\nm_per_px = 0\n')
    for name, message in (("none.def", "none"), ("odd.toml", "m_per_px")):
        with pytest.raises(UsageError, match=message):
            read_plan(tmp_path / name)


def damaged_pictures() -> Iterator[tuple[str, bytes]]:
    """Cut, changed, of other formats, and one of a few bytes that says it has a billion pixels."""
    whole = BytesIO()
    Image.effect_noise((60, 40), 30).save(whole, "PNG")
    png = whole.getvalue()
    yield "cut", png[: len(png) // 2]
    yield "changed", png[:60] + bytes(40) + png[100:]
    yield "bomb", png[:16] + struct.pack(">II", 60_000, 60_000) + png[24:]
    yield "large", png[:16] + struct.pack(">II", 12_000, 9_000) + png[24:]
    yield "program", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"
    yield "empty", b""


@pytest.mark.parametrize(("kind", "content"), list(damaged_pictures()), ids=lambda part: str(part)[:12])
def test_a_picture_that_is_damaged_is_left_out_and_told(kind: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "hall.png"
    path.write_bytes(content)
    ground = PlanGround()
    plan = ground.sized(Plan({}, Picture(path, 0.1)))
    assert plan.picture is None
    assert str(path) in ground.problem


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names, as POSIX has them")
def test_nobody_waits_for_a_picture_that_is_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "hall.png")
    with pytest.raises(UsageError, match="no such file"):
        read_picture(tmp_path / "hall.png")
