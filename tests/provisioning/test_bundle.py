from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from provisioning.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def event(tmp_path: Path) -> Path:
    directory = tmp_path / "event"
    assert main(["ca", "--event", "fest", "--directory", str(directory)]) == 0
    where = ["--directory", str(directory)]
    assert main(["hub", "-a", "hub.fest", "-a", "10.0.0.1", *where]) == 0
    return directory


def till(event: Path, name: str) -> int:
    return main(["till", name, "--directory", str(event)])


def test_a_till_gets_what_its_hub_and_broker_accept(event: Path) -> None:
    assert till(event, "bar-1") == 0
    place = event / "tills" / "bar-1"
    context = ssl.create_default_context(cafile=place / "ca.pem")
    context.load_cert_chain(place / "till.pem", place / "till.key")
    assert (place / "till.key").stat().st_mode & 0o777 == 0o600
    acl = (event / "broker" / "acl").read_text()
    assert "user bar-1\n" in acl
    assert "topic write kassenband/1/fest/till/bar-1/up\n" in acl


def test_a_new_certificate_revokes_the_one_before(event: Path) -> None:
    till(event, "bar-1")
    pem = (event / "tills" / "bar-1" / "till.pem").read_bytes()
    till(event, "bar-1")
    crl = x509.load_pem_x509_crl((event / "broker" / "crl.pem").read_bytes())
    serial = x509.load_pem_x509_certificate(pem).serial_number
    assert crl.get_revoked_certificate_by_serial_number(serial) is not None
    assert len(list(crl)) == 1


def test_a_hub_made_again_keeps_the_secrets_wristbands_rest_on(event: Path) -> None:
    secrets = [event / "hub" / name for name in ("token.key", "uid.secret")]
    before = [path.read_bytes() for path in secrets]
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}
    assert main(["hub", "-a", "10.0.0.2", "--directory", str(event)]) == 0
    assert [path.read_bytes() for path in secrets] == before
    settings = (event / "broker" / "kassenband.conf").read_text()
    assert "cafile /etc/mosquitto/kassenband/ca.pem" in settings


def test_mistakes_end_with_a_sentence(
    event: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, sentence in (
        (["ca", "--event", "fest", "--directory", str(event)], "an authority already"),
        (["ca", "--event", "Das Fest", "--directory", str(tmp_path)], "no event id"),
        (["till", "Bar 1", "--directory", str(event)], "'Bar 1' is no till id"),
        (["till", "hub", "--directory", str(event)], "is the hub's own name"),
        (["till", "bar-1", "--directory", str(tmp_path)], "No certificate authority"),
        (["ca", "--event", "x", "--directory", "/dev/null/x"], "cannot be used"),
    ):
        assert main(arguments) == 2
        assert sentence in capsys.readouterr().err


def test_a_till_before_the_hub_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["ca", "--event", "fest", "--directory", str(tmp_path)])
    assert till(tmp_path, "bar-1") == 2
    assert "'kassenband-provision hub' first" in capsys.readouterr().err
