"""PostFinance e-Commerce: the form, and the feedback on five routes.

The payment button is a form signed with SHA-IN; feedback is signed with SHA-OUT and
says what happened by its STATUS, whichever route it comes by. Money can't be asked for
or sent back from here: that is done in PostFinance's back office, and its feedback of
that is booked.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import msgspec

from contract.bill_reference import BadReference, read_order_id
from contract.money import Currency
from hub.core.bills.errors import NotAllowed
from hub.core.bills.postings import Channel, Via
from hub.core.bills.reports import Report, Said
from hub.payments.errors import Forged, NotOffered, Unusable
from hub.payments.method import FormPost, Received
from hub.payments.postfinance_sha import SHA_OUT, Algorithm, is_same, sha_in, sha_out
from hub.payments.postfinance_status import meaning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.payments.method import Ask, GiveBack, Incoming, Plan, Start, Step

CODE = "postfinance"
PRODUCTION = "https://e-payment.postfinance.ch/ncol/prod/orderstandard_utf8.asp"
TEST = "https://e-payment.postfinance.ch/ncol/test/orderstandard_utf8.asp"
FEEDBACK_BYTES_MAX = 16 * 1024
FIELDS_MAX = 200

_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?", re.A)
_MONEY_BACK = frozenset({Said.REFUNDED, Said.REFUND_PENDING, Said.REFUND_FAILED})
_BACK = "back-"
_NAMED = re.compile(r"([0-9]{1,20})(?: ?/ ?([0-9]{1,10}|back-[0-9a-f]{16}))?", re.A)
_NAMES = (
    "PostFinance names a payment by its PAYID, a number, and money that went back by "
    "PAYID/PAYIDSUB, as 3210012345/2. Both are in its back office."
)
_OWN = ("AMOUNT", "CURRENCY", "TRXDATE", "ACCEPTANCE")
_LANGUAGES = {"de": "de_CH", "en": "en_US", "fr": "fr_CH", "it": "it_CH"}
_CHARSETS = ("utf-8", "iso-8859-1")
# Lengths the guide allows, chapter 5.
_LENGTHS = {
    "CN": 35,
    "EMAIL": 50,
    "OWNERZIP": 10,
    "OWNERADDRESS": 35,
    "OWNERTOWN": 40,
    "COM": 100,
}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an event has agreed with PostFinance; passphrases are secrets."""

    pspid: str
    pass_in: str
    pass_out: str
    algorithm: Algorithm = Algorithm.SHA512
    url: str = PRODUCTION

    def __repr__(self) -> str:
        return f"Settings(pspid={self.pspid!r}, url={self.url!r})"


class PostFinance:
    """The method; see PaymentMethod for what is promised when."""

    code = CODE
    controller_name = "PostFinanceController"
    currencies = frozenset(Currency)
    channel = Channel(Via.PROVIDER, CODE)
    locks_the_bill = False
    can_be_asked = False

    def __init__(self, settings: Settings) -> None:
        if not settings.pass_in or not settings.pass_out:
            raise ValueError("PostFinance needs both passphrases, SHA-IN and SHA-OUT.")
        self._settings = settings

    def start(self, start: Start) -> Plan[Step]:
        """Make the signed form that the payer's browser posts."""
        yield from ()
        fields = {name: value for name, value in self._fields(start).items() if value}
        digest = sha_in(fields, self._settings.pass_in, self._settings.algorithm)
        return FormPost(self._settings.url, (*fields.items(), ("SHASIGN", digest)))

    def receive(self, incoming: Incoming) -> Plan[Received]:
        """Check and read feedback: query or form, whichever the back office sends."""
        yield from ()
        data = incoming.body or incoming.query
        return Received(proven=(_report(self._checked(data)),))

    def fetch(self, ask: Ask) -> Plan[tuple[Report, ...]]:
        """Asking needs an API user that this form's contract does not include."""
        del ask
        yield from ()
        return ()

    def refund(self, back: GiveBack) -> Plan[Report]:
        """Refunds are made in the back office; their feedback is booked."""
        yield from ()
        raise NotOffered(
            f"Refund payment {back.money_ref} in PostFinance's back office: its "
            "feedback books it here."
        )

    def money_ref(self, said: Said, typed: str) -> str:
        """Read PAYID, or PAYID/PAYIDSUB of money that went back."""
        match = _NAMED.fullmatch(typed)
        if match is None:
            raise NotAllowed(_NAMES)
        pay_id, sub_id = match[1], match[2] or ""
        if said is Said.PAID:
            return pay_id
        if not sub_id.strip("0"):
            raise NotAllowed(_NAMES)
        return f"{pay_id}/{sub_id}"

    def may_be_same(self, money_ref: str, other: str) -> bool:
        """Feedback without PAYIDSUB has a name of its own: see `_money_ref`."""
        (pay_id, _, one), (its, _, two) = money_ref.partition("/"), other.partition("/")
        are_told_apart = one.startswith(_BACK) is two.startswith(_BACK)
        return money_ref == other or (pay_id == its and not are_told_apart)

    def _fields(self, start: Start) -> Mapping[str, str]:
        bill, urls = start.bill, start.urls
        payer = bill.payer
        fields = {
            "PSPID": self._settings.pspid,
            "ORDERID": start.order_id,
            "AMOUNT": str(start.attempt.amount_minor),
            "CURRENCY": bill.currency.value,
            "LANGUAGE": _LANGUAGES.get(start.language, "en_US"),
            "CN": payer.name,
            "EMAIL": payer.email,
            "OWNERZIP": payer.postal_code,
            "OWNERADDRESS": f"{payer.street} {payer.house_number}".strip(),
            "OWNERCTY": payer.country,
            "OWNERTOWN": payer.town,
            "COM": start.subject,
            "ACCEPTURL": urls.accepted,
            "DECLINEURL": urls.declined,
            "EXCEPTIONURL": urls.exception,
            "CANCELURL": urls.canceled,
            "HOMEURL": urls.bill,
            "OPERATION": "SAL",
        }
        return {
            name: _one_line(value)[: _LENGTHS.get(name, len(value))]
            for name, value in fields.items()
        }

    def _checked(self, data: bytes) -> dict[str, str]:
        """Return the signed parameters alone, by their upper-case names.

        Card and e-finance feedback comes in ISO-8859-1 even for UTF-8 forms, so it is
        read as either, and the digest may be over either.
        """
        if len(data) > FEEDBACK_BYTES_MAX:
            raise Forged("The feedback is longer than PostFinance ever writes.")
        for charset in _CHARSETS:
            parameters = _parameters(data, charset)
            if parameters is None:
                continue
            claimed = parameters.pop("SHASIGN", "")
            for hashed in _CHARSETS:
                digest = sha_out(
                    parameters,
                    self._settings.pass_out,
                    self._settings.algorithm,
                    hashed,
                )
                if is_same(digest, claimed):
                    return {
                        name: value
                        for name, value in parameters.items()
                        if name in SHA_OUT
                    }
        raise Forged("The digest SHASIGN does not match the feedback.")


def _parameters(data: bytes, charset: str) -> dict[str, str] | None:
    """Decode parameters; None if they are not in this charset, or one comes twice."""
    try:
        pairs = parse_qsl(
            data.decode("ascii"),
            keep_blank_values=True,
            encoding=charset,
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError:
        return None
    parameters = {name.upper(): value for name, value in pairs}
    return parameters if len(parameters) == len(pairs) else None


def _report(parameters: Mapping[str, str]) -> Report:
    status = parameters.get("STATUS", "")
    order = parameters.get("ORDERID", "")
    try:
        read_order_id(order)
    except BadReference as error:
        raise Unusable(str(error)) from None
    told = meaning(status)
    pay_id = parameters.get("PAYID", "")
    return Report(
        order_id=order,
        said=told.said,
        provider_ref=pay_id,
        money_ref=_money_ref(told.said, pay_id, parameters),
        amount_minor=_minor(parameters.get("AMOUNT", "")),
        currency=parameters.get("CURRENCY", ""),
        status=_status(status, parameters.get("NCERROR", "")),
        alarm=told.alarm,
    )


def _money_ref(said: Said, pay_id: str, parameters: Mapping[str, str]) -> str:
    """Name a movement: a payment by PAYID, money back by that and its own number.

    A payment's feedback may carry PAYIDSUB or not; it is the same payment. Money back
    without one (0 is the payment's) is told by what else is said of it: the same again
    is a replay, and anything different another refund.
    """
    if not pay_id or said not in _MONEY_BACK:
        return pay_id
    sub_id = parameters.get("PAYIDSUB", "")
    if sub_id.strip("0"):
        return f"{pay_id}/{sub_id}"
    own = "|".join(parameters.get(name, "") for name in _OWN)
    return f"{pay_id}/{_BACK}{hashlib.sha256(own.encode()).hexdigest()[:16]}"


def _minor(text: str) -> int | None:
    """Read francs as PostFinance writes them, '15' or '15.00', as minor units."""
    if not text:
        return None
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise Unusable(f"The amount {text[:20]!r} is not written as PostFinance does.")
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))


def _status(status: str, error: str) -> str:
    suffix = f" (NCERROR {error})" if error not in {"", "0"} else ""
    return f"STATUS {status}: {meaning(status).about}{suffix}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
