"""The presets of radios."""

from __future__ import annotations

import pytest

from protocol.simulator.radio import RADIOS


def test_airtime_counts_the_preamble() -> None:
    """10 + 14 bytes at 19,200 bit/s are 10 ms."""
    assert RADIOS["cc1000"].airtime_us(14) == 10_000


@pytest.mark.parametrize(
    ("name", "bits_per_s"),
    [("hc12-5k", 5_000), ("hc12-15k", 15_000), ("hc12-58k", 58_000), ("hc12-236k", 236_000)],
)
def test_the_hc_12_sends_without_listening(name: str, bits_per_s: int) -> None:
    radio = RADIOS[name]
    assert (radio.name, radio.bits_per_s, radio.carrier_sense) == (name, bits_per_s, False)


def test_backoffs_stay_far_below_the_time_of_a_retransmission() -> None:
    """A node tries again after a quarter of a second (PROTOCOL.md section 7)."""
    for radio in RADIOS.values():
        assert radio.first_backoff_us + radio.busy_backoff_us + radio.sense_delay_us < 25_000


def test_a_lan_carries_a_datagram_with_all_its_headers() -> None:
    """48 bytes in UDP, IPv4 and Ethernet are 114, at 10 Mbit/s."""
    assert RADIOS["lan"].airtime_us(48) == 91
