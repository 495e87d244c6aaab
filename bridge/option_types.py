"""Parsers of an option's text that every command may share, and that import next to nothing."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from bridge.addresses import Address, parse_address
from bridge.errors import UsageError

MOST = 1e9
MAX_DIGITS = 18


def whole(least: int, most: int) -> Callable[[str], int]:
    """A parser of whole numbers within limits."""

    def parse(text: str) -> int:
        if not text.isdecimal() or len(text) > MAX_DIGITS or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return parse


def address(default_port: int) -> Callable[[str], Address]:
    """A parser of HOST:PORT, or HOST with that port."""

    def parse(text: str) -> Address:
        try:
            return parse_address(text, default_port)
        except UsageError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse


def positive(text: str) -> float:
    """A parser of numbers above 0 and up to MOST, far beyond any field or wait."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0, up to {MOST:.0e}")
    return value
