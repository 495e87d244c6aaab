"""The figures that a polled network promises, each by a command: `python -m benchmarks.polling SUBJECT`."""

from __future__ import annotations

import sys

from benchmarks import subjects
from benchmarks.polling import exhaustive, fifty

SUBJECTS = {"exhaustive": exhaustive, "fifty": fifty}

if __name__ == "__main__":
    sys.exit(subjects.run("polling", __doc__, SUBJECTS))
