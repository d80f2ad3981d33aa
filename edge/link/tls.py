"""TLS with the event's own CA: who the till is, and whom it trusts."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography import x509

from edge.core.errors import CallTheTechnician

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class TillCertificate:
    """The till's certificate with its key, and the event's CA, as PEM files."""

    ca: Path
    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Make a client's context; raises CallTheTechnician naming the bad file."""
        for name, path in (
            ("hub.ca", self.ca),
            ("hub.certificate", self.certificate),
            ("hub.key", self.key),
        ):
            if not path.is_file():
                raise CallTheTechnician(
                    f"The file {path} ({name}) is missing. Enroll this till again."
                )
        try:
            context = ssl.create_default_context(cafile=self.ca)
            context.load_cert_chain(self.certificate, self.key)
        except (ssl.SSLError, OSError) as error:
            raise CallTheTechnician(
                f"The till's certificate {self.certificate} can't be used ({error})."
                " Enroll this till again."
            ) from error
        return context

    def expired(self, now: datetime | None = None) -> str | None:
        """Say that the till's own certificate is out of its time, if it is."""
        now = now or datetime.now(UTC)
        try:
            found = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        except (OSError, ValueError):
            return None
        if now > found.not_valid_after_utc:
            return (
                "This till's certificate expired on"
                f" {found.not_valid_after_utc:%Y-%m-%d}."
                " Enroll it again, or set the clock if that date is still to come."
            )
        if now < found.not_valid_before_utc:
            return (
                "This till's certificate is valid only from"
                f" {found.not_valid_before_utc:%Y-%m-%d}. Set the clock."
            )
        return None
