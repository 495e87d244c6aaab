"""Must show: who starts the app for the first time sees a tree that moves, in less than ten seconds."""

from __future__ import annotations

import time

from desktop import places
from tests.desktop.journeys.person import Person

AT_MOST_S = 10.0
NODES = 16


def test_from_the_first_start_to_a_tree_that_moves(person: Person) -> None:
    assert not places.recordings().exists(), "nothing was recorded before"
    assert not places.settings().exists()
    person.until("See what your field feels")
    person.until("Demo network")

    began_s = time.monotonic()
    person.click_on("Tree")
    canvas = person.window.workspace.network.canvas
    person.until_true(lambda: canvas.node_count == NODES, "the tree")
    before = person.sees(canvas)
    person.until_true(lambda: person.sees(canvas) != before, "packets that pass")
    person.until("joined under 1")
    assert time.monotonic() - began_s < AT_MOST_S
    person.until("16 of 16 nodes")  # the first round
    person.picture("first-start")
