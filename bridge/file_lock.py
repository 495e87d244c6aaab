"""Locks on open files, which end with their process."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import msvcrt

    # A locked byte cannot be read there by others, so it is one far behind what the file says.
    _FAR_BYTES = 1 << 30

    def lock_file(handle: int) -> None:
        """Take the lock of that open file. Raises BlockingIOError if another process has it."""
        os.lseek(handle, _FAR_BYTES, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(error.errno, error.strerror) from error
        finally:
            os.lseek(handle, 0, os.SEEK_SET)

else:
    import fcntl

    def lock_file(handle: int) -> None:
        """Take the lock of that open file. Raises BlockingIOError if another process has it."""
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
