"""Draws the wiring of docs/hardware.md: python -m scripts.draw_wiring [FOLDER]

Each picture is a board in the middle and what is wired to it at its sides; a wire leads from pin to pin.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

FOLDER = Path(__file__).resolve().parent.parent / "docs"

# In SVG units; nothing here is to scale.
PIN_STEP = 34
HEAD = 64
SIDE_GAP = 190
MARGIN = 24
WIRE_COLOURS = {
    "power": "#c0392b",
    "ground": "#222222",
    "data": "#1f6fb2",
    "clock": "#b8860b",
    "signal": "#2e8b57",
}


@dataclass(frozen=True)
class Part:
    """A box with its pins in order, from the top."""

    name: str
    note: str
    pins: tuple[str, ...]
    width: int = 170

    @property
    def height(self) -> int:
        return HEAD + PIN_STEP * len(self.pins)


@dataclass(frozen=True)
class Wire:
    """From a pin of the board to a pin of the part; `through` names what sits in between."""

    board_pin: str
    part_pin: str
    kind: str
    through: str = ""


@dataclass(frozen=True)
class Wired:
    """A part at one side of the board."""

    part: Part
    wires: tuple[Wire, ...]


@dataclass(frozen=True)
class Picture:
    """A board with its left and right pins; parts at the left and at the right."""

    title: str
    board: str
    board_note: str
    left: tuple[Wired, ...]
    right: tuple[Wired, ...]


def sht31(power: str, sda: str, scl: str) -> Wired:
    """The temperature and humidity sensor on I2C, address 0x44."""
    return Wired(
        Part("SHT31", "I2C, address 0x44", ("VIN", "GND", "SDA", "SCL")),
        (
            Wire(power, "VIN", "power"),
            Wire("GND", "GND", "ground"),
            Wire(sda, "SDA", "data"),
            Wire(scl, "SCL", "clock"),
        ),
    )


def hc12(transmit: str, receive: str) -> Wired:
    """The radio: its inputs are for 3.3 V, so a 5 V board drives RXD through a resistor."""
    return Wired(
        Part("HC-12", "433 MHz radio, 9600 baud", ("VCC", "GND", "RXD", "TXD")),
        (
            Wire("5V", "VCC", "power", "100 µF to GND"),
            Wire("GND", "GND", "ground"),
            Wire(transmit, "RXD", "signal", "1 kΩ"),
            Wire(receive, "TXD", "data"),
        ),
    )


def analog(name: str, note: str, power: str, output: str, pin: str) -> Wired:
    """A sensor that says its value as a voltage."""
    return Wired(
        Part(name, note, ("VCC", "GND", output)),
        (Wire(power, "VCC", "power"), Wire("GND", "GND", "ground"), Wire(pin, output, "signal")),
    )


PICTURES = {
    "wiring-node": Picture(
        "A node: Uno or Nano with SHT31, soil probe and radio",
        "Arduino Uno or Nano",
        "unplug the radio's TXD to flash",
        left=(
            sht31("5V", "A4", "A5"),
            analog("Soil probe", "capacitive, 0 to 3 V", "5V", "AOUT", "A0"),
            analog("Anemometer", "0.4 to 2 V: 0 to 32.4 m/s", "VIN, at 9 V", "OUT", "A1"),
        ),
        right=(
            hc12("1 TX", "0 RX"),
            Wired(
                Part("Relay or LED", "the actuator", ("IN", "GND")),
                (Wire("7", "IN", "signal"), Wire("GND", "GND", "ground")),
            ),
        ),
    ),
    "wiring-gateway": Picture(
        "A gateway: Mega between radio and USB",
        "Arduino Mega 2560",
        "USB is HOST, Serial1 is AIR",
        left=(
            Wired(Part("Computer", "USB, 115200 baud", ("USB",)), (Wire("USB", "USB", "data"),)),
            sht31("5V", "20 SDA", "21 SCL"),
        ),
        right=(hc12("18 TX1", "19 RX1"),),
    ),
    "wiring-gateway-leonardo": Picture(
        "A gateway: Leonardo between radio and USB",
        "Arduino Leonardo",
        "USB is HOST, Serial1 is AIR",
        left=(
            Wired(Part("Computer", "USB", ("USB",)), (Wire("USB", "USB", "data"),)),
            sht31("5V", "2 SDA", "3 SCL"),
        ),
        right=(hc12("1 TX", "0 RX"),),
    ),
    "wiring-pi": Picture(
        "A Raspberry Pi with SHT31-D, soil sensor and anemometer",
        "Raspberry Pi",
        "enable I2C: raspi-config",
        left=(sht31("pin 1 3V3", "pin 3 SDA", "pin 5 SCL"),),
        right=(
            Wired(
                Part("Soil sensor", "seesaw, I2C, address 0x36", ("VIN", "GND", "SDA", "SCL")),
                (
                    Wire("pin 1 3V3", "VIN", "power"),
                    Wire("GND", "GND", "ground"),
                    Wire("pin 3 SDA", "SDA", "data"),
                    Wire("pin 5 SCL", "SCL", "clock"),
                ),
            ),
            Wired(
                Part("ADS1115", "I2C 0x48; A0: anemometer", ("VDD", "GND", "SDA", "SCL")),
                (
                    Wire("pin 1 3V3", "VDD", "power"),
                    Wire("GND", "GND", "ground"),
                    Wire("pin 3 SDA", "SDA", "data"),
                    Wire("pin 5 SCL", "SCL", "clock"),
                ),
            ),
        ),
    ),
}


class Drawing:
    """The elements of one SVG, and how large they are together."""

    def __init__(self) -> None:
        self._elements: list[str] = []
        self.width = 0
        self.height = 0

    def box(self, x: int, y: int, width: int, height: int, fill: str) -> None:
        self._add(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="{fill}" '
            'stroke="#555" stroke-width="1.5"/>'
        )
        self._grow(x + width, y + height)

    def text(
        self, x: int, y: int, words: str, *, size: int = 14, anchor: str = "start", bold: bool = False
    ) -> None:
        weight = ' font-weight="600"' if bold else ""
        self._add(
            f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}"{weight}>{escape(words)}</text>'
        )

    def line(self, points: Sequence[tuple[int, int]], colour: str) -> None:
        path = " ".join(f"{x},{y}" for x, y in points)
        self._add(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="3"/>')

    def dot(self, x: int, y: int) -> None:
        self._add(f'<circle cx="{x}" cy="{y}" r="4" fill="#555"/>')

    def _add(self, element: str) -> None:
        self._elements.append(element)

    def _grow(self, right: int, bottom: int) -> None:
        self.width, self.height = max(self.width, right), max(self.height, bottom)

    def svg(self) -> str:
        width, height = self.width + MARGIN, self.height + MARGIN
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" font-family="Helvetica, Arial, sans-serif" fill="#222">'
        )
        ground = f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
        return "\n".join([head, ground, *self._elements, "</svg>", ""])


def draw(picture: Picture) -> str:
    """The picture as SVG."""
    drawing = Drawing()
    top = MARGIN + 44
    drawing.text(MARGIN, MARGIN + 16, picture.title, size=20, bold=True)
    left_width = max(wired.part.width for wired in picture.left)
    board_x = MARGIN + left_width + SIDE_GAP
    board_width = 250
    heights = [sum(w.part.height + MARGIN for w in side) - MARGIN for side in (picture.left, picture.right)]
    drawing.box(board_x, top, board_width, max(heights), "#e8f1f5")
    drawing.text(board_x + board_width // 2, top + 26, picture.board, size=17, anchor="middle", bold=True)
    drawing.text(board_x + board_width // 2, top + 46, picture.board_note, size=11, anchor="middle")
    _draw_side(drawing, picture.left, top, MARGIN, board_x, left=True)
    right_x = board_x + board_width + SIDE_GAP
    _draw_side(drawing, picture.right, top, right_x, board_x + board_width, left=False)
    return drawing.svg()


def _draw_side(
    drawing: Drawing, side: Sequence[Wired], top: int, x: int, board_edge: int, left: bool
) -> None:
    y = top
    for wired in side:
        part = wired.part
        drawing.box(x, y, part.width, part.height, "#f7f3e8")
        drawing.text(x + part.width // 2, y + 24, part.name, size=16, anchor="middle", bold=True)
        drawing.text(x + part.width // 2, y + 42, part.note, size=10, anchor="middle")
        for wire in wired.wires:
            pin_y = y + HEAD + PIN_STEP * part.pins.index(wire.part_pin) + 6
            part_edge = x + part.width if left else x
            _draw_wire(drawing, wire, pin_y, part_edge, board_edge, left)
        y += part.height + MARGIN


def _draw_wire(drawing: Drawing, wire: Wire, y: int, part_edge: int, board_edge: int, left: bool) -> None:
    drawing.line([(part_edge, y), (board_edge, y)], WIRE_COLOURS[wire.kind])
    drawing.dot(part_edge, y)
    drawing.dot(board_edge, y)
    inward, outward = ("end", "start") if left else ("start", "end")
    toward = 10 if left else -10
    drawing.text(part_edge - toward, y + 5, wire.part_pin, anchor=inward)
    drawing.text(board_edge + toward, y + 5, wire.board_pin, anchor=outward)
    if wire.through:
        drawing.text((part_edge + board_edge) // 2, y - 7, wire.through, size=12, anchor="middle")


def main(arguments: Sequence[str]) -> None:
    """Write every picture into the folder (docs/)."""
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in PICTURES.items():
        (folder / f"{name}.svg").write_text(draw(picture), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
