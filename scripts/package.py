#!/usr/bin/env python3
"""Build the app as a folder that needs no Python, and of that a Debian package: `make package`.

    .venv/bin/python scripts/package.py [--force]

Both are in dist/ afterwards, the package where dpkg-deb is. Nothing is built anew while nothing has changed
that they are made of.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.package_deb import build_deb, commit_time  # noqa: E402
from scripts.package_parts import CORE, FIRMWARE, IMAGES, Parts, make_parts  # noqa: E402

DIST = ROOT / "dist"
WORK = ROOT / "build" / "package"
APP = DIST / ("Treering.app" if sys.platform == "darwin" else "treering")
STAMP = WORK / "stamp"
SCRIPTS = ("package", "package_deb", "package_parts")
# Folders and files; with what pip has installed, which constraints.txt pins, they are all that goes in.
SOURCES = (
    "protocol", "bridge", "desktop", "firmware/field", "firmware/native", "firmware/pi", "scenarios",
    "packaging", "build.spec", "pyproject.toml", "constraints.txt", "LICENSE",
    *(f"scripts/{name}.py" for name in SCRIPTS),
    *(str(FIRMWARE / name) for name in (*IMAGES, *CORE)),
)  # fmt: skip
LARGEST = 12


def inputs() -> Iterator[Path]:
    """The files that the package is made of."""
    for name in SOURCES:
        path = ROOT / name
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (file for file in found if file.is_file() and "__pycache__" not in file.parts)


def digest() -> str:
    """Of all inputs, and of the Python that goes along."""
    seen = hashlib.sha256(sys.version.encode())
    for path in inputs():
        seen.update(f"\n{path.relative_to(ROOT)}\n".encode())
        seen.update(path.read_bytes())
    return seen.hexdigest()


def freeze() -> None:
    """Run PyInstaller. Raises subprocess.CalledProcessError."""
    command = [sys.executable, "-m", "PyInstaller", "build.spec", "--noconfirm", "--log-level", "ERROR"]
    command += ["--distpath", str(DIST), "--workpath", str(WORK / "work")]
    # The order of what is collected goes by hashes.
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "0"})


def size_bytes(path: Path) -> int:
    """Of a file, or of all in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files)


def report(parts: Parts, deb: Path | None) -> None:
    """The sizes, and what is missing."""
    print(f"{APP.relative_to(ROOT)}: {size_bytes(APP) / 1e6:.0f} MB, of which")
    inner = next((APP / name for name in ("_internal", "Contents/Frameworks") if (APP / name).is_dir()), APP)
    sizes = sorted(((size_bytes(path), path.name) for path in inner.iterdir()), reverse=True)
    for size, name in sizes[:LARGEST]:
        print(f"  {size / 1e6:6.1f} MB  {name}")
    if deb:
        print(f"{deb.relative_to(ROOT)}: {deb.stat().st_size / 1e6:.0f} MB")
    if parts.missing:
        print(
            f"Not in it: {', '.join(parts.missing)}; `make firmware` builds them, with gcc-avr and cc."
            " Without, `treering flash` needs --image."
        )


def main() -> int:
    """Build what is not there as it should be; the exit code."""
    seen = digest()
    is_fresh = STAMP.exists() and STAMP.read_text() == seen and APP.exists() and "--force" not in sys.argv
    parts = make_parts(ROOT)
    debs = list(DIST.glob("*.deb"))
    if not is_fresh:
        STAMP.unlink(missing_ok=True)
        for deb in debs:
            deb.unlink()
        try:
            freeze()
            debs = [build_deb(ROOT, APP, parts, commit_time(ROOT))] if shutil.which("dpkg-deb") else []
        except subprocess.CalledProcessError as error:
            print(f"package: {error}; its messages are above", file=sys.stderr)
            return 1
        STAMP.write_text(seen)
    report(parts, debs[0] if debs else None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
