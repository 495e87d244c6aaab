"""Radios: how long a frame is on the air, how a sender waits for its turn, and what sending costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Radio:
    """One kind of radio at one bit rate.

    `overhead_bytes` are sent before each frame (preamble and sync word). A radio with `carrier_sense` waits a
    random backoff (uniform, up to `first_backoff_us`), listens, and as long as somebody sends waits again (up
    to `busy_backoff_us`). Its first bit leaves `sense_delay_us` after it found the channel clear: until then
    nobody can sense it. `transmit_mw` is the power that it draws while it sends.
    """

    name: str
    bits_per_s: int
    overhead_bytes: int
    carrier_sense: bool
    sense_delay_us: int
    first_backoff_us: int
    busy_backoff_us: int
    transmit_mw: float

    def airtime_us(self, frame_bytes: int) -> int:
        """How long a frame of that size keeps the channel busy."""
        return (self.overhead_bytes + frame_bytes) * 8 * 1_000_000 // self.bits_per_s


def _cc1000() -> Radio:
    """The radio of the mica2 (the report of 2005), Manchester-coded as TinyOS 1.x drives it.

    CC1000 data sheet: 26.7 mA at 433 MHz, 10 dBm and 3 V; 250 us from receiving to sending. TinyOS
    (CC1000Const.h, CC1000RadioIntM.nc): 8 bytes of preamble and 2 of sync; first backoff of 1 to 32 bytes'
    time, busy backoff of 1 to 16, a byte being 417 us.
    """
    return Radio("cc1000", 19_200, 10, True, 250, 13_333, 6_667, 80.0)


def _hc12(name: str, bits_per_s: int) -> Radio:
    """The HC-12, a transparent serial radio on a Si4463; it sends what it is given without listening first.

    User manual 2.4: the four air rates of mode FU3, which follow from the serial rate; 20 dBm, 100 mA at 5 V.
    The manual is silent on the preamble: 10 bytes, as the CC1000's, are an assumption.
    """
    return Radio(name, bits_per_s, 10, False, 0, 0, 0, 500.0)


def _lan() -> Radio:
    """A wired segment of 10 Mbit/s (IEEE 802.3, 10BASE-T), for fields of nodes that speak UDP.

    Overhead of a datagram: preamble 8, Ethernet header 14, check sequence 4 and gap 12 bytes, IPv4 20, UDP 8.
    Stations sense the carrier; one that finds it busy waits up to 16 slots of 51.2 us, as after 4 collisions:
    there is no collision detection here, so with collisions it loses more than a real one. Wi-Fi at its basic
    rates is as fast, give or take its own overhead. 79 mA at 3.3 V: a W5500 that sends (data sheet).
    """
    return Radio("lan", 10_000_000, 66, True, 0, 0, 819, 261.0)


RADIOS: Mapping[str, Radio] = {
    radio.name: radio
    for radio in (
        _cc1000(),
        _hc12("hc12-5k", 5_000),
        _hc12("hc12-15k", 15_000),
        _hc12("hc12-58k", 58_000),
        _hc12("hc12-236k", 236_000),
        _lan(),
    )
}
