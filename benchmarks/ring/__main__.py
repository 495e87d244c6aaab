"""The figures that the token ring promises, each by a command: `python -m benchmarks.ring SUBJECT`."""

from __future__ import annotations

import sys

from benchmarks import subjects
from benchmarks.ring import corosync, exhaustive, failover, faults

SUBJECTS = {"faults": faults, "exhaustive": exhaustive, "failover": failover, "corosync": corosync}

if __name__ == "__main__":
    sys.exit(subjects.run("ring", __doc__, SUBJECTS))
