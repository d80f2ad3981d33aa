"""One message of each kind with fixed values, for golden files and readers."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from contract.catalogue import Catalogue, Product, ProductGroup, TaxRate
from contract.closing import ClosingReport, ClosingTotal, SequenceSpan, encode_closing
from contract.config import EventLimits, TillProfile
from contract.fiscal import PROCESS_TYPE, Outage, Signature, process_data
from contract.ids import EventId, TillId
from contract.messages import (
    AdviceBatch,
    AdviceFlag,
    AdviceRecorded,
    Anchor,
    CashierLoggedIn,
    CashierLoggedOut,
    CashierLogin,
    CashierLogout,
    CatalogueLink,
    ClockConfirmation,
    Closing,
    ClosingFlag,
    ClosingIncomplete,
    ClosingRecorded,
    DeclineReason,
    EarlierAttempt,
    Facts,
    HubStatus,
    Lamp,
    LampState,
    LoginRefusal,
    LoginRefused,
    Message,
    Note,
    OrderAdvice,
    OrderBooked,
    OrderCheck,
    OrderChecked,
    OrderConflict,
    OrderDeclined,
    OrderInfo,
    OrderQuery,
    OrderRequest,
    PastOrder,
    RecordedOrder,
    Rejected,
    RejectReason,
    Right,
    StaffEntry,
    StaffRole,
    StandInLimits,
    TillConfig,
    TillDescribed,
    TillDescriptionRecorded,
    TillDevice,
    TillOnline,
    TillStatus,
    TokenIssued,
    TokenRequest,
    TseFacts,
    TseNotes,
    TseNotesRecorded,
    TseOutage,
    WalletChange,
    WalletChanges,
    WristbandInfo,
    WristbandQuery,
    encode_advice,
)
from contract.money import Currency, Money
from contract.order import (
    Order,
    OrderKind,
    Outcome,
    Path,
    Payment,
    PaymentMethod,
    encode_order,
    make_line,
    sum_taxes,
)
from contract.receipt import Seller
from contract.stocking import Pieces, Stocking
from contract.token import Credential, TokenBody, TokenKey

AT = datetime(2026, 7, 4, 21, 15, 30, 250_000, tzinfo=UTC)
EVENT = EventId("summer-2026")
TILL = TillId("bar-1")

CATALOGUE = Catalogue(
    event=EVENT,
    version=3,
    currency=Currency.EUR,
    taxes=(
        TaxRate(code=1, rate_bp=1900, name="general"),
        TaxRate(code=2, rate_bp=700, name="reduced"),
    ),
    groups=(
        ProductGroup(id=1, name="Beer", color="#d99a1c"),
        ProductGroup(id=2, name="Food", color="#3f8f4f"),
    ),
    products=(
        Product(
            id=1,
            name="Beer 0.5",
            label="Beer\n0.5",
            price_minor=450,
            tax_code=1,
            group=1,
        ),
        Product(
            id=2, name="Pretzel", label="Pretzel", price_minor=300, tax_code=2, group=2
        ),
    ),
)

_LINES = (
    make_line(CATALOGUE.products[0], 2),
    make_line(CATALOGUE.products[1], 1),
)

ORDER = Order(
    id=UUID("0197d6a0-1234-7000-8000-00000000000a"),
    event=EVENT,
    till=TILL,
    sequence=17,
    z_number=2,
    attempt=1,
    kind=OrderKind.SALE,
    opened_at=AT,
    currency=Currency.EUR,
    catalogue=CATALOGUE.version,
    lines=_LINES,
    taxes=sum_taxes(_LINES, CATALOGUE.tax_rates()),
    total_minor=1200,
    payment=Payment(method=PaymentMethod.WALLET, wallet=4711),
    cashier="maria",
)

SIGNATURE = Signature(
    client=TILL,
    number=13,
    start_counter=44130,
    counter=44131,
    started_at=AT.replace(microsecond=0),
    finished_at=AT.replace(microsecond=0, second=49),
    process_type=PROCESS_TYPE,
    process_data=process_data(ORDER, Outcome.COMPLETED),
    algorithm="ecdsa-plain-SHA384",
    time_format="unixTime",
    value=bytes(range(96)),
    public_key=b"\x04" + bytes(range(96)),
    tse_serial="bf1b13c1cf8a6f7958c190201daf9e18b850cf2cdc0885078d48868f625955e3",
)

OUTAGE = Outage(since=AT, reason="The TSE did not answer within 3 s.", number=13)

DEVICE = TillDevice(
    brand="Raspberry Pi",
    model="5 Model B",
    serial="10000000abcdef01",
    software_brand="Kassenband",
    software_version="1.0.0",
)

TSE = TseFacts(
    serial=SIGNATURE.tse_serial,
    public_key=SIGNATURE.public_key,
    algorithm=SIGNATURE.algorithm,
    time_format=SIGNATURE.time_format,
    certificates=(b"0 a certificate in DER",),
    bsi_id="0362-2019",
    description="BSI-K-TR-0362-2019",
    firmware="1.2.3",
    expires=AT.replace(year=2031, microsecond=0),
    signatures_left=19_990_000,
)

CREDENTIAL = Credential(
    uid=bytes.fromhex("04a1b2c3d4e5f6"),
    body=TokenBody(key_id=1, event=7, variant=0, serial=4711).to_bytes(),
    signature=bytes(64),
)

ADVICE = OrderAdvice(
    order=msgspec.Raw(encode_order(ORDER)),
    earlier=(EarlierAttempt(attempt=0, digest="ab" * 32),),
    outcome=Outcome.COMPLETED,
    path=Path.ONLINE,
    decided_at=AT,
    credential=CREDENTIAL,
    signature=SIGNATURE,
)

SELLER = Seller(
    name="Sommerfest e. V.",
    street="Am Festplatz 1",
    postal_code="80939",
    city="Munich",
    country="DEU",
    tax_number="143/123/45678",
)

_ANCHOR = Anchor(
    incarnation=UUID("0197d6a0-0000-7000-8000-000000000001"),
    batch=42,
    chain_head="cd" * 32,
)

CLOSING = ClosingReport(
    event=EVENT,
    till=TILL,
    z_number=2,
    currency=Currency.EUR,
    opened_at=AT.replace(hour=12),
    closed_at=AT,
    span=SequenceSpan(first=12, last=17),
    completed=5,
    aborted=1,
    totals=(
        ClosingTotal(
            kind=OrderKind.SALE,
            method=PaymentMethod.WALLET,
            orders=5,
            total_minor=6000,
        ),
    ),
    taxes=ORDER.taxes,
    digest="12" * 32,
    cashier="c17",
    tse_serial=SIGNATURE.tse_serial,
    counters=SequenceSpan(first=44120, last=44131),
    anchor=_ANCHOR,
)

_ID = UUID("0197d6a0-0000-7000-8000-0000000000f1")
_REGARDING = UUID("0197d6a0-0000-7000-8000-0000000000e1")

MESSAGES: tuple[Message, ...] = (
    OrderRequest(
        id=_ID,
        order=msgspec.Raw(encode_order(ORDER)),
        answer_by=AT,
        credential=CREDENTIAL,
    ),
    OrderCheck(
        id=_ID,
        order=msgspec.Raw(encode_order(ORDER)),
        answer_by=AT,
        credential=CREDENTIAL,
    ),
    AdviceBatch(
        id=_ID,
        advices=(msgspec.Raw(encode_advice(ADVICE)),),
        notes=(Note(key=UUID(int=7), text="Lost at the lake."),),
    ),
    WristbandQuery(id=_ID, wristband=4711, cashier="c17", credential=CREDENTIAL),
    OrderQuery(id=_ID, order=ORDER.id),
    CashierLogin(id=_ID, credential=CREDENTIAL, role="seller"),
    CashierLogout(id=_ID, cashier="c17"),
    Closing(id=_ID, report=msgspec.Raw(encode_closing(CLOSING)), outage=OUTAGE),
    TokenRequest(id=_ID, uid=CREDENTIAL.uid),
    TillDescribed(
        id=_ID,
        device=DEVICE,
        tse=TSE,
        since=AT,
        z_number=2,
        reason="Its store is full.",
    ),
    TseNotes(
        id=_ID,
        outages=(
            TseOutage(id=_ID, since=AT, until=AT, reason=OUTAGE.reason),
            TseOutage(id=_ID, since=AT, reason="The TSE is not plugged in."),
        ),
        clocks=(ClockConfirmation(id=_ID, at=AT, by="maria"),),
    ),
    TillStatus(
        id=_ID,
        till=TILL,
        software="0.1.0",
        at=AT,
        hub=Lamp(state=LampState.GOOD),
        tse=Lamp(state=LampState.BAD, text="The TSE does not answer."),
        reader=Lamp(state=LampState.GOOD),
        clock=Lamp(state=LampState.GOOD),
        undelivered=3,
        tse_serial=SIGNATURE.tse_serial,
        tse_expires=AT.replace(year=2031),
        printer=Lamp(state=LampState.WARN, text="The paper is nearly at its end."),
    ),
    TillOnline(id=_ID, till=TILL, online=True),
    OrderBooked(
        id=_ID,
        regarding=_REGARDING,
        order=ORDER.id,
        attempt=1,
        balance=Money(1300),
        anchor=_ANCHOR,
        vouchers=2,
    ),
    OrderChecked(
        id=_ID,
        regarding=_REGARDING,
        order=ORDER.id,
        attempt=1,
        anchor=_ANCHOR,
        facts=Facts(balance=Money(1300), variant=1, cap_room=Money(13_700)),
    ),
    OrderDeclined(
        id=_ID,
        regarding=_REGARDING,
        order=ORDER.id,
        attempt=1,
        reason=DeclineReason.INSUFFICIENT_BALANCE,
        text="The wristband holds 3.00 EUR; 12.00 EUR are needed.",
        facts=Facts(balance=Money(300)),
        anchor=_ANCHOR,
    ),
    OrderConflict(
        id=_ID,
        regarding=_REGARDING,
        order=ORDER.id,
        attempt=1,
        text="This attempt is known with other contents.",
        anchor=_ANCHOR,
    ),
    AdviceRecorded(
        id=_ID,
        regarding=_REGARDING,
        recorded=(
            RecordedOrder(order=ORDER.id, flags=(AdviceFlag.CONTRADICTS_DECLINE,)),
        ),
        anchor=_ANCHOR,
    ),
    OrderInfo(
        id=_ID,
        regarding=_REGARDING,
        order=msgspec.Raw(encode_order(ORDER)),
        anchor=_ANCHOR,
        undone=(1,),
    ),
    WristbandInfo(
        id=_ID,
        regarding=_REGARDING,
        wristband=4711,
        balance=Money(1300),
        vouchers=2,
        variant=1,
        blocked=False,
        anchor=_ANCHOR,
        restriction=2,
        successor=4712,
        comment="Lost at the lake.",
        orders=(
            PastOrder(
                order=ORDER.id,
                kind=OrderKind.SALE,
                till=TILL,
                at=AT,
                amount_minor=-1200,
            ),
        ),
    ),
    CashierLoggedIn(
        id=_ID,
        regarding=_REGARDING,
        cashier="c17",
        name="Maria",
        role="seller",
        rights=(Right.LOG_IN_SUPERVISED, Right.SELL),
        supervised=True,
        register="drawer-3",
    ),
    LoginRefused(
        id=_ID,
        regarding=_REGARDING,
        reason=LoginRefusal.CHOOSE_ROLE,
        text="Choose what you work as.",
        roles=("seller", "finance"),
    ),
    CashierLoggedOut(id=_ID, regarding=_REGARDING, cashier="c17"),
    ClosingRecorded(
        id=_ID,
        regarding=_REGARDING,
        till=TILL,
        z_number=2,
        anchor=_ANCHOR,
        flags=(ClosingFlag.UNSIGNED,),
    ),
    ClosingIncomplete(
        id=_ID,
        regarding=_REGARDING,
        till=TILL,
        z_number=2,
        missing=(SequenceSpan(first=14, last=15),),
        anchor=_ANCHOR,
    ),
    TokenIssued(
        id=_ID,
        regarding=_REGARDING,
        uid=CREDENTIAL.uid,
        body=CREDENTIAL.body,
        signature=CREDENTIAL.signature,
        url="https://pay.example.org/w/AAAAAAAAAAAAAAAA",
    ),
    TillDescriptionRecorded(id=_ID, regarding=_REGARDING),
    TseNotesRecorded(id=_ID, regarding=_REGARDING),
    Rejected(
        id=_ID,
        regarding=_REGARDING,
        reason=RejectReason.INVALID,
        text="Expected `int`, got `str` - at `$.attempt`",
    ),
    TillConfig(
        id=_ID,
        event=EVENT,
        event_name="Summer 2026",
        event_number=7,
        till=TILL,
        label="Bar 1",
        currency=Currency.EUR,
        seller=SELLER,
        portal_url="https://pay.example.org",
        catalogue=CatalogueLink(version=3, digest="ef" * 32, path="/edge/catalogue/3"),
        token_keys=(TokenKey(key_id=1, public_key=bytes(32)),),
        stand_in=StandInLimits(allowance_minor=2000, till_total_minor=100_000),
        demo=True,
        profile=TillProfile(
            name="bar", kinds=(OrderKind.SALE, OrderKind.TOP_UP), register="drawer-3"
        ),
        limits=EventLimits(top_up_min_minor=100, max_balance_minor=15_000),
        roles=(StaffRole(name="seller", rights=(Right.LOG_IN, Right.SELL)),),
        staff=(
            StaffEntry(id="c17", name="Maria", uid_hash="ab" * 32, roles=("seller",)),
        ),
        staff_key=bytes(32),
        wallets_path="/edge/wallets",
        stockings=(
            Stocking(
                name="Bar float",
                pieces=(
                    Pieces(value_minor=1_000, count=5),
                    Pieces(value_minor=200, count=2, in_roll=25),
                ),
            ),
        ),
    ),
    WalletChanges(
        id=_ID,
        number=9,
        anchor=_ANCHOR,
        changes=(WalletChange(wallet=4711, available_minor=1300, vouchers=2),),
    ),
    HubStatus(id=_ID, online=True, anchor=_ANCHOR),
)
