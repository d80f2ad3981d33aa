"""Every way a TSE can fail us, as a tree sorted by who has to act.

TseError
  TryAgain           TseSilent, AnswerLost (AnswerDamaged)
  CallTheTechnician  TseGone, PortForbidden, PortBusy, WrongPin, PinBlocked, WrongPuk,
                     PukBlocked, SecretUnfit, SecretMissing, SecretsDiffer,
                     SelfTestFailed, WrongTime, SignatureInvalid, ClientIdInvalid,
                     NotExported, NotConfirmed
    TseRefused       NotInitialized, TimeNotSet, SelfTestRequired, CertificateExpired,
                     Disabled, StorageFull, SignaturesUsedUp, NotRegistered,
                     TooManyClients, TooManyOpen, StillOpen, NotOpen, NotLoggedIn, ...
  Rejected           ProtocolError, Unreadable, KeyOnNoCurve, AlgorithmUnknown,
                     KnobUnknown

The docstring of a leaf is the sentence the operator reads; {where} names the device.
What to do is said in the words of the place where it is read: a till's screen has keys,
a shell has commands.
"""

from __future__ import annotations

import inspect
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

AT_TILL = {
    "again": "press 'Restart TSE'",
    "set_time": "press 'Restart TSE'",
    "self_test": "press 'Restart TSE'",
    "close_it": "press 'Restart TSE'",
    "close_them": "press 'Restart TSE' to close them",
    "look": "press 'Restart TSE' if this happens again",
    "holder": "the vendor's web service?",
    "register": "Run 'kassenband-tse setup' for this till",
    "correct_pin": (
        "Correct the PIN, then restart the till: it never tries a refused PIN again,"
        " since"
    ),
    "report": "with the log; selling goes on without a signature",
}
"""What to do, for a cashier at a till's screen."""

AT_SHELL = {
    "again": "run the command again",
    "set_time": "run 'kassenband-tse set-time'",
    "self_test": "run 'kassenband-tse selftest'",
    "close_it": "start the till, which closes it",
    "close_them": "start the tills, which close theirs",
    "look": "see 'kassenband-tse last-message'",
    "holder": "the till, or the vendor's web service?",
    "register": "Name one that is (--client), or run 'kassenband-tse setup' with it",
    "correct_pin": (
        "Give the right one in KASSENBAND_TSE_ADMIN_PIN or"
        " KASSENBAND_TSE_TIME_ADMIN_PIN:"
    ),
    "report": "with the command and what it said",
}
"""What to do, for a technician who has typed a command."""


class TseCode(IntEnum):
    """Error codes of GetMfcStatus (fiskaltrust middleware scu-de, facts only)."""

    NONE = 0x0000
    FAIL = 0x0001
    POWER_FAIL = 0x0002
    UNKNOWN_CMD = 0x0003
    CMD_TOO_LONG = 0x0004
    CMD_FOOTER = 0x0005
    WRONG_ORDER = 0x0006
    PARA_COUNT = 0x0007
    PARA_VALUE = 0x0008
    NOT_INITIALIZED = 0x0100
    TIME_NOT_SET = 0x0101
    CERTIFICATE_EXPIRED = 0x0102
    DISABLED = 0x0103
    COMMAND_FAILED = 0x0104
    SIGNING_SYSTEM_OPERATION_DATA = 0x0105
    RETRIEVE_LOG_MESSAGE = 0x0106
    STORAGE = 0x0107
    NO_TRANSACTION = 0x0108
    CLIENT_ID_NOT_SET = 0x010A
    NO_DATA = 0x010B
    SELF_TEST_REQUIRED = 0x010C
    NO_LOG_MESSAGE = 0x010D
    UNSUPPORTED_CRYPTO_CARD = 0x010F
    USER_NOT_AUTHORIZED = 0x0110
    USER_NOT_AUTHENTICATED = 0x0111
    USER_ID_NOT_MANAGED = 0x0112
    DESCRIPTION_NOT_SET = 0x0113
    DESCRIPTION_SET = 0x0114
    CLIENT_NOT_REGISTERED = 0x0115
    CRYPTO_CARD_NOT_FOUND = 0x0116
    MAX_PARALLEL_TRANSACTIONS = 0x0117
    MAX_SIGNATURES = 0x0118
    MAX_CLIENTS = 0x0119
    CLIENT_HAS_UNFINISHED_TX = 0x011A
    DEVICE_HAS_UNFINISHED_TX = 0x011B
    EXPORT_BUFFER = 0x011C

    @property
    def hint(self) -> str:
        """Say in one sentence what it means and what the cashier can do."""
        return in_words_of(AT_TILL, _HINTS[self])

    @classmethod
    def name_of(cls, number: int) -> str:
        """Name a code for a log line, also one this table does not know."""
        try:
            return f"{number:04X} {cls(number).name}"
        except ValueError:
            return f"{number:04X}"


_REPLUG = "Unplug it, plug it in again, then {again}."
_VENDOR = "Exchange the device and ask its vendor."
_REPORT = "Please report this {report}."

_HINTS: dict[TseCode, str] = {
    TseCode.NONE: "No error is recorded.",
    TseCode.FAIL: f"It failed without a reason. {_REPLUG}",
    TseCode.POWER_FAIL: f"Its power was cut in the middle of a command. {_REPLUG}",
    TseCode.UNKNOWN_CMD: "Its firmware does not know this command. Update it.",
    TseCode.CMD_TOO_LONG: f"The command was too long for it. {_REPORT}",
    TseCode.CMD_FOOTER: f"The command arrived damaged. {_REPLUG}",
    TseCode.WRONG_ORDER: f"The commands came in the wrong order. {_REPORT}",
    TseCode.PARA_COUNT: f"A parameter of the command is missing. {_REPORT}",
    TseCode.PARA_VALUE: f"A parameter of the command is not allowed. {_REPORT}",
    TseCode.NOT_INITIALIZED: "It is new. Run 'kassenband-tse setup' once.",
    TseCode.TIME_NOT_SET: "Its clock is not set: {set_time}.",
    TseCode.CERTIFICATE_EXPIRED: (
        "Its certificate has expired; it signs all the same. Order a new TSE today."
    ),
    TseCode.DISABLED: "It was put out of service for good. Exchange the device.",
    TseCode.COMMAND_FAILED: f"The command failed inside. {_REPLUG}",
    TseCode.SIGNING_SYSTEM_OPERATION_DATA: f"It could not sign. {_REPLUG}",
    TseCode.RETRIEVE_LOG_MESSAGE: f"It lost its last log message. {_REPLUG}",
    TseCode.STORAGE: "Its memory is full or broken. Export it, then exchange it.",
    TseCode.NO_TRANSACTION: "It does not know this number as an open one.",
    TseCode.CLIENT_ID_NOT_SET: f"No client was named to it. {_REPLUG}",
    TseCode.NO_DATA: "It has no data for this request.",
    TseCode.SELF_TEST_REQUIRED: "Its self test is due: {self_test}.",
    TseCode.NO_LOG_MESSAGE: "It has no log message yet.",
    TseCode.UNSUPPORTED_CRYPTO_CARD: f"Its crypto card is unknown. {_VENDOR}",
    TseCode.USER_NOT_AUTHORIZED: "This PIN's user may not do that. Check the setup.",
    TseCode.USER_NOT_AUTHENTICATED: "The login is missing. Check the PIN in the setup.",
    TseCode.USER_ID_NOT_MANAGED: "It does not know this user. Check the setup.",
    TseCode.DESCRIPTION_NOT_SET: "It wants a description. Run 'kassenband-tse setup'.",
    TseCode.DESCRIPTION_SET: "Its description is set by the maker already.",
    TseCode.CLIENT_NOT_REGISTERED: "This till is not registered with it. {register}.",
    TseCode.CRYPTO_CARD_NOT_FOUND: f"Its crypto card does not react. {_REPLUG}",
    TseCode.MAX_PARALLEL_TRANSACTIONS: (
        "Too many orders are open on it: {close_them}."
    ),
    TseCode.MAX_SIGNATURES: "All its signatures are used up. Exchange the device.",
    TseCode.MAX_CLIENTS: "Too many tills are registered with it. Deregister old ones.",
    TseCode.CLIENT_HAS_UNFINISHED_TX: (
        "This till still has an open order on it: {close_it}."
    ),
    TseCode.DEVICE_HAS_UNFINISHED_TX: (
        "Some till still has an open order on it. Close it there first."
    ),
    TseCode.EXPORT_BUFFER: "Its export buffer is confused. Start the export again.",
}


class TseError(Exception):
    """{where} can't be used: {detail}. Check its cable, then {again}."""

    def __init__(self, where: str = "The TSE", detail: str = "") -> None:
        self.where = where
        self.detail = detail
        super().__init__(where, detail)

    def __str__(self) -> str:
        return self.sentence(AT_TILL)

    def sentence(self, words: Mapping[str, str]) -> str:
        """Say what failed and what to do, in the words of a place."""
        template = inspect.cleandoc(type(self).__doc__ or "").replace("\n", " ")
        named = {"where": self.where, "detail": self.detail}
        return in_words_of(words, in_words_of(named, template))


class TryAgain(TseError):
    """{where} is out of reach at the moment: {detail}. Try again."""


class CallTheTechnician(TseError):
    """{where} needs a technician: {detail}."""


class Rejected(TseError):
    """{where} gave data that can't be true: {detail}."""


class TseSilent(TryAgain):
    """{where} does not answer. Check its cable, then {again}."""


class AnswerLost(TryAgain):
    """{where} is alive but gave no answer to {detail}. If it signed, the signature can
    still be read from its log; {look}."""


class AnswerDamaged(AnswerLost):
    """{where} answered {detail}, but the line damaged it. If it signed, the signature
    can still be read from its log; check its cable if this happens again."""


class TseGone(CallTheTechnician):
    """{where} is not there ({detail}). Plug the TSE in, then {again}."""


class PortForbidden(CallTheTechnician):
    """{where} may not be opened by this user ({detail}). Add the user to the group
    'dialout' or install the udev rule, then {again}."""


class PortBusy(CallTheTechnician):
    """{where} is held by another program ({detail}). End that program ({holder}),
    then {again}."""


class TseRefused(CallTheTechnician):
    """{where} refused {detail}"""

    def __init__(
        self, where: str = "The TSE", command: str = "a command", code: int = 1
    ) -> None:
        self.code = code
        try:
            hint = _HINTS[TseCode(code)]
        except ValueError:
            hint = f"The reason is unknown. {_REPLUG}"
        detail = f"'{command}' (error {TseCode.name_of(code)}). {hint}"
        super().__init__(where, detail)

    @classmethod
    def of(cls, where: str, command: str, code: int) -> TseRefused:
        """Return the refusal a code has a name for, else the plain one."""
        return _REFUSALS.get(code, TseRefused)(where, command, code)


class CertificateExpired(TseRefused):
    """{where} carried out {detail}"""


class NotInitialized(TseRefused):
    """{where} is new and refused {detail}"""


class TimeNotSet(TseRefused):
    """{where} has no time and refused {detail}"""


class SelfTestRequired(TseRefused):
    """{where} wants its self test first and refused {detail}"""


class Disabled(TseRefused):
    """{where} is out of service and refused {detail}"""


class StorageFull(TseRefused):
    """{where} can't store any more and refused {detail}"""


class SignaturesUsedUp(TseRefused):
    """{where} can't sign any more and refused {detail}"""


class NotRegistered(TseRefused):
    """{where} does not know this till and refused {detail}"""


class TooManyClients(TseRefused):
    """{where} knows too many tills and refused {detail}"""


class TooManyOpen(TseRefused):
    """{where} has too much open and refused {detail}"""


class StillOpen(TseRefused):
    """{where} has something open and refused {detail}"""


class NotOpen(TseRefused):
    """{where} has no such number open and refused {detail}"""


class NotLoggedIn(TseRefused):
    """{where} wants a login and refused {detail}"""


class PowerLost(TseRefused):
    """{where} lost its power within {detail}"""


_REFUSALS: dict[int, type[TseRefused]] = {
    TseCode.POWER_FAIL: PowerLost,
    TseCode.NOT_INITIALIZED: NotInitialized,
    TseCode.TIME_NOT_SET: TimeNotSet,
    TseCode.CERTIFICATE_EXPIRED: CertificateExpired,
    TseCode.DISABLED: Disabled,
    TseCode.STORAGE: StorageFull,
    TseCode.NO_TRANSACTION: NotOpen,
    TseCode.SELF_TEST_REQUIRED: SelfTestRequired,
    TseCode.USER_NOT_AUTHORIZED: NotLoggedIn,
    TseCode.USER_NOT_AUTHENTICATED: NotLoggedIn,
    TseCode.CLIENT_NOT_REGISTERED: NotRegistered,
    TseCode.MAX_PARALLEL_TRANSACTIONS: TooManyOpen,
    TseCode.MAX_SIGNATURES: SignaturesUsedUp,
    TseCode.MAX_CLIENTS: TooManyClients,
    TseCode.CLIENT_HAS_UNFINISHED_TX: StillOpen,
    TseCode.DEVICE_HAS_UNFINISHED_TX: StillOpen,
}


class WrongPin(CallTheTechnician):
    """{where} refused the PIN of {detail}. {correct_pin} after three wrong tries the
    TSE blocks it."""


class PinBlocked(CallTheTechnician):
    """{where} has blocked the PIN of {detail} after too many wrong tries. Unblock it
    with the PUK from the TSE's letter ('kassenband-tse unblock')."""


class WrongPuk(CallTheTechnician):
    """{where} refused the PUK of {detail}. Look it up in the TSE's letter: after three
    wrong tries the user is lost for good."""


class PukBlocked(CallTheTechnician):
    """{where} has blocked the PUK of {detail} for good. Export it, then exchange it."""


class SecretUnfit(CallTheTechnician):
    """{where} can't take {detail}. A PIN has 5 to 8 digits, a PUK 6 to 10; a new one
    differs from the old one."""


class SecretMissing(CallTheTechnician):
    """{where} needs a secret: set {detail}, or run it in a terminal to be asked."""


class SecretsDiffer(CallTheTechnician):
    """{where} changed nothing: {detail} was typed in two ways. Run it again."""


class NotExported(CallTheTechnician):
    """{where} deletes nothing: {detail}. Export it whole, verify and keep the file,
    then try again."""


class NotConfirmed(CallTheTechnician):
    """{where} was left as it is: {detail}. Give its own serial number to confirm."""


class SelfTestFailed(CallTheTechnician):
    """{where} failed its self test. Unplug it, plug it in again; if it fails again,
    exchange the device."""


class WrongTime(CallTheTechnician):
    """{where} can't be given the time {detail}. Set the clock of this till (time
    server, battery), then {again}."""


class SignatureInvalid(CallTheTechnician):
    """{where} gave a signature that does not verify ({detail}). Exchange the device and
    keep it for the tax office."""


class ClientIdInvalid(CallTheTechnician):
    """{where} can't take {detail} as the name of a till. Use 1 to 30 letters, digits
    or ( ) + , - . : ? and spaces."""


class ProtocolError(Rejected):
    """{where} answered what it should not ({detail}). Unplug it, plug it in again,
    then {again}."""


class Unreadable(Rejected):
    """{where} can't be read: {detail}."""


class KeyOnNoCurve(Rejected):
    """{where} shows a key that is on no known curve ({detail}). It was copied wrongly
    or forged."""


class KnobUnknown(Rejected):
    """{where} does not know {detail}."""


class AlgorithmUnknown(Rejected):
    """{where} names a signature algorithm that is not known here ({detail})."""


def in_words_of(words: Mapping[str, str], template: str) -> str:
    """Fill a template's names in; what else stands in braces stays."""
    for name, said in words.items():
        template = template.replace(f"{{{name}}}", said)
    return template
