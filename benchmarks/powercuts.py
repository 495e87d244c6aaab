"""Power cuts at any byte: no counter is used twice, no settings are lost (PROTOCOL.md section 16).

python -m benchmarks.powercuts [--cuts N] [--seed S]

`store` is the C store on a memory whose writes end within a byte, while settings change and counters
are reserved. `board` is the image of an Uno in a sealed network, whose power fails at any cycle, most of them
while it starts and writes its EEPROM; what it has sent until then is what it has used.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from benchmarks.claims import Claim, report
from firmware.native.board import BOARD_HZ, UNO, Board, Told
from firmware.native.library import NotBuiltError
from firmware.native.store import FOUND, Memory, Store
from protocol.framing import Deframer
from protocol.long_counter import LIFE_SHIFT, RESERVED_AHEAD
from protocol.settings import (
    Key,
    Sensors,
    Settings,
    eeprom_image,
    eeprom_limit,
    eeprom_settings,
)

CUTS = 10_000
CUTS_OF_A_LIFE = 4
# Of a board's start: the ADC's noise, a slot, the first frames.
START_MS = 2_250
BOARD_SETTINGS = Settings(
    node_id=7, network_key=bytes(range(16)), node_key=bytes(16), sensors=Sensors.SHT31, first_life=0xC0FFEE
)


@dataclass(slots=True)
class Found:
    """What the cuts did."""

    cuts: int = 0
    writes_cut: int = 0  # within a write
    frames: int = 0
    reused: int = 0
    lost: int = 0  # settings, or the counter


def main(arguments: list[str] | None = None) -> int:
    """0 when all claims hold, 1 when one fails, 2 on bad usage."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.powercuts", description=__doc__)
    parser.add_argument("--cuts", type=int, default=CUTS, help="of each (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(arguments)
    try:
        stores, boards = cut_stores(args.cuts, args.seed), cut_boards(args.cuts, args.seed)
    except NotBuiltError as error:
        print(f"powercuts: {error}", file=sys.stderr)
        return 2
    return report(f"power cuts, seed {args.seed}", [*_claims("store", stores), *_claims("board", boards)])


def _claims(where: str, found: Found) -> Iterator[Claim]:
    yield Claim(f"{where}: power cuts", f"{found.cuts:,}, {found.writes_cut:,} within a write")
    yield Claim(f"{where}: counters used twice", str(found.reused), found.reused == 0)
    yield Claim(f"{where}: settings or counters lost", str(found.lost), found.lost == 0)
    if found.frames:
        yield Claim(f"{where}: frames sent", f"{found.frames:,}", found.frames > found.cuts // 4)


# --- the store -------------------------------------------------------------------------------------------


def cut_stores(cuts: int, seed: int) -> Found:
    """Lives of memories, each with some cuts."""
    found, random = Found(), Random(seed)
    while found.cuts < cuts:
        cut_while_changing(random, found)
    return found


def cut_while_changing(random: Random, found: Found) -> None:
    """One life of a memory: settings change and counters are reserved until the power is cut; four times."""
    settings = (bytes(2), random.randbytes(16))  # epoch and its key, which change together
    used = random.randrange(1 << 32) << LIFE_SHIFT  # the highest that may have been used
    memory = Memory()
    store = Store(memory)
    assert _change(store, settings)
    assert store.reserve(used)
    before = settings
    for _ in range(CUTS_OF_A_LIFE):
        memory.cut_after(random.randrange(100), random)
        store = Store(memory)
        while not memory.is_cut:
            if random.random() < 0.5:
                limit = used + RESERVED_AHEAD
                store.reserve(limit)
                used = used if memory.is_cut else limit
            else:
                before = settings
                settings = ((int.from_bytes(settings[0], "big") + 1).to_bytes(2, "big"), random.randbytes(16))
                _change(store, settings)
                before = before if memory.is_cut else settings
        memory.power_on()
        store = Store(memory)
        kept = (store.get(Key.EPOCH), store.get(Key.NETWORK_KEY))
        found.cuts += 1
        found.writes_cut += 1
        found.lost += kept not in (before, settings) or store.state != FOUND
        found.reused += store.limit < used
        before = settings = (kept[0] or bytes(2), kept[1] or bytes(16))
        used = store.limit


def _change(store: Store, settings: tuple[bytes, bytes]) -> bool:
    epoch, key = settings
    return store.change({Key.EPOCH: int.from_bytes(epoch, "big"), Key.NETWORK_KEY: key})


# --- a board ---------------------------------------------------------------------------------------------


def cut_boards(cuts: int, seed: int) -> Found:
    """One board, whose power fails again and again."""
    found, random = Found(), Random(seed)
    eeprom, used = eeprom_image(BOARD_SETTINGS), -1
    before = eeprom
    for _ in range(cuts):
        board = Board(UNO, eeprom, has_sensor=False)
        counters = list(_run(board, random.randrange(START_MS * BOARD_HZ // 1_000)))
        eeprom = board.power_off(random.randrange(256))
        found.cuts += 1
        found.writes_cut += eeprom != before
        found.frames += len(counters)
        found.reused += sum(counter <= used for counter in counters)
        used = max([used, *counters])
        limit = eeprom_limit(eeprom)
        found.lost += eeprom_settings(eeprom) != BOARD_SETTINGS
        found.lost += limit is None or limit >> LIFE_SHIFT != BOARD_SETTINGS.first_life
        before = eeprom
    return found


def _run(board: Board, until_cycle: int) -> Iterator[int]:
    """The counters of the frames that it sends until then."""
    deframer = Deframer()
    is_done = False
    while not is_done:
        is_done = board.run_until(until_cycle)
        for notice in board.notices():
            if notice.told is Told.STREAM:
                yield from (int.from_bytes(frame[5:8], "big") for frame in deframer.feed(notice.data))


if __name__ == "__main__":
    sys.exit(main())
