"""Pictures below plans: any file may be named as one, and a small one may claim to hold gigabytes."""

from __future__ import annotations

import warnings
from pathlib import Path

from PIL import Image

from bridge.errors import UsageError

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")  # not EPS: that is a program, which Ghostscript runs
_MOST_PIXELS = 100_000_000  # more is no plan, and takes gigabytes


def read_picture(path: Path) -> Image.Image:
    """All of it, read. Raises UsageError, which names the file."""
    try:
        if not path.is_file():  # to open a device or a pipe may never come to an end
            raise UsageError(f"{path}: there is no such file; choose the picture again")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # its limit is beyond this one
            image = Image.open(path, formats=_FORMATS)
        with image:
            if image.width * image.height > _MOST_PIXELS:
                raise UsageError(f"{path} is too large; make it smaller than 100 megapixels")
            image.load()
            return image.copy()
    except UsageError:
        raise
    except MemoryError as error:
        raise UsageError(f"{path}: there is no memory for it; make it smaller") from error
    except Exception as error:  # which they are depends on the format of the picture
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no picture"
        raise UsageError(f"{path}: {reason}; choose the picture again") from error
