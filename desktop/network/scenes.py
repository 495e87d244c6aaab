"""The scene that suits the network of a model."""

from __future__ import annotations

from desktop.model.model import Model
from desktop.network.ring_scene import ring_scene
from desktop.network.scene import Message, Scene
from desktop.network.star_scene import star_scene
from desktop.network.tree_scene import tree_scene
from protocol.packets import Network

_CROWD = (
    "{:,} nodes are heard, and {:,} can be drawn.\nIn an open network anybody makes up as many:"
    " the values of all nodes\ntell who was heard often, and a network with keys hears nobody else."
)
MOST_NODES = 3_000  # more take longer to draw than a window may stand still


def scene_of(model: Model, metric_id: int) -> Scene:
    """The network of a model as it is now, its nodes bearing that metric."""
    observer = model.observer
    if len(observer.nodes) > MOST_NODES:
        return Message(_CROWD.format(len(observer.nodes), MOST_NODES))
    if observer.network is Network.RING and observer.ring is not None:
        return ring_scene(model, metric_id)
    if observer.network is Network.POLLING and observer.polled is not None:
        return star_scene(model, metric_id)
    return tree_scene(model, metric_id)
