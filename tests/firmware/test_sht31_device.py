"""The emulated SHT31 keeps the protocol of its data sheet, also where the sketch never goes."""

import subprocess
import sys
from pathlib import Path

import pytest

from firmware.native.library import ROOT


@pytest.mark.skipif(sys.platform != "linux", reason="the emulated board runs on Linux only")
def test_the_device_keeps_the_protocol_of_its_data_sheet(tmp_path: Path) -> None:
    emulator = ROOT / "firmware" / "emulator"
    sources = [Path(__file__).with_name("sht31_device_test.c"), emulator / "sht31_device.c"]
    options = ["-std=c99", "-D_GNU_SOURCE", "-isystem", "/usr/include/simavr", f"-I{emulator}"]
    program = tmp_path / "sht31_device_test"
    subprocess.run(["cc", *options, "-o", program, *sources, "-lsimavr", "-lelf"], check=True, timeout=50)
    ended = subprocess.run([program], capture_output=True, text=True, timeout=10)
    assert (ended.returncode, ended.stdout) == (0, "")
