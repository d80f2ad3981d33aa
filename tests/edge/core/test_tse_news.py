"""What the till notes of its TSE is on disk at once, and told until it is recorded."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import msgspec

from contract.messages import (
    HubStatus,
    Lamp,
    LampState,
    Rejected,
    RejectReason,
    TillDescribed,
    TillDescriptionRecorded,
    TseFacts,
    TseNotes,
    TseNotesRecorded,
    decode_from_till,
)
from edge.core import effects, events, intents
from edge.core.clock import UNCONFIRMED
from edge.core.picture import picture
from edge.core.records import AdviceSealed, FiscalStart
from tests.contract.orders import BEER
from tests.contract.samples import AT, DEVICE, TSE
from tests.edge.core.desk import ANCHOR, MS
from tests.edge.core.festival import Festival

OPENED = events.FiscalOpened(TSE.serial, TSE.expires, (), TSE)
GONE = events.FiscalLamp(Lamp(state=LampState.BAD, text="It is not plugged in."))
BACK = events.FiscalLamp(Lamp(state=LampState.GOOD, text="It is ready."))


def opened(**changes: object) -> events.FiscalOpened:
    facts: TseFacts = msgspec.structs.replace(TSE, **changes)
    return events.FiscalOpened(facts.serial, facts.expires, (), facts)


def till() -> Festival:
    desk = Festival()
    identity = replace(desk.state.identity, device=DEVICE)
    desk.state = replace(desk.state, identity=identity)
    return desk


def after_restart(desk: Festival) -> Festival:
    again = Festival(desk.journal)
    identity = replace(again.state.identity, device=DEVICE)
    again.state = replace(again.state, identity=identity)
    return again


def asked_by(desk: Festival) -> TillDescribed | TseNotes | None:
    return desk.state.tse_news.asked


def answer(desk: Festival) -> None:
    asked = asked_by(desk)
    assert asked is not None
    recorded = TseNotesRecorded(id=UUID(int=9), regarding=asked.id)
    described = TillDescriptionRecorded(id=UUID(int=9), regarding=asked.id)
    desk.say(described if isinstance(asked, TillDescribed) else recorded)


def test_a_till_describes_itself_and_its_tse_once() -> None:
    desk = till()
    desk.do(OPENED)
    assert not desk.performed(effects.SendRequest)
    desk.up()
    asked = asked_by(desk)
    assert isinstance(asked, TillDescribed)
    assert (asked.device, asked.tse, asked.z_number) == (DEVICE, TSE, 1)
    answer(desk)
    assert asked_by(desk) is None

    again = after_restart(desk).up()
    again.do(OPENED)
    assert asked_by(again) is None


def test_what_changed_is_told_with_the_time_it_is_in_use_since() -> None:
    desk = till().up()
    desk.do(OPENED)
    first = desk.state.tse_news.latest
    assert first is not None
    answer(desk)
    desk.do(opened(signatures_left=TSE.signatures_left - 1))
    assert asked_by(desk) is None  # they grow fewer with each order
    desk.do(opened(firmware="1.2.4"))
    asked = asked_by(desk)
    assert isinstance(asked, TillDescribed)
    assert (asked.since, asked.tse.firmware) == (first.since, "1.2.4")
    assert asked.id != first.id


def test_it_is_told_until_it_is_recorded() -> None:
    desk = till().up()
    desk.do(OPENED)
    asked = asked_by(desk)
    assert asked is not None
    desk.do(events.TseNewsDue(asked.id))
    assert any(
        isinstance(each, effects.SendRequest) and each.request == asked
        for each in desk.done
    )
    desk.say(
        Rejected(
            id=UUID(int=3), regarding=asked.id, reason=RejectReason.INVALID, text="No."
        )
    )
    desk.do(events.TseNewsDue(asked.id))  # the alarm that was set before
    assert not desk.performed(effects.SendRequest)
    waiting = asked_by(desk)
    assert waiting is not None
    desk.do(events.TseNewsDue(waiting.id))
    assert desk.performed(effects.SendRequest)


def test_a_fault_with_control_characters_is_told_in_words_that_the_hub_takes() -> None:
    desk = till().up()
    text = "It says \0\x1b[31m\nno\x7f."
    desk.do(events.FiscalLamp(Lamp(state=LampState.BAD, text=text)))
    asked = asked_by(desk)
    assert isinstance(asked, TseNotes)
    said = decode_from_till(msgspec.json.encode(asked))
    assert said == asked
    assert asked.outages[0].reason == "It says   [31m no ."


def test_an_idle_tse_that_fails_is_an_outage_until_it_works() -> None:
    desk = till().up()
    desk.do(GONE)
    (outage,) = desk.journal.read().tse_news.outages
    assert (outage.reason, outage.until) == ("It is not plugged in.", None)
    asked = asked_by(desk)
    assert isinstance(asked, TseNotes)
    desk.do(BACK)  # while the hub has not answered
    answer(desk)
    asked = asked_by(desk)  # so it hears of the end
    assert isinstance(asked, TseNotes)
    (ended,) = asked.outages
    assert (ended.id, ended.since) == (outage.id, outage.since)
    assert ended.until is not None
    answer(desk)
    assert desk.journal.read().tse_news.outages == ()


def test_a_log_that_the_hub_does_not_take_is_told_by_the_lamp_and_is_no_outage() -> (
    None
):
    desk = till()
    desk.do(events.ArchiveStuck("The hub refuses an archive. " * 30))
    desk.do(BACK)
    lamp = picture(desk.state).lamps.tse
    assert lamp.state is LampState.WARN
    assert lamp.text.startswith("The hub refuses")
    assert desk.journal.read().tse_news.outages == ()
    desk.do(GONE)  # what is worse is told
    assert picture(desk.state).lamps.tse == GONE.lamp
    desk.do(BACK)
    desk.do(events.ArchiveStuck(""))
    assert picture(desk.state).lamps.tse == BACK.lamp


def test_each_outage_is_one_of_its_own_and_orders_name_its_begin() -> None:
    desk = till()
    for _ in range(2):
        desk.pick_all(BEER.id)
        order = desk.state.counter.order.id  # type: ignore[union-attr]
        desk.do(events.FiscalFailed(order, "It is dead."))
        desk.do(intents.PayByCash())
        desk.do(BACK)
    noted = desk.journal.read().tse_news.outages
    assert [each.reason for each in noted] == ["It is dead."] * 2
    assert len({each.id for each in noted}) == 2
    assert all(each.until for each in noted)


def test_an_order_is_of_the_outage_it_fell_into_though_the_tse_is_back() -> None:
    desk = till()
    desk.pick_all(BEER.id)
    order = desk.state.counter.order.id  # type: ignore[union-attr]
    desk.do(events.FiscalStarted(order, FiscalStart(7, 14, AT)))
    desk.do(intents.PayByCash())
    desk.do(events.FiscalFailed(order, "No answer.", silent=True))
    desk.do(BACK)  # before the look into its log has ended
    desk.do(events.FiscalNotFound(order))
    (noted,) = desk.journal.read().tse_news.outages
    (sealed,) = [each for each in desk.records if isinstance(each, AdviceSealed)]
    assert sealed.outage is not None
    assert sealed.outage.since == noted.since
    assert noted.until is not None


def test_an_outage_goes_on_over_a_crash() -> None:
    desk = till()
    desk.do(GONE)
    begun = desk.journal.read().tse_news.outage
    assert begun is not None
    again = after_restart(desk)
    assert again.state.unit.down_since == begun.since
    again.do(GONE)
    again.do(OPENED)
    (noted,) = again.journal.read().tse_news.outages
    assert noted.id == begun.id
    assert noted.until is not None


def test_a_clock_that_was_set_back_ends_no_outage_before_it_began() -> None:
    desk = till()
    desk.do(GONE)
    begun = desk.journal.read().tse_news.outage
    assert begun is not None
    desk.ns -= 3_600_000 * MS
    desk.do(BACK)
    (noted,) = desk.journal.read().tse_news.outages
    assert noted.until == noted.since == begun.since


def test_a_restored_hub_hears_all_of_it_again() -> None:
    desk = till().up()
    desk.do(OPENED)
    answer(desk)
    desk.do(GONE)
    desk.do(BACK)
    answer(desk)
    answer(desk)
    restored = msgspec.structs.replace(ANCHOR, incarnation=UUID(int=77), batch=0)
    news = desk.state.tse_news
    assert (news.described, news.outages, news.asked) == ((), (), None)
    desk.say(TseNotesRecorded(id=UUID(int=9), regarding=UUID(int=8)))  # nobody asked
    desk.say(HubStatus(id=UUID(int=1), online=True, anchor=restored))
    assert desk.performed(effects.Redeliver)
    found = desk.journal.read()
    desk.do(events.UndeliveredAgain((), (), found.tse_news))
    assert isinstance(asked_by(desk), TillDescribed)
    assert len(desk.state.tse_news.outages) == 1


def test_who_vouches_for_the_clock_is_on_record() -> None:
    desk = till().up()
    desk.do(intents.ConfirmClock())
    (vouched,) = desk.journal.read().tse_news.clocks
    assert vouched.at >= AT
    assert desk.performed(effects.OpenFiscal)
    asked = asked_by(desk)
    assert isinstance(asked, TseNotes)
    assert asked.clocks == (vouched,)
    answer(desk)
    assert desk.journal.read().tse_news.clocks == ()


def test_the_screen_asks_for_the_clock_only_where_it_holds_up_the_tse() -> None:
    desk = till()
    desk.do(GONE)
    assert not picture(desk.state).asks_for_clock
    text = f"The TSE at /dev/kb-tse waits: {UNCONFIRMED}"
    desk.do(events.FiscalLamp(Lamp(state=LampState.BAD, text=text)))
    assert picture(desk.state).asks_for_clock
    (first, outage) = (desk.journal.read().tse_news.outages * 2)[:2]
    assert first == outage  # it is one outage, whatever the lamp says
