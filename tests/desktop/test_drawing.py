"""Colours, motion, plots and pictures, as far as they need no display."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from PIL import Image

from desktop.model.model import Model
from desktop.palette import PALETTES, Palette, contrast, mix
from desktop.plots.picture import save_picture
from protocol.capture import Record

WCAG_AA, WCAG_AA_GRAPHICS = 4.5, 3.0


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES.keys())
def test_what_is_read_stands_out(palette: Palette) -> None:
    texts = ("text", "muted", "maximum", "average", "count", "doubt", "seeking", "accent")
    grounds = ("surface", "background")
    for text, ground in product(texts, grounds):
        found = contrast(getattr(palette, text), getattr(palette, ground))
        assert found >= WCAG_AA, f"{text} on {ground}: {found:.2f}"
    for node in ("root", "joined"):
        assert contrast(palette.on_node, getattr(palette, node)) >= WCAG_AA, node
    assert contrast(palette.text, palette.selection) >= WCAG_AA
    assert contrast(palette.lost, palette.surface) >= WCAG_AA_GRAPHICS


def test_colours_are_mixed_by_share() -> None:
    assert [mix("#000000", "#ff8000", share) for share in (0, 0.5, 1)] == ["#000000", "#804000", "#ff8000"]


@pytest.mark.parametrize("rounds", ["none", "all"])
def test_tree_and_plots_make_a_picture(rounds: str, demo_records: list[Record], tmp_path: Path) -> None:
    model = Model()
    model.feed(demo_records if rounds == "all" else [])
    save_picture(model, tmp_path / "demo.png", "Demo")
    with Image.open(tmp_path / "demo.png") as picture:
        colors = picture.convert("RGB").getcolors(1 << 24)
    assert colors is not None
    joined = PALETTES["light"].joined
    drawn = {f"#{red:02x}{green:02x}{blue:02x}" for _, (red, green, blue) in colors}  # type: ignore[misc]
    assert (joined in drawn) == (rounds == "all")
