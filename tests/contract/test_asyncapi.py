from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from contract import asyncapi
from contract.messages import FromHub, FromTill

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "docs" / "asyncapi.json"
GOLDEN = sorted((ROOT / "tests" / "contract" / "golden").glob("*.json"))
TYPES = {kind.__name__ for kind in (*get_args(FromTill), *get_args(FromHub))}
JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


def golden() -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text("utf-8")) for path in GOLDEN}


@pytest.fixture(scope="module")
def shipped() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SHIPPED.read_text("utf-8"))
    return found


def test_the_shipped_document_is_the_contract_as_it_is() -> None:
    assert SHIPPED.read_text("utf-8") == asyncapi.text(golden()), (
        "docs/asyncapi.json is out of date. Write it anew with: "
        "python -m contract.asyncapi tests/contract/golden > docs/asyncapi.json"
    )


def test_every_message_type_is_in_it(shipped: dict[str, Any]) -> None:
    assert set(shipped["components"]["messages"]) == TYPES
    said = {
        name for channel in shipped["channels"].values() for name in channel["messages"]
    }
    assert said == TYPES


def test_every_reference_leads_somewhere(shipped: dict[str, Any]) -> None:
    found = list(references(shipped))
    assert found
    for reference in found:
        assert resolve(shipped, reference)


def test_no_part_of_a_message_is_left_undescribed(shipped: dict[str, Any]) -> None:
    """A field of raw bytes would show up as {}: anything at all."""
    for name, schema in shipped["components"]["schemas"].items():
        for field, held in schema.get("properties", {}).items():
            assert held, f"{name}.{field}: name what it holds in RAW_FIELDS"
            assert held.get("items", True), f"{name}.{field}: as above"


def test_the_examples_are_the_golden_files(shipped: dict[str, Any]) -> None:
    messages = shipped["components"]["messages"]
    shown = {
        name: each["payload"]
        for name, message in messages.items()
        for each in message["examples"]
    }
    assert shown == golden()


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_golden_file_is_what_the_document_describes(
    path: Path, shipped: dict[str, Any]
) -> None:
    payload = shipped["components"]["messages"][path.stem]["payload"]
    value = json.loads(path.read_text("utf-8"))
    assert list(faults(shipped, payload, value, "$")) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"attempt": "1"}, "$.attempt"),
        ({"version": 2}, "$.version"),
        ({"balance": {"minor": 4.5}}, "$.balance"),
        ({"anchor": {"batch": 1}}, "$.anchor"),
    ],
)
def test_the_document_refuses_what_the_contract_refuses(
    change: dict[str, object], place: str, shipped: dict[str, Any]
) -> None:
    payload = shipped["components"]["messages"]["OrderBooked"]["payload"]
    wrong = {**golden()["OrderBooked"], **change}
    assert any(each.startswith(place) for each in faults(shipped, payload, wrong, "$"))


def test_each_question_names_its_answers(shipped: dict[str, Any]) -> None:
    replies = {
        name: {reference["$ref"].rsplit("/", 1)[1] for reference in reply["messages"]}
        for name, operation in shipped["operations"].items()
        if (reply := operation.get("reply"))
    }
    assert replies == {
        "answerOrderRequest": {
            "OrderBooked",
            "OrderDeclined",
            "OrderConflict",
            "Rejected",
        },
        "answerOrderCheck": {"OrderChecked", "OrderDeclined", "Rejected"},
        "answerAdviceBatch": {"AdviceRecorded", "Rejected"},
        "answerWristbandQuery": {"WristbandInfo", "Rejected"},
        "answerOrderQuery": {"OrderInfo", "Rejected"},
        "answerCashierLogin": {"CashierLoggedIn", "LoginRefused", "Rejected"},
        "answerCashierLogout": {"CashierLoggedOut", "Rejected"},
        "answerClosing": {"ClosingRecorded", "ClosingIncomplete", "Rejected"},
        "answerTokenRequest": {"TokenIssued", "Rejected"},
        "answerTillDescribed": {"TillDescriptionRecorded", "Rejected"},
        "answerTseNotes": {"TseNotesRecorded", "Rejected"},
    }


def test_the_command_writes_the_document(
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = str(GOLDEN[0].parent)
    assert asyncapi.main([folder]) == 0
    assert capsys.readouterr().out == SHIPPED.read_text("utf-8")
    assert asyncapi.main([folder, folder]) == 2
    assert "usage" in capsys.readouterr().err


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "examples":
                continue
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def resolve(document: dict[str, Any], reference: str) -> dict[str, Any]:
    assert reference.startswith("#/"), f"{reference} leaves the document"
    found: Any = document
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return resolve(document, found["$ref"]) if set(found) == {"$ref"} else found


def faults(
    document: dict[str, Any], schema: dict[str, Any], value: object, place: str
) -> Iterator[str]:
    """Judge a value by the few words of JSON Schema that the document uses."""
    if "$ref" in schema:
        schema = resolve(document, schema["$ref"])
    choices = schema.get("anyOf")
    if choices and all(list(faults(document, one, value, place)) for one in choices):
        yield f"{place}: none of the choices"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place}: {value!r} is not listed"
    if "type" in schema and not is_a(value, schema["type"]):
        yield f"{place}: {value!r} is no {schema['type']}"
    elif isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{place}: {value!r} has another form"
    else:
        for where, described, held in parts(schema, value):
            yield from faults(document, described, held, f"{place}{where}")
        for name in missing(schema, value):
            yield f"{place}: {name} is missing"


def parts(
    schema: dict[str, Any], value: object
) -> Iterator[tuple[str, dict[str, Any], object]]:
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield f"[{number}]", schema.get("items", {}), each
    if isinstance(value, dict):
        for name, described in schema.get("properties", {}).items():
            if name in value:
                yield f".{name}", described, value[name]


def missing(schema: dict[str, Any], value: object) -> list[str]:
    if not isinstance(value, dict):
        return []
    return [name for name in schema.get("required", ()) if name not in value]


def is_a(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, JSON_TYPES[name])
