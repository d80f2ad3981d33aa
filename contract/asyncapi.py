"""The contract as an AsyncAPI 3 document, generated from the messages themselves.

`python -m contract.asyncapi [FOLDER]` writes it to stdout, with the golden files of the
folder as examples. It takes the hub's point of view: "receive" is what tills send.
"""

from __future__ import annotations

import inspect
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from contract import messages as m
from contract.catalogue import Catalogue
from contract.closing import ClosingReport
from contract.ids import IDENTITY_PATTERN, EventId, TillId
from contract.order import Order
from contract.topics import CONTENT_TYPE, MESSAGE_BYTES_MAX, Topics
from contract.wallets import WalletSnapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

QOS: Final = 1
UP, DOWN = "up", "down"  # questions, all of them answered; answers
REFERENCE: Final = "#/components/schemas/{name}"
DESCRIPTION: Final = f"""\
What a till and its hub say to each other: MQTT 5 over TLS, QoS 1, JSON, at most
{MESSAGE_BYTES_MAX} bytes. The broker ties each topic to the common name of the client's
certificate. A broker's acknowledgment proves nothing: an OrderRequest is answered by a
verdict, an AdviceBatch by AdviceRecorded, and both are repeated unchanged until then.
What goes up carries the property Content Type ({CONTENT_TYPE}), without which it is
refused, and an OrderRequest a Message Expiry. Unknown fields are ignored. Catalogue
and wallet snapshot are fetched over HTTPS; their schemas are here for completeness.
"""

# Sent verbatim as bytes that were encoded once, so the message's own type says nothing
# of them: (schema, field) to what they hold.
RAW_FIELDS: Final[Mapping[tuple[str, str], type]] = {
    ("OrderRequest", "order"): Order,
    ("OrderCheck", "order"): Order,
    ("OrderAdvice", "order"): Order,
    ("OrderInfo", "order"): Order,
    ("Closing", "report"): ClosingReport,
    ("AdviceBatch", "advices"): m.OrderAdvice,
}


@dataclass(frozen=True, slots=True)
class Channel:
    """A topic: who speaks on it, what is said, and whether the broker keeps it."""

    name: str
    address: str
    about: str
    carries: tuple[type[m.Message], ...]
    from_till: bool = False
    retained: bool = False
    last_will: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """A message of a till that the hub answers, and the answers it may get."""

    asks: type[m.Message]
    answers: tuple[type[m.Message], ...]


_TOPICS: Final = Topics(EventId("{event}"))
_TILL: Final = TillId("{till}")

CHANNELS: Final = (
    Channel(
        UP,
        _TOPICS.up(_TILL),
        "Requests, questions and advices of one till.",
        (
            m.OrderRequest,
            m.OrderCheck,
            m.AdviceBatch,
            m.WristbandQuery,
            m.OrderQuery,
            m.CashierLogin,
            m.CashierLogout,
            m.Closing,
            m.TokenRequest,
            m.TillDescribed,
            m.TseNotes,
        ),
        from_till=True,
    ),
    Channel(
        "online",
        _TOPICS.online(_TILL),
        "Whether a till is connected.",
        (m.TillOnline,),
        from_till=True,
        retained=True,
        last_will=True,
    ),
    Channel(
        "status",
        _TOPICS.status(_TILL),
        "How a till is doing; sent when it changes.",
        (m.TillStatus,),
        from_till=True,
        retained=True,
    ),
    Channel(
        DOWN,
        _TOPICS.down(_TILL),
        "The hub's answers to one till, each naming the message it regards.",
        (
            m.OrderBooked,
            m.OrderChecked,
            m.OrderDeclined,
            m.OrderConflict,
            m.AdviceRecorded,
            m.WristbandInfo,
            m.OrderInfo,
            m.CashierLoggedIn,
            m.LoginRefused,
            m.CashierLoggedOut,
            m.ClosingRecorded,
            m.ClosingIncomplete,
            m.TokenIssued,
            m.TillDescriptionRecorded,
            m.TseNotesRecorded,
            m.Rejected,
        ),
    ),
    Channel(
        "config",
        _TOPICS.config(_TILL),
        "What a till needs to sell; empty once the till is revoked.",
        (m.TillConfig,),
        retained=True,
    ),
    Channel(
        "wallets",
        _TOPICS.wallets,
        "Changes of wallets for all tills, at most one message per second.",
        (m.WalletChanges,),
    ),
    Channel(
        "hubStatus",
        _TOPICS.hub_status,
        "Whether the hub serves, and how far its ledger has come.",
        (m.HubStatus,),
        retained=True,
        last_will=True,
    ),
)
EXCHANGES: Final = (
    Exchange(
        m.OrderRequest, (m.OrderBooked, m.OrderDeclined, m.OrderConflict, m.Rejected)
    ),
    Exchange(m.OrderCheck, (m.OrderChecked, m.OrderDeclined, m.Rejected)),
    Exchange(m.AdviceBatch, (m.AdviceRecorded, m.Rejected)),
    Exchange(m.WristbandQuery, (m.WristbandInfo, m.Rejected)),
    Exchange(m.OrderQuery, (m.OrderInfo, m.Rejected)),
    Exchange(m.CashierLogin, (m.CashierLoggedIn, m.LoginRefused, m.Rejected)),
    Exchange(m.CashierLogout, (m.CashierLoggedOut, m.Rejected)),
    Exchange(m.Closing, (m.ClosingRecorded, m.ClosingIncomplete, m.Rejected)),
    Exchange(m.TokenRequest, (m.TokenIssued, m.Rejected)),
    Exchange(m.TillDescribed, (m.TillDescriptionRecorded, m.Rejected)),
    Exchange(m.TseNotes, (m.TseNotesRecorded, m.Rejected)),
)


def document(examples: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Describe the contract; `examples` gives a payload by message type."""
    shown = examples or {}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Kassenband: tills and hub",
            "version": "1",
            "description": DESCRIPTION,
            "license": {"name": "AGPL-3.0-or-later"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {"broker": _server()},
        "channels": {each.name: _channel(each) for each in CHANNELS},
        "operations": {
            **{f"answer{each.asks.__name__}": _answered(each) for each in EXCHANGES},
            **{_told(each): _operation(each) for each in CHANNELS if each.name != UP},
        },
        "components": {
            "parameters": _parameters(),
            "messages": {
                kind.__name__: _message(kind, shown.get(kind.__name__))
                for channel in CHANNELS
                for kind in channel.carries
            },
            "schemas": schemas(),
        },
    }


def schemas() -> dict[str, Any]:
    """Return the JSON schema of every message and of all that messages hold."""
    kinds = [kind for channel in CHANNELS for kind in channel.carries]
    _, found = msgspec.json.schema_components(
        [*kinds, m.OrderAdvice, Order, Catalogue, ClosingReport, WalletSnapshot],
        ref_template=REFERENCE,
    )
    for (schema, field), kind in RAW_FIELDS.items():
        held = found[schema]["properties"][field]
        held.get("items", held).update(_schema_of(kind))
    for schema in found.values():
        if "description" in schema:  # Python 3.13 strips docstrings, 3.11 doesn't
            schema["description"] = inspect.cleandoc(schema["description"])
    return dict(sorted(found.items()))


def _server() -> dict[str, Any]:
    return {
        "host": "{hub}:8883",
        "protocol": "secure-mqtt",
        "protocolVersion": "5",
        "description": "The event's broker; clients show a certificate of its CA.",
        "variables": {"hub": {"description": "Host name or address of the hub."}},
        "security": [{"type": "X509"}],
    }


def _parameters() -> dict[str, Any]:
    form = f"Matches {IDENTITY_PATTERN}."
    return {
        "event": {"description": f"The event's short name. {form}"},
        "till": {"description": f"The till's id, as in its certificate. {form}"},
    }


def _channel(channel: Channel) -> dict[str, Any]:
    parameters = [name for name in _parameters() if f"{{{name}}}" in channel.address]
    return {
        "address": channel.address,
        "description": channel.about,
        "messages": {
            kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"}
            for kind in channel.carries
        },
        "parameters": {
            name: {"$ref": f"#/components/parameters/{name}"} for name in parameters
        },
    }


def _told(channel: Channel) -> str:
    return f"{_action(channel)}{channel.name[0].upper()}{channel.name[1:]}"


def _action(channel: Channel) -> str:
    return "receive" if channel.from_till else "send"


def _operation(channel: Channel) -> dict[str, Any]:
    will = " Also the last will." if channel.last_will else ""
    return {
        "action": _action(channel),
        "channel": _channel_of(channel),
        "summary": f"{channel.about}{will}",
        "messages": [_on(channel, kind) for kind in channel.carries],
        "bindings": _mqtt(retain=channel.retained),
    }


def _answered(exchange: Exchange) -> dict[str, Any]:
    up, down = (each for each in CHANNELS if each.name in {UP, DOWN})
    return {
        "action": "receive",
        "channel": _channel_of(up),
        "summary": _first_line(exchange.asks),
        "messages": [_on(up, exchange.asks)],
        "bindings": _mqtt(retain=False),
        "reply": {
            "channel": _channel_of(down),
            "messages": [_on(down, kind) for kind in exchange.answers],
        },
    }


def _message(kind: type[m.Message], example: object) -> dict[str, Any]:
    about: dict[str, Any] = {
        "name": kind.__name__,
        "summary": _first_line(kind),
        "payload": _schema_of(kind),
    }
    if "regarding" in kind.__struct_fields__:
        about["correlationId"] = {"location": "$message.payload#/regarding"}
    elif kind in {exchange.asks for exchange in EXCHANGES}:
        about["correlationId"] = {"location": "$message.payload#/id"}
    if example is not None:
        about["examples"] = [{"payload": example}]
    return about


def _mqtt(*, retain: bool) -> dict[str, Any]:
    return {"mqtt": {"qos": QOS, "retain": retain, "bindingVersion": "0.2.0"}}


def _channel_of(channel: Channel) -> dict[str, str]:
    return {"$ref": f"#/channels/{channel.name}"}


def _on(channel: Channel, kind: type[m.Message]) -> dict[str, str]:
    return {"$ref": f"#/channels/{channel.name}/messages/{kind.__name__}"}


def _schema_of(kind: type) -> dict[str, str]:
    return {"$ref": REFERENCE.format(name=kind.__name__)}


def _first_line(kind: type) -> str:
    return inspect.cleandoc(kind.__doc__ or "").partition("\n")[0]


def text(examples: Mapping[str, object] | None = None) -> str:
    """Write the document as JSON, the same text each time."""
    return json.dumps(document(examples), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the document to stdout, with the examples of a folder if one is named."""
    if len(arguments) > 1:
        sys.stderr.write("usage: python -m contract.asyncapi [FOLDER]\n")
        return 2
    examples: dict[str, object] = {}
    for folder in map(Path, arguments):
        for path in sorted(folder.glob("*.json")):
            examples[path.stem] = json.loads(path.read_text("utf-8"))
    sys.stdout.write(text(examples))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
