"""Amounts, rates and times as a language writes them."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from datetime import date, datetime

    from contract.money import Money
    from hub.web.texts import NumberTexts

MINUS = "\N{MINUS SIGN}"


def load_zone(name: str) -> tzinfo:
    """Find an IANA time zone; UTC where the system has no such data (tzdata).

    Pages name the zone beside every time, so a fallback misleads nobody.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


class Formats:
    """Writes values for one reader."""

    def __init__(self, numbers: NumberTexts, zone: tzinfo) -> None:
        self._numbers = numbers
        self._zone = zone

    def count(self, value: int) -> str:
        """Write a whole number with a true minus sign."""
        return f"{_sign(value)}{abs(value)}"

    def amount(self, minor: int) -> str:
        """Write minor units with two decimals and no currency."""
        return f"{_sign(minor)}{self._digits(minor)}"

    def money(self, money: Money) -> str:
        """Write an amount with its currency."""
        return self._numbers.money[money.currency].format(
            sign=_sign(money.minor), amount=self._digits(money.minor)
        )

    def rate(self, basis_points: int) -> str:
        """Write a tax rate in percent with as few decimals as it needs."""
        whole, rest = divmod(basis_points, 100)
        decimals = f"{rest:02d}".rstrip("0")
        point = self._numbers.decimal if decimals else ""
        return self._numbers.percent.format(rate=f"{whole}{point}{decimals}")

    def minute(self, moment: datetime) -> str:
        """Write a moment to the minute, with the name of its zone."""
        return self._moment(self._numbers.minute, moment)

    def second(self, moment: datetime) -> str:
        """Write a moment to the second, with the name of its zone."""
        return self._moment(self._numbers.second, moment)

    def day_of(self, moment: datetime) -> str:
        """Write the day of a moment in the event's zone."""
        return self.day(moment.astimezone(self._zone).date())

    def day(self, day: date) -> str:
        """Write a day of the calendar."""
        return self._numbers.date.format(
            day=day.day, month=self._numbers.months[day.month - 1], year=day.year
        )

    def _digits(self, minor: int) -> str:
        whole, cents = divmod(abs(minor), 100)
        grouped = f"{whole:,}".replace(",", self._numbers.group)
        return f"{grouped}{self._numbers.decimal}{cents:02d}"

    def _moment(self, pattern: str, moment: datetime) -> str:
        local = moment.astimezone(self._zone)
        zone = local.tzname() or "UTC"
        return pattern.format(
            date=self.day(local.date()),
            at=local,
            zone=self._numbers.zones.get(zone, zone),
        )


def _sign(value: int) -> str:
    return MINUS if value < 0 else ""
