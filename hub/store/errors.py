"""What can go wrong between the hub and its database, in sentences for people."""

from __future__ import annotations


class StoreError(Exception):
    """The database can't be used as it is; the text names the remedy."""


class Refused(StoreError):
    """What was asked for can't be done; the text says why, and what to do.

    Nothing is wrong with the database: whoever asked has their answer.
    """


class DatabaseGone(StoreError):
    """The connection was lost or never came about; trying again may help."""


class BookingRefused(StoreError):
    """The database refused a batch: a fault of ours, or of one item in it."""
