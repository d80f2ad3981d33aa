"""What can be wrong with bills and payments, sorted by who can put it right."""

from __future__ import annotations


class PaymentProblem(Exception):
    """Something about a bill or a payment is not as it must be; the text says what."""


class BadBill(PaymentProblem):
    """Nothing can be billed that way."""


class NotAllowed(PaymentProblem):
    """The bill is in no state for this."""


class NoSuchBill(PaymentProblem):
    """There is no such bill for whoever asks; somebody else's is not told apart."""
