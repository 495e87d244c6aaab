"""The firmware in a sealed network: the image on an emulated Uno, a sealed controller at its line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial

from protocol.aggregate import TEMPERATURE
from protocol.endpoint import Endpoint
from protocol.framing import DELIMITER, Deframer, encode_stream
from protocol.keys import Keys, Membership
from protocol.letters import Status
from protocol.long_counter import LIFE_SHIFT, LongCounter
from protocol.node import Event, LetterAnswered, LinkName, MeasurementDue, RoundFinished
from protocol.packets import Frame, FrameType, Help, encode
from protocol.sealing import is_sealed
from protocol.settings import Key, Roles, Settings, eeprom_image, eeprom_limit, eeprom_settings, write_value
from protocol.sink_tree import SinkTreeNode
from protocol.timing import Timing
from tests.firmware.base_station import LONGEST_READ_S, ROOT, now_ms, open_port, wait
from tests.firmware.board import EmulatedBoard

pytestmark = pytest.mark.usefixtures("built_board")

BOARD_ID = 7
MASTER = bytes(range(16))
ROOT_KEYS = Keys.of_master(MASTER, ROOT)
BOARD_KEYS = ROOT_KEYS.of_member(BOARD_ID)
SETTINGS = Settings(
    node_id=BOARD_ID,
    roles=Roles.ACTUATOR,
    epoch=0,
    network_key=BOARD_KEYS.network,
    node_key=BOARD_KEYS.node,
    controller=ROOT,
    gateways=(ROOT,),
    first_life=0xBEEF,
)


class SealedStation:
    """A sealed root, which is the controller too, on the wall clock; it starts when the board does."""

    def __init__(self, port: serial.Serial) -> None:
        self.port = port
        self.events: list[Event] = []
        self.heard: list[bytes] = []
        self._deframer = Deframer()

        def make_root(now: int) -> SinkTreeNode:
            timing = Timing(period_ms=400)
            return SinkTreeNode(
                ROOT, root=True, seed=1, first_counter=0, now_ms=now, timing=timing, metrics=(0, 1)
            )

        membership = Membership(ROOT_KEYS, gateways=frozenset({ROOT}), controller=ROOT)
        counter = LongCounter(time.time_ns() % 2**32 << 24)
        self.root = Endpoint(ROOT, make_root, membership=membership, counter=counter, seed=1, now_ms=now_ms())
        self.port.write(DELIMITER)

    def step(self) -> None:
        """Carry frames and events for a little while."""
        self.port.timeout = LONGEST_READ_S / 5
        data = self.port.read(1)
        data += self.port.read(self.port.in_waiting)
        for frame in self._deframer.feed(data):
            self.heard.append(frame)
            self.root.receive(frame, now_ms())
        self.root.handle_timer(now_ms())
        while (event := self.root.next_event()) is not None:
            self.events.append(event)
            if isinstance(event, MeasurementDue):
                self.root.measure(event.version, {0: TEMPERATURE.raw(20.0)}, now_ms())
        for link, frame in self.root.frames_to_send(now_ms()):
            if link is LinkName.AIR:
                self.port.write(encode_stream(frame))

    def next_count_of_two(self) -> RoundFinished:
        """The next round that counts the board."""
        known = len(self.events)

        def found() -> RoundFinished | None:
            results = (event for event in self.events[known:] if isinstance(event, RoundFinished))
            return next((r for r in results if dict(r.items.aggregates)[0].count == 2), None)

        return wait(found, self.step, "a result of two", lambda: f"last were {self.events[-5:]}")

    def answer(self, ask: Callable[[], None]) -> LetterAnswered:
        """What the board answers."""
        known = len(self.events)
        ask()
        return wait(
            lambda: next((e for e in self.events[known:] if isinstance(e, LetterAnswered)), None),
            self.step,
            "an answer",
            lambda: f"last were {self.events[-5:]}",
        )


@pytest.fixture
def board(tmp_path: Path) -> Iterator[EmulatedBoard]:
    (tmp_path / "eeprom.bin").write_bytes(eeprom_image(SETTINGS))
    with EmulatedBoard(tmp_path) as running:
        yield running


def test_a_sealed_board_joins_is_counted_and_says_nothing_open(board: EmulatedBoard) -> None:
    with open_port(board) as port:
        station = SealedStation(port)
        for _ in range(3):
            assert station.next_count_of_two().items.doubt == 0
    assert len(station.heard) > 5
    assert all(is_sealed(frame) for frame in station.heard)
    assert board.close() == 0
    limit = eeprom_limit(board.eeprom.read_bytes())
    assert limit is not None
    assert limit >> LIFE_SHIFT == SETTINGS.first_life


def test_a_sealed_board_hears_no_open_frame(board: EmulatedBoard) -> None:
    with open_port(board) as port:
        station = SealedStation(port)
        station.next_count_of_two()
        known = len(station.heard)
        port.write(encode_stream(encode(Frame(FrameType.HELP, 9, 0xFFFF, 1, Help(0, 255)))))
        station.next_count_of_two()
        types = {frame[0] & 0x1F for frame in station.heard[known:]}
    assert FrameType.HELP_ACK not in types


def test_a_board_that_was_reset_proves_a_counter_that_it_never_used(board: EmulatedBoard) -> None:
    with open_port(board) as port:
        station = SealedStation(port)
        station.next_count_of_two()
        before = len(station.heard)
        board.command("reset")
        station.events.clear()
        station.next_count_of_two()
        station.next_count_of_two()
    counters = [int.from_bytes(frame[5:8], "big") for frame in station.heard]
    assert max(counters[:before]) < min(counters[before:])
    assert counters == sorted(set(counters))


def test_a_controller_commands_configures_and_rekeys_a_board(board: EmulatedBoard) -> None:
    new_key = bytes(range(50, 66))
    with open_port(board) as port:
        station = SealedStation(port)
        station.next_count_of_two()
        root = station.root
        commanded = station.answer(lambda: root.command(BOARD_ID, 0, 1, 30, now_ms()))
        hold_s = write_value(Key.HOLD_S, 90)
        changed = station.answer(lambda: root.change_setting(BOARD_ID, Key.HOLD_S, hold_s, now_ms()))
        refused = station.answer(lambda: root.change_setting(BOARD_ID, Key.NODE_KEY, new_key, now_ms()))
        offered = station.answer(lambda: root.rekey(BOARD_ID, 1, now_ms()))  # and not begun
        rekeyed = station.answer(lambda: root.rekey(BOARD_ID, 3, now_ms()))
        root.begin_epoch()
        station.next_count_of_two()
        station.next_count_of_two()
    assert [one.status for one in (commanded, changed, offered, rekeyed)] == [Status.DONE] * 4
    assert refused.status == Status.UNKNOWN
    assert board.close() == 0
    settings = eeprom_settings(board.eeprom.read_bytes())
    assert settings is not None
    assert (settings.hold_s, settings.epoch) == (90, 3)
    assert (settings.next_epoch, settings.next_network_key) == (None, None)
    assert settings.network_key not in (None, SETTINGS.network_key)
    assert settings.node_key == SETTINGS.node_key
