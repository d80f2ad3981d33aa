"""Every way from one screen of the till to another, and a drawing of them."""

from __future__ import annotations

from typing import Final

from edge.core.view import Phase

Edge = tuple[Phase, str, Phase]

_SILENCE: Final = "Rejected RequestExpired NobodyListens NotSent LinkDown HubStatus"
_FIRST_ITEM: Final = "Pick PressButton Return"


_WAYS: Final[tuple[tuple[Phase, Phase, str], ...]] = (
    (Phase.STARTING, Phase.SELLING, "CatalogueFetched"),
    (
        Phase.SELLING,
        Phase.PRESENT,
        "PayByWristband AddWristband Submit Begin LogIn AskWristband",
    ),
    (
        Phase.SELLING,
        Phase.CHECKING,
        "PayByCash PayByCard Submit Begin AskWristband CloseTill",
    ),
    (Phase.SELLING, Phase.COLLECT, "PayByCash"),
    (Phase.SELLING, Phase.CHARGE, "PayByCard"),
    (Phase.SELLING, Phase.APPROVED, "PayByCash PayByCard Submit Begin"),
    (Phase.SELLING, Phase.DECLINED, "PayByCash PayByCard Submit Begin"),
    (Phase.SELLING, Phase.HANDED_OUT, "CardPaid"),
    (Phase.SELLING, Phase.HALTED, f"{_FIRST_ITEM} Begin"),
    (Phase.PRESENT, Phase.CHECKING, "WristbandRead PayByCash PayByCard"),
    (Phase.PRESENT, Phase.COLLECT, "PayByCash"),
    (Phase.PRESENT, Phase.CHARGE, "PayByCard"),
    (Phase.PRESENT, Phase.APPROVED, "WristbandRead PayByCash PayByCard"),
    (Phase.PRESENT, Phase.DECLINED, "WristbandRead PayByCash PayByCard"),
    (Phase.PRESENT, Phase.SELLING, "WristbandRead BackToBasket AbortOrder"),
    (
        Phase.CHECKING,
        Phase.APPROVED,
        f"OrderBooked OrderChecked OrderDeclined {_SILENCE}",
    ),
    (Phase.CHECKING, Phase.DECLINED, f"OrderDeclined OrderConflict {_SILENCE}"),
    (Phase.CHECKING, Phase.COLLECT, f"OrderChecked {_SILENCE}"),
    (Phase.CHECKING, Phase.CHARGE, f"OrderChecked {_SILENCE}"),
    (
        Phase.CHECKING,
        Phase.SELLING,
        (
            "WristbandInfo CashierLoggedIn LoginRefused InquiryExpired "
            "SummedUp Rejected NobodyListens NotSent LinkDown HubStatus"
        ),
    ),
    (Phase.COLLECT, Phase.APPROVED, "MoneyTaken"),
    (Phase.COLLECT, Phase.SELLING, "BackToBasket AbortOrder"),
    (Phase.CHARGE, Phase.APPROVED, "CardPaid ChargeDue"),
    (Phase.CHARGE, Phase.DECLINED, "CardFailed CardNotFound"),
    (
        Phase.APPROVED,
        Phase.SELLING,
        (
            f"Dismiss {_FIRST_ITEM} Begin CancelOrder GiveUpCancellation LogOut "
            "AskWristband CloseTill SwitchTraining"
        ),
    ),
    (Phase.APPROVED, Phase.PRESENT, "Begin LogIn AskWristband"),
    (Phase.APPROVED, Phase.CHECKING, "Begin AskWristband CloseTill"),
    (Phase.APPROVED, Phase.DECLINED, "Begin"),
    (Phase.APPROVED, Phase.HALTED, f"{_FIRST_ITEM} Begin"),
    (Phase.DECLINED, Phase.SELLING, "BackToBasket AbortOrder ScanTicket"),
    (Phase.DECLINED, Phase.PRESENT, "PayByWristband AddWristband"),
    (Phase.DECLINED, Phase.CHECKING, "PayByCash PayByCard Submit"),
    (Phase.DECLINED, Phase.COLLECT, "PayByCash"),
    (Phase.DECLINED, Phase.CHARGE, "PayByCard"),
    (Phase.DECLINED, Phase.APPROVED, "PayByCash Submit"),
    (Phase.HANDED_OUT, Phase.SELLING, "AnswerHandedOut"),
    (Phase.HANDED_OUT, Phase.STARTING, "AnswerHandedOut"),
    (Phase.HALTED, Phase.SELLING, "AdviceRecorded"),
    *(
        (phase, Phase.HALTED, "JournalFailed")
        for phase in Phase
        if phase is not Phase.HALTED
    ),
)

EDGES: Final[tuple[Edge, ...]] = tuple(
    (start, name, end) for start, end, names in _WAYS for name in names.split()
)


def mermaid() -> str:
    """Draw `EDGES` as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> starting", "    [*] --> handed_out"]
    pairs = dict.fromkeys((start, end) for start, _, end in EDGES)
    for start, end in pairs:
        labels = [name for one, name, two in EDGES if (one, two) == (start, end)]
        lines.append(f"    {start.value} --> {end.value}: {', '.join(labels)}")
    return "\n".join(lines) + "\n"
