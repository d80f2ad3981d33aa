from __future__ import annotations

import ndef
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.ids import WristbandUid
from contract.token import RECORD_TYPE
from edge.core.wristband import (
    MESSAGE_BYTES_MAX,
    Flaw,
    TokenCodec,
    Wristband,
    WristbandCodec,
    WristbandProblem,
    read_wristband,
    write_message,
)
from tests.edge.core.issuing import (
    CODE,
    EVENT,
    KEYS,
    OTHER_UID,
    SIGNER,
    UID,
    issue,
    make_signer,
)

# NFCForum-TS-RTD_URI_1.0, examples A.1 and A.2
FOREIGN_MESSAGES = ("d1010855016e66632e636f6d", "d1010d55052b3335383931323334353637")


def read(message: bytes, uid: WristbandUid = UID) -> Wristband | WristbandProblem:
    return read_wristband(uid, message, KEYS, EVENT)


def flaw(message: bytes, uid: WristbandUid = UID) -> Flaw:
    found = read(message, uid)
    assert isinstance(found, WristbandProblem)
    assert found.title
    assert found.text.endswith(".")
    return found.kind


def with_token(token: bytes) -> bytes:
    return b"".join(ndef.message_encoder([ndef.Record(RECORD_TYPE, "", token)]))


def token_of(message: bytes) -> bytes:
    *_, record = ndef.message_decoder(message)
    return bytes(record.data)


def test_an_issued_wristband_names_its_wallet_and_variant() -> None:
    found = read(issue())
    assert isinstance(found, Wristband)
    assert (found.uid, found.serial, found.variant, found.code) == (
        UID,
        123456,
        2,
        CODE,
    )
    assert found.credential.uid == UID.octets


def test_it_fits_the_smallest_chip() -> None:
    assert len(issue()) + 3 <= 144  # NTAG213, with TLV header and terminator


def test_a_phone_finds_the_portal_address_first() -> None:
    first, _ = ndef.message_decoder(issue())
    assert first.iri == f"https://kb.example.org/w/{CODE}"


def test_the_codec_is_one_of_several_to_come() -> None:
    codec: WristbandCodec = TokenCodec(KEYS, EVENT)
    assert isinstance(codec.read(UID, issue()), Wristband)


def test_nothing_written_is_an_empty_wristband() -> None:
    assert flaw(b"") is Flaw.EMPTY


@pytest.mark.parametrize("message", FOREIGN_MESSAGES)
def test_other_peoples_tags_are_foreign(message: str) -> None:
    assert flaw(bytes.fromhex(message)) is Flaw.FOREIGN


def test_more_than_any_chip_holds_is_not_even_decoded() -> None:
    assert flaw(bytes(MESSAGE_BYTES_MAX + 1)) is Flaw.FOREIGN


def test_a_copy_on_another_chip_is_forged() -> None:
    assert flaw(issue(), OTHER_UID) is Flaw.FORGED


def test_a_token_signed_by_another_key_is_forged() -> None:
    assert flaw(issue(signer=make_signer(2))) is Flaw.FORGED


def test_a_raised_serial_is_forged() -> None:
    token = bytearray(token_of(issue()))
    token[8] ^= 1
    assert flaw(with_token(bytes(token))) is Flaw.FORGED


def test_an_unusable_public_key_accepts_nothing() -> None:
    broken = KEYS[0].__class__(key_id=1, public_key=b"short")
    found = read_wristband(UID, issue(), (broken,), EVENT)
    assert isinstance(found, WristbandProblem)
    assert found.kind is Flaw.FORGED


def test_last_years_wristband_says_so() -> None:
    assert flaw(issue(event=EVENT - 1)) is Flaw.OTHER_EVENT


def test_a_key_the_till_has_not_got_yet_is_no_accusation() -> None:
    assert flaw(issue(signer=make_signer(key_id=9))) is Flaw.UNKNOWN_KEY


@pytest.mark.parametrize("extra", [b"", b"more"])
def test_a_later_token_version_asks_for_an_update(extra: bytes) -> None:
    token = b"\x02" + token_of(issue())[1:] + extra
    assert flaw(with_token(token)) is Flaw.UNKNOWN_KEY


@pytest.mark.parametrize("token", [b"", b"\x01", b"\x00" * 73, b"\x01" * 72])
def test_a_token_of_wrong_shape_is_damaged(token: bytes) -> None:
    assert flaw(with_token(token)) is Flaw.DAMAGED


def test_every_cut_of_a_message_is_damaged_or_foreign() -> None:
    message = issue()
    flaws = {flaw(message[:length]) for length in range(1, len(message))}
    assert flaws <= {Flaw.DAMAGED, Flaw.FOREIGN}


@pytest.mark.parametrize(
    "url", ["http://kb.example.org/w/" + CODE, "https://kb.example.org/w/short"]
)
def test_a_rewritten_address_pays_but_names_no_code(url: str) -> None:
    found = read(issue(url=url))
    assert isinstance(found, Wristband)
    assert found.code is None


def test_a_token_without_address_pays_but_names_no_code() -> None:
    found = read(with_token(token_of(issue())))
    assert isinstance(found, Wristband)
    assert found.code is None


@given(st.binary(max_size=MESSAGE_BYTES_MAX + 10))
def test_no_bytes_whatsoever_raise(message: bytes) -> None:
    assert isinstance(read(message), WristbandProblem)


@given(
    st.sampled_from([issue(), *map(bytes.fromhex, FOREIGN_MESSAGES)]),
    st.lists(st.tuples(st.integers(0, 140), st.integers(0, 255)), max_size=4),
    st.integers(1, 140),
)
@settings(max_examples=300)
def test_no_mutation_makes_another_token(
    message: bytes, changes: list[tuple[int, int]], length: int
) -> None:
    mutated = bytearray(message)
    for at, value in changes:
        mutated[at % len(mutated)] = value
    found = read(bytes(mutated[:length]))
    if isinstance(found, Wristband):
        good = read(issue())
        assert isinstance(good, Wristband)
        assert found.credential == good.credential


@given(
    st.sampled_from(["urn:nfc:wkt:U", "urn:nfc:wkt:T", "urn:nfc:wkt:Sp", RECORD_TYPE]),
    st.binary(max_size=100),
)
def test_no_payload_of_a_known_type_raises(kind: str, payload: bytes) -> None:
    tnf, name = (4, b"kb.e:s") if kind == RECORD_TYPE else (1, kind[12:].encode())
    header = bytes([0xD0 | tnf, len(name), len(payload)])
    assert isinstance(read(header + name + payload), WristbandProblem)


@given(
    uid=st.binary(min_size=7, max_size=7).map(WristbandUid),
    variant=st.integers(0, 255),
    serial=st.integers(0, 2**32 - 1),
)
@settings(max_examples=30)
def test_what_is_written_is_read(uid: WristbandUid, variant: int, serial: int) -> None:
    found = read(issue(uid=uid, variant=variant, serial=serial), uid)
    assert isinstance(found, Wristband)
    assert (found.variant, found.serial) == (variant, serial)


def test_a_wrong_signature_length_is_our_own_mistake() -> None:
    body, signature = SIGNER.issue(UID, EVENT, 0, 1)
    with pytest.raises(AssertionError):
        write_message("https://kb.example.org/w/x", body, signature[1:])
