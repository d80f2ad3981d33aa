"""What goes wrong with providers and banks, sorted by what is to be done."""

from __future__ import annotations


class BankFileRefused(Exception):
    """A bank file can't be taken in; nothing of it was, and the text says why."""


class NotToBeBooked(BankFileRefused):
    """A bank file can be read, but nothing in it may be booked: a test, a copy."""


class Forged(Exception):
    """A call claims to be a provider's and is not; to be logged, and not answered."""


class ProviderSilent(Exception):
    """A provider did not answer in time; whether it did its work is not known."""


class ProviderRefused(Exception):
    """A provider answered that it won't; the text says what it said."""


class NotOffered(Exception):
    """A method can't do this; the text says what can be done instead."""


class Unusable(Exception):
    """A provider's own call makes no sense; to be logged as a warning."""
