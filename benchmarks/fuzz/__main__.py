"""Bytes that nobody thought of: `python -m benchmarks.fuzz SUBJECT`."""

from __future__ import annotations

import sys

from benchmarks import subjects
from benchmarks.fuzz import core, decoders

SUBJECTS = {"core": core, "decoders": decoders}

if __name__ == "__main__":
    sys.exit(subjects.run("fuzz", __doc__, SUBJECTS))
