from __future__ import annotations

import re
import ssl
import tomllib
from pathlib import Path

import pytest
from cryptography import x509

from edge.core.settings import load_settings as load_till_settings
from hub.settings import load_settings as load_hub_settings
from provisioning.__main__ import main
from provisioning.configuration import CREDENTIALS, hub_settings, till_settings

ROOT = Path(__file__).parents[2]
UNITS, DOCS = ROOT / "systemd", ROOT / "docs"


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
    crl = revocations(event)
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


def revocations(event: Path) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl((event / "broker" / "crl.pem").read_bytes())


def test_a_revoked_till_is_refused_and_in_no_list(event: Path) -> None:
    till(event, "bar-1")
    till(event, "bar-2")
    pem = (event / "tills" / "bar-1" / "till.pem").read_bytes()
    assert main(["revoke", "bar-1", "--directory", str(event)]) == 0
    serial = x509.load_pem_x509_certificate(pem).serial_number
    revoked = revocations(event).get_revoked_certificate_by_serial_number(serial)
    assert revoked is not None
    acl = (event / "broker" / "acl").read_text()
    assert "user bar-1\n" not in acl
    assert "user bar-2\n" in acl
    till(event, "bar-1")  # enrolled again, with another certificate
    assert "user bar-1\n" in (event / "broker" / "acl").read_text()
    assert len(list(revocations(event))) == 1


def test_the_revocation_list_is_renewed_and_says_for_how_long(
    event: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    till(event, "bar-1")
    main(["revoke", "bar-1", "--directory", str(event)])
    before = [each.serial_number for each in revocations(event)]
    (event / "broker" / "crl.pem").write_bytes(b"an old one")
    capsys.readouterr()
    assert main(["crl", str(event)]) == 0
    renewed = revocations(event)
    assert [each.serial_number for each in renewed] == before
    until = renewed.next_update_utc
    assert until is not None
    assert f"valid until {until:%Y-%m-%d %H:%M} UTC" in capsys.readouterr().out


def test_the_hubs_settings_are_ready_and_fit_its_unit(event: Path) -> None:
    place = event / "hub" / "hub.toml"
    settings = load_hub_settings(place, {}).settings
    assert settings.event == "fest"
    unit = (UNITS / "kassenband-hub.service").read_text()
    given = re.findall(r"^LoadCredential=([\w.]+):", unit, re.MULTILINE)
    secrets = (
        settings.broker_key,
        settings.edge_key,
        settings.token_key,
        settings.uid_secret,
    )
    assert {path.parent for path in secrets} == {Path(CREDENTIALS)}
    assert {path.name for path in secrets} == set(given)
    certificates = (
        settings.ca,
        settings.broker_certificate,
        settings.edge_certificate,
    )
    assert {path.parent for path in certificates} == {event / "hub" / "tls"}
    for path in (*secrets, *certificates):
        assert (event / "hub" / path.name).is_file()


def test_the_hub_reaches_a_broker_beside_it_as_its_settings_say(event: Path) -> None:
    settings = load_hub_settings(event / "hub" / "hub.toml", {}).settings
    pem = (event / "broker" / "server.pem").read_bytes()
    names = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert settings.broker_host in [str(name.value) for name in names.value]


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("hub.fest", "https://hub.fest:8443"),
        ("10.0.0.1", "https://10.0.0.1:8443"),
        ("fd00::1", "https://[fd00::1]:8443"),
    ],
)
def test_a_tills_settings_are_ready(event: Path, address: str, url: str) -> None:
    where = ["--directory", str(event)]
    assert main(["hub", "-a", "127.0.0.1", "-a", address, *where]) == 0
    till(event, "bar-1")
    path = event / "tills" / "bar-1" / "till.toml"
    settings = load_till_settings(path.read_text(), {}, source=path).settings
    assert (settings.till.id, settings.till.event) == ("bar-1", "fest")
    assert settings.hub.broker_host == address
    assert settings.hub.edge_url == url
    for file in (settings.hub.ca, settings.hub.certificate, settings.hub.key):
        assert file.parent.name == "tls"
        assert (path.parent / file.name).is_file()
    assert settings.journal.require_disk


@pytest.mark.parametrize(
    ("document", "written"),
    [
        ("operator.md", hub_settings("summer-2026")),
        (
            "technician.md",
            till_settings("summer-2026", "bar-1", "hub.example.lan"),
        ),
    ],
)
def test_the_documents_show_the_settings_that_are_written(
    document: str, written: str
) -> None:
    text = (DOCS / document).read_text("utf-8")
    shown = re.search(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert shown is not None
    assert tomllib.loads(shown[1]) == tomllib.loads(written)


def test_settings_that_are_there_are_never_overwritten(event: Path) -> None:
    till(event, "bar-1")
    files = (event / "hub" / "hub.toml", event / "tills" / "bar-1" / "till.toml")
    for path in files:
        path.write_text("# by hand\n")
    assert main(["hub", "-a", "10.0.0.2", "--directory", str(event)]) == 0
    till(event, "bar-1")
    assert [path.read_text() for path in files] == ["# by hand\n"] * 2


def test_mistakes_end_with_a_sentence(
    event: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, sentence in (
        (["ca", "--event", "fest", "--directory", str(event)], "an authority already"),
        (["ca", "--event", "Das Fest", "--directory", str(tmp_path)], "no event id"),
        (["ca", "--event", "..", "--directory", str(tmp_path)], "no event id"),
        (["till", "Bar 1", "--directory", str(event)], "'Bar 1' is no till id"),
        (["till", "..", "--directory", str(event)], "'..' is no till id"),
        (["till", "hub", "--directory", str(event)], "is the hub's own name"),
        (["till", "bar-1", "--directory", str(tmp_path)], "No certificate authority"),
        (["revoke", "bar-9", "--directory", str(event)], "no certificate of a till"),
        (["revoke", "..", "--directory", str(event)], "no certificate of a till"),
        (["hub", "-a", "127.0.0.1", "--directory", str(event)], "leads tills"),
        (["crl", str(tmp_path)], "No certificate authority"),
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


@pytest.mark.parametrize(
    "address", ["", "not a host!", "h\u00f6st.example", "a..b", "10.0.0.256"]
)
def test_an_address_that_is_none_is_named_before_anything_is_made(
    event: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (event / "broker" / "server.pem").read_bytes()
    where = ["--directory", str(event)]
    assert main(["hub", "-a", "10.0.0.2", "-a", address, *where]) == 2
    assert f"not {address!r}." in capsys.readouterr().err
    assert (event / "broker" / "server.pem").read_bytes() == before


@pytest.mark.parametrize(
    ("damaged", "named"),
    [
        ("broker/server.pem", "broker/server.pem"),
        ("ca/ca.pem", "No certificate authority"),
        ("ca/ca.key", "No certificate authority"),
        ("ca/revoked.json", "ca/revoked.json"),
        ("tills/bar-1/till.pem", "tills/bar-1/till.pem"),
    ],
)
def test_a_damaged_file_is_named(
    event: Path, damaged: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    till(event, "bar-1")
    for content in (b"", b"damaged", b"\xff\x00"):
        (event / damaged).write_bytes(content)
        assert till(event, "bar-1") == 2
        assert named in capsys.readouterr().err


def test_a_damaged_revocation_list_is_signed_anew(event: Path) -> None:
    till(event, "bar-1")
    (event / "ca" / "crl.pem").write_bytes(b"damaged")
    assert till(event, "bar-1") == 0
    assert len(list(revocations(event))) == 1


@pytest.mark.parametrize("words", [["crl"], ["revoke", "bar-1"], ["till", "bar-1"]])
@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (KeyboardInterrupt(), 130, "Stopped.\n"),
        (TypeError("a slip"), 2, "a fault of its own (TypeError: a slip)"),
    ],
)
def test_however_a_command_ends_it_is_said(
    words: list[str],
    error: BaseException,
    code: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def end(_: object) -> None:
        raise error

    monkeypatch.setattr("provisioning.__main__._provision", end)
    assert main(words) == code
    assert says in capsys.readouterr().err
