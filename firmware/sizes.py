"""Prints what parts of the sink-tree node take on an ATmega328P, beside the figures of the report of 2005.

python3 firmware/sizes.py OPTION...    the options of avr-gcc; `make -C firmware all` passes the image's

Each part is some files of core/, compiled one by one: link-time optimisation would mix them. What both parts
call (timers, outbox, events) is in neither. The report's discovery knows no HELP, no better parent and no
feasibility; ours cannot be parted from them.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

CORE = Path(__file__).parent / "core"


@dataclass(frozen=True)
class Part:
    """Files of core/ and the types of their state; the bytes are the report's."""

    name: str
    files: tuple[str, ...]
    state: tuple[str, ...]
    reported_code_bytes: int
    reported_state_bytes: int


PARTS = (
    Part(
        "data",
        ("tr_node_rounds", "tr_children", "tr_round", "tr_items", "tr_aggregate"),
        ("tr_children_t", "tr_round_t"),
        4048,
        9,
    ),
    Part(
        "discovery",
        ("tr_node_join", "tr_way", "tr_parent_link"),
        ("tr_way_t", "tr_offer_t", "tr_parent_link_t"),
        618,
        72,
    ),
)


def compiled_bytes(source: str, options: list[str]) -> dict[str, int]:
    """What the sections of a source hold, by their names as in `avr-size -A`."""
    with TemporaryDirectory() as folder:
        made = Path(folder, "part.o")
        command = [
            "avr-gcc",
            *options,
            "-fno-lto",
            "-std=c99",
            f"-I{CORE}",
            "-c",
            "-xc",
            "-",
            "-o",
            str(made),
        ]
        subprocess.run(command, input=source, text=True, check=True)
        listing = subprocess.run(["avr-size", "-A", made], capture_output=True, text=True, check=True).stdout
    return {name: int(size) for name, size in re.findall(r"^\.(\S+)\s+(\d+)", listing, re.MULTILINE)}


def code_bytes(part: Part, options: list[str]) -> int:
    """The instructions of a part."""
    sizes = [compiled_bytes(f'#include "{name}.c"\n', options) for name in part.files]
    return sum(size for found in sizes for name, size in found.items() if name.startswith("text"))


def state_bytes(part: Part, options: list[str]) -> int:
    """The variables of a part."""
    members = "".join(f"{type_name} member_{type_name}; " for type_name in part.state)
    found = compiled_bytes(f'#include "tr_node.h"\nstruct {{ {members} }} state = {{{{0}}}};\n', options)
    return sum(size for name, size in found.items() if name.startswith(("bss", "data")))


def main() -> None:
    """Print a line a part."""
    options = sys.argv[1:]
    for part in PARTS:
        ours = f"{code_bytes(part, options)} bytes of code and {state_bytes(part, options)} of state"
        theirs = f"{part.reported_code_bytes} and {part.reported_state_bytes}"
        sys.stdout.write(f"{part.name}: {ours} (the report: {theirs})\n")


if __name__ == "__main__":
    main()
