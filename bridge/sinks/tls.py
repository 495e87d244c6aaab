"""Whom a sink trusts, and how it says who it is, over TLS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from bridge.descriptions import unreadable
from bridge.private_file import read_private
from protocol.simulator.toml_tables import Table

TLS_KEYS = ("ca", "certificate", "certificate_key", "insecure")


@dataclass(frozen=True, slots=True)
class Tls:
    """`ca` besides the system's own; `certificate` is ours, if the server asks for one."""

    is_used: bool
    ca: Path | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None
    insecure: bool = False  # whoever it is that answers, as only the owner of the network may say

    @classmethod
    def from_table(cls, table: Table, folder: Path, *, is_used: bool) -> Tls:
        """The keys of `TLS_KEYS`. Raises DescriptionError."""
        for key in TLS_KEYS:
            if key in table.values and not is_used:
                raise table.error(key, f"{key} is of TLS, which is not used", f"use TLS, or remove {key}")
        if "certificate" in table.values or "certificate_key" in table.values:
            table.need("certificate", "certificate_key")
        insecure = table.flag("insecure", False)
        if insecure and "ca" in table.values:
            raise table.error("insecure", "with insecure nobody is checked, by no ca", "remove one of them")

        def path(key: str) -> Path | None:
            name = table.text(key, None)
            return None if name is None else folder / name

        return cls(is_used, path("ca"), path("certificate"), path("certificate_key"), insecure)

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or newer. Raises UsageError for a file that cannot be used."""
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.ca is not None:
            with unreadable(self.ca, "name the CA's certificate (PEM)"):
                context.load_verify_locations(cafile=self.ca)
        if self.certificate is not None and self.certificate_key is not None:
            read_private(self.certificate_key, "it is a key", "name the key of the certificate (PEM)")
            with unreadable(self.certificate, "name a certificate, and its own key without password (PEM)"):
                context.load_cert_chain(self.certificate, self.certificate_key, password=lambda: "")
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
