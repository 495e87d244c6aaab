"""Sealing, held against `cryptography` and against who breaks it: `python -m benchmarks.sealing SUBJECT`."""

from __future__ import annotations

import sys

from benchmarks import subjects
from benchmarks.sealing import avr, host, redteam, speed

SUBJECTS = {"avr": avr, "host": host, "redteam": redteam, "speed": speed}

if __name__ == "__main__":
    sys.exit(subjects.run("sealing", __doc__, SUBJECTS))
