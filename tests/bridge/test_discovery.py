"""Bridges found by real mDNS, on the loopback interface."""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import discovery, find_bridges
from bridge.addresses import Address
from bridge.discovery import (
    SERVICE,
    Announcer,
    BridgeInfo,
    Browser,
    DiscoverySettings,
    FoundBridge,
    own_info,
    reachable_addresses,
)
from bridge.errors import TreeringError
from bridge.keys_file import NetworkKeys
from protocol.packets import MAX_NODE_ID
from protocol.simulator.toml_tables import Table
from tests.bridge.rig import run, until

LOOPBACK = ["127.0.0.1"]
PORT = 28540


def fresh_info(name: str = "garden", *, is_sealed: bool = True, node: int | None = 1) -> BridgeInfo:
    """Of a bridge that no other test, and nobody on this computer, tells of."""
    return BridgeInfo(f"{name} {secrets.token_hex(4)}", name, is_sealed, node)


def announcer(info: BridgeInfo, addresses: Callable[[], list[str]] = lambda: LOOPBACK) -> Announcer:
    return Announcer(info, PORT, addresses, LOOPBACK)


class Seeker:
    """A browser, and what it has told last of the bridges of one test."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self.found: list[FoundBridge] = []
        self.browser = Browser(self._take, LOOPBACK)

    def _take(self, found: Sequence[FoundBridge]) -> None:
        self.found = [bridge for bridge in found if bridge.info.name in self._names]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = {*threading.enumerate()}
    yield
    left = [thread for thread in threading.enumerate() if "zeroconf" in thread.name.lower()]
    assert {*left} <= before


def test_settings() -> None:
    def read(text: str) -> DiscoverySettings:
        return DiscoverySettings.from_table(Table.parse(text, "bridge.toml", "write TOML"))

    assert read("") == DiscoverySettings(mdns=True, announce=None)
    assert read('mdns = false\nannounce = "shed"') == DiscoverySettings(mdns=False, announce="shed")


def test_a_bridge_is_found_with_what_it_tells_and_is_gone_when_it_ends() -> None:
    async def main() -> None:
        sealed, open_ = fresh_info(), fresh_info("föld 1.2", is_sealed=False, node=None)
        shown = open_.name.replace(".", "-")
        seeker = Seeker(sealed.name, shown)
        announcers = [announcer(sealed), announcer(open_)]
        for one in announcers:
            one.start()
        await asyncio.to_thread(seeker.browser.start)
        await until(lambda: len(seeker.found) == 2)
        here = Address("127.0.0.1", PORT)
        assert sorted(seeker.found, key=lambda bridge: bridge.info.network) == [
            FoundBridge(BridgeInfo(shown, "föld 1.2", False, None), here),
            FoundBridge(sealed, here),
        ]
        await announcers[0].close()
        await until(lambda: [bridge.info.name for bridge in seeker.found] == [shown])
        await announcers[1].close()
        await asyncio.to_thread(seeker.browser.close)

    run(main(), timeout_s=30)


def test_a_network_that_comes_later_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "WATCH_S", 0.1)

    async def main() -> None:
        info = fresh_info()
        addresses: list[str] = []
        seeker = Seeker(info.name)
        await asyncio.to_thread(seeker.browser.start)
        one = announcer(info, lambda: list(addresses))
        one.start()
        await asyncio.sleep(0.5)
        assert seeker.found == []
        addresses += LOOPBACK
        await until(lambda: seeker.found)
        await one.close()
        await asyncio.to_thread(seeker.browser.close)

    run(main(), timeout_s=30)


def test_two_bridges_of_one_name_are_both_found() -> None:
    async def main() -> None:
        info = fresh_info()
        seeker = Seeker(info.name, f"{info.name}-2")
        announcers = [announcer(info), announcer(info)]
        announcers[0].start()
        await asyncio.to_thread(seeker.browser.start)
        await until(lambda: seeker.found)
        announcers[1].start()
        await until(lambda: len(seeker.found) == 2)
        for one in announcers:
            await one.close()
        await asyncio.to_thread(seeker.browser.close)

    run(main(), timeout_s=30)


def test_without_mdns_a_bridge_goes_on_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(**options: object) -> None:
        raise OSError("no such device")

    monkeypatch.setattr(discovery, "AsyncZeroconf", refuse)
    monkeypatch.setattr(discovery, "WATCH_S", 0.01)

    async def main() -> None:
        one = announcer(fresh_info())
        one.start()
        await until(lambda: one.warning)
        await asyncio.sleep(0.1)
        await one.close()
        assert one.warning == "this bridge cannot be found by mDNS (no such device); others need its address"

    run(main())
    assert len(caplog.records) == 1


def test_no_secret_is_told() -> None:
    keys = NetworkKeys("garden", 0, frozenset({1}), 1, bytes(range(16)))
    told = own_info(keys.name, None, is_sealed=True, node=1).as_properties()
    assert told == {"network": "garden", "sealed": "1", "node": "1"}


def test_who_listens_on_loopback_is_not_told_of() -> None:
    assert reachable_addresses(Address("127.0.0.1", PORT)) == []
    assert reachable_addresses(Address("localhost", PORT)) == []
    assert reachable_addresses(Address("192.0.2.7", PORT)) == ["192.0.2.7"]
    assert not {"127.0.0.1"} & set(reachable_addresses(Address("0.0.0.0", PORT)))


@given(
    st.lists(st.text(max_size=20), max_size=2),
    st.none() | st.integers(0, 65535),
    st.dictionaries(st.sampled_from(["network", "node", "sealed"]) | st.text(), st.none() | st.text()),
    st.text(),
)
def test_whatever_is_answered_gives_a_bridge_that_can_be_shown_or_none(
    addresses: list[str], port: int | None, properties: dict[str, str | None], name: str
) -> None:
    found = discovery._bridge_in(f"{name}.{SERVICE}", addresses, port, properties)
    if found is not None:
        assert (found.info.name + found.info.network).isprintable()
        assert found.info.node is None or 0 <= found.info.node <= MAX_NODE_ID


# --- treering bridges ---


def arguments(*options: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    find_bridges.add_arguments(parser)
    return parser.parse_args(options)


@pytest.fixture
def on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_bridges, "Browser", lambda on_change: Browser(on_change, LOOPBACK))


@pytest.mark.usefixtures("on_loopback")
def test_the_command_lists_bridges(capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        info = fresh_info()
        one = announcer(info)
        one.start()
        await until(lambda: one._told)
        assert await asyncio.to_thread(find_bridges.run, arguments("--wait", "2")) == 0
        assert f"127.0.0.1:{PORT}  {info.name}  (sealed network garden, node 1)" in capsys.readouterr().out
        assert await asyncio.to_thread(find_bridges.run, arguments("--wait", "2", "--json")) == 0
        objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert {
            "name": info.name,
            "network": "garden",
            "address": f"127.0.0.1:{PORT}",
            "node": 1,
            "sealed": True,
        } in objects
        await one.close()

    run(main(), timeout_s=30)


def test_without_mdns_the_command_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**options: object) -> None:
        raise OSError("no such device")

    monkeypatch.setattr(discovery, "Zeroconf", refuse)
    with pytest.raises(TreeringError, match=r"no mDNS here \(no such device\); name a bridge by its address"):
        find_bridges.run(arguments())
