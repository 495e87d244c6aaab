"""Must show: a field is drawn and simulated, a node of it is killed, and the plot tells of it."""

from __future__ import annotations

from pathlib import Path

from desktop.editor.feature import EditorFeature
from desktop.network.canvas import NetworkCanvas
from tests.desktop.journeys.person import SHIFT, Person
from tests.desktop.rig import descendants


def test_a_field_is_drawn_and_simulated_and_a_kill_is_read_off_the_plot(
    person: Person, tmp_path: Path
) -> None:
    draw(person)
    person.names_file(tmp_path / "yard.treering.toml", lambda: person.press("Control-s"))
    person.until("yard.treering.toml")
    person.click_on("Simulate")
    for _ in range(3):
        person.commands("Field faster")
    person.until_true(lambda: rounds_told(person, "7 of 7 nodes") >= 2, "rounds of all seven")

    canvas = person.window.workspace.network.canvas
    person.click(canvas, place_of(canvas, 7))
    person.press("Control-K")
    person.until("killed node 7")
    person.until_true(lambda: rounds_told(person, "6 of ") >= 2, "rounds without node 7")

    before, after, difference, *_ = read_plot(person)
    assert (before, after, difference) == ("7", "6", "-1")
    person.picture("field-to-plot")


def draw(person: Person) -> None:
    """A grid of six by the generator, and a node by the mouse."""
    person.click_on("New field")
    person.until("no nodes yet")
    person.commands("Place a grid")
    entries = [part for part in descendants(person.dialog) if part.winfo_class() == "TEntry"]
    for entry, text in zip(entries, ("3", "2", "10"), strict=True):
        person.writes(entry, text)
    person.press("Return")
    person.until("6 nodes")
    plan = person.window.feature(EditorFeature).page.plan
    assert plan is not None
    person.click(plan, (60, 60), times=2)
    person.until("7 nodes")
    person.until("all reach the root")
    person.until("Nothing is wrong: this field can be built and simulated.")


def place_of(canvas: NetworkCanvas, node: int) -> tuple[float, float]:
    """Where it is drawn."""
    place = canvas.place_of(node)
    assert place is not None
    return place


def rounds_told(person: Person, words: str) -> int:
    """How many rounds of the events say so."""
    lines = person.reads(person.window.workspace.events).split("\n")
    return sum("round" in line and words in line for line in lines)


def read_plot(person: Person) -> list[str]:
    """Cursor A at the first sample, B at the last: what was counted there, the difference, and a second."""
    plot = person.window.workspace.plot
    rect = plot.chart.shown[0].place.rect
    person.click(plot.widget, (rect.x0 + 2, 80))
    person.click(plot.widget, (rect.x1 - 2, 80), state=SHIFT)
    person.until("temperature counted", plot)
    person.rolls_down(plot.read_out.table)
    [line] = [line for line in person.reads(plot).split("\n") if line.startswith("temperature counted")]
    return line.split()[2:]
