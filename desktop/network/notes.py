"""Words beside nodes, as many as there is room for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from desktop.network.motion import Place
from desktop.network.scene import Fitted, Look

ID_RADIUS_EM = 0.72  # a smaller node's id stands beside it
_LETTER_EM, _LINE_EM = 0.62, 1.25
_GAP_EM = 0.35


@dataclass(frozen=True, slots=True)
class Note:
    """A text about its middle, in pixels; `color` is a name in the palette."""

    text: str
    place: Place
    color: str


def place_notes(looks: Mapping[int, Look], fitted: Fitted, em_px: float) -> dict[int, Note]:
    """Notes that do not cover each other: what is unusual first, then in the order of the nodes."""
    outside = fitted.radius_px < ID_RADIUS_EM * em_px
    taken: list[tuple[float, float, float, float]] = []
    notes: dict[int, Note] = {}
    for node in sorted(fitted.outward, key=lambda node: looks[node].note_color == "muted"):
        look = looks[node]
        words = [str(node)] if outside else []
        if look.note and (not outside or look.note_color != "muted"):
            words.append(look.note)
        if not words:
            continue
        text = " ".join(words)
        width, height = len(text) * _LETTER_EM * em_px, _LINE_EM * em_px
        (x, y), (dx, dy) = fitted.places[node], fitted.outward[node]
        away = fitted.radius_px * 1.25 + _GAP_EM * em_px
        x += dx * (away + width / 2)
        y += dy * (away + height / 2)
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        if not any(_overlap(box, other) for other in taken):
            taken.append(box)
            notes[node] = Note(text, (x, y), look.note_color)
    return notes


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
