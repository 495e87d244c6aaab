"""Writing to an InfluxDB over HTTP: 1.x by database, 2.x by organisation and bucket.

`http.client` is all it takes: one connection that stays open and one POST a batch. The makers' own libraries
bring rxpy and urllib3 for that, with retries of their own that know nothing of our checkpoints.
"""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from bridge.log.facts import RetryError
from bridge.sinks.settings import Secret

MAX_ANSWER_BYTES = 1 << 16  # an error in it; whatever stands behind that is not needed
_DROPPED = re.compile(r"partial write: .* dropped=(\d+)$")


@dataclass(frozen=True, slots=True)
class Influx1:
    """A database of InfluxDB 1.x, which is made if it is not there and `create` says so."""

    database: str
    retention_policy: str | None = None
    user: str | None = None
    create: bool = True

    def write_path(self) -> str:
        """Where points go, with times in nanoseconds."""
        query = {"db": self.database, "precision": "ns"}
        if self.retention_policy is not None:
            query["rp"] = self.retention_policy
        return f"/write?{urlencode(query)}"

    def authorization(self, secret: str | None) -> str | None:
        """The header of that name (RFC 7617)."""
        if self.user is None:
            return None
        return "Basic " + base64.b64encode(f"{self.user}:{secret or ''}".encode()).decode()

    def missing_remedy(self) -> str:
        """What to do when it is not there."""
        return f'run CREATE DATABASE "{self.database}" there, or mend database'

    def denied_remedy(self) -> str:
        """What to do when we may not write."""
        who = "user and password_from" if self.user is None else f"user {self.user!r} or its password_from"
        return f'give {who}, or GRANT WRITE ON "{self.database}"'


@dataclass(frozen=True, slots=True)
class Influx2:
    """A bucket of InfluxDB 2.x."""

    organisation: str
    bucket: str
    create = False  # a token that may write may not make buckets, and their retention is the owner's to say

    def write_path(self) -> str:
        """Where points go, with times in nanoseconds."""
        query = {"org": self.organisation, "bucket": self.bucket, "precision": "ns"}
        return f"/api/v2/write?{urlencode(query)}"

    def authorization(self, secret: str | None) -> str | None:
        """The header of that name."""
        return None if secret is None else f"Token {secret}"

    def missing_remedy(self) -> str:
        """What to do when it is not there."""
        return f"make bucket {self.bucket!r} of {self.organisation!r} there, or mend bucket and organisation"

    def denied_remedy(self) -> str:
        """What to do when we may not write."""
        return f"give token_from a token that may write to bucket {self.bucket!r}"


class BadPointsError(Exception):
    """The server will never take some of these points. `dropped` of them, if it took the others."""

    def __init__(self, cause: str, dropped: int | None = None) -> None:
        super().__init__(cause)
        self.dropped = dropped


class InfluxConnection:
    """One connection, opened when it is needed."""

    def __init__(
        self,
        url: str,
        target: Influx1 | Influx2,
        secret: Secret,
        *,
        timeout_s: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None  # the settings have seen to that
        self._url = url
        self._target = target
        self._base = parts.path.rstrip("/")
        self._headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Encoding": "gzip"}
        self._secret = secret
        self._log_in()
        if parts.scheme == "https":
            self._http: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=timeout_s, context=tls
            )
        else:
            self._http = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)

    def write(self, lines: Sequence[str]) -> None:
        """Write these points; returns when the server has them.

        Raises BadPointsError for points that it will never take, RetryError for all that may pass.
        """
        body = gzip.compress("\n".join(lines).encode(), compresslevel=6, mtime=0)
        status, answer = self._post(self._target.write_path(), body)
        if status == 404 and self._target.create:
            self._create_database()
            status, answer = self._post(self._target.write_path(), body)
        if status == 204:
            return
        if status in (401, 403):
            self._log_in()
        raise self._error(status, _cause_in(answer))

    def close(self) -> None:
        """Let the connection go; it is opened again when it is needed."""
        self._http.close()

    def _log_in(self) -> None:
        """With the secret as it is now. Raises RetryError."""
        if (authorization := self._target.authorization(self._secret.text())) is not None:
            self._headers["Authorization"] = authorization

    def _post(self, path: str, body: bytes) -> tuple[int, bytes]:
        is_kept = self._http.sock is not None
        try:
            return self._post_once(path, body)
        except (OSError, http.client.HTTPException) as error:
            self._http.close()
            if not (is_kept and isinstance(error, ConnectionError)):
                raise self._unreachable(error) from error
        # The server may have ended a connection that was quiet; what is written twice overwrites itself.
        return self._post(path, body)

    def _post_once(self, path: str, body: bytes) -> tuple[int, bytes]:
        self._http.request("POST", self._base + path, body, self._headers)
        response = self._http.getresponse()
        answer = response.read(MAX_ANSWER_BYTES)
        if not response.isclosed():  # more than that: the rest would be taken for the next answer
            self._http.close()
        return response.status, answer

    def _create_database(self) -> None:
        assert isinstance(self._target, Influx1)
        name = self._target.database.replace("\\", "\\\\").replace('"', '\\"')
        query = urlencode({"q": f'CREATE DATABASE "{name}"'})
        status, answer = self._post(f"/query?{query}", gzip.compress(b""))
        if status != 200:
            raise self._error(status, _cause_in(answer))

    def _error(self, status: int, cause: str) -> Exception:
        if status in (400, 422):
            return BadPointsError(cause, _dropped_in(cause))
        if status == 413:
            return BadPointsError(f"too many at once ({cause})")
        if status in (401, 403):
            return self._retry(f"may not write ({cause})", self._target.denied_remedy())
        if status == 404:
            return self._retry(cause, self._target.missing_remedy())
        return self._retry(f"answers {status} ({cause})", "look into its log")

    def _unreachable(self, error: Exception) -> RetryError:
        cause = getattr(error, "strerror", None) or str(error) or type(error).__name__
        if isinstance(error, ssl.SSLCertVerificationError):
            return self._retry(f"its certificate is not trusted ({error.verify_message})", "name its CA: ca")
        return self._retry(cause, "is it running?")

    def _retry(self, cause: str, remedy: str) -> RetryError:
        return RetryError(f"{self._url}: {cause}; {remedy}")


def _dropped_in(cause: str) -> int | None:
    """How many points 1.x dropped, if it says so: of lines that it cannot parse it counts none."""
    found = _DROPPED.search(cause)
    return int(found[1]) or None if found else None


def _cause_in(answer: bytes) -> str:
    """What the server says, in one line: `error` of 1.x, `message` of 2.x."""
    try:
        found = json.loads(answer)
        text = found.get("error") or found.get("message")
    except (ValueError, AttributeError, RecursionError):
        text = None
    if not isinstance(text, str):
        text = answer.decode(errors="replace")
    return " ".join(text.split())[:300] or "no reason given"
