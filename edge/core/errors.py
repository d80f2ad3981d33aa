"""The till's errors, sorted by who must act; the message is what the cashier reads.

KassenbandError
    TryAgain            the next try may work: the hub is silent, the TSE is busy
    AskTheGuest         the guest can change it: balance, another wristband
    CallTheTechnician   something is broken: the reader, the TSE, the disk
"""

from __future__ import annotations


class KassenbandError(Exception):
    """Something the till can explain to a person."""


class TryAgain(KassenbandError):
    """The same again may work in a moment."""


class AskTheGuest(KassenbandError):
    """The guest can do something about it."""


class CallTheTechnician(KassenbandError):
    """Somebody with a screwdriver must look at it."""


class NotConnected(TryAgain):
    """The hub can't be reached at the moment."""


class FiscalModuleDown(CallTheTechnician):
    """The TSE does not do its work."""


class FiscalModuleSilent(FiscalModuleDown):
    """The TSE did not answer in time; whether it signed is unknown."""


class CardRefused(AskTheGuest):
    """The card was not charged: refused, canceled, or not presented in time."""


class TerminalDown(CallTheTechnician):
    """The card terminal can't be used; it has taken nothing."""


class TerminalSilent(TerminalDown):
    """The card terminal did not answer in time; whether it took money is unknown."""


class PrinterDown(TryAgain):
    """The receipt printer has printed nothing; the text says what to do about it."""


class PrinterTorn(PrinterDown):
    """The receipt printer stopped in the middle: a part may have been printed."""


class ArchiveTrouble(TryAgain):
    """The TSE's log could not be archived at the hub; the text says why."""


class ArchiveRefused(ArchiveTrouble):
    """The hub does not take an archive of the TSE's log; the text says why."""


class JournalBroken(CallTheTechnician):
    """The journal can't be opened or written."""


class CatalogueUnavailable(TryAgain):
    """The product list could not be downloaded."""


class WalletsUnavailable(TryAgain):
    """The wallet snapshot could not be downloaded."""


OWN_FAULT = (
    "The till stopped because of a fault of its own. No order is lost. Start it again;"
    " if it stops again, send its log to whoever maintains it."
)
COMMAND_FAULT = (
    "The command stopped because of a fault of its own ({}). No order is lost. Give it"
    " again; if it stops again, send this line to whoever maintains it."
)


def own_fault(command: str | None, error: Exception) -> str:
    """Say that the till, or a command of it, stopped by a fault of ours."""
    if command is None:
        return OWN_FAULT
    return COMMAND_FAULT.format(f"{type(error).__name__}: {error}")  # it has no log
