"""HOST:PORT as people write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bridge.errors import UsageError

if TYPE_CHECKING:
    from protocol.simulator.toml_tables import Table

STREAM_PORT, STATUS_PORT = 28540, 28541  # of a bridge: for others to join, and for its status by HTTP
_REMEDY = 'write it as "192.168.1.20:28540"'


class Address(NamedTuple):
    """A host's name or number, and a port."""

    host: str
    port: int


def parse_address(text: str, default_port: int | None = None) -> Address:
    """HOST:PORT, or HOST if there is a default port; IPv6 numbers stand in brackets. Raises UsageError."""
    host, colon, port = text.rpartition(":") if text.count(":") == 1 or "]:" in text else (text, "", "")
    if not colon and default_port is not None:
        port = str(default_port)
    host = host.removeprefix("[").removesuffix("]")
    if not host or any(c.isspace() or c in "/@" for c in host):
        raise UsageError(f"{text!r} names no host; {_REMEDY}")
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) < 1 << 16):
        raise UsageError(f"{text!r} names no port; {_REMEDY}")
    return Address(host, int(port))


def address_in(table: Table, key: str, default: str, default_port: int | None = None) -> Address:
    """The address of that key. Raises DescriptionError."""
    text = table.text(key, default)
    try:
        return parse_address(text, default_port)
    except UsageError as error:
        raise table.error_of(key, str(error)) from error


def address_text(address: Address) -> str:
    """HOST:PORT."""
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}:{address.port}"


def is_local(address: Address) -> bool:
    """Whether only this computer can come there."""
    return address.host in ("localhost", "::1") or address.host.startswith("127.")
