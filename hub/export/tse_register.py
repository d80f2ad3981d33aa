"""The TSEs of an export: each has one number, and one number of certificate columns."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from hub.export.cash_point import TseFacts
from hub.export.tables import (
    CERTIFICATE_PIECE,
    TABLES,
    Table,
    certificate_column,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract.fiscal import Signature

ENCODING = "UTF-8"
PIECES_MIN = 2
"""tse.csv has two columns for the certificate, whatever it needs."""


class TseRegister:
    """Numbers TSEs: those that tills have described, and any that only signed."""

    def __init__(self, described: Iterable[TseFacts]) -> None:
        self._by_serial = {each.serial: each for each in described}
        self.pieces = max(
            PIECES_MIN,
            *(len(pieces_of(each.certificate)) for each in self._by_serial.values()),
            0,
        )

    def of(self, signature: Signature) -> TseFacts:
        """Find the TSE that signed; one nobody described is known by its signature."""
        known = self._by_serial.get(signature.tse_serial)
        if known is None:
            known = TseFacts(
                id=1 + max((each.id for each in self._by_serial.values()), default=0),
                serial=signature.tse_serial,
                algorithm=signature.algorithm,
                time_format=signature.time_format,
                encoding=ENCODING,
                public_key=signature.public_key,
            )
            self._by_serial[known.serial] = known
        return known

    @property
    def without_certificate(self) -> tuple[str, ...]:
        """The serial numbers of TSEs whose certificate nobody has said."""
        return tuple(
            each.serial for each in self._by_serial.values() if not each.certificate
        )

    @property
    def tables(self) -> tuple[Table, ...]:
        """Return all tables; tse.csv with as many columns as certificates need."""
        more = tuple(certificate_column(number) for number in range(3, self.pieces + 1))
        return tuple(
            Table(each.file, each.name, each.columns + more)
            if each.file == "tse.csv"
            else each
            for each in TABLES
        )


def pieces_of(certificate: bytes) -> list[str]:
    """Cut a certificate, in Base64, into what the columns of tse.csv hold."""
    text = base64.b64encode(certificate).decode("ascii")
    return [
        text[start : start + CERTIFICATE_PIECE]
        for start in range(0, len(text), CERTIFICATE_PIECE)
    ]


def tse_cells(tse: TseFacts, pieces: int) -> tuple[str, ...]:
    """Write a TSE with so many columns for its certificate."""
    certificate = pieces_of(tse.certificate)
    return (
        str(tse.id),
        tse.serial,
        tse.algorithm,
        tse.time_format,
        tse.encoding,
        base64.b64encode(tse.public_key).decode("ascii"),
        *certificate,
        *[""] * (pieces - len(certificate)),
    )
