"""How a polled network looks: who polls, how soon the others answer, who is missing, who takes over."""

from __future__ import annotations

from typing import Any

from desktop.model.model import Standing
from desktop.network.star_scene import SLOW_MS, StarScene
from desktop.palette import PALETTES
from protocol.polling_observer import PolledPeer

SIZE_PX, EM_PX = (690.0, 390.0), 13.0
LIGHT = PALETTES["light"]


def peer(response_ms: int | None, *, is_missing: bool = False) -> PolledPeer:
    return PolledPeer(
        response_ms=response_ms, attempts=2 if is_missing else 1, is_missing=is_missing, version=3
    )


def star(**changes: Any) -> StarScene:
    given: dict[str, Any] = {
        "primary": 1,
        "epoch": 4,
        "peers": {2: peer(45), 3: peer(2 * SLOW_MS), 4: peer(50, is_missing=True), 5: peer(None)},
        "ranks": {2: 1, 3: 2, 5: 3},
        "readings": {2: (3, ((0, 120),)), 4: (1, ((0, 130),))},
        "heard_us": {},
        "metric_id": 0,
        "row": None,
    }
    return StarScene(**given | changes)


def test_response_times_slow_ones_and_missing_ones_are_told_apart() -> None:
    looks = star().looks
    assert {node: look.standing for node, look in looks.items()} == {
        1: Standing.PRIMARY,
        2: Standing.STANDBY,
        3: Standing.STANDBY,
        4: Standing.MISSING,
        5: Standing.STANDBY,
    }
    assert {node: (look.note, look.note_color) for node, look in looks.items() if node > 1} == {
        2: ("45 ms #1", "muted"),
        3: (f"{2 * SLOW_MS} ms #2", "seeking"),
        4: ("missing", "maximum"),
        5: ("#3", "muted"),
    }
    assert (looks[2].value, looks[4].value) == ("20.0°", "")
    assert star().summary == "5 nodes, node 1 polls (epoch 4), 1 slow, 1 missing"


def test_the_primary_is_in_the_middle_and_spokes_tell_how_soon_a_node_answers() -> None:
    scene = star()
    fitted = scene.fit(*SIZE_PX, EM_PX)
    assert fitted.places[1] == (SIZE_PX[0] / 2, SIZE_PX[1] / 2)
    spokes = {
        node: link
        for link in scene.links(fitted, fitted.places, LIGHT, 1.0).values()
        for node, place in fitted.places.items()
        if link.points[-1] == place
    }
    assert spokes.keys() == {2, 3, 4, 5}
    assert spokes[2].width_px > spokes[3].width_px
    assert spokes[3].color == LIGHT.seeking
    assert [node for node, link in spokes.items() if link.dashes] == [4]
    assert spokes.keys() == scene.links(fitted, fitted.places, LIGHT, 1.0).keys()


def test_a_takeover_puts_another_in_the_middle() -> None:
    before, after = star(), star(primary=2, peers={1: peer(None, is_missing=True), **star().peers})
    assert before.arrangement != after.arrangement
    assert after.fit(*SIZE_PX, EM_PX).places[2] == before.fit(*SIZE_PX, EM_PX).places[1]
    assert after.looks[1].standing is Standing.MISSING
    assert after.ties == {2: None, 1: 2, 3: 2, 4: 2, 5: 2}


def test_before_a_primary_is_heard_nothing_is_in_the_middle() -> None:
    scene = star(primary=None)
    fitted = scene.fit(*SIZE_PX, EM_PX)
    assert fitted.places.keys() == {2, 3, 4, 5}
    assert scene.links(fitted, fitted.places, LIGHT, 1.0) == {}
    assert scene.captions


def test_details_in_words() -> None:
    scene = star()
    assert "answered in 45 ms" in list(scene.describe(2, 0))
    assert f"answered in {2 * SLOW_MS} ms, slow" in list(scene.describe(3, 0))
    assert "no answer to 2 polls" in list(scene.describe(4, 0))
    assert "number 2 of the standbys" in list(scene.describe(3, 0))
    assert "epoch 4" in list(scene.describe(1, 0))
