"""What AES-128-CCM costs on an ATmega328P: flash, cycles, stack; random messages go through that code."""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

from benchmarks.claims import Claim, report
from benchmarks.sealing.avr_program import BUILD, AvrProgram, Call, build
from benchmarks.sealing.messages import KEY_BYTES, NONCE_BYTES, TAG_BYTES, Message, frame, messages, tampered
from protocol.packets import CRC_BYTES, HEADER_BYTES, MAX_PAYLOAD_BYTES, FrameType
from protocol.sealing import SealingKey

OBJECTS = ("tr_aes.c.o", "tr_aes_avr.S.o", "tr_ccm.c.o")
AGGREGATE_PAYLOAD_BYTES = 11  # depth, metric, aggregate
NODE, NEIGHBOUR = 7, 9  # image.c is node 7
NUMBER_BYTES = 7

SHOWN = 10  # failures; each is a line

MAX_FLASH_BYTES = 1536
MAX_CYCLES = 30_000
MAX_STACK_BYTES = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument("--cases", type=int, default=10_000, help="random messages (default: 10000)")
    parser.add_argument("--seed", type=int, default=1, help="of the messages (default: 1)")


def main(args: argparse.Namespace) -> int:
    """0 if the sizes are kept to, and every message came out as `cryptography` has it."""
    program = AvrProgram()
    rng = Random(args.seed)
    found = (failure_of(program, message, rng) for message in islice(messages(args.seed), args.cases))
    failures = [line for line in found if line]
    for line in failures[:SHOWN]:
        print(line)
    claims = [
        *cost_claims(program),
        Claim(
            f"of {args.cases} messages: sealed or opened otherwise, or opened though forged",
            str(len(failures)),
            not failures,
        ),
    ]
    return report(f"AES-128-CCM on an ATmega328P; messages of seed {args.seed}, by `cryptography`", claims)


def flash_bytes() -> dict[str, int]:
    """Of every part, its tables included."""
    build()
    names = [str(BUILD / "sealing" / name) for name in OBJECTS]
    rows = subprocess.run(
        ["avr-size", *names], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    # text and data: both lie in flash.
    return {name: sum(map(int, row.split()[:2])) for name, row in zip(OBJECTS, rows[1:], strict=True)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to, and the message that it left."""

    call: Call
    message: bytes


def seal(program: AvrProgram, message: Message) -> Outcome:
    """tr_ccm_seal."""
    return _call(program, "tr_ccm_seal", message, message.opened)


def open_(program: AvrProgram, message: Message, sealed: bytes) -> Outcome:
    """tr_ccm_open; `sealed` need not be what the message is when it is sealed."""
    return _call(program, "tr_ccm_open", message, sealed)


def _call(program: AvrProgram, function: str, message: Message, buffer: bytes) -> Outcome:
    program.write("key", message.key)
    program.write("nonce", message.nonce)
    program.write("message", buffer)
    addresses = map(program.address, ("key", "nonce", "message"))
    call = program.call(function, *addresses, len(message.clear), len(message.secret))
    return Outcome(call, program.read("message", len(message.opened) + TAG_BYTES))


def failure_of(program: AvrProgram, message: Message, rng: Random) -> str:
    """What the code did wrong with a message; nothing if all was right."""
    sealed = seal(program, message)
    opened = open_(program, message, message.sealed)
    forged = tampered(message.sealed, rng)
    refused = open_(program, message, forged)
    if sealed.message != message.sealed:
        return f"sealed wrong: {message}"
    if not opened.call.value & 0xFF or opened.message != message.opened + bytes(TAG_BYTES):
        return f"opened wrong: {message}"
    if refused.call.value & 0xFF or refused.message != forged:
        return f"opened though forged, or not left as it was: {message}: {forged.hex()}"
    if program.read("key", KEY_BYTES) != message.key or program.read("nonce", NONCE_BYTES) != message.nonce:
        return f"key or nonce changed: {message}"
    return ""


def cost_claims(program: AvrProgram) -> Iterator[Claim]:
    """Flash, cycles and stack; the cycles of the largest frame are told, but not judged."""
    yield from _flash_claims()
    yield from _frame_claims(program, "27-byte frame", AGGREGATE_PAYLOAD_BYTES, MAX_CYCLES)
    yield from _frame_claims(program, "104-byte frame", MAX_PAYLOAD_BYTES, None)
    yield from _member_claims(program)


def _member_claims(program: AvrProgram) -> Iterator[Claim]:
    """The same frame through all of the seal: keys, numbers and windows too. For comparison."""
    member, buffer = program.address("seal"), program.address("message")
    opened = (
        bytes([FrameType.DATA]) + NODE.to_bytes(2, "big") + bytes(5 + AGGREGATE_PAYLOAD_BYTES + CRC_BYTES)
    )
    program.write("key", bytes(KEY_BYTES))
    program.call("tr_seal_init", member, program.address("config"), 0, 0)
    program.write("message", opened)
    closed = program.call("tr_seal_close", member, buffer, len(opened))
    sealed = SealingKey(bytes(KEY_BYTES)).seal(opened, 0)
    if closed.value & 0xFF != len(sealed) or program.read("message", len(sealed)) != sealed:
        raise RuntimeError("tr_seal_close does not seal as protocol.sealing does")
    yield from _call_claims("27-byte frame, tr_seal_close", closed)

    heard = bytes([FrameType.DATA]) + NEIGHBOUR.to_bytes(2, "big") + NODE.to_bytes(2, "big") + opened[5:]
    program.write("message", bytes(NUMBER_BYTES))
    program.call("prove", NEIGHBOUR, buffer)
    program.write("message", SealingKey(bytes(KEY_BYTES)).seal(heard, 1))
    taken = program.call("tr_seal_open", member, buffer, len(sealed), 0, 0)
    if taken.value != len(heard):
        raise RuntimeError("tr_seal_open does not open what protocol.sealing has sealed")
    yield from _call_claims("27-byte frame, tr_seal_open", taken)


def _call_claims(what: str, call: Call) -> Iterator[Claim]:
    yield Claim(f"{what}: cycles", str(call.cycles))
    yield Claim(f"{what}: bytes of stack", str(call.stack_bytes))


def _flash_claims() -> Iterator[Claim]:
    sizes = flash_bytes()
    total = sum(sizes.values())
    yield from (Claim(f"flash of {name}, bytes", str(size)) for name, size in sizes.items())
    yield Claim(f"flash of all, bytes: at most {MAX_FLASH_BYTES}", str(total), total <= MAX_FLASH_BYTES)


def _frame_claims(
    program: AvrProgram, what: str, payload_bytes: int, max_cycles: int | None
) -> Iterator[Claim]:
    message = frame(Random(0), payload_bytes)
    forged = bytes(HEADER_BYTES + payload_bytes + TAG_BYTES)
    for name, call in (
        ("sealed", seal(program, message).call),
        ("opened", open_(program, message, message.sealed).call),
        ("refused", open_(program, message, forged).call),
    ):
        limit = "" if max_cycles is None else f": at most {max_cycles}"
        keeps = None if max_cycles is None else call.cycles <= max_cycles
        yield Claim(f"{what} {name}, cycles{limit}", str(call.cycles), keeps)
        yield Claim(
            f"{what} {name}, bytes of stack: at most {MAX_STACK_BYTES}",
            str(call.stack_bytes),
            call.stack_bytes <= MAX_STACK_BYTES,
        )
