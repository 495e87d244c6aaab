"""AES-128-CCM of the C core, held against `cryptography`: `python -m benchmarks.sealing SUBJECT`."""

from __future__ import annotations

import sys

from benchmarks import subjects
from benchmarks.sealing import avr, host

SUBJECTS = {"avr": avr, "host": host}

if __name__ == "__main__":
    sys.exit(subjects.run("sealing", __doc__, SUBJECTS))
