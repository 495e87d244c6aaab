"""Where a person wants to go in a log, as text."""

from __future__ import annotations

import re

_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d*)?)")
_SECONDS = re.compile(r"(\d+(?:\.\d*)?)\s*s?")
_PACKET = re.compile(r"#\s*(\d[\d,]*)")


def place_in(text: str) -> tuple[bool, float]:
    """Whether it is a packet's number, and that; else the seconds since the beginning. Raises ValueError."""
    text = text.strip()
    if found := _PACKET.fullmatch(text):
        return True, int(found[1].replace(",", ""))
    if found := _CLOCK.fullmatch(text):
        return False, int(found[1] or 0) * 3600 + int(found[2]) * 60 + float(found[3])
    if found := _SECONDS.fullmatch(text):
        return False, float(found[1])
    raise ValueError(f"“{text}” is neither a time, as 1:23, nor a packet, as #1200")
