"""Must show: an Arduino is connected, unplugged and plugged in again, and is counted again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desktop.journeys.person import Person
from tests.desktop.rig import descendants
from tests.firmware.board import EmulatedBoard

pytestmark = pytest.mark.usefixtures("built_board")

COUNTED = "max 21.5 °C at node 7, average 21.5 °C, 1 node"
CLIMATE = ("--temperature-c", "21.5", "--humidity-percent", "45")


def test_an_arduino_is_counted_until_it_is_unplugged_and_again_when_it_is_back(
    person: Person, tmp_path: Path
) -> None:
    events = person.window.workspace.events
    with EmulatedBoard(tmp_path, *CLIMATE, node_id=7) as board:
        connect(person, board.port)
        person.until(COUNTED, events)
    person.until("is down", events)
    person.until("no reading, 0 nodes", events)
    with EmulatedBoard(tmp_path, *CLIMATE, node_id=7):
        person.until_true(lambda: lines(person).count("is up") == 2, "the port again")
        person.until_true(lambda: COUNTED in lines(person).rpartition("is up")[2], "node 7 again")
        person.picture("arduino")


def lines(person: Person) -> str:
    """Of the events, the last below."""
    return person.reads(person.window.workspace.events)


def connect(person: Person, port: str) -> None:
    """By the dialog, as an open network with a round every second."""
    person.click_on("Connect …")
    dialog = person.dialog
    person.click_on("Serial port", dialog)
    seen = [part for part in descendants(dialog) if part.winfo_viewable()]
    port_entry = next(part for part in seen if part.winfo_class() == "TEntry")
    _, period, *_ = (part for part in seen if part.winfo_class() == "TCombobox")
    person.writes(port_entry, port)
    person.writes(period, "1")
    person.click_on("It has none: an open network, in which anybody may take part", dialog)
    person.click_on("Connect", dialog)
