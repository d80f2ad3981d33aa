"""Every word that is printed, in German and English: receipts and Z reports."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.acts import OrderKind, PaymentMethod, PlaceRole
from contract.lines import LineRole
from contract.money import Money, plain_amount

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo


class SheetLanguage(enum.Enum):
    """What sheets can be printed in (ISO 639-1)."""

    DE = "de"
    EN = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetWords:
    """The words of one language."""

    decimal: str
    moment: str
    zones: Mapping[str, str]
    """What time zones are called, where that is not as in English."""
    demo: str
    copy: str
    training: str
    tax_number: str
    titles: Mapping[OrderKind, str]
    kinds: Mapping[OrderKind, str]
    cancels: str
    number: str
    z_number: str
    till: str
    date: str
    each: str
    lines: Mapping[LineRole, str]
    """What lines are called that are no product of the catalogue."""
    total: str
    paid: Mapping[PaymentMethod, str]
    given_back: Mapping[PaymentMethod, str]
    card: str
    card_receipt: str
    vouchers_given: str
    vouchers_taken: str
    bill: str
    places: Mapping[PlaceRole, str]
    cash_from: str
    cash_to: str
    counted: str
    expected: str
    difference: str
    rate: str
    net: str
    tax: str
    gross: str
    no_tax: Mapping[int, str]
    """Why there is no tax, by the keys of DSFinV-K 2.4, annex I."""
    till_serial: str
    tse_serial: str
    transaction_number: str
    counter: str
    started: str
    finished: str
    algorithm: str
    signature: str
    outage: str
    outage_since: str
    outage_reason: str
    outage_times: str
    thanks: str
    closing: str
    opened: str
    closed: str
    orders: str
    completed: str
    aborted: str
    trained: str
    methods: Mapping[PaymentMethod, str]
    nobody_pays: str
    cash_sum: str
    no_counters: str
    counters: str
    digest: str
    signed: str
    unsigned: str

    def amount(self, minor: int) -> str:
        """Write minor units as the language does, without a currency."""
        return plain_amount(minor).replace(".", self.decimal)

    def money(self, money: Money) -> str:
        """Write an amount with its currency."""
        return f"{self.amount(money.minor)} {money.currency.value}"

    def percent(self, rate_bp: int) -> str:
        """Write basis points as percent, without zeros nobody needs."""
        return f"{plain_amount(rate_bp).rstrip('0').rstrip('.')} %".replace(
            ".", self.decimal
        )

    def at(self, moment: datetime, zone: tzinfo) -> str:
        """Write a moment in a zone's time, to the second."""
        local = moment.astimezone(zone)
        name = local.tzname() or ""
        return f"{local:{self.moment}} {self.zones.get(name, name)}"


_GERMAN = SheetWords(
    decimal=",",
    moment="%d.%m.%Y %H:%M:%S",
    zones={"CET": "MEZ", "CEST": "MESZ"},
    demo="DEMO - kein gültiger Beleg",
    copy="KOPIE",
    training="TRAINING - kein gültiger Beleg",
    tax_number="Steuernummer",
    titles={
        OrderKind.SALE: "Beleg",
        OrderKind.CANCELLATION: "Storno",
        OrderKind.TOP_UP: "Aufladung",
        OrderKind.PAYOUT: "Auszahlung",
        OrderKind.TICKET: "Eintritt",
        OrderKind.GRANT: "Gutscheine",
        OrderKind.BILL_PAYMENT: "Zahlung einer Rechnung",
        OrderKind.REGISTER: "Armband ausgegeben",
        OrderKind.SWAP: "Armband getauscht",
        OrderKind.BLOCK: "Armband gesperrt oder freigegeben",
        OrderKind.ANNOTATE: "Armband geändert",
        OrderKind.SHIFT_START: "Kassenausgabe",
        OrderKind.CASH_MOVEMENT: "Geldtransit",
        OrderKind.CASH_TRANSFER: "Kassenübergabe",
        OrderKind.SHIFT_END: "Kassenabschluss",
    },
    kinds={
        OrderKind.SALE: "Verkauf",
        OrderKind.CANCELLATION: "Storno",
        OrderKind.TOP_UP: "Aufladung",
        OrderKind.PAYOUT: "Auszahlung",
        OrderKind.TICKET: "Eintritt",
        OrderKind.GRANT: "Gutscheine",
        OrderKind.BILL_PAYMENT: "Rechnung",
        OrderKind.REGISTER: "Armband",
        OrderKind.SWAP: "Tausch",
        OrderKind.BLOCK: "Sperre",
        OrderKind.ANNOTATE: "Notiz",
        OrderKind.SHIFT_START: "Ausgabe",
        OrderKind.CASH_MOVEMENT: "Geldtransit",
        OrderKind.CASH_TRANSFER: "Übergabe",
        OrderKind.SHIFT_END: "Abschluss",
    },
    cancels="Storniert Beleg",
    number="Beleg-Nr.",
    z_number="Z-Nr.",
    till="Kasse",
    date="Datum",
    each="je {price}",
    lines={
        LineRole.VOUCHER: "Gutscheine",
        LineRole.DISCOUNT: "Nachlass",
        LineRole.CREDIT: "Guthaben",
        LineRole.BILL: "Rechnung",
        LineRole.ROUNDING: "Rundung",
        LineRole.DONATION: "Spende",
        LineRole.TRANSIT: "Geldtransit",
        LineRole.DIFFERENCE: "Kassendifferenz",
    },
    total="Summe",
    paid={
        PaymentMethod.WALLET: "Bezahlt mit Armband",
        PaymentMethod.CASH: "Bezahlt bar",
        PaymentMethod.CARD: "Bezahlt mit Karte",
    },
    given_back={
        PaymentMethod.WALLET: "Erstattet auf Armband",
        PaymentMethod.CASH: "Bar ausgezahlt",
        PaymentMethod.CARD: "Erstattet auf Karte",
    },
    card="Karte",
    card_receipt="Karten-Beleg",
    vouchers_given="Gutscheine erhalten",
    vouchers_taken="Gutscheine eingelöst",
    bill="Rechnung",
    places={
        PlaceRole.REGISTER: "Kassenlade",
        PlaceRole.BAG: "Tasche",
        PlaceRole.VAULT: "Tresor",
        PlaceRole.BANK: "Bank",
    },
    cash_from="Von",
    cash_to="Nach",
    counted="Gezählt",
    expected="Soll",
    difference="Differenz",
    rate="USt",
    net="Netto",
    tax="Steuer",
    gross="Brutto",
    no_tax={
        5: "nicht steuerbar",
        6: "steuerfrei",
        7: "USt nicht bestimmbar",
        8: "{rate} (§ 12 Abs. 3 UStG)",
    },
    till_serial="Seriennummer Kasse",
    tse_serial="Seriennummer TSE",
    transaction_number="TSE-Transaktion",
    counter="Signaturzähler",
    started="Beginn",
    finished="Ende",
    algorithm="Verfahren",
    signature="Prüfwert",
    outage="TSE ausgefallen",
    outage_since="Seit",
    outage_reason="Grund",
    outage_times="Zeiten der Kasse:",
    thanks="Vielen Dank!",
    closing="Z-Bericht",
    opened="Erster Beleg",
    closed="Abgeschlossen",
    orders="Belege",
    completed="davon abgeschlossen",
    aborted="davon abgebrochen",
    trained="davon im Training",
    methods={
        PaymentMethod.WALLET: "Armband",
        PaymentMethod.CASH: "bar",
        PaymentMethod.CARD: "Karte",
    },
    nobody_pays="ohne Zahlung",
    cash_sum="Bargeld",
    no_counters="keine Signatur",
    counters="Signaturen",
    digest="Hash der Belege",
    signed="Signiert",
    unsigned="Ohne Signatur: TSE ausgefallen",
)
_ENGLISH = SheetWords(
    decimal=".",
    moment="%Y-%m-%d %H:%M:%S",
    zones={},
    demo="DEMO - not a valid receipt",
    copy="COPY",
    training="TRAINING - not a valid receipt",
    tax_number="Tax number",
    titles={
        OrderKind.SALE: "Receipt",
        OrderKind.CANCELLATION: "Cancellation",
        OrderKind.TOP_UP: "Top-up",
        OrderKind.PAYOUT: "Payout",
        OrderKind.TICKET: "Entry",
        OrderKind.GRANT: "Vouchers",
        OrderKind.BILL_PAYMENT: "Payment of a bill",
        OrderKind.REGISTER: "Wristband handed out",
        OrderKind.SWAP: "Wristband exchanged",
        OrderKind.BLOCK: "Wristband blocked or unblocked",
        OrderKind.ANNOTATE: "Wristband changed",
        OrderKind.SHIFT_START: "Register handed out",
        OrderKind.CASH_MOVEMENT: "Cash movement",
        OrderKind.CASH_TRANSFER: "Register handed over",
        OrderKind.SHIFT_END: "Close-out",
    },
    kinds={
        OrderKind.SALE: "Sale",
        OrderKind.CANCELLATION: "Cancellation",
        OrderKind.TOP_UP: "Top-up",
        OrderKind.PAYOUT: "Payout",
        OrderKind.TICKET: "Entry",
        OrderKind.GRANT: "Vouchers",
        OrderKind.BILL_PAYMENT: "Bill",
        OrderKind.REGISTER: "Wristband",
        OrderKind.SWAP: "Exchange",
        OrderKind.BLOCK: "Block",
        OrderKind.ANNOTATE: "Note",
        OrderKind.SHIFT_START: "Shift start",
        OrderKind.CASH_MOVEMENT: "Cash moved",
        OrderKind.CASH_TRANSFER: "Transfer",
        OrderKind.SHIFT_END: "Close-out",
    },
    cancels="Cancels receipt",
    number="Receipt no.",
    z_number="Z no.",
    till="Till",
    date="Date",
    each="{price} each",
    lines={
        LineRole.VOUCHER: "Vouchers",
        LineRole.DISCOUNT: "Discount",
        LineRole.CREDIT: "Credit",
        LineRole.BILL: "Bill",
        LineRole.ROUNDING: "Rounding",
        LineRole.DONATION: "Donation",
        LineRole.TRANSIT: "Cash moved",
        LineRole.DIFFERENCE: "Difference of the count",
    },
    total="Total",
    paid={
        PaymentMethod.WALLET: "Paid by wristband",
        PaymentMethod.CASH: "Paid in cash",
        PaymentMethod.CARD: "Paid by card",
    },
    given_back={
        PaymentMethod.WALLET: "Refunded to wristband",
        PaymentMethod.CASH: "Paid out in cash",
        PaymentMethod.CARD: "Refunded to card",
    },
    card="Card",
    card_receipt="Card receipt",
    vouchers_given="Vouchers added",
    vouchers_taken="Vouchers redeemed",
    bill="Bill",
    places={
        PlaceRole.REGISTER: "register",
        PlaceRole.BAG: "bag",
        PlaceRole.VAULT: "vault",
        PlaceRole.BANK: "bank",
    },
    cash_from="From",
    cash_to="To",
    counted="Counted",
    expected="Expected",
    difference="Difference",
    rate="VAT",
    net="Net",
    tax="Tax",
    gross="Gross",
    no_tax={
        5: "not taxable",
        6: "exempt from VAT",
        7: "VAT not determinable",
        8: "{rate} (§ 12(3) UStG)",
    },
    till_serial="Serial number of till",
    tse_serial="Serial number of TSE",
    transaction_number="TSE transaction",
    counter="Signature counter",
    started="Start",
    finished="End",
    algorithm="Algorithm",
    signature="Signature",
    outage="TSE ausgefallen (out of order)",
    outage_since="Since",
    outage_reason="Reason",
    outage_times="Times of the till:",
    thanks="Thank you!",
    closing="Z report",
    opened="First order",
    closed="Closed",
    orders="Orders",
    completed="completed",
    aborted="aborted",
    trained="for training",
    methods={
        PaymentMethod.WALLET: "wristband",
        PaymentMethod.CASH: "cash",
        PaymentMethod.CARD: "card",
    },
    nobody_pays="unpaid",
    cash_sum="Cash",
    no_counters="no signature",
    counters="Signatures",
    digest="Digest of the orders",
    signed="Signed",
    unsigned="Unsigned: the TSE was out of order",
)


def sheet_words(language: SheetLanguage) -> SheetWords:
    """Find a language's words."""
    return _WORDS[language]


_WORDS = {SheetLanguage.DE: _GERMAN, SheetLanguage.EN: _ENGLISH}
