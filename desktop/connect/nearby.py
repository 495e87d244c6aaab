"""What a person could connect to now: boards on ports, and bridges on the network. No tkinter."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.addresses import address_text
from desktop.connect.bridge_finder import BridgeFinder
from desktop.connect.port_watch import PortWatch


@dataclass(frozen=True, slots=True)
class Nearby:
    """One of them: what it is, and where; `port` or `bridge` says that to the connect dialog."""

    name: str
    where: str
    port: str = ""
    bridge: str = ""
    is_sealed: bool = True


class Lookout:
    """Looks for both from `start` to `stop`, in threads of its own."""

    def __init__(self) -> None:
        self._ports = PortWatch()
        self._finder = BridgeFinder()

    def start(self) -> None:
        """Begin to look."""
        self._ports.start()
        self._finder.start()

    def stop(self) -> None:
        """Look no more."""
        self._ports.stop()
        self._finder.stop()

    @property
    def found(self) -> list[Nearby]:
        """All that is there now, boards first."""
        boards = [Nearby(port.board, port.device, port=port.device) for port in self._ports.boards]
        bridges = [
            Nearby(
                f"Bridge {bridge.info.name}",
                "sealed network" if bridge.info.is_sealed else "open network",
                bridge=address_text(bridge.address),
                is_sealed=bridge.info.is_sealed,
            )
            for bridge in self._finder.found
        ]
        return boards + bridges
