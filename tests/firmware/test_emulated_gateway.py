"""The gateway's image on an emulated Mega: two ports, which it joins (PROTOCOL.md section 15)."""

from __future__ import annotations

import pytest

from firmware.native.board import BOARD_HZ, Board, BoardKind, Told
from protocol.framing import DELIMITER, Deframer, encode_stream
from protocol.keys import Keys
from protocol.packets import Boot, Depth, Empty, Frame, FrameType, Heard, Result, decode, encode
from protocol.proofs import INTRODUCTION_MS
from protocol.sealing import is_sealed
from protocol.settings import Roles, Sensors, Settings, eeprom_image, settings_crc
from protocol.settings import encode as encode_settings

pytestmark = pytest.mark.usefixtures("built_board")

MEGA = BoardKind("atmega2560", "treering-mega.elf", eeprom_bytes=4096, air_uart=1)
GATEWAY, NODE, HOST_ID, ALL = 1, 9, 0xFFFE, 0xFFFF
HOST_UART, AIR_UART = 0, 1
OPEN = Settings(node_id=GATEWAY, roles=Roles.ROOT | Roles.GATEWAY, sensors=Sensors.SHT31, period_ms=1_000)


class Ports:
    """A Mega, and what came out of its two ports as bytes of frames."""

    def __init__(self, settings: Settings) -> None:
        self.board = Board(MEGA, eeprom_image(settings))
        self.out: dict[int, list[bytes]] = {HOST_UART: [], AIR_UART: []}
        self._deframers = {uart: Deframer() for uart in self.out}
        for uart in self.out:
            self.board.send(uart, DELIMITER)

    def run(self, span_ms: int) -> None:
        until = self.board.cycle + span_ms * BOARD_HZ // 1000
        done = False
        while not done:
            done = self.board.run_until(until)
            for notice in self.board.notices():
                assert notice.told is not Told.CRASHED
                if notice.told is Told.STREAM:
                    self.out[notice.uart] += self._deframers[notice.uart].feed(notice.data)

    def send(self, uart: int, frame: bytes) -> None:
        self.board.send(uart, encode_stream(frame))

    def frames(self, uart: int, kind: FrameType) -> list[Frame]:
        return [f for f in map(decode, self.out[uart]) if f.type is kind]


@pytest.fixture
def ports() -> Ports:
    ports = Ports(OPEN)
    ports.run(200)
    return ports


def frame_of(counter: int, destination: int = GATEWAY, kind: FrameType = FrameType.DISC_ACK) -> bytes:
    return encode(Frame(kind, NODE, destination, counter, Depth(0) if kind is FrameType.DEPTH else Empty()))


def test_a_frame_of_the_air_goes_to_the_host_as_it_is_with_its_quality(ports: Ports) -> None:
    for counter in (5, 6, 8):
        ports.send(AIR_UART, frame_of(counter, destination=77))
        ports.run(50)
    sent = [frame_of(counter, destination=77) for counter in (5, 6, 8)]
    assert [frame for frame in ports.out[HOST_UART] if frame in sent] == sent
    heard = [frame.payload for frame in ports.frames(HOST_UART, FrameType.HEARD)]
    assert heard == [Heard(NODE, 5, 255), Heard(NODE, 6, 255), Heard(NODE, 8, 255 * 3 // 4)]
    assert not [frame for frame in ports.out[AIR_UART] if frame in sent]


def test_a_frame_of_the_host_goes_to_the_air_unless_it_is_for_the_gateway_alone(ports: Ports) -> None:
    for counter, destination in ((5, 77), (6, GATEWAY), (7, HOST_ID)):
        ports.send(HOST_UART, frame_of(counter, destination))
        ports.run(50)
    broadcast = encode(Frame(FrameType.GOODBYE, NODE, ALL, 8, Empty()))
    ports.send(HOST_UART, broadcast)
    ports.run(50)
    foreign = [frame for frame in ports.out[AIR_UART] if decode(frame).source == NODE]
    assert foreign == [frame_of(5, 77), broadcast]
    assert not ports.frames(HOST_UART, FrameType.HEARD)


def test_what_is_not_whole_goes_nowhere(ports: Ports) -> None:
    damaged = bytearray(frame_of(5, 77))
    damaged[-1] ^= 1
    ports.send(AIR_UART, bytes(damaged))
    ports.send(HOST_UART, bytes(damaged))
    ports.send(AIR_UART, bytes(30))
    ports.run(100)
    assert all(decode(frame).source == GATEWAY for frames in ports.out.values() for frame in frames)
    assert not ports.frames(HOST_UART, FrameType.HEARD)


def test_the_gateways_own_frames_go_out_on_both_ports_and_what_is_for_the_host_on_one(ports: Ports) -> None:
    ports.send(AIR_UART, frame_of(5))  # a child
    ports.run(3_000)
    assert ports.frames(AIR_UART, FrameType.DISC_ACK_ACK)
    for kind in (FrameType.DISCOVERY, FrameType.DISC_ACK_ACK):
        assert ports.frames(AIR_UART, kind) == ports.frames(HOST_UART, kind)
    results = ports.frames(HOST_UART, FrameType.RESULT)
    assert len(results) >= 1
    assert all(isinstance(result.payload, Result) for result in results)
    assert not [frame for frame in map(decode, ports.out[AIR_UART]) if frame.destination == HOST_ID]


def test_a_gateway_tells_its_host_of_its_starts(ports: Ports) -> None:
    ports.run(61_000)
    ports.board.reset()
    ports.run(200)
    boots = [frame.payload for frame in ports.frames(HOST_UART, FrameType.BOOT)]
    assert all(isinstance(boot, Boot) for boot in boots)
    first, again, after = (boot for boot in boots if isinstance(boot, Boot))
    assert again == first
    assert (after.boot_life, after.boot_counter) > (first.boot_life, first.boot_counter)
    assert after.cause == 2  # the reset line
    assert first.flags == 0b00110  # root, two ports; neither sealed nor anything lost
    assert first.settings_crc == settings_crc(encode_settings(OPEN))


def test_a_host_that_is_flooded_gets_whole_frames_only(ports: Ports) -> None:
    """The air brings more than the HOST line can take, which carries a HEARD for each frame as well."""
    sent = [frame_of(counter, destination=77) for counter in range(80)]
    for frame in sent:
        ports.send(AIR_UART, frame)
    ports.run(1_000)
    got = [frame for frame in ports.out[HOST_UART] if frame in sent]
    assert got == sorted(got)
    assert len(got) > len(sent) // 2
    ports.send(AIR_UART, frame_of(200, destination=77))
    ports.run(100)
    assert ports.out[HOST_UART][-2] == frame_of(200, destination=77)


def test_a_sealed_gateway_relays_what_it_cannot_read_and_says_nothing_open() -> None:
    keys = Keys.of_master(bytes(16), GATEWAY)
    ports = Ports(
        Settings(
            node_id=GATEWAY,
            roles=Roles.ROOT | Roles.GATEWAY,
            network_key=keys.network,
            node_key=keys.node,
            first_life=7,
            period_ms=1_000,
        )
    )
    ports.run(1_500)
    foreign = bytes([FrameType.DATA | 0x80, 0, NODE, 0, 77, 0, 0, 5]) + bytes(20)
    ports.send(AIR_UART, foreign)
    ports.run(INTRODUCTION_MS + 1_500)
    assert foreign in ports.out[HOST_UART]
    own = [frame for frames in ports.out.values() for frame in frames if frame != foreign]
    assert all(map(is_sealed, own))
    kinds = {frame[0] & 0x1F for frame in ports.out[HOST_UART]}
    assert {FrameType.CHALLENGE, FrameType.BOOT, FrameType.HEARD, FrameType.RESULT} <= kinds
