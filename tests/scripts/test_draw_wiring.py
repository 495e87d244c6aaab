"""The wiring pictures of docs/hardware.md are those that the script draws, and each wire has its two pins."""

import xml.etree.ElementTree as ET

import pytest

from scripts.draw_wiring import FOLDER, PICTURES, draw


@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_in_docs_is_the_drawn_one(name: str) -> None:
    drawn = draw(PICTURES[name])
    assert (FOLDER / f"{name}.svg").read_text("utf-8") == drawn, "python -m scripts.draw_wiring"
    assert ET.fromstring(drawn).tag.endswith("svg")


@pytest.mark.parametrize("name", PICTURES)
def test_every_pin_of_a_part_is_wired_once(name: str) -> None:
    for wired in (*PICTURES[name].left, *PICTURES[name].right):
        assert sorted(wire.part_pin for wire in wired.wires) == sorted(wired.part.pins)
