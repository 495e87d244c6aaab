"""Both themes can be read: WCAG 2.1 AA, 4.5 for text (1.4.3), 3 for controls and their states (1.4.11).

What cannot be used now is exempt in both; it says why in its tooltip and in the palette of commands.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

import pytest
import ttkbootstrap

from desktop import theme
from desktop.palette import DARK, LIGHT, PALETTES, Palette, contrast
from desktop.sources.demo import DemoSource
from tests.desktop.rig import descendants, dialogs, live

if TYPE_CHECKING:
    from desktop.window import Window

TEXT, GRAPHICS = 4.5, 3.0
STATES = ("", "hover", "active", "pressed", "focus", "selected", "readonly", "invalid")
TEXTLESS = ("TFrame", "TScrollbar", "TPanedwindow", "TScale", "TNotebook", "TSeparator", "TProgressbar")
PAGES = ("Settings", "Help", "Log of the app", "Recordings")


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES.keys())
def test_the_colours_of_the_palette_stand_out(palette: Palette) -> None:
    pairs = [
        *((text, "surface", TEXT) for text in ("text", "muted", "accent", "maximum", "average", "count")),
        *((text, "surface", TEXT) for text in ("doubt", "seeking", "lost")),
        *(("text", ground, TEXT) for ground in ("background", "selection")),
        *(("muted", ground, TEXT) for ground in ("background", "selection")),
        *(("on_node", node, TEXT) for node in ("root", "joined")),
        ("surface", "text", TEXT),  # hints are the other way round
        *((shape, "surface", GRAPHICS) for shape in ("outline", "link", "active", "joined", "root")),
    ]
    for one, other, least in pairs:
        found = contrast(getattr(palette, one), getattr(palette, other))
        assert found >= least, f"{one} on {other}: {found:.2f}"


@pytest.fixture
def full_window(window: Window) -> Window:
    """With all pages and the connect dialog made."""
    window.start(DemoSource(speed=6))
    for label in PAGES:
        window.perform_named(label)
    window.perform_named("Connect …")
    live(window.root)
    return window


def styles_in_use(window: Window) -> Iterator[tuple[str, str]]:
    """(style, class) of all that is there."""
    seen: set[tuple[str, str]] = set()
    for widget in descendants(window.root):
        kind = widget.winfo_class()
        if kind.startswith("T") and kind not in ("Toplevel", "Text") and "style" in (widget.keys() or ()):
            seen.add((str(widget.cget("style")) or kind, kind))
    yield from sorted(seen)
    yield from (("TNotebook.Tab", "tab"), ("Lines.Treeview", "table"), ("Lines.Treeview.Heading", "head"))
    yield "tooltip.TLabel", "tooltip"


def color(widget: tk.Misc, name: str) -> str:
    """#rrggbb of any name of a colour."""
    return "#" + "".join(f"{channel // 257:02x}" for channel in widget.winfo_rgb(name))


@pytest.mark.parametrize("mode", [LIGHT, DARK])
def test_every_style_in_use_can_be_read_in_every_state(full_window: Window, mode: str) -> None:
    full_window.show_theme(mode)
    live(full_window.root)
    style, palette = ttkbootstrap.Style(), theme.current()
    bad: list[str] = []
    checked = 0
    for (name, kind), state in product(styles_in_use(full_window), STATES):
        if kind in TEXTLESS:
            continue
        states = (state,) if state else ()
        front = style.lookup(name, "foreground", states) or palette.text
        back = style.lookup(name, "fieldbackground", states) or style.lookup(name, "background", states)
        found = contrast(color(full_window.root, front), color(full_window.root, back or palette.surface))
        checked += 1
        if round(found, 1) < TEXT:
            bad.append(f"{name} {state}: {front} on {back} is {found:.2f}")
    assert checked > 100
    assert bad == []


@pytest.mark.parametrize("mode", [LIGHT, DARK])
def test_fields_and_what_has_the_focus_are_seen(full_window: Window, mode: str) -> None:
    full_window.show_theme(mode)
    live(full_window.root)
    style, palette = ttkbootstrap.Style(), theme.current()
    for name in ("TEntry", "TCombobox"):
        for states in ((), ("focus",)):
            border = color(full_window.root, style.lookup(name, "bordercolor", states))
            assert contrast(border, palette.surface) >= GRAPHICS, f"{name} {states}"
    bad: list[str] = []
    for name, kind in styles_in_use(full_window):
        ring = style.lookup(name, "focuscolor", ("focus",)) or style.lookup(name, "bordercolor", ("focus",))
        ground = style.lookup(name, "background", ("focus",)) or palette.surface
        if kind in ("TButton", "TCheckbutton", "TRadiobutton", "TEntry", "TCombobox", "tab", "table"):
            found = contrast(color(full_window.root, ring), color(full_window.root, ground)) if ring else 0.0
            if found < GRAPHICS:
                bad.append(f"{name}: {ring} on {ground} is {found:.2f}")
    assert bad == []
    for dialog in dialogs(full_window):
        dialog.destroy()
