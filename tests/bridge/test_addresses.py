"""HOST:PORT as people write it."""

import pytest

from bridge.addresses import Address, address_in, address_text, parse_address
from bridge.errors import UsageError
from protocol.simulator.toml_tables import DescriptionError, Table


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:28540", ("127.0.0.1", 28540)),
        ("pi.local:1", ("pi.local", 1)),
        ("[::1]:28540", ("::1", 28540)),
        ("pi.local", ("pi.local", 99)),
        ("::1", ("::1", 99)),
    ],
)
def test_a_host_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text, 99) == address
    assert parse_address(address_text(Address(*address))) == address


@pytest.mark.parametrize(
    "text", ["", ":28540", "pi.local", "pi.local:", "pi:x", "pi:65536", "a b:1", "u@h:1", "pi:²"]
)
def test_what_is_no_address_is_told_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r'write it as "192.168.1.20:28540"'):
        parse_address(text)


def test_an_address_of_a_file_names_its_line() -> None:
    table = Table.parse('\nlisten = "pi:x"\n', "bridge.toml", "write TOML")
    with pytest.raises(DescriptionError, match=r"bridge.toml:2: 'pi:x' names no port; write it as"):
        address_in(table, "listen", "127.0.0.1:1")
