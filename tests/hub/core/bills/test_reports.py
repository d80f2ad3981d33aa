from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.money import MINOR_MAX, Currency
from hub.core.bills.attempts import Attempt, AttemptState
from hub.core.bills.bill import BillState, Movement, MovementKind, standing
from hub.core.bills.reports import Booked, Consequence, Report, Said, consequence
from tests.hub.core.bills.billing import REFERENCE, bill, paid, refunded

ATTEMPT = Attempt(
    reference=REFERENCE,
    number=1,
    method="postfinance",
    principal_minor=4500,
    surcharge_minor=128,
    state=AttemptState.REDIRECTED,
)


def report(said: Said = Said.PAID, **changed: object) -> Report:
    given_: dict[str, object] = {
        "order_id": f"{REFERENCE[:26]}-1",
        "said": said,
        "provider_ref": "P1",
        "money_ref": "P1",
        "amount_minor": 4628,
        "currency": "CHF",
    }
    return Report(**(given_ | changed))  # type: ignore[arg-type]


def after(*reports: Report) -> tuple[list[Consequence], list[Movement]]:
    """Apply reports one by one, as the service does under the bill's lock."""
    attempt = ATTEMPT
    booked: list[Booked] = []
    told: list[Consequence] = []
    moved: list[Movement] = []
    for each in reports:
        result = consequence(each, attempt, currency=Currency.CHF, booked=booked)
        attempt = result.attempt
        told.append(result)
        if result.movement is not None:
            moved.append(result.movement)
            booked.append(
                Booked(
                    money_ref=result.money_ref,
                    attempt=attempt.number,
                    kind=result.movement.kind,
                    principal_minor=result.movement.principal_minor,
                    surcharge_minor=result.surcharge_minor,
                    has_fee=result.fee_minor is not None,
                )
            )
    return told, moved


@given(st.permutations([report()] * 10 + [report(Said.PENDING)] * 10))
def test_accepted_and_post_sale_racing_make_exactly_one_payment(
    reports: list[Report],
) -> None:
    told, moved = after(*reports)

    assert moved == [paid(4500)]
    assert told[-1].attempt.state is AttemptState.PAID
    assert standing(bill(), moved).state is BillState.PAID


def test_the_surcharge_is_apart_from_what_the_bill_is_paid_with() -> None:
    (told,), moved = after(report(fee_minor=130))

    assert moved == [paid(4500)]
    assert (told.surcharge_minor, told.fee_minor) == (128, 130)
    assert told.attempt.provider_ref == "P1"
    assert told.alarms == ()


def test_a_second_real_payment_is_booked_and_shown_as_too_much() -> None:
    told, moved = after(report(), report(provider_ref="P2", money_ref="P2"))

    assert moved == [paid(4500), paid(4628)]
    assert "second payment of 46.28 CHF" in told[1].alarms[0]
    assert standing(bill(), moved).state is BillState.OVERPAID


@pytest.mark.parametrize(
    "before", [Said.FAILED, Said.CANCELED, Said.EXPIRED, Said.UNCERTAIN, Said.PENDING]
)
def test_late_money_is_booked_whatever_was_said_before(before: Said) -> None:
    told, moved = after(report(before, money_ref=""), report())

    assert moved == [paid(4500)]
    assert told[-1].attempt.state is AttemptState.PAID


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (Said.PENDING, AttemptState.PENDING),
        (Said.RESERVED, AttemptState.PENDING),
        (Said.FAILED, AttemptState.FAILED),
        (Said.CANCELED, AttemptState.CANCELED),
        (Said.EXPIRED, AttemptState.EXPIRED),
        (Said.UNCERTAIN, AttemptState.UNCERTAIN),
        (Said.NOTHING, AttemptState.REDIRECTED),
        (Said.REFUND_PENDING, AttemptState.REDIRECTED),
    ],
)
def test_words_without_money_move_the_attempt_only(
    said: Said, state: AttemptState
) -> None:
    (told,), moved = after(report(said))

    assert moved == []
    assert told.attempt.state is state


def test_another_amount_is_booked_as_it_is_with_an_alarm() -> None:
    (told,), moved = after(report(amount_minor=4000))

    assert moved == [paid(4000)]
    assert told.surcharge_minor == 0
    assert "was asked for 46.28 and reports 40.00" in told.alarms[0]
    assert standing(bill(), moved).open_minor == 500


@pytest.mark.parametrize(
    "changed",
    [
        {"currency": "EUR"},
        {"currency": ""},
        {"amount_minor": None},
        {"amount_minor": 0},
        {"money_ref": ""},
        {"amount_minor": MINOR_MAX + 1},
        {"fee_minor": MINOR_MAX + 1},
        {"fee_minor": -1},
    ],
)
def test_money_that_can_not_be_booked_blocks_and_alarms(
    changed: dict[str, object],
) -> None:
    (told,), moved = after(report(Said.PAID, **changed))

    assert moved == []
    assert told.attempt.state is AttemptState.UNCERTAIN
    assert len(told.alarms) == 1


def test_money_going_back_is_booked_once() -> None:
    back = report(Said.REFUNDED, money_ref="P1/1", amount_minor=1000)
    told, moved = after(report(), back, back)

    assert moved == [paid(4500), refunded(1000)]
    assert told[-1].attempt.state is AttemptState.PAID


def test_a_chargeback_is_booked_with_an_alarm() -> None:
    back = report(Said.CHARGED_BACK, money_ref="D1", amount_minor=4500)
    told, moved = after(report(), back)

    assert moved[-1] == Movement(MovementKind.CHARGEBACK, 4500)
    assert "took back 45.00 CHF" in told[-1].alarms[0]


def test_a_surcharge_goes_back_alone_and_with_the_principal() -> None:
    alone = report(Said.REFUNDED, money_ref="R1", amount_minor=128)
    rest = report(Said.REFUNDED, money_ref="R2", amount_minor=4500)
    for first, second in ((alone, rest), (rest, alone)):
        told, moved = after(report(), first, second)

        assert sum(each.surcharge_minor for each in told[1:]) == 128
        assert moved[0] == paid(4500)
        assert {each.principal_minor for each in moved[1:]} == {0, 4500}
        assert all(each.alarms == () for each in told)

    (_, told_whole), _ = after(report(), report(Said.REFUNDED, money_ref="R1"))
    assert told_whole.movement == refunded(4500)
    assert (told_whole.surcharge_minor, told_whole.alarms) == (128, ())


def test_more_going_back_than_came_is_booked_with_an_alarm() -> None:
    back = report(Said.REFUNDED, money_ref="R1", amount_minor=5000)
    told, moved = after(report(), back)

    assert moved[-1] == refunded(5000 - 128)
    assert told[-1].surcharge_minor == 128
    assert "gave back more than came: 50.00 CHF" in told[-1].alarms[0]


@pytest.mark.parametrize("said", [Said.CHARGED_BACK, Said.REFUNDED])
def test_what_had_gone_back_and_is_ours_again_is_booked_once(said: Said) -> None:
    gone = report(said, money_ref="D1")
    undone = Said.RETURNED if said is Said.CHARGED_BACK else Said.REFUND_FAILED
    again = report(undone, money_ref="D1")
    told, moved = after(report(), gone, again, gone, again)

    assert moved == [paid(4500), Movement(moved[1].kind, 4500), paid(4500)]
    assert [each.surcharge_minor for each in told] == [128, 128, 128, 0, 0]
    assert standing(bill(), moved).state is BillState.PAID
    assert after(again) == ([Consequence(attempt=ATTEMPT)], [])


def test_a_fee_that_is_said_later_is_booked_once() -> None:
    told, moved = after(report(), report(fee_minor=130))

    assert moved == [paid(4500)]
    assert (told[1].movement, told[1].fee_minor, told[1].money_ref) == (None, 130, "P1")
    told, _ = after(report(fee_minor=130), report(fee_minor=130))
    assert told[1].fee_minor is None


def test_a_fee_in_another_currency_is_left_to_people() -> None:
    (told,), moved = after(report(foreign_fee="2.05 USD"))

    assert (moved, told.fee_minor) == ([paid(4500)], None)
    (alarm,) = told.alarms
    for said in ("reference P1", "2.05 USD", "46.28 CHF", "book it by hand"):
        assert said in alarm


def test_the_fee_of_a_dispute_is_booked_once_whenever_it_is_said() -> None:
    gone = report(Said.CHARGED_BACK, money_ref="D1", amount_minor=4500)
    said = msgspec.structs.replace(gone, fee_minor=1500)
    told, _ = after(report(fee_minor=130), said, said)
    assert [each.fee_minor for each in told] == [130, 1500, None]

    told, moved = after(report(), gone, said)
    assert len(moved) == 2
    assert (told[2].money_ref, told[2].fee_minor) == ("D1", 1500)


def test_what_is_given_back_of_a_fee_is_booked_once_whenever_it_is_said() -> None:
    gone = report(Said.CHARGED_BACK, money_ref="D1", fee_minor=1500)
    back = report(Said.RETURNED, money_ref="D1")
    said = msgspec.structs.replace(back, fee_minor=-1500)
    told, _ = after(report(), gone, said, said)
    assert [each.fee_minor for each in told] == [None, 1500, -1500, None]

    told, moved = after(report(), gone, back, said)
    assert len(moved) == 3
    assert (told[3].money_ref, told[3].fee_minor) == ("D1/returned", -1500)
    (*_, wrong), moved = after(
        report(), gone, msgspec.structs.replace(said, fee_minor=-MINOR_MAX - 1)
    )
    assert len(moved) == 2
    assert "beyond all reason" in wrong.alarms[0]


def test_money_comes_back_in_parts_each_of_them_once() -> None:
    gone = report(Said.CHARGED_BACK, money_ref="D1")
    parts = [
        report(Said.RETURNED, money_ref="D1", amount_minor=minor)
        for minor in (1000, 2500)
    ]
    rest = report(Said.RETURNED, money_ref="D1")
    told, moved = after(report(), gone, *parts, *parts, rest, *parts, rest)

    assert moved[2:] == [paid(1000), paid(2500), paid(1000)]
    assert sum(each.surcharge_minor for each in told[2:]) == 128, (
        "no more than had gone"
    )
    assert standing(bill(), moved).state is BillState.PAID


def test_parts_of_one_size_are_told_apart_by_the_providers_names() -> None:
    gone = report(Said.CHARGED_BACK, money_ref="D1")
    one, two = (
        report(Said.RETURNED, money_ref="D1", amount_minor=1000, part=part)
        for part in ("txn_1", "txn_2")
    )
    _, moved = after(report(), gone, one, two, one, two)

    assert moved[2:] == [paid(1000), paid(1000)]


@pytest.mark.parametrize("said", [Said.RETURNED, Said.REFUND_FAILED])
@pytest.mark.parametrize("currency", ["EUR", ""])
def test_what_returns_in_another_currency_is_not_booked_as_ours(
    said: Said, currency: str
) -> None:
    gone = report(Said.REFUNDED, money_ref="D1")
    told, moved = after(report(), gone, report(said, money_ref="D1", currency=currency))

    assert len(moved) == 2
    assert "took CHF back and returns 46.28" in told[2].alarms[0]


def test_the_providers_own_alarm_is_passed_on() -> None:
    (told,), _ = after(report(Said.UNCERTAIN, alarm="Look it up."))

    assert told.alarms == ("Look it up.",)


@given(
    st.lists(
        st.builds(
            report,
            st.sampled_from(Said),
            money_ref=st.sampled_from(["P1", "P2", "R1", ""]),
            amount_minor=st.sampled_from([None, 1, 4500, 4628]),
        ),
        max_size=12,
    )
)
def test_each_movement_of_the_provider_is_booked_at_most_once(
    reports: list[Report],
) -> None:
    told, moved = after(*reports, *reports)

    refs = [each.money_ref for each in told if each.movement is not None]
    assert len(refs) == len(set(refs)) == len(moved)
    assert all(each.attempt.number == 1 for each in told)
