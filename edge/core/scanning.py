"""What a scanner types: a bill's own code, its payment slip, a transfer's code."""

from __future__ import annotations

from contract.bill_reference import make_reference, mentions


def bill_reference(scanned: str) -> str | None:
    """Find the one bill that a scanned or typed text names; None if none, or several.

    Slips hold the 27 digits; a creditor reference (RF) has the 21 of our own, which
    name the bill fully unless its bank has given the hub a number to begin with.
    """
    found = {
        mention.reference or make_reference(int(mention.number))
        for mention in mentions((scanned,))
        if mention.reference is not None or _is_ours(mention.number)
    }
    return found.pop() if len(found) == 1 else None


def _is_ours(number: str) -> bool:
    try:
        make_reference(int(number))
    except ValueError:
        return False
    return True
