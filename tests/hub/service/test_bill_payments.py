from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from hub.core.bills.attempts import AttemptState, Refusal
from hub.core.bills.bill import BillState, MovementKind
from hub.core.bills.errors import NoSuchBill, NotAllowed
from hub.core.bills.reports import Report, Said
from hub.payments.errors import ProviderSilent
from hub.payments.method import FormPost, Instructions, Redirect
from hub.service.bill_payments import NotPayable, NotSwitchedOn
from hub.service.bill_reports import UnknownAttempt
from hub.service.bill_viewers import OfUser
from hub.service.slips import Slips
from hub.service.transfers import Transfers
from tests.hub.service.billing import EVENT, LEAVING, METHODS, Fair, word

if TYPE_CHECKING:
    from hub.store.store import Store


@pytest_asyncio.fixture
async def fair(store: Store) -> Fair:
    return await Fair.open(store)


# --- attempts ------------------------------------------------------------------------


async def test_an_attempt_is_written_down_before_the_payer_leaves(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)

    chosen = await fair.begin(pia, reference, "postfinance")

    assert isinstance(chosen.step, FormPost)
    assert dict(chosen.step.fields)["ORDERID"] == f"{reference[:26]}-1"
    assert dict(chosen.step.fields)["AMOUNT"] == "5500"
    [attempt] = (await fair.shown(pia, reference)).record.attempts
    assert (attempt.state, attempt.principal_minor) == (AttemptState.REDIRECTED, 5500)


async def test_a_page_of_a_provider_is_known_by_its_name(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)

    chosen = await fair.begin(pia, reference)

    assert isinstance(chosen.step, Redirect)
    assert chosen.attempt is not None
    assert chosen.attempt.provider_ref == chosen.step.provider_ref
    said = Report(
        order_id="",
        said=Said.PAID,
        provider_ref=chosen.step.provider_ref,
        money_ref="m",
        amount_minor=5500,
        currency="EUR",
    )
    assert (await fair.payments.report("paypal", said)).reference == reference


async def test_who_comes_again_goes_on_with_the_same_attempt(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)

    one = await fair.attempt(pia, reference)
    again = await fair.attempt(pia, reference)

    assert (one.number, again.number) == (1, 1)


async def test_two_attempts_at_once_are_one(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)

    came = await asyncio.gather(
        *(
            fair.begin(pia, reference, method)
            for method in ("paypal", "postfinance") * 3
        ),
        return_exceptions=True,
    )

    refused = [each for each in came if isinstance(each, NotPayable)]
    assert {each.refusal for each in refused} == {Refusal.LIVE}
    assert len(refused) == 3
    assert len((await fair.shown(pia, reference)).record.attempts) == 1


async def test_an_attempt_given_up_makes_room_for_another(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    await fair.attempt(pia, reference, "paypal")
    with pytest.raises(NotPayable, match="Give it up"):
        await fair.attempt(pia, reference, "postfinance")

    await fair.payments.give_up(OfUser(pia), reference, 1)
    await fair.payments.give_up(OfUser(pia), reference, 1)

    assert (await fair.attempt(pia, reference, "postfinance")).number == 2


async def test_what_the_provider_has_in_hand_is_not_given_up(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    attempt = await fair.attempt(pia, reference)
    await fair.say(attempt, Said.PENDING)

    with pytest.raises(NotAllowed, match="still at work"):
        await fair.payments.give_up(OfUser(pia), reference, 1)
    with pytest.raises(NotPayable):
        await fair.attempt(pia, reference)


async def test_a_silent_provider_leaves_the_way_free(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    fair.performing.is_silent = True

    with pytest.raises(ProviderSilent):
        await fair.begin(pia, reference)

    [attempt] = (await fair.shown(pia, reference)).record.attempts
    assert attempt.state is AttemptState.FAILED
    fair.performing.is_silent = False
    assert (await fair.attempt(pia, reference)).number == 2


async def test_a_page_of_ours_needs_no_attempt(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)

    chosen = await fair.begin(pia, reference, "ebanking")

    assert (chosen.step, chosen.attempt) == (Instructions("ebanking"), None)


async def test_choosing_the_slip_locks_the_bill(fair: Fair) -> None:
    await fair.run("UPDATE event SET currency = 'CHF'")
    pia = await fair.user()
    reference = await fair.bill(pia)

    for _ in range(2):
        chosen = await fair.begin(pia, reference, "slip")
        assert chosen.step == Instructions("slip")

    shown = await fair.shown(pia, reference)
    assert (shown.bill.locked_to, shown.may_be_canceled) == ("slip", False)
    assert [each.method for each in shown.offers] == ["slip"]
    with pytest.raises(NotPayable, match="slip"):
        await fair.attempt(pia, reference, "paypal")
    await Slips(fair.store, EVENT, Transfers(fair.store)).unlock(reference)
    assert (await fair.attempt(pia, reference, "paypal")).number == 1


async def test_only_what_is_switched_on_can_be_chosen(fair: Fair) -> None:
    pia, eve = await fair.user("pia"), await fair.user("eve")
    reference = await fair.bill(pia)
    await fair.run("DELETE FROM competition_method WHERE method = 'paypal'")

    for method in ("paypal", "slip", "magic"):  # slips are for francs
        with pytest.raises(NotSwitchedOn):
            await fair.begin(pia, reference, method)
    with pytest.raises(NoSuchBill):
        await fair.begin(eve, reference, "postfinance")
    with pytest.raises(NoSuchBill):
        await fair.payments.give_up(OfUser(eve), reference, 1)


# --- reports -------------------------------------------------------------------------


@pytest.mark.parametrize("turn", range(3))
async def test_accepted_and_post_sale_ten_times_each_make_one_payment(
    fair: Fair, turn: int
) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    attempt = await fair.attempt(pia, reference, "postfinance")
    accepted = word(attempt, status="accepted")
    post_sale = word(attempt, status="post_sale", provider_ref="3003")
    orders = ((accepted, post_sale), (post_sale, accepted), (accepted, post_sale))
    words = list(orders[turn]) * 10
    if turn == 2:
        words.sort(key=lambda each: each.status)

    came = await asyncio.gather(
        *(fair.payments.report("postfinance", each) for each in words)
    )

    [payment] = await fair.payments_of(pia, reference)
    assert {each.payment for each in came} == {payment.id}
    shown = await fair.shown(pia, reference)
    assert (shown.standing.state, shown.offers) == (BillState.PAID, ())


async def test_a_second_real_payment_is_booked_and_shown_as_too_much(
    fair: Fair,
) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    attempt = await fair.attempt(pia, reference)

    await fair.say(attempt, money_ref="first")
    second = await fair.say(attempt, money_ref="second")

    assert any("second payment" in each for each in second.alarms)
    shown = await fair.shown(pia, reference)
    assert shown.standing.state is BillState.OVERPAID
    assert shown.standing.over_minor == 5500


async def test_a_failed_attempt_frees_the_way_and_its_late_money_is_booked(
    fair: Fair,
) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    first = await fair.attempt(pia, reference)
    await fair.say(first, Said.FAILED)
    second = await fair.attempt(pia, reference)
    assert second.number == 2

    await fair.say(first)
    await fair.say(second)

    shown = await fair.shown(pia, reference)
    assert [each.state for each in shown.record.attempts] == [AttemptState.PAID] * 2
    assert shown.standing.state is BillState.OVERPAID


async def test_a_doubt_blocks_until_it_is_resolved(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    attempt = await fair.attempt(pia, reference)

    for _ in range(3):
        await fair.say(attempt, Said.UNCERTAIN, alarm="Look it up.")

    with pytest.raises(NotPayable) as refused:
        await fair.attempt(pia, reference)
    assert refused.value.refusal is Refusal.UNCERTAIN
    rows = await fair.run("SELECT alarms FROM payment_report")
    assert [row["alarms"] for row in rows] == [["Look it up."]]
    await fair.say(attempt)
    assert (await fair.shown(pia, reference)).standing.state is BillState.PAID


async def test_a_late_doubt_stands_beside_another_attempt(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    first = await fair.attempt(pia, reference)
    await fair.say(first, Said.CANCELED)
    await fair.attempt(pia, reference, "postfinance")

    await fair.say(first, Said.UNCERTAIN)

    states = [each.state for each in (await fair.shown(pia, reference)).record.attempts]
    assert states == [AttemptState.UNCERTAIN, AttemptState.REDIRECTED]


async def test_a_doubt_blocks_going_on_with_another_attempt_too(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    first = await fair.attempt(pia, reference)
    await fair.say(first, Said.FAILED)
    await fair.attempt(pia, reference)
    await fair.say(first, Said.UNCERTAIN)

    with pytest.raises(NotPayable) as refused:
        await fair.attempt(pia, reference)

    assert refused.value.refusal is Refusal.UNCERTAIN


async def test_one_payment_pays_one_bill(
    fair: Fair, caplog: pytest.LogCaptureFixture
) -> None:
    pia = await fair.user()
    one = await fair.attempt(pia, await fair.bill(pia))
    other = await fair.attempt(pia, await fair.bill(pia))
    await fair.say(one, money_ref="same")

    came = await fair.say(other, money_ref="same")

    assert (came.payment, came.is_news) == (None, False)
    assert one.reference in caplog.text
    shown = await fair.shown(pia, other.reference)
    assert shown.standing.state is BillState.OPEN


async def test_money_in_another_currency_is_not_booked(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    attempt = await fair.attempt(pia, reference)

    came = await fair.say(attempt, currency="CHF")

    assert (came.payment, came.attempt.state) == (None, AttemptState.UNCERTAIN)
    assert came.alarms
    assert await fair.payments_of(pia, reference) == ()


async def test_what_goes_back_opens_the_bill_again(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    attempt = await fair.attempt(pia, reference)
    await fair.say(attempt)

    await fair.say(attempt, Said.REFUNDED, 1500, money_ref="back-1")
    await fair.say(attempt, Said.REFUNDED, 1500, money_ref="back-1")

    shown = await fair.shown(pia, reference)
    assert shown.standing.state is BillState.REFUNDED
    assert shown.standing.open_minor == 1500
    await fair.say(attempt, Said.CHARGED_BACK, 4000, money_ref="back-2")
    shown = await fair.shown(pia, reference)
    assert shown.standing.state is BillState.CHARGED_BACK
    kinds = [each.kind for each in shown.record.payments]
    assert kinds == [
        MovementKind.PAYMENT,
        MovementKind.REFUND,
        MovementKind.CHARGEBACK,
    ]


async def test_money_for_a_canceled_bill_is_kept_as_too_much(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    attempt = await fair.attempt(pia, reference)
    await fair.billing.cancel(OfUser(pia), reference)

    await fair.say(attempt)

    shown = await fair.shown(pia, reference)
    assert shown.standing.state is BillState.OVERPAID
    steps = await fair.run("SELECT step::text FROM bill_entry ORDER BY number")
    assert [row["step"] for row in steps] == ["payment"]  # nothing is passed on


async def test_the_surcharge_is_no_part_of_what_is_paid(fair: Fair) -> None:
    await fair.offer("paypal", rate_bp=200)
    pia = await fair.user()
    reference = await fair.bill(pia)
    attempt = await fair.attempt(pia, reference)
    assert attempt.amount_minor == 5610

    await fair.say(attempt, fee_minor=130)

    [payment] = await fair.payments_of(pia, reference)
    assert (payment.principal_minor, payment.surcharge_minor) == (5500, 110)
    assert payment.fee_minor == 130


@pytest.mark.parametrize("parts", [(5610,), (3000, 2610)])
async def test_what_went_back_of_a_surcharge_is_not_asked_for_again(
    fair: Fair, parts: tuple[int, ...]
) -> None:
    await fair.offer("paypal", rate_bp=200)
    pia = await fair.user()
    reference = await fair.bill(pia)
    attempt = await fair.attempt(pia, reference)
    await fair.say(attempt)

    for turn, minor in enumerate(parts):
        await fair.say(attempt, Said.CHARGED_BACK, minor, money_ref=f"back-{turn}")

    shown = await fair.shown(pia, reference)
    assert shown.standing.open_minor == 5500
    gone = shown.record.payments[1:]
    assert sum(each.principal_minor + each.surcharge_minor for each in gone) == 5610


@pytest.mark.parametrize(
    ("order", "ref"),
    [("x", ""), ("0" * 26 + "-1", ""), ("", "unheard-of"), ("", "")],
)
async def test_an_attempt_nobody_made_is_told(fair: Fair, order: str, ref: str) -> None:
    said = Report(order_id=order, said=Said.PAID, provider_ref=ref)

    with pytest.raises(UnknownAttempt):
        await fair.payments.report("paypal", said)


async def test_another_provider_can_not_speak_of_an_attempt(fair: Fair) -> None:
    pia = await fair.user()
    attempt = await fair.attempt(pia, await fair.bill(pia), "paypal")

    with pytest.raises(UnknownAttempt):
        await fair.payments.report("postfinance", word(attempt))


async def test_every_method_can_be_begun(fair: Fair) -> None:
    await fair.run("UPDATE event SET currency = 'CHF'")
    pia = await fair.user()
    for method in METHODS:
        reference = await fair.bill(pia)
        chosen = await fair.payments.choose(OfUser(pia), reference, method, LEAVING)
        assert chosen.step


async def test_staff_close_what_a_provider_never_clears(fair: Fair) -> None:
    user = await fair.user()
    reference = await fair.bill(user)
    attempt = await fair.attempt(user, reference)
    await fair.say(attempt, Said.UNCERTAIN)
    with pytest.raises(NotAllowed, match="Say why"):
        await fair.payments.close_unpaid(EVENT, reference, 1, by="fay", reason=" ")
    with pytest.raises(NoSuchBill):
        await fair.payments.close_unpaid(8, reference, 1, by="fay", reason="Not ours.")

    await fair.payments.close_unpaid(
        EVENT, reference, 1, by="fay", reason="Not listed."
    )

    assert (await fair.attempt(user, reference)).number == 2
    with pytest.raises(NotAllowed, match="in doubt any more"):
        await fair.payments.close_unpaid(EVENT, reference, 1, by="fay", reason="Again.")
    # and if it was paid after all, that is booked
    await fair.say(attempt)
    assert (await fair.shown(user, reference)).standing.is_paid
    [kept] = await fair.run("SELECT status FROM payment_report WHERE said = 'failed'")
    assert kept["status"] == "Closed by fay: Not listed."


async def test_one_payment_pays_one_bill_though_two_claim_it_at_once(
    fair: Fair,
) -> None:
    pia = await fair.user()
    tries = [await fair.attempt(pia, await fair.bill(pia)) for _ in range(2)]

    said = await asyncio.gather(*(fair.say(each, money_ref="P1") for each in tries))

    first, second = sorted(said, key=lambda each: not each.is_news)
    assert (first.attempt.state, first.alarms) == (AttemptState.PAID, ())
    assert (second.attempt.state, second.payment) == (AttemptState.REDIRECTED, None)
    assert f"is that of bill {first.reference}" in second.alarms[0]
    shown = await fair.shown(pia, second.reference)
    assert shown.record.attempts[0].state is AttemptState.REDIRECTED
