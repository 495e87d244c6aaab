"""The Debian package: the app's folder in /opt, and what makes it part of a desktop."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from scripts.package_parts import Parts

APP_ID = "org.treering.Treering"
COMMAND = "treering"
HOME = Path("opt", "treering")


def build_deb(root: Path, app: Path, parts: Parts, made_at: datetime) -> Path:
    """dist/treering_VERSION_ARCHITECTURE.deb of the app's folder. Raises subprocess.CalledProcessError.

    `made_at` is the time of all that dates itself: the same clone gives the same package.
    """
    tree = root / "build" / "package" / "deb"
    shutil.rmtree(tree, ignore_errors=True)
    _install(root / "packaging" / "linux", tree, app, parts, made_at)
    architecture = _run("dpkg", "--print-architecture").strip()
    _control(root / "packaging" / "linux", tree, parts.version, architecture)
    _open_to_all(tree)
    deb = app.parent / f"{COMMAND}_{parts.version}_{architecture}.deb"
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(round(made_at.timestamp()))}
    # zstd: xz takes many times as long.
    _run("dpkg-deb", "--root-owner-group", "-Zzstd", "-z9", "--build", str(tree), str(deb), env=environment)
    return deb


def _install(linux: Path, tree: Path, app: Path, parts: Parts, made_at: datetime) -> None:
    """Every file in its place below `tree`."""
    home, share = tree / HOME, tree / "usr" / "share"
    home.parent.mkdir(parents=True)
    shutil.copytree(app, home, symlinks=True, copy_function=_link)
    link = tree / "usr" / "bin" / COMMAND
    link.parent.mkdir(parents=True)
    link.symlink_to(Path("/") / HOME / COMMAND)
    texts = {
        share / "applications" / f"{APP_ID}.desktop": linux / f"{APP_ID}.desktop",
        share / "mime" / "packages" / f"{APP_ID}.xml": linux / f"{APP_ID}.mime.xml",
        share / "metainfo" / f"{APP_ID}.metainfo.xml": linux / f"{APP_ID}.metainfo.xml.in",
        share / "doc" / COMMAND / "copyright": linux.parents[1] / "LICENSE",
        tree / "usr" / "lib" / "udev" / "rules.d" / "60-treering.rules": linux / "60-treering.rules",
    }
    values = {"VERSION": parts.version, "DATE": f"{made_at:%Y-%m-%d}"}
    for path, source in texts.items():
        _write(path, _filled(source, values))
    for side, icon in parts.icons.items():
        place = share / "icons" / "hicolor" / f"{side}x{side}" / "apps"
        place.mkdir(parents=True)
        shutil.copyfile(icon, place / f"{APP_ID}.png")
    examples = share / "doc" / COMMAND / "examples"
    examples.symlink_to(Path("/") / HOME / "_internal" / "demo")


def _control(linux: Path, tree: Path, version: str, architecture: str) -> None:
    """What dpkg reads, and the scripts that it runs."""
    size_kb = sum(path.lstat().st_size for path in tree.rglob("*")) // 1024
    values = {
        "VERSION": version,
        "ARCHITECTURE": architecture,
        "SIZE_KB": str(size_kb),
        "LIBC": platform.libc_ver()[1],  # what is built here needs no newer one
    }
    _write(tree / "DEBIAN" / "control", _filled(linux / "control.in", values))
    for name in ("postinst", "postrm"):
        _write(tree / "DEBIAN" / name, _filled(linux / name, {}), mode=0o755)


def _open_to_all(tree: Path) -> None:
    """Whatever the builder's umask was, everybody may use what is installed."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            is_for_running = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if is_for_running else 0o644)


def _link(source: str, target: str) -> None:
    """A copy that takes no room where the file system can do that."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _filled(path: Path, values: dict[str, str]) -> str:
    text = path.read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _run(*command: str, env: dict[str, str] | None = None) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=env).stdout


def commit_time(root: Path) -> datetime:
    """When the last commit was made; now where there is no git."""
    if not (root / ".git").exists():
        return datetime.now(UTC)
    return datetime.fromtimestamp(int(_run("git", "-C", str(root), "log", "-1", "--format=%ct")), UTC)
