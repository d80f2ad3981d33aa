from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contract.money import Currency
from hub.core.bills.fees import AdditionalFee, StartFee
from hub.core.registration import (
    MEMBER_MAX,
    MEMBERS_MAX,
    NAME_MAX,
    Competition,
    Flaw,
    Price,
    Reason,
    Wish,
    flaws,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RUN = Competition(
    id=1,
    slug="run",
    name="Run",
    organizer="Runners",
    currency=Currency.EUR,
    zone="Europe/Zurich",
    opens_at=NOW - DAY,
    is_public=True,
    categories=("Elite", "Kids"),
    start_fees=(
        StartFee(4000, NOW + DAY),
        StartFee(5000, NOW + 3 * DAY),
        StartFee(1000, NOW + 2 * DAY, "Kids"),
    ),
    additional_fees=(AdditionalFee("Map", 300), AdditionalFee("Cap", 200, "Kids")),
)


def test_a_team_pays_what_its_category_costs_now() -> None:
    elite, kids = RUN.price("Elite", NOW), RUN.price("Kids", NOW)
    assert isinstance(elite, Price)
    assert isinstance(kids, Price)
    assert (elite.total_minor, kids.total_minor) == (4300, 1500)
    assert RUN.price("Elite", NOW + 2 * DAY) == Price(5000, RUN.additional_fees[:1])


def test_before_and_after_nobody_registers() -> None:
    assert RUN.price("Elite", NOW - 2 * DAY) is Reason.NOT_OPEN
    assert RUN.price("Elite", NOW + 3 * DAY) != Reason.CLOSED, "this moment included"
    assert RUN.price("Elite", NOW + 4 * DAY) is Reason.CLOSED


def test_categories_end_on_their_own() -> None:
    assert RUN.open_categories(NOW) == ("Elite", "Kids")
    assert RUN.open_categories(NOW + 2 * DAY + DAY / 2) == ("Elite",)
    assert [fee.amount_minor for fee in RUN.fees_ahead("Elite", NOW)] == [4000, 5000]
    assert RUN.ends_at() == NOW + 3 * DAY


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Wish(name="X", category="Elite"), {}),
        (Wish(name="", category="Elite"), {"name": Flaw.REQUIRED}),
        (Wish(name="x" * 81, category="Elite"), {"name": Flaw.TOO_LONG}),
        (Wish(name="a\x1bb", category="Elite"), {"name": Flaw.ONE_LINE}),
        (Wish(name="X", category="Pros"), {"category": Flaw.CHOICE}),
        (
            Wish(name="X", category="Elite", members=("m",) * (MEMBERS_MAX + 1)),
            {"members": Flaw.MEMBERS},
        ),
        (
            Wish(name="X", category="Elite", members=("m" * (MEMBER_MAX + 1),)),
            {"members": Flaw.TOO_LONG},
        ),
        (
            Wish(name="X", category="Elite", members=("a\u202eb",)),
            {"members": Flaw.ONE_LINE},
        ),
        (Wish(name="x" * NAME_MAX, category="Kids"), {}),
    ],
)
def test_what_is_wrong_is_told_by_field(wish: Wish, expected: dict[str, Flaw]) -> None:
    assert flaws(wish, RUN.categories) == expected
