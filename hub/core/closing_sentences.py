"""What a closing's findings say to a person, in German and English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from contract.acts import OrderKind, PaymentMethod
from contract.money import Money
from contract.sheet_words import SheetLanguage, SheetWords, sheet_words
from hub.core.closing_comparison import FindingCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.core.closing_comparison import Finding

_ENGLISH: Final[Mapping[FindingCode, str]] = {
    FindingCode.Z_MISSING: (
        "Z {first} to {last} of this till: not recorded. Bring the till online; if it"
        " is gone, keep its journal."
    ),
    FindingCode.ORDERS_MISSING: (
        "Order no. {first} to {last}: not in the ledger. The till sends what is missing"
        " when it is online."
    ),
    FindingCode.ORDERS_BEFORE: (
        "Order no. {first} to {last}: in no closing; the one before ends earlier."
    ),
    FindingCode.COUNT_DIFFERS: (
        "The till counts {said} orders ({what}), the ledger {found}."
    ),
    FindingCode.TOTAL_DIFFERS: (
        "{kind}, {method}: the till says {said_orders} orders for {said}, the ledger"
        " {found_orders} for {found}."
    ),
    FindingCode.TAX_DIFFERS: (
        "Tax code {code}: the till says {said} with {said_tax} of tax, the ledger"
        " {found} with {found_tax}."
    ),
    FindingCode.DIGEST_DIFFERS: (
        "The report was made of other orders than the ledger has: their digests differ."
    ),
    FindingCode.CHAIN_DIFFERS: (
        "The till remembers another ledger than this one: was an older backup restored?"
    ),
    FindingCode.UNSIGNED: "The closing is not signed: the TSE was out of order.",
    FindingCode.BAD_SIGNATURE: (
        "The closing's signature does not fit the report. Somebody changed one of them."
    ),
    FindingCode.OTHER_TSE: (
        "Some orders are signed by TSE {serial}, the report names {till_says}. Between"
        " two TSEs belongs a closing."
    ),
    FindingCode.COUNTERS_DIFFER: (
        "The till says that its orders have the signatures {said}, the ledger has"
        " {found}."
    ),
    FindingCode.NUMBERS_MISSING: (
        "Fiscal transaction {first} to {last}: no order's and no closing's. The till's"
        " log names those it closed after a restart; the TSE's archive tells all."
    ),
    FindingCode.COUNTERS_MISSING: (
        "Signature {first} to {last}: no order's and no closing's. A TSE also signs"
        " when its time is set and when somebody logs in; its archive tells which."
    ),
    FindingCode.COUNTERS_EXPLAINED: (
        "Signature {first} to {last}: no order's and no closing's. By the TSE's archive"
        " they were: {logged}."
    ),
    FindingCode.TWICE: "Two orders have the signature {counter}.",
    FindingCode.OUTAGES: (
        "Order no. {first} to {last}: not signed, the TSE was out of order."
    ),
    FindingCode.HELD_BACK: (
        "Order no. {first} to {last}: in quarantine, to be decided on."
    ),
    FindingCode.LATE: (
        "Order no. {first} to {last}: of this Z number, but came after its closing."
    ),
    FindingCode.TWO_SHIFTS: (
        "From order no. {first} on this Z number holds a second shift; each is to have"
        " its own. Look at both shifts together."
    ),
    FindingCode.CLOCK_OFF: (
        "The report's times can't be right: they were still to come, or long ago. Set"
        " the till's clock."
    ),
}
_GERMAN: Final[Mapping[FindingCode, str]] = {
    FindingCode.Z_MISSING: (
        "Z {first} bis {last} dieser Kasse: nicht eingegangen. Bringen Sie die Kasse"
        " ans Netz; gibt es sie nicht mehr, heben Sie ihr Journal auf."
    ),
    FindingCode.ORDERS_MISSING: (
        "Beleg Nr. {first} bis {last}: nicht im Hauptbuch. Die Kasse schickt, was"
        " fehlt, sobald sie am Netz ist."
    ),
    FindingCode.ORDERS_BEFORE: (
        "Beleg Nr. {first} bis {last}: in keinem Abschluss; der vorige endet früher."
    ),
    FindingCode.COUNT_DIFFERS: (
        "Die Kasse zählt {said} Belege ({what}), das Hauptbuch {found}."
    ),
    FindingCode.TOTAL_DIFFERS: (
        "{kind}, {method}: Die Kasse nennt {said_orders} Belege über {said}, das"
        " Hauptbuch {found_orders} über {found}."
    ),
    FindingCode.TAX_DIFFERS: (
        "Steuerschlüssel {code}: Die Kasse nennt {said} mit {said_tax} Steuer, das"
        " Hauptbuch {found} mit {found_tax}."
    ),
    FindingCode.DIGEST_DIFFERS: (
        "Der Bericht wurde aus anderen Belegen gemacht als denen im Hauptbuch: Ihre"
        " Hashes sind verschieden."
    ),
    FindingCode.CHAIN_DIFFERS: (
        "Die Kasse erinnert sich an ein anderes Hauptbuch als dieses: Wurde eine ältere"
        " Sicherung eingespielt?"
    ),
    FindingCode.UNSIGNED: "Der Abschluss ist ohne Signatur: TSE ausgefallen.",
    FindingCode.BAD_SIGNATURE: (
        "Die Signatur passt nicht zum Bericht. Eines von beiden wurde verändert."
    ),
    FindingCode.OTHER_TSE: (
        "Einige Belege hat die TSE {serial} signiert, der Bericht nennt {till_says}."
        " Zwischen zwei TSE gehört ein Abschluss."
    ),
    FindingCode.COUNTERS_DIFFER: (
        "Laut Kasse haben ihre Belege die Signaturen {said}, im Hauptbuch stehen"
        " {found}."
    ),
    FindingCode.NUMBERS_MISSING: (
        "TSE-Transaktion {first} bis {last}: zu keinem Beleg und keinem Abschluss. Das"
        " Log der Kasse nennt jene, die sie nach einem Neustart beendet"
        " hat; das Archiv der TSE nennt alle."
    ),
    FindingCode.COUNTERS_MISSING: (
        "Signatur {first} bis {last}: zu keinem Beleg und keinem Abschluss. Eine TSE"
        " signiert auch, wenn ihre Uhr gestellt wird und wenn sich jemand anmeldet; ihr"
        " Archiv sagt, was es war."
    ),
    FindingCode.COUNTERS_EXPLAINED: (
        "Signatur {first} bis {last}: zu keinem Beleg und keinem Abschluss. Laut Archiv"
        " der TSE waren es: {logged}."
    ),
    FindingCode.TWICE: "Zwei Belege haben die Signatur {counter}.",
    FindingCode.OUTAGES: (
        "Beleg Nr. {first} bis {last}: ohne Signatur, TSE ausgefallen."
    ),
    FindingCode.HELD_BACK: (
        "Beleg Nr. {first} bis {last}: in Quarantäne, bitte entscheiden."
    ),
    FindingCode.LATE: (
        "Beleg Nr. {first} bis {last}: mit dieser Z-Nummer, aber erst nach dem"
        " Abschluss eingegangen."
    ),
    FindingCode.TWO_SHIFTS: (
        "Ab Beleg Nr. {first} steht eine zweite Schicht in dieser Z-Nummer; jede soll"
        " ihre eigene haben. Sehen Sie beide Schichten zusammen an."
    ),
    FindingCode.CLOCK_OFF: (
        "Die Zeiten des Berichts können nicht stimmen: Sie lagen noch in der Zukunft"
        " oder weit zurück. Stellen Sie die Uhr der Kasse."
    ),
}
_SENTENCES = {SheetLanguage.DE: _GERMAN, SheetLanguage.EN: _ENGLISH}
_TO = {SheetLanguage.DE: " bis ", SheetLanguage.EN: " to "}


def sentence(finding: Finding, language: SheetLanguage = SheetLanguage.EN) -> str:
    """Say what was found, and what helps."""
    words = sheet_words(language)
    values = {name: _told(value, words) for name, value in finding.values.items()}
    text = _SENTENCES[language][finding.code]
    if finding.values.get("first") == finding.values.get("last"):
        text = text.replace(f"{{first}}{_TO[language]}{{last}}", "{first}")
    return text.format(**values)


def _told(value: object, words: SheetWords) -> str:
    counted = {
        "completed": words.completed,
        "aborted": words.aborted,
        "trained": words.trained,
    }
    match value:
        case OrderKind():
            return words.kinds[value]
        case PaymentMethod():
            return words.methods[value]
        case None:
            return words.nobody_pays
        case Money():
            return words.money(value)
        case str():
            return counted.get(value, value)
        case _:
            return str(value)
