"""The colours of what is drawn (tree, plots), for the light and the dark theme; no tkinter."""

from __future__ import annotations

from dataclasses import dataclass

LIGHT, DARK = "light", "dark"


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as #rrggbb. What is read stands out from `surface` by WCAG AA (4.5); a test computes it."""

    background: str
    surface: str
    border: str
    outline: str
    text: str
    muted: str
    selection: str
    accent: str
    root: str
    joined: str
    seeking: str
    lost: str
    on_node: str
    link: str
    active: str
    maximum: str
    average: str
    count: str
    doubt: str


PALETTES = {
    LIGHT: Palette(
        background="#eef2ef",
        surface="#ffffff",
        border="#d5ddd8",
        outline="#86958d",
        text="#1c2b25",
        muted="#5a6b63",
        selection="#d7ebe1",
        accent="#1f7a57",
        root="#17543d",
        joined="#24805d",
        seeking="#9a5800",
        lost="#66736d",
        on_node="#ffffff",
        link="#749b89",
        active="#cf7d00",
        maximum="#b5401a",
        average="#1f7a57",
        count="#3f5fbf",
        doubt="#9a5800",
    ),
    DARK: Palette(
        background="#121816",
        surface="#1a2220",
        border="#2e3936",
        outline="#6b7d75",
        text="#e6ede9",
        muted="#9fb0a8",
        selection="#27463a",
        accent="#4cba8e",
        root="#a5ecce",
        joined="#4cba8e",
        seeking="#f0b04a",
        lost="#8c9a94",
        on_node="#0f1513",
        link="#4c7562",
        active="#ffc966",
        maximum="#ff8a65",
        average="#4cc795",
        count="#8fa8ff",
        doubt="#f0b04a",
    ),
}


def mix(color: str, other: str, share: float) -> str:
    """`color` with `share` (0 to 1) of `other`."""
    channels = (
        round(int(color[i : i + 2], 16) * (1 - share) + int(other[i : i + 2], 16) * share) for i in (1, 3, 5)
    )
    return "#" + "".join(f"{channel:02x}" for channel in channels)


def contrast(one: str, other: str) -> float:
    """How far the one stands out from the other, 1 to 21 (WCAG 2.1, contrast ratio)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    """WCAG 2.1, relative luminance."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
