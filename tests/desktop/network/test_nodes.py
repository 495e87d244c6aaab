"""Pictures of nodes, how they glide to their places, and who has just sent."""

from __future__ import annotations

from dataclasses import fields
from itertools import combinations

import numpy as np
import pytest

from desktop.model.model import Standing
from desktop.network.activity import ACTIVE_S, Activity
from desktop.network.motion import MOVE_S, Motion
from desktop.network.node_images import node_image, on_ground
from desktop.palette import PALETTES, Palette

LIGHT = PALETTES["light"]
TREE_STANDINGS = (
    *(Standing.ROOT, Standing.JOINED, Standing.JOINING, Standing.SEEKING),
    *(Standing.STALE, Standing.LOST, Standing.HEARD),
)


def test_every_standing_of_a_tree_has_a_shape_of_its_own() -> None:
    """Told apart without any colour, in small as well."""
    black = {one.name: "#000000" for one in fields(Palette)}
    palette = Palette(**black | {"surface": "#ffffff"})
    pictures = {}
    for standing in TREE_STANDINGS:
        image = on_ground(node_image(standing, 8, False, palette), palette)
        pictures[standing] = np.asarray(image.convert("L"), dtype=int)
    for one, other in combinations(pictures, 2):
        apart = np.abs(pictures[one] - pictures[other]) > 100
        assert apart.mean() > 0.03, (one, other)


def test_pictures_of_nodes_have_no_pixel_that_is_half_there() -> None:
    image = on_ground(node_image(Standing.LOST, 20, True, LIGHT), LIGHT)
    assert {alpha for _, alpha in image.getchannel("A").getcolors() or []} == {0, 255}


def test_nodes_glide_to_their_places_and_new_ones_come_out_of_their_parents() -> None:
    motion = Motion()
    motion.aim({1: (0.0, 0.0)}, {1: None}, None)
    assert motion.places == {1: (0.0, 0.0)}
    assert not motion.moving
    motion.aim({1: (10.0, 0.0), 2: (30.0, 40.0)}, {1: None, 2: 1}, 5.0)
    assert motion.places == {1: (0.0, 0.0), 2: (0.0, 0.0)}
    motion.advance(5.0 + MOVE_S / 2)
    assert motion.places[1] == pytest.approx((5.0, 0.0))
    assert motion.places[2] == pytest.approx((15.0, 20.0))
    motion.advance(5.1 + MOVE_S)
    assert motion.places == {1: (10.0, 0.0), 2: (30.0, 40.0)}
    assert not motion.moving


def test_who_sent_is_seen_for_a_moment() -> None:
    activity = Activity()
    assert activity.note([3, 1, 3], 10.0) == {1, 3}
    assert activity.note([3], 10.0 + ACTIVE_S / 2) == set(), "it was seen already"
    assert activity.expire(10.0 + ACTIVE_S) == {1}
    assert activity.nodes.keys() == {3}
