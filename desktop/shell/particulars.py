"""What a report of trouble should say of the app and the system. No tkinter."""

from __future__ import annotations

import locale
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("ttkbootstrap", "matplotlib", "numpy", "pyserial")


def app_version() -> str:
    """Of Treering; "?" where it is not installed as a package."""
    return _version("treering")


def particulars(tk_version: str) -> str:
    """Versions of the app, the system and what the app stands on, a line each."""
    packages = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    kind = "packaged" if getattr(sys, "frozen", False) else "from source"
    return "\n".join(
        [
            f"Treering {app_version()} ({kind})",
            f"{platform.platform()}, {platform.machine()}",
            f"Python {platform.python_version()}, Tk {tk_version}, {locale.getlocale()[0]}",
            packages,
        ]
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"
