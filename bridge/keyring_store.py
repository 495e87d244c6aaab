"""The system's own store of secrets: Keychain, Credential Locker, Secret Service. It is not everywhere."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from bridge.errors import UsageError

KEYRING = "keyring:"  # begins a place that is not a file: `keyring:NAME`
_SERVICE = "treering"


def keep(name: str, secret: str) -> None:
    """Put the secret there under that name. Raises UsageError."""
    keyring, errors = _keyring()
    try:
        keyring.set_password(_SERVICE, name, secret)
    except errors.KeyringError as error:
        raise UsageError(f"{KEYRING}{name}: {error}; unlock it, or use a file") from error


def fetch(name: str) -> str | None:
    """The secret of that name, None if there is none. Raises UsageError."""
    keyring, errors = _keyring()
    try:
        secret = keyring.get_password(_SERVICE, name)
    except errors.KeyringError as error:
        raise UsageError(f"{KEYRING}{name}: {error}; unlock it, or use a file") from error
    return None if secret is None else str(secret)


def _keyring() -> tuple[Any, Any]:
    """The `keyring` package and its errors."""
    try:
        return import_module("keyring"), import_module("keyring.errors")
    except ImportError:
        raise UsageError(
            "keyring: the package is not installed; run `pip install keyring`, or use a file"
        ) from None
