"""The ways to begin with a network: demos, and live fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.actions import Action
from desktop.connect.dialog import ConnectDialog
from desktop.connect.nearby import Nearby
from desktop.feature import Feature
from desktop.sources.demo import DemoSource
from protocol.packets import Network

if TYPE_CHECKING:
    from desktop.window import Window


class SourcesFeature(Feature):
    """Starts demos, and asks which live field."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.demo = Action("Source", "Demo: tree", "d", self.start_demo, "play-fill", "Demo")
        self.ring_demo = Action("Source", "Demo: ring", "F3", lambda: self.start_demo(Network.RING))
        self.polling_demo = Action("Source", "Demo: polling", "F4", lambda: self.start_demo(Network.POLLING))
        self.connect = Action("Source", "Connect …", "l", self.ask_which, "usb-plug", "Connect …")
        self.actions = [self.demo, self.ring_demo, self.polling_demo, self.connect]

    def start_demo(self, network: Network = Network.TREE) -> None:
        """Show the demo of that kind of network, from its beginning."""
        self.window.start(DemoSource(network))

    def ask_which(self, nearby: Nearby | None = None) -> None:
        """Ask which live field; begin with that one."""
        ConnectDialog(self.window, nearby)
