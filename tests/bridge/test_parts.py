"""Parts that run, and become others."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.parts import Parts, Stop


class World:
    """Notes what starts and stops."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def start(self, settings: Hashable) -> Stop:
        if settings == "bad":
            raise OSError("it cannot be had")
        self.told.append(f"+{settings}")

        async def stop() -> None:
            self.told.append(f"-{settings}")

        return stop


def test_what_is_wanted_by_both_is_not_touched() -> None:
    world = World()
    parts = Parts(world.start)
    asyncio.run(parts.become("abc"))
    asyncio.run(parts.become("cbd"))
    assert world.told == ["+a", "+b", "+c", "-a", "+d"]
    asyncio.run(parts.become(""))
    assert world.told[5:] == ["-d", "-c", "-b"]


def test_a_part_that_does_not_start_leaves_the_others_running() -> None:
    world = World()
    parts = Parts(world.start)
    failed: list[str] = []
    asyncio.run(
        parts.become(["a", "bad", "b"], lambda settings, error: failed.append(f"{settings}: {error}"))
    )
    assert failed == ["bad: it cannot be had"]
    assert parts.settings == ["a", "b"]
    with pytest.raises(OSError, match="it cannot be had"):
        asyncio.run(parts.become(["a", "bad"]))


@given(st.lists(st.lists(st.integers(0, 5))))
def test_what_runs_is_always_what_was_wanted_last(changes: list[list[int]]) -> None:
    world = World()
    parts = Parts(world.start)
    running: set[str] = set()
    for wanted in changes:
        world.told.clear()
        asyncio.run(parts.become(wanted))
        for told in world.told:
            assert (told[1:] in running) == (told[0] == "-")
            running ^= {told[1:]}
        assert running == {str(one) for one in wanted}
