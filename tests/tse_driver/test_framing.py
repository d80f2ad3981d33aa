from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tse_driver.errors import ProtocolError
from tse_driver.framing import (
    BUFFERED_FRAME_BYTES_MAX,
    FRAME_BYTES_MAX,
    AnswerStream,
    Request,
    RequestDecoder,
    Response,
    ResponseDecoder,
)

OURS, OTHER = str(uuid4()), str(uuid4())
commands = st.sampled_from(["001", "109", "205", "506"])
texts = st.binary(max_size=40).map(lambda data: data.replace(b"\x1b", b"."))
parameters = st.lists(texts, max_size=6).map(tuple)
noise = st.binary(max_size=80)
cuts = st.lists(st.integers(1, 9), min_size=1, max_size=20)


def pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    found: list[bytes] = []
    at = 0
    while data[at:]:
        size = sizes[len(found) % len(sizes)]
        found.append(data[at : at + size])
        at += size
    return found


def fed(decoder: ResponseDecoder, data: bytes, sizes: list[int]) -> list[Response]:
    found = (decoder.feed(piece) for piece in pieces(data, sizes))
    return [response for response in found if response]


@given(commands, parameters, st.sampled_from([None, 1, 2]))
def test_a_request_survives_the_line(
    command: str, given: tuple[bytes, ...], buffer: int | None
) -> None:
    request = Request(command, given, OURS, buffer)
    assert Request.from_bytes(request.to_bytes()) == request


@given(commands, parameters)
def test_a_response_survives_the_line(command: str, given: tuple[bytes, ...]) -> None:
    response = Response(command, given, OURS)
    assert Response.from_bytes(response.to_bytes()) == response


@given(commands, parameters, noise, noise, cuts)
def test_noise_around_an_answer_changes_nothing(
    command: str,
    given: tuple[bytes, ...],
    before: bytes,
    after: bytes,
    sizes: list[int],
) -> None:
    response = Response(command, given, OURS)
    decoder = ResponseDecoder(command, OURS)
    assert fed(decoder, before + response.to_bytes() + after, sizes) == [response]


@given(commands, parameters, st.integers(0, 300), cuts)
def test_a_torn_answer_is_never_taken(
    command: str, given: tuple[bytes, ...], at: int, sizes: list[int]
) -> None:
    whole = Response(command, given, OURS)
    torn = whole.to_bytes()[: min(at, len(whole.to_bytes()) - 1)]
    assert fed(ResponseDecoder(command, OURS), torn, sizes) == []
    both = torn + whole.to_bytes()
    assert fed(ResponseDecoder(command, OURS), both, sizes) == [whole]


@settings(max_examples=200)
@given(st.binary(max_size=300), cuts)
def test_garbage_is_never_an_answer(garbage: bytes, sizes: list[int]) -> None:
    assert fed(ResponseDecoder("205", OURS), garbage, sizes) == []
    assert fed(ResponseDecoder("004", OURS), garbage, sizes) == []


@given(parameters, parameters)
def test_another_requests_answer_is_dropped_and_remembered(
    theirs: tuple[bytes, ...], mine: tuple[bytes, ...]
) -> None:
    decoder = ResponseDecoder("205", OURS)
    assert decoder.feed(Response("205", theirs, OTHER).to_bytes()) is None
    assert decoder.other_ids == {OTHER}
    answer = Response("205", mine, OURS)
    assert decoder.feed(answer.to_bytes()) == answer


@given(parameters, st.integers(0, 200), cuts)
def test_a_slice_of_a_frame_travels_inside_a_004_answer(
    given: tuple[bytes, ...], at: int, sizes: list[int]
) -> None:
    inner = Response("308", given, OTHER).to_bytes()
    for data in (inner[:at], inner[at:], inner):
        packet = Response("004", (b"1", b"0", b"00", b"9", data), OURS)
        assert fed(ResponseDecoder("004", OURS), packet.to_bytes(), sizes) == [packet]


def test_a_late_004_answer_does_not_swallow_ours() -> None:
    late = Response("004", (b"1", b"6", b"00", b"3", b"old"), OTHER)
    ours = Response("004", (b"1", b"7", b"01", b"3", b"new"), OURS)
    decoder = ResponseDecoder("004", OURS)
    assert decoder.feed(late.to_bytes() + ours.to_bytes()) == ours


@pytest.mark.parametrize(
    ("command", "limit"), [("205", FRAME_BYTES_MAX), ("004", BUFFERED_FRAME_BYTES_MAX)]
)
def test_a_frame_above_the_limit_is_dropped(command: str, limit: int) -> None:
    fields = (b"1", b"0", b"00", b"9", b"x" * limit)
    decoder = ResponseDecoder(command, OURS)
    assert decoder.feed(Response(command, fields, OURS).to_bytes()) is None
    assert decoder.feed(b"y" * 3 * limit) is None
    answer = Response(command, (b"1", b"0", b"00", b"1", b"x"), OURS)
    assert decoder.feed(answer.to_bytes()) == answer


def test_a_request_above_the_limit_is_not_sent() -> None:
    with pytest.raises(ProtocolError, match="too long"):
        Request("206", (b"x" * FRAME_BYTES_MAX,), OURS).to_bytes()


def test_escape_in_a_parameter_is_not_sent() -> None:
    with pytest.raises(ProtocolError, match="control character"):
        Request("509", (b"bar\x1b\x9f",), OURS).to_bytes()


@given(st.lists(st.tuples(commands, parameters, noise), max_size=4), cuts)
def test_the_device_finds_requests_between_noise(
    sent: list[tuple[str, tuple[bytes, ...], bytes]], sizes: list[int]
) -> None:
    line, expected = b"", []
    for command, values, between in sent:
        request = Request(command, values, OURS)
        expected.append(request)
        line += between.replace(b"\x1b", b"") + request.to_bytes()
    decoder = RequestDecoder()
    found = [r for piece in pieces(line, sizes) for r in decoder.feed(piece)]
    assert found == expected


@given(texts, cuts)
def test_a_streamed_answer_gives_its_parameter(data: bytes, sizes: list[int]) -> None:
    stream = AnswerStream("300", OURS)
    frame = Response("300", (data,), OURS).to_bytes()
    assert b"".join(map(stream.feed, pieces(frame, sizes))) == data
    assert stream.finished


def test_a_streamed_answer_to_something_else_is_refused() -> None:
    with pytest.raises(ProtocolError, match="another command"):
        AnswerStream("300", OURS).feed(Response("301", (b"a",), OURS).to_bytes())
    stream = AnswerStream("300", OURS)
    stream.feed(Response("300", (b"data",), OTHER).to_bytes())
    assert not stream.finished
    assert stream.ended_with == OTHER


def test_a_streamed_answer_without_result_is_finished() -> None:
    stream = AnswerStream("300", OURS)
    assert stream.feed(Response("300", (), OURS).to_bytes()) == b""
    assert stream.finished
