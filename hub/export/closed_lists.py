"""The closed lists of DSFinV-K 2.4 (annexes B to D and I): what a cell may say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

RECEIPT = "Beleg"
"""The one kind of receipt that counts in a closing."""
ABORTED, TRAINING, OTHER = "AVBelegabbruch", "AVTraining", "AVSonstige"
CASH, NOTHING_PAID = "Bar", "Keine"
REFERENCE = "Transaktion"
PROCESS_TYPE, OTHER_PROCESS_TYPE = "Kassenbeleg-V1", "SonstigerVorgang"
OWN_CODES_FROM = 1000

RECEIPT_TYPES: Final = (
    RECEIPT,
    "AVRechnung",
    "AVTransfer",
    "AVBestellung",
    TRAINING,
    "AVBelegstorno",
    ABORTED,
    "AVSachbezug",
    OTHER,
)
BUSINESS_CASES: Final = (
    "Umsatz",
    "Pfand",
    "PfandRueckzahlung",
    "Rabatt",
    "Aufschlag",
    "ZuschussEcht",
    "ZuschussUnecht",
    "TrinkgeldAG",
    "TrinkgeldAN",
    "EinzweckgutscheinKauf",
    "EinzweckgutscheinEinloesung",
    "MehrzweckgutscheinKauf",
    "MehrzweckgutscheinEinloesung",
    "Forderungsentstehung",
    "Forderungsaufloesung",
    "Anzahlungseinstellung",
    "Anzahlungsaufloesung",
    "Anfangsbestand",
    "Privatentnahme",
    "Privateinlage",
    "Geldtransit",
    "Lohnzahlung",
    "Einzahlung",
    "Auszahlung",
    "DifferenzSollIst",
)
PAYMENT_TYPES: Final = (
    CASH,
    "Unbar",
    NOTHING_PAID,
    "ECKarte",
    "Kreditkarte",
    "ElZahlungsdienstleister",
    "Guthabenkarte",
)
_HASHES: Final = (
    "SHA224",
    "SHA256",
    "SHA384",
    "SHA512",
    "SHA3-224",
    "SHA3-256",
    "SHA3-384",
    "SHA3-512",
)
_YES_OR_NO: Final = ("0", "1")

CLOSED_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "BON_TYP": RECEIPT_TYPES,
    "GV_TYP": BUSINESS_CASES,
    "ZAHLART_TYP": PAYMENT_TYPES,
    "REF_TYP": (
        REFERENCE,
        "ExterneRechnung",
        "ExternerLieferschein",
        "ExterneSonstige",
    ),
    "TYP": ("base_amount", "discount", "extra_amount"),
    "TSE_SIG_ALGO": tuple(
        f"{scheme}-plain-{name}" for scheme in ("ecdsa", "ecsdsa") for name in _HASHES
    ),
    "TSE_ZEITFORMAT": (
        "unixTime",
        "utcTime",
        "utcTimeWithSeconds",
        "generalizedTime",
        "generalizedTimeWithMilliseconds",
    ),
    "TSE_PD_ENCODING": ("UTF-8", "ASCII"),
    "TSE_TA_VORGANGSART": (PROCESS_TYPE, "Bestellung-V1", OTHER_PROCESS_TYPE),
    "BON_STORNO": _YES_OR_NO,
    "INHAUS": _YES_OR_NO,
    "P_STORNO": _YES_OR_NO,
    "KEINE_UST_ZUORDNUNG": _YES_OR_NO,
}
"""By column name, whichever table it is in."""

MOMENTS: Final = frozenset(
    {
        "Z_ERSTELLUNG",
        "BON_START",
        "BON_ENDE",
        "TSE_TA_START",
        "TSE_TA_ENDE",
        "REF_DATUM",
    }
)
"""Columns that hold a time in ISO 8601."""

TAX_RATES: Final[Mapping[int, tuple[str, str]]] = {
    1: ("19,00", "Regelsteuersatz"),
    2: ("7,00", "Ermäßigter Steuersatz"),
    3: ("10,70", "Durchschnittsatz (§ 24 Abs. 1 Nr. 3 UStG)"),
    4: ("5,50", "Durchschnittsatz (§ 24 Abs. 1 Nr. 1 UStG)"),
    5: ("0,00", "Nicht Steuerbar"),
    6: ("0,00", "Umsatzsteuerfrei"),
    7: ("0,00", "UmsatzsteuerNichtErmittelbar"),
    8: ("0,00", "Nullsteuersatz (§ 12 Abs. 3 UStG)"),
}
"""What the standard calls the keys of today (annex I, version of 2024-12-05)."""

TAX_KEYS: Final = frozenset({*TAX_RATES, 11, 12, 13, 21, 22, 23, 33, 43})
"""These, and those of former rates; all others below 1000 are reserved."""
