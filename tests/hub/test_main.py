from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract.anchors import encode_anchors
from contract.topics import HUB_CLIENT
from hub.__main__ import _parser, main
from hub.store.store import Store
from provisioning.broker import BrokerFiles, PrivateBroker
from provisioning.ca import EventCa, write_key
from provisioning.processes import free_port
from tests.hub import samples
from tests.hub.conftest import populate

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 120
LOOK_AGAIN_S = 0.05


@pytest.fixture
def ca(tmp_path: Path) -> EventCa:
    return EventCa.create(tmp_path / "ca", samples.EVENT.slug)


@pytest.fixture
def broker(ca: EventCa, tmp_path: Path) -> Iterator[PrivateBroker]:
    server = ca.issue_server("broker", ["127.0.0.1"])
    files = BrokerFiles(ca.certificate, server.certificate, server.key, ca.revocations)
    with PrivateBroker(
        tmp_path / "broker", files, event=samples.EVENT.slug, tills=samples.TILLS
    ) as running:
        yield running


@pytest_asyncio.fixture
async def config(
    one_database: str, ca: EventCa, broker: PrivateBroker, tmp_path: Path
) -> Path:
    """A settings file for a hub that can serve."""
    store = await Store.open(one_database)
    await populate(store)
    await store.close()
    client = ca.issue_client(HUB_CLIENT)
    edge = ca.issue_server("edge", ["127.0.0.1"])
    write_key(tmp_path / "token.key", Ed25519PrivateKey.generate())
    (tmp_path / "uid.secret").write_bytes(b"s" * 32)
    values = {
        "event": samples.EVENT.slug,
        "database": one_database,
        "broker_port": broker.port,
        "ca": str(ca.certificate),
        "broker_certificate": str(client.certificate),
        "broker_key": str(client.key),
        "token_key_id": 2,
        "edge_certificate": str(edge.certificate),
        "edge_key": str(edge.key),
        "portal_port": free_port(),
        "edge_port": free_port(),
    }
    path = tmp_path / "hub.toml"
    path.write_text("".join(f"{key} = {json.dumps(v)}\n" for key, v in values.items()))
    return path


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "hub", *map(str, arguments)]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=PATIENCE_S
    )


def port_in(config: Path, name: str) -> int:
    lines = dict(line.split(" = ") for line in config.read_text().splitlines())
    return int(lines[name])


class Serving:
    """A hub process that said it was ready."""

    def __init__(self, config: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hub", "--config", config, "serve"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line != "The hub is ready.\n":
            pytest.fail(f"the hub said {line!r}: {self.stop(signal.SIGTERM)}")

    def stop(self, number: signal.Signals) -> tuple[int, str]:
        self._process.send_signal(number)
        _, errors = self._process.communicate(timeout=PATIENCE_S)
        return self._process.returncode, errors


def ask(url: str, context: ssl.SSLContext | None = None) -> Any:
    with urllib.request.urlopen(url, context=context, timeout=PATIENCE_S) as answer:
        return answer.read()


def healthy(url: str, context: ssl.SSLContext | None = None) -> dict[str, Any]:
    """Ask until the hub is well: its connections come a moment after its pages."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            health: dict[str, Any] = json.loads(ask(url, context))
        except urllib.error.HTTPError as error:
            health = json.loads(error.read())
            error.close()
        if health["ok"] and health["role"] == "writer":
            return health
        assert time.monotonic() < deadline, f"the hub does not get well: {health}"
        time.sleep(LOOK_AGAIN_S)


async def test_a_hub_serves_and_stops_cleanly(config: Path, ca: EventCa) -> None:
    hub = Serving(config)
    try:
        portal = f"http://127.0.0.1:{port_in(config, 'portal_port')}"
        healthy(f"{portal}/healthz")

        edge = f"https://127.0.0.1:{port_in(config, 'edge_port')}"
        till = ca.issue_client(samples.TILL)
        context = ssl.create_default_context(cafile=str(ca.certificate))
        with pytest.raises((OSError, urllib.error.URLError)):
            ask(f"{edge}/healthz", context)
        context.load_cert_chain(till.certificate, till.key)
        assert b"Pretzel" in ask(f"{edge}/edge/catalogue/1", context)

        taken = run("--config", config, "serve")
        assert taken.returncode == 2
        assert "portal listener can't use 127.0.0.1 port" in taken.stderr
        assert "Traceback" not in taken.stderr
    finally:
        code, errors = hub.stop(signal.SIGTERM)
    assert code == 0, errors
    assert "Traceback" not in errors


async def test_verify_says_what_it_found(config: Path) -> None:
    done = run("--config", config, "verify", "--json")

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["ok"] is True
    assert report["findings"] == []


async def test_verify_compares_what_tills_remember(
    config: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "bar-1.json"
    kept.write_bytes(
        encode_anchors("bar-1", samples.EVENT.slug, [(str(UUID(int=1)), 5, "ab" * 32)])
    )

    done = run("--config", config, "verify", "--signatures", "all", "--journal", kept)

    assert done.returncode == 1, done.stderr
    assert "anchor: till bar-1: It remembers incarnation" in done.stdout
    assert "1 findings." in done.stdout


@pytest.mark.parametrize("content", [b"", b"{}", b"no JSON"])
async def test_verify_names_a_file_that_is_no_journal(
    config: Path, tmp_path: Path, content: bytes
) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_bytes(content)

    done = run("--config", config, "verify", "--journal", wrong)

    assert done.returncode == 2
    assert "kassenband-till journal anchors --json" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_restored_ledger_begins_anew_and_is_well(config: Path) -> None:
    done = run("--config", config, "migrate", "--restored")
    assert done.returncode == 0, done.stderr
    assert "a new incarnation with batch 1" in done.stdout

    judged = run("--config", config, "verify")
    assert judged.returncode == 0, judged.stdout
    assert "The ledger began again with batch 1" in judged.stdout


async def test_migrate_may_be_repeated(config: Path) -> None:
    done = run("--config", config, "migrate")

    assert (done.returncode, done.stdout) == (0, "The database is up to date.\n")


async def test_only_a_hub_that_serves_reads_the_secrets_of_providers(
    config: Path,
) -> None:
    with config.open("a") as settings:
        settings.write('[payments.stripe]\nsecret_key_file = "for-the-hub-only"\n')

    migrated = run("--config", config, "migrate")
    served = run("--config", config, "serve")

    assert (migrated.returncode, migrated.stderr) == (0, "")
    assert served.returncode == 2
    assert "for-the-hub-only" in served.stderr


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("KASSENBAND_EVENT", "winter", "no event named winter"),
        ("KASSENBAND_TOKEN_KEY", "missing.key", "'kassenband-provision hub'"),
        ("KASSENBAND_UID_SECRET", "missing.secret", "UID secret"),
        ("KASSENBAND_LOG_LEVEL", "loud", "Use debug, info, warning or error"),
        (
            "KASSENBAND_DATABASE",
            "postgresql://x@127.0.0.1:1/x",
            "Check that PostgreSQL runs",
        ),
        ("KASSENBAND_PORTAL_HOST", "nosuch.invalid", "Correct 'portal_host'"),
        ("KASSENBAND_EDGE_HOST", "192.0.2.1", "Correct 'edge_host'"),
        ("KASSENBAND_EDGE_CERTIFICATE", "missing.pem", "correct 'edge_certificate'"),
        ("KASSENBAND_PORTAL_PORT", "99999", "'portal_port' must be a number from 0"),
    ],
)
async def test_what_is_missing_is_named_without_a_traceback(
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    words: str,
) -> None:
    monkeypatch.setenv(variable, value)
    done = run("--config", config, "serve")

    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


COMMANDS = (
    ("serve",),
    ("migrate",),
    ("verify",),
    ("event", "show"),
    ("dsfinvk", "--out", "closings.zip"),
)


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize(
    "dsn",
    [
        "nonsense",
        "postgresql://x@a..b/x",
        "postgresql://x@127.0.0.1:abc/x",
        "postgresql://[::1/x",
        "postgresql://127.0.0.1/x?sslmode=maybe",
    ],
)
def test_a_database_that_can_not_be_is_named(
    dsn: str,
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hub.assembly._check_edge_files", lambda _: None)
    path = tmp_path / "hub.toml"
    path.write_text(
        f'event = "summer"\ndatabase = "{dsn}"\nportal_port = 0\nedge_port = 0\n'
    )
    assert main(["--config", str(path), *words]) == 2
    said = capsys.readouterr().err
    assert "The setting 'database' can't be used" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("words", COMMANDS)
def test_a_fault_of_ours_is_a_sentence(
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_: object) -> None:
        raise TypeError("a slip of ours")

    monkeypatch.setattr("hub.__main__._run", fail)
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "a fault of its own (TypeError: a slip of ours; test_main.py, line" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("words", COMMANDS[1:])
def test_a_command_that_was_stopped_says_so(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as database:  # it never answers
        host, port = database.getsockname()
        database.settimeout(PATIENCE_S)
        path = tmp_path / "hub.toml"
        path.write_text(
            f'event = "summer"\ndatabase = "postgresql://x@{host}:{port}/x"\n'
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "--config", str(path), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        with database.accept()[0]:  # it is at work
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, *said) == (130, "", "Stopped.\n")


async def test_a_hub_that_was_stopped_by_hand_says_so(config: Path) -> None:
    code, errors = Serving(config).stop(signal.SIGINT)
    assert code == 130
    assert errors.endswith("Stopped.\n")
    assert "Traceback" not in errors


def test_no_option_leaks_the_name_of_what_reads_it() -> None:
    odd = ("", "abc", "-1", "9" * 5000, "2026-13-45", ",", "=", ":", "\0", "\u0663")
    for reader in set(readers(_parser())) - {None, Path, int}:
        for text in odd:
            with contextlib.suppress(argparse.ArgumentTypeError):
                reader(text)


def readers(parser: argparse.ArgumentParser) -> Iterator[Any]:
    """Find what reads the values of a parser's options, and of all below it."""
    for action in parser._actions:
        yield action.type
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from readers(each)


def test_without_a_command_the_commands_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 2
    said = capsys.readouterr().err
    assert all(name in said for name in ("serve", "verify", "dsfinvk", "--config"))


def test_without_settings_it_is_said_how_to_name_them(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["verify"]) == 2
    said = capsys.readouterr().err
    assert "'event' is missing" in said
    assert "--config" in said
    assert "KASSENBAND_EVENT" in said


def test_config_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text('event = "summer"\ndatabase = "postgresql:///hub"\n')
    done = run("--config", path, "--show-config")

    assert done.returncode == 0
    assert "zone = Europe/Berlin  (default)" in done.stdout
