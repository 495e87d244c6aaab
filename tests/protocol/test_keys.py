"""Every key comes from the master key, and none is shown (PROTOCOL.md 10.4)."""

from __future__ import annotations

import pytest

from protocol.keys import Keys, network_key, node_key
from tests.protocol.vectors import rows, unhex

MASTER = bytes(range(16))


def test_keys_are_derived_as_the_vectors_say() -> None:
    for kind, derive in (("network", network_key), ("node", node_key)):
        for master, context, key in rows("sealed", kind):
            assert derive(unhex(master), int(context, 16)) == unhex(key)


def test_a_controller_makes_what_a_member_needs_and_no_more() -> None:
    member = Keys.of_master(MASTER, 1, epoch=3).of_member(7)
    assert member == Keys(3, network_key(MASTER, 3), node_key(MASTER, 7))
    assert member.master is None
    with pytest.raises(ValueError, match="master key"):
        member.of_member(8)


def test_the_next_epoch_takes_the_place_of_the_current_one() -> None:
    keys = Keys.of_master(MASTER, 1).with_next(2, network_key(MASTER, 2))
    assert keys.advanced() == Keys.of_master(MASTER, 1, epoch=2)
    with pytest.raises(ValueError, match="not known"):
        keys.advanced().advanced()


def test_no_key_is_shown() -> None:
    shown = repr(Keys.of_master(MASTER, 1).with_next(1, network_key(MASTER, 1)))
    assert shown == "Keys(epoch=0, next_epoch=1)"


@pytest.mark.parametrize("length", [0, 15, 17, 32])
def test_a_key_of_another_length_is_refused_and_not_shown(length: int) -> None:
    key = b"\x5a" * length
    for make in (lambda: network_key(key, 0), lambda: Keys(0, key, MASTER), lambda: Keys(0, MASTER, key)):
        with pytest.raises(ValueError, match=f"not {length}") as raised:
            make()
        assert "Z" not in str(raised.value)


def test_a_context_that_is_no_u16_is_refused() -> None:
    with pytest.raises(ValueError, match="65535"):
        network_key(MASTER, 0x10000)
