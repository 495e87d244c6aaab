"""One node of the sink tree on a Pi or a PC: a protocol node, its sensor, and the network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bridge.driver import NodeDriver
from bridge.event_loop import failures_raised
from bridge.link import Link, LinkState, one_by_one
from firmware.pi.actuators import Outputs


async def run_agent(
    node: NodeDriver,
    link: Link,
    on_state: Callable[[LinkState], None],
    stop: asyncio.Event,
    outputs: Outputs | None = None,
) -> None:
    """Let `node` speak and listen on `link` until `stop`. Its `outputs` are safe before and after.

    Raises LinkError if the link does not open, and what the callbacks raise.
    """
    with failures_raised(stop):
        try:
            if outputs is not None:
                outputs.on_failure = node.tell_failed
                outputs.start()
            await link.start(one_by_one(node.send), on_state)
            await node.start(one_by_one(link.send), on_state)
            await stop.wait()
        finally:
            await node.close()
            await link.close()
            if outputs is not None:
                await outputs.close()
