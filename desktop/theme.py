"""The ttk look: both palettes as themes, and the few styles that the views name."""

from __future__ import annotations

import shutil
import subprocess
import sys
from tkinter.font import names, nametofont
from typing import Any

import ttkbootstrap as ttk

from desktop.palette import DARK, LIGHT, PALETTES, Palette

_FAMILY = "treering"
_ASK_SYSTEM_TIMEOUT_S = 1.0


def register() -> None:
    """Make both themes known to ttkbootstrap; called before there is a window."""
    for mode, palette in PALETTES.items():
        ground = {"background": palette.surface, "foreground": palette.text}
        theme = ttk.Theme(
            name=_FAMILY,
            primary=palette.accent,
            success=palette.accent,
            info=palette.count,
            warning=palette.seeking,
            danger=palette.maximum,
            neutral=palette.lost,
        )
        setattr(theme, mode, ground)
        theme.register()


def name_of(mode: str) -> str:
    """What ttkbootstrap calls the theme of that mode."""
    return f"{_FAMILY}-{mode}"


def mode() -> str:
    """Whether the theme in use is light or dark."""
    return ttk.Style().theme_mode or LIGHT


def current() -> Palette:
    """The palette of the theme in use."""
    return PALETTES[mode()]


def em_px() -> int:
    """Width of an m of the default font: the unit of all paddings and sizes."""
    return nametofont("TkDefaultFont").measure("m")


def build_styles(style: ttk.Style) -> None:
    """The styles that the views name; again after every change of theme.

    Widgets stand on `surface`. "Ground" is what shows between the cards.
    """
    palette, em = current(), em_px()
    style.configure("Card.TFrame", relief="solid", borderwidth=1, bordercolor=palette.border)
    # What has a focus of its own in it (a canvas, say) says so by its state.
    style.configure("Ring.TFrame", relief="solid", borderwidth=1, bordercolor=palette.surface)
    style.map("Ring.TFrame", bordercolor=[("focus", palette.accent)])
    style.configure("Title.TLabel", font=_font("Title", 1.05, "bold"))
    style.configure("Brand.TLabel", font=_font("Brand", 1.25, "bold"))
    style.configure("Muted.TLabel", foreground=palette.muted)
    style.configure("Ground.TFrame", background=palette.background)
    style.configure("Hero.Ground.TLabel", background=palette.background, font=_font("Hero", 1.8, "bold"))
    style.configure("Muted.Ground.TLabel", background=palette.background, foreground=palette.muted)
    style.configure("Ground.TPanedwindow", background=palette.background)
    for name in ("maximum", "average", "count"):
        style.configure(f"{name.title()}.TLabel", foreground=getattr(palette, name))
    _build_notebook(style, palette, em)
    _build_fields(style, palette)
    style.configure("Row.TButton", anchor="w", padding=(em // 2, em // 4), background=palette.surface)
    style.configure("Row.TButton", foreground=palette.accent, bordercolor=palette.surface)
    style.configure("Row.TButton", lightcolor=palette.surface, darkcolor=palette.surface)
    style.configure("Row.TButton", focuscolor=palette.accent)
    style.map(
        "Row.TButton",
        background=[("hover", palette.selection)],
        foreground=[("hover", palette.text)],
        bordercolor=[("focus", palette.accent)],
    )
    style.configure("Problem.TLabel", foreground=palette.maximum)
    line_px = nametofont("TkDefaultFont").metrics("linespace")
    style.configure(
        "Lines.Treeview", borderwidth=0, rowheight=round(1.45 * line_px), font=_font("Lines", 0.92)
    )
    style.configure("Lines.Treeview", background=palette.surface, fieldbackground=palette.surface)
    style.configure("Lines.Treeview.Heading", foreground=palette.muted, background=palette.surface)
    style.configure("Lines.Treeview.Heading", padding=(4, em // 3), font=_font("Lines", 0.92))
    style.configure("Sash", sashthickness=em // 2)
    # With a border of its own, which shows where the focus is.
    area = ("Treeview.treearea", {"sticky": "nswe"})
    layout: Any = [("Treeview.field", {"border": "1", "sticky": "nswe", "children": [area]})]
    style.layout("Lines.Treeview", layout)
    style.configure("Lines.Treeview", bordercolor=palette.surface, lightcolor=palette.surface)
    style.configure("Lines.Treeview", darkcolor=palette.surface)
    style.map("Lines.Treeview", bordercolor=[("focus", palette.accent)])
    for name in ("Treeview", "Lines.Treeview"):
        style.map(name, background=[("selected", palette.selection)], foreground=[("selected", palette.text)])


def _build_notebook(style: ttk.Style, palette: Palette, em: int) -> None:
    """Tabs that belong to the cards below them."""
    ground = palette.background
    style.configure("TNotebook", background=ground, bordercolor=ground, lightcolor=ground, darkcolor=ground)
    style.configure("TNotebook", borderwidth=0, padding=0, tabmargins=0)
    style.configure("TNotebook.Tab", padding=(em, em // 3), borderwidth=1, focuscolor=palette.accent)
    style.configure("TNotebook.Tab", bordercolor=ground, font="TkDefaultFont")
    style.map(
        "TNotebook.Tab",
        background=[("selected", palette.surface), ("active", palette.selection), ("!selected", ground)],
        lightcolor=[("selected", palette.surface), ("active", palette.selection), ("!selected", ground)],
        bordercolor=[("selected", palette.border), ("!selected", ground)],
        foreground=[("selected", palette.text), ("active", palette.text), ("!selected", palette.muted)],
        padding=[("selected", (em, em // 3))],
        expand=[],
    )


def _build_fields(style: ttk.Style, palette: Palette) -> None:
    """What one writes in has an outline that stands out from the card."""
    for name in ("TEntry", "TCombobox", "TSpinbox"):
        style.configure(name, bordercolor=palette.outline)
        style.map(
            name,
            bordercolor=[("focus", palette.accent), ("invalid", palette.maximum)],
            selectbackground=[("", palette.accent)],
            selectforeground=[("", palette.surface)],
        )


def _font(name: str, scale: float, weight: str = "normal") -> str:
    """A named font made from the default one, once: making it again would delete what widgets use."""
    name = f"Treering{name}"
    if name not in names():
        base = nametofont("TkDefaultFont").actual()
        size = round(base["size"] * scale)
        ttk.Fonts.create_alias(name, family=base["family"], size=size, weight=weight)
    return name


def system_mode() -> str:
    """What the system prefers; light where it does not say."""
    if sys.platform == "win32":
        import winreg

        try:
            path = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:
                return LIGHT if winreg.QueryValueEx(key, "AppsUseLightTheme")[0] else DARK
        except OSError:
            return LIGHT
    if sys.platform == "darwin":
        return DARK if "Dark" in _ask("defaults", "read", "-g", "AppleInterfaceStyle") else LIGHT
    answer = _ask("gsettings", "get", "org.gnome.desktop.interface", "color-scheme")
    return DARK if "dark" in answer else LIGHT


def _ask(program: str, *arguments: str) -> str:
    """What a small program of the system answers; nothing if it is not there, fails or hangs."""
    path = shutil.which(program)
    if path is None:
        return ""
    try:
        return subprocess.run(
            [path, *arguments], capture_output=True, text=True, timeout=_ASK_SYSTEM_TIMEOUT_S, check=False
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
