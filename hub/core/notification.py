"""The notification of tills and TSEs to the tax office (section 146a (4) AO), as XML.

One message of a site lists all of its systems, those out of use too. Elements as
ELSTER's upload takes them, known from StuStaPay; no public schema was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

NAMESPACE: Final = "http://finkonsens.de/elster/elsternachricht/aufzeichnung146a/v1"
KIND_TILL: Final = "1"  # a till on a computer
KIND_USB: Final = "2"  # 1 an SD card, 3 in a cloud


@dataclass(frozen=True, slots=True)
class System:
    """A till with one TSE; a till that changed its TSE is one for each."""

    till: str
    software: str
    software_version: str
    brand: str
    model: str
    tse_serial: str
    tse_since: date
    bsi_id: str
    acquired_on: date
    commissioned_on: date
    decommissioned_on: date | None = None
    reason: str = ""


def notification(systems: Iterable[System]) -> str:
    """Write the message; the order of the elements is fixed."""
    return "\n".join(_lines(systems)) + "\n"


def _lines(systems: Iterable[System]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8" standalone="no"?>'
    yield f'<Aufzeichnung146a xmlns="{NAMESPACE}" version="1">'
    yield "  <Aufzeichnung146a>"
    for system in systems:
        yield "    <AngabenAufzeichnungssystem>"
        for name, value in _elements(system):
            yield f"      <{name}>{escape(value, quote=False)}</{name}>"
        yield "    </AngabenAufzeichnungssystem>"
    yield "  </Aufzeichnung146a>"
    yield "</Aufzeichnung146a>"


def _elements(system: System) -> Iterator[tuple[str, str]]:
    yield "Art", KIND_TILL
    yield "Software", system.software
    yield "SoftwareVersion", system.software_version
    yield "SeriennummerAS", system.till
    yield "Hersteller", system.brand
    yield "Modell", system.model
    yield "SeriennummerTSE", system.tse_serial
    yield "InbetriebnahmeTSE", _day(system.tse_since)
    yield "BSIID", system.bsi_id
    yield "ArtTSE", KIND_USB
    yield "AnschaffungAS", _day(system.acquired_on)
    yield "InbetriebnahmeAS", _day(system.commissioned_on)
    if system.decommissioned_on is not None:
        yield "AusserbetriebnahmeAS", _day(system.decommissioned_on)
        yield "GrundAusserbetriebnahme", system.reason


def _day(day: date) -> str:
    return f"{day:%d.%m.%Y}"
