"""The 20 tables of DSFinV-K 2.4 as data, in the order of its index.xml.

Names, types, lengths and descriptions are those of the standard (Bundeszentralamt für
Steuern, DSFinV-K 2.4); which cells may stay empty is told in its annex G.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

TAXONOMY_VERSION = "2.4"
CERTIFICATE_PIECE = 1000
"""So many characters of a certificate fit into one column."""


class Need(enum.Enum):
    """Whether a cell must be filled."""

    MUST = "must"
    MAY = "may"
    ARTICLE = "article"
    """On lines that sell an article."""
    ONE_OF = "one of"
    """One of the columns of a table that are marked so."""


MUST, MAY, ARTICLE, ONE_OF = Need.MUST, Need.MAY, Need.ARTICLE, Need.ONE_OF


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a text of so many characters, or a number of so many decimals."""

    name: str
    size: int
    description: str
    need: Need
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One CSV file with its German name in the standard."""

    file: str
    name: str
    columns: tuple[Column, ...]


def _text(name: str, size: int, description: str, need: Need = MUST) -> Column:
    return Column(name, size, description, need)


def _number(name: str, decimals: int, description: str, need: Need = MUST) -> Column:
    return Column(name, decimals, description, need, is_number=True)


HEAD = (
    _text("Z_KASSE_ID", 50, "ID der (Abschluss-) Kasse"),
    _text("Z_ERSTELLUNG", 30, "Zeitpunkt des Kassenabschlusses"),
    _number("Z_NR", 0, "Nr. des Kassenabschlusses"),
)
"""What every table begins with."""


def _table(file: str, name: str, *columns: Column) -> Table:
    return Table(file, name, (*HEAD, *columns))


TABLES = (
    _table(
        "cashpointclosing.csv",
        "Stamm_Abschluss",
        _text(
            "Z_BUCHUNGSTAG", 25, "Vom Erstellungsdatum abweichender Verbuchungstag", MAY
        ),
        _text("TAXONOMIE_VERSION", 10, "Version der DFKA-Taxonomie-Kasse"),
        _text("Z_START_ID", 40, "Erste BON_ID im Abschluss"),
        _text("Z_ENDE_ID", 40, "Letzte BON_ID im Abschluss"),
        _text("NAME", 60, "Name des Unternehmens"),
        _text("STRASSE", 60, "Straße"),
        _text("PLZ", 10, "Postleitzahl"),
        _text("ORT", 62, "Ort"),
        _text("LAND", 3, "Land"),
        _text("STNR", 20, "Steuernummer des Unternehmens", ONE_OF),
        _text("USTID", 15, "USTID", ONE_OF),
        _number("Z_SE_ZAHLUNGEN", 2, "Summe aller Zahlungen"),
        _number("Z_SE_BARZAHLUNGEN", 2, "Summe aller Barzahlungen"),
    ),
    _table(
        "location.csv",
        "Stamm_Orte",
        _text("LOC_NAME", 60, "Name des Standortes"),
        _text("LOC_STRASSE", 60, "Straße"),
        _text("LOC_PLZ", 10, "Postleitzahl"),
        _text("LOC_ORT", 62, "Ort"),
        _text("LOC_LAND", 3, "Land"),
        _text("LOC_USTID", 15, "USTID", MAY),
    ),
    _table(
        "cashregister.csv",
        "Stamm_Kassen",
        _text("KASSE_BRAND", 50, "Marke der Kasse", MAY),
        _text("KASSE_MODELL", 50, "Modellbezeichnung", MAY),
        _text("KASSE_SERIENNR", 70, "Seriennummer der Kasse"),
        _text("KASSE_SW_BRAND", 50, "Markenbezeichnung der Software", MAY),
        _text("KASSE_SW_VERSION", 50, "Version der Software", MAY),
        _text("KASSE_BASISWAEH_CODE", 3, "Basiswährung der Kasse"),
        _text("KEINE_UST_ZUORDNUNG", 1, "UmsatzsteuerNichtErmittelbar", MAY),
    ),
    _table(
        "slaves.csv",
        "Stamm_Terminals",
        _text("TERMINAL_ID", 50, "ID des Terminals"),
        _text("TERMINAL_BRAND", 50, "Marke der Terminals", MAY),
        _text("TERMINAL_MODELL", 50, "Modellbezeichnung des Terminals", MAY),
        _text("TERMINAL_SERIENNR", 70, "Seriennummer des Terminals"),
        _text("TERMINAL_SW_BRAND", 50, "Markenbezeichnung der Software", MAY),
        _text("TERMINAL_SW_VERSION", 50, "Version der Software", MAY),
    ),
    _table(
        "pa.csv",
        "Stamm_Agenturen",
        _number("AGENTUR_ID", 0, "ID der Agentur"),
        _text("AGENTUR_NAME", 60, "Name des Auftraggebers"),
        _text("AGENTUR_STRASSE", 60, "Straße"),
        _text("AGENTUR_PLZ", 10, "Postleitzahl"),
        _text("AGENTUR_ORT", 62, "Ort"),
        _text("AGENTUR_LAND", 3, "Land"),
        _text("AGENTUR_STNR", 20, "Steuernummer des Auftraggebers", ONE_OF),
        _text("AGENTUR_USTID", 15, "USTID des Auftraggebers", ONE_OF),
    ),
    _table(
        "tse.csv",
        "Stamm_TSE",
        _number("TSE_ID", 0, "ID der TSE innerhalb eines Kassenabschlusses"),
        _text("TSE_SERIAL", 68, "Seriennummer der TSE (TR-03153 Abschnitt 7.5)"),
        _text("TSE_SIG_ALGO", 21, "Der von der TSE verwendete Signaturalgorithmus"),
        _text(
            "TSE_ZEITFORMAT", 31, "Das von der TSE verwendete Format für die Log-Time"
        ),
        _text("TSE_PD_ENCODING", 5, "Text-Encoding der ProcessData (UTF-8 oder ASCII)"),
        _text("TSE_PUBLIC_KEY", 512, "Öffentlicher Schlüssel in Base64-Codierung"),
        _text("TSE_ZERTIFIKAT_I", 1000, "Erste 1.000 Zeichen des Zertifikats (Base64)"),
        _text("TSE_ZERTIFIKAT_II", 1000, "Ggf. Rest des Zertifikats (Base64)", MAY),
    ),
    _table(
        "vat.csv",
        "Stamm_USt",
        _number("UST_SCHLUESSEL", 0, "ID des Umsatzsteuersatzes"),
        _number("UST_SATZ", 2, "Prozentsatz"),
        _text("UST_BESCHR", 55, "Beschreibung"),
    ),
    _table(
        "businesscases.csv",
        "Z_GV_Typ",
        _text("GV_TYP", 30, "Typ der Geschäftsvorfall-Art"),
        _text("GV_NAME", 40, "Name der Geschäftsvorfall-Art", MAY),
        _number("AGENTUR_ID", 0, "ID der Agentur", MAY),
        _number("UST_SCHLUESSEL", 0, "ID des Umsatzsteuersatzes"),
        _number("Z_UMS_BRUTTO", 5, "Bruttoumsatz"),
        _number("Z_UMS_NETTO", 5, "Nettoumsatz"),
        _number("Z_UST", 5, "USt"),
    ),
    _table(
        "payment.csv",
        "Z_Zahlart",
        _text("ZAHLART_TYP", 25, "Typ der Zahlart"),
        _text("ZAHLART_NAME", 60, "Name der Zahlart", MAY),
        _number("Z_ZAHLART_BETRAG", 2, "Betrag in der Basiswährung"),
    ),
    _table(
        "cash_per_currency.csv",
        "Z_Waehrungen",
        _text("ZAHLART_WAEH", 3, "Währung"),
        _number("ZAHLART_BETRAG_WAEH", 2, "Betrag"),
    ),
    _table(
        "transactions.csv",
        "Bonkopf",
        _text("BON_ID", 40, "Vorgangs-ID"),
        _number("BON_NR", 0, "Bonnummer"),
        _text("BON_TYP", 30, "Bontyp"),
        _text("BON_NAME", 60, "Zusatz-Beschreibung zum Bontyp", MAY),
        _text("TERMINAL_ID", 50, "ID des Erfassungsterminals", MAY),
        _text("BON_STORNO", 1, "Storno-Kennzeichen", MAY),
        _text("BON_START", 30, "Zeitpunkt des Vorgangsstarts"),
        _text("BON_ENDE", 30, "Zeitpunkt der Vorgangsbeendigung"),
        _text("BEDIENER_ID", 50, "Bediener-ID"),
        _text("BEDIENER_NAME", 50, "Bediener-Name", MAY),
        _number("UMS_BRUTTO", 2, "Brutto-Gesamtumsatz"),
        _text("KUNDE_NAME", 50, "Name des Leistungsempfängers", MAY),
        _text("KUNDE_ID", 50, "Kundennummer des Leistungsempfängers", MAY),
        _text("KUNDE_TYP", 50, "Art des Leistungsempfängers", MAY),
        _text("KUNDE_STRASSE", 60, "Straße des Leistungsempfängers", MAY),
        _text("KUNDE_PLZ", 10, "PLZ des Leistungsempfängers", MAY),
        _text("KUNDE_ORT", 62, "Ort des Leistungsempfängers", MAY),
        _text("KUNDE_LAND", 3, "Land des Leistungsempfängers", MAY),
        _text("KUNDE_USTID", 15, "UStID des Leistungsempfängers", MAY),
        _text("BON_NOTIZ", 255, "Zusätzliche Informationen zum Bonkopf", MAY),
    ),
    _table(
        "datapayment.csv",
        "Bonkopf_Zahlarten",
        _text("BON_ID", 40, "Vorgangs-ID"),
        _text("ZAHLART_TYP", 25, "Typ der Zahlart"),
        _text("ZAHLART_NAME", 60, "Name der Zahlart", MAY),
        _text("ZAHLWAEH_CODE", 3, "Währungscode"),
        _number("ZAHLWAEH_BETRAG", 2, "Betrag in Fremdwährung", MAY),
        _number("BASISWAEH_BETRAG", 2, "Betrag in Basiswährung (i.d.R. EUR)"),
    ),
    _table(
        "lines.csv",
        "Bonpos",
        _text("BON_ID", 40, "Vorgangs-ID"),
        _text("POS_ZEILE", 50, "Zeilennummer"),
        _text("GUTSCHEIN_NR", 50, "Gutschein-Nr.", MAY),
        _text("ARTIKELTEXT", 255, "Artikeltext"),
        _text("POS_TERMINAL_ID", 50, "ID des Positions-Terminals", MAY),
        _text("GV_TYP", 30, "Geschäftsvorfall-Art"),
        _text("GV_NAME", 40, "Zusatz zu der Geschäftsvorfall-Art", MAY),
        _text("INHAUS", 1, "Verzehr an Ort und Stelle", MAY),
        _text("P_STORNO", 1, "Positionsstorno-Kennzeichnung", MAY),
        _number("AGENTUR_ID", 0, "ID der Agentur", MAY),
        _text("ART_NR", 50, "Artikelnummer", ARTICLE),
        _text("GTIN", 50, "GTIN", MAY),
        _text("WARENGR_ID", 40, "Warengruppen-ID", MAY),
        _text("WARENGR", 50, "Bezeichnung Warengruppe", MAY),
        _number("MENGE", 3, "Menge", ARTICLE),
        _number("FAKTOR", 3, "Faktor, z. B. Gebindegrößen", MAY),
        _text("EINHEIT", 50, "Maßeinheit, z. B. kg, Liter oder Stück", MAY),
        _number("STK_BR", 5, "Preis pro Einheit inkl. USt", ARTICLE),
    ),
    _table(
        "itemamounts.csv",
        "Bonpos_Preisfindung",
        _text("BON_ID", 40, "Vorgangs-ID"),
        _text("POS_ZEILE", 50, "Zeilennummer"),
        _text("TYP", 20, "Basispreis, Rabatt oder Zuschlag", MAY),
        _number("UST_SCHLUESSEL", 0, "ID des USt-Satzes"),
        _number("PF_BRUTTO", 5, "Bruttoumsatz", MAY),
        _number("PF_NETTO", 5, "Nettoumsatz", MAY),
        _number("PF_UST", 5, "USt", MAY),
    ),
    _table(
        "subitems.csv",
        "Bonpos_Zusatzinfo",
        _text("BON_ID", 40, "Vorgangs-ID"),
        _text("POS_ZEILE", 50, "Zeilennummer"),
        _text("ZI_ART_NR", 50, "Artikelnummer"),
        _text("ZI_GTIN", 50, "GTIN", MAY),
        _text("ZI_NAME", 60, "Artikelbezeichnung", MAY),
        _text("ZI_WARENGR_ID", 40, "Warengruppen-ID", MAY),
        _text("ZI_WARENGR", 50, "Bezeichnung Warengruppe", MAY),
        _number("ZI_MENGE", 3, "Menge"),
        _number("ZI_FAKTOR", 3, "Faktor, z. B. Gebindegrößen", MAY),
        _text("ZI_EINHEIT", 50, "Maßeinheit, z. B. kg, Liter oder Stück", MAY),
        _number("ZI_UST_SCHLUESSEL", 0, "ID USt-Satz des Basispreises"),
        _number("ZI_BASISPREIS_BRUTTO", 5, "Basispreis brutto", MAY),
        _number("ZI_BASISPREIS_NETTO", 5, "Basispreis netto", MAY),
        _number("ZI_BASISPREIS_UST", 5, "Basispreis USt", MAY),
    ),
    _table(
        "transactions_tse.csv",
        "TSE_Transaktionen",
        _text("BON_ID", 40, "Vorgangs-ID"),
        _number("TSE_ID", 0, "ID der für die Transaktion verwendeten TSE"),
        _number("TSE_TANR", 0, "Transaktionsnummer der Transaktion"),
        _text("TSE_TA_START", 30, "Log-Time der StartTransaction-Operation"),
        _text("TSE_TA_ENDE", 30, "Log-Time der FinishTransaction-Operation"),
        _text("TSE_TA_VORGANGSART", 30, "processType der FinishTransaction-Operation"),
        _number("TSE_TA_SIGZ", 0, "Signaturzähler der FinishTransaction-Operation"),
        _text("TSE_TA_SIG", 512, "Signatur der FinishTransaction-Operation"),
        _text("TSE_TA_FEHLER", 200, "Ggf. Hinweise auf Fehler der TSE", MAY),
        _text("TSE_VORGANGSDATEN", 1000, "Daten des Vorgangs (optional)", MAY),
    ),
    _table(
        "transactions_vat.csv",
        "Bonkopf_USt",
        _text("BON_ID", 40, "Vorgangs-ID"),
        _number("UST_SCHLUESSEL", 0, "ID des USt-Satzes"),
        _number("BON_BRUTTO", 5, "Bruttoumsatz"),
        _number("BON_NETTO", 5, "Nettoumsatz"),
        _number("BON_UST", 5, "USt"),
    ),
    _table(
        "lines_vat.csv",
        "Bonpos_USt",
        _text("BON_ID", 40, "Vorgangs-ID"),
        _text("POS_ZEILE", 50, "Zeilennummer"),
        _number("UST_SCHLUESSEL", 0, "ID des USt-Satzes"),
        _number("POS_BRUTTO", 5, "Bruttoumsatz", MAY),
        _number("POS_NETTO", 5, "Nettoumsatz", MAY),
        _number("POS_UST", 5, "USt", MAY),
    ),
    _table(
        "allocation_groups.csv",
        "Bonkopf_AbrKreis",
        _text("BON_ID", 40, "Vorgangs-ID"),
        _text("ABRECHNUNGSKREIS", 50, "z. B. Tischnummer", MAY),
    ),
    _table(
        "references.csv",
        "Bon_Referenzen",
        _text("BON_ID", 40, "Vorgangs-ID"),
        _text("POS_ZEILE", 50, "Zeilennummer des referenzierenden Vorgangs", MAY),
        _text("REF_TYP", 20, "Art der Referenz"),
        _text("REF_NAME", 40, "Beschreibung bei Art 'ExterneSonstige'", MAY),
        _text(
            "REF_DATUM",
            30,
            "Zeitstempel des Kassenabschlusses, auf den referenziert wird",
            MAY,
        ),
        _text("REF_Z_KASSE_ID", 50, "ID der (Abschluss-) Kasse", MAY),
        _number("REF_Z_NR", 0, "Nr. des Kassenabschlusses", MAY),
        _text("REF_BON_ID", 40, "Vorgangs-ID"),
    ),
)
BY_FILE = {table.file: table for table in TABLES}


CERTIFICATE_COLUMNS = "TSE_ZERTIFIKAT_"


def certificate_column(number: int) -> Column:
    """Return the column for another piece of a certificate: III, IV and so on."""
    name = f"{CERTIFICATE_COLUMNS}{_ROMAN[number - 1]}"
    return _text(name, CERTIFICATE_PIECE, "Ggf. Rest des Zertifikats (Base64)", MAY)


_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")
