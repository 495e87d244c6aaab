"""Whether what stands beside a log was written by this person's own app.

Anybody can send a folder along with a log. What is taken up again bears a seal (HMAC, RFC 2104) by a secret
that only this person's apps know; anything else is made anew from the log.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path
from typing import Any

from desktop import places

_SECRET_BYTES = 32
_SEAL = "seal"


def sealed(values: dict[str, Any]) -> str:
    """The values and their seal as JSON text."""
    return json.dumps({**values, _SEAL: _seal_of(values)})


def unsealed(text: str) -> dict[str, Any]:
    """What `sealed` was given. Raises ValueError for what was not sealed here."""
    try:
        values = json.loads(text)
    except RecursionError as error:
        raise ValueError("too deep") from error
    seal = values.pop(_SEAL, None) if isinstance(values, dict) else None
    if not isinstance(seal, str) or not hmac.compare_digest(seal.encode(), _seal_of(values).encode()):
        raise ValueError("not sealed by this person's app")
    return dict(values)


def _seal_of(values: dict[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hmac.digest(_secret(places.index_secret()), text.encode(), hashlib.sha256).hex()


def _secret(path: Path) -> bytes:
    """It is made when it is not there. Without a place for it, a seal is a mere checksum."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(_SECRET_BYTES))
        return path.read_bytes()
    return b""
