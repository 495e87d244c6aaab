"""The links that bridge.toml names, besides those with settings of their own: serial ports and UDP."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.errors import UsageError
from bridge.serial_link import BAUD, SerialLink
from bridge.udp_link import GROUP, PORT, UdpLink
from protocol.sealed_reader import SealedReader
from protocol.simulator.toml_tables import Table


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """One [[serial]]: a port with a board on it. `place` is where it was written, for messages."""

    port: str
    baud: int = BAUD
    place: str = field(default="", compare=False)

    @classmethod
    def from_table(cls, table: Table) -> SerialSettings:
        """Raises DescriptionError."""
        table.expect(("port", "baud"))
        table.need("port")
        place = table.error("port", "", "").place
        return cls(table.text("port", ""), table.whole("baud", BAUD, 50, 4_000_000), place)

    def link(self) -> SerialLink:
        """The link, not open yet."""
        return SerialLink(self.port, self.baud)


@dataclass(frozen=True, slots=True)
class UdpSettings:
    """[udp]: nodes on the network."""

    group: str = GROUP
    port: int = PORT
    interface: str | None = None

    @classmethod
    def from_table(cls, table: Table) -> UdpSettings | None:
        """None for enabled = false. Raises DescriptionError."""
        table.expect(("enabled", "group", "port", "interface"))
        settings = cls(
            table.text("group", GROUP), table.whole("port", PORT, 1, 65_535), table.text("interface", None)
        )
        try:
            settings.link(None)
        except UsageError as error:
            key = "interface" if str(error).startswith("interface") else "group"
            raise table.error_of(key, str(error)) from error
        return settings if table.flag("enabled", True) else None

    def link(self, reader: SealedReader | None) -> UdpLink:
        """The link, not open yet. Raises UsageError for what is no address."""
        return UdpLink(self.group, self.port, self.interface, reader)
