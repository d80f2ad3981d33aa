"""What the commands of kassenband-tse do; each returns its exit code.

0 = good, 1 = judged bad; what could not be read or run raises TseError or OSError.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import signal
import sys
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tse_driver.errors import AT_SHELL, SelfTestFailed, TseError, Unreadable
from tse_driver.export_reader import check_export
from tse_driver.log_message import Receipt, verify_receipt
from tse_driver.port import Port
from tse_driver.session import Pins, Session
from tse_driver.side_by_side import processors
from tse_driver.simulator.knobs import Knobs
from tse_driver.simulator.server import PtyServer
from tse_driver.technician import Technician

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from tse_driver.export_reader import ExportCheck

GOOD, BAD = 0, 1
TEST_PROCESS_TYPE = "SonstigerVorgang"
TEST_PROCESS_DATA = "Test"
ADMIN_PIN = "KASSENBAND_TSE_ADMIN_PIN"
LIMITS_SHOWN = (
    "clients",
    "clients_max",
    "open_max",
    "self_test_due_s",
    "time_valid_s",
)
TIME_ADMIN_PIN = "KASSENBAND_TSE_TIME_ADMIN_PIN"


def info(options: Namespace) -> int:
    """Say what the TSE is and how much is left of it."""
    with session_of(options) as session:
        found = plain(asdict(session.info()))
        technician = Technician(session)
        found["device"] = technician.device().serial
        if found["initialized"]:
            limits = asdict(technician.limits())
            found |= {name: limits[name] for name in LIMITS_SHOWN}
        report(options, found)
    return GOOD


def setup(options: Namespace) -> int:
    """Put a new TSE into service and register the client."""
    with session_of(options) as session:
        report(options, plain(asdict(session.setup(options.description))))
    return GOOD


def selftest(options: Namespace) -> int:
    """Run the self test."""
    with session_of(options) as session:
        try:
            session.self_test()
        except SelfTestFailed as error:
            reason = error.sentence(AT_SHELL)
            report(options, {"ok": False, "reason": reason})
            return BAD
    report(options, {"ok": True, "reason": "The TSE passed its self test."})
    return GOOD


def sign(options: Namespace) -> int:
    """Sign a test and verify it from the receipt's text."""
    with session_of(options) as session:
        tse = session.open()
        started = session.start()
        number = started.transaction_number
        done = session.finish(number, TEST_PROCESS_TYPE, TEST_PROCESS_DATA)
    receipt = Receipt(
        options.client,
        TEST_PROCESS_TYPE,
        TEST_PROCESS_DATA,
        number,
        done.signature_counter,
        started.log_time,
        done.log_time,
        tse.algorithm,
        tse.time_format,
        base64.b64encode(done.value).decode(),
        base64.b64encode(tse.public_key).decode(),
    )
    text = receipt.to_text()
    check = verify_receipt(text)
    report(options, {"qr": text, **asdict(check)})
    return GOOD if check.valid else BAD


def export(options: Namespace) -> int:
    """Write an export, whole or in part; the file appears only when it is complete."""
    digest, size = hashlib.sha256(), 0
    with session_of(options) as session, _appearing(options.out) as file:
        for piece in _pieces(options, session):
            file.write(piece)
            digest.update(piece)
            size += len(piece)
    result = {"file": str(options.out), "bytes": size, "sha256": digest.hexdigest()}
    report(options, result)
    return GOOD


@contextmanager
def _appearing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that has its name once it is whole, and is gone if it never is."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    part = Path(f"{path}.part")
    with part.open("wb") as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    part.replace(path)


def _pieces(options: Namespace, session: Session) -> Iterator[bytes]:
    if options.number is not None:
        return session.export_interval(options.number, options.number, options.only)
    if options.interval:
        first, last = options.interval
        return session.export_interval(first, last, options.only)
    if options.period:
        begin, end = options.period
        return session.export_period(begin, end, options.only)
    return session.export_all()


def verify_receipt_text(options: Namespace) -> int:
    """Judge a receipt's QR text."""
    check = verify_receipt(options.text)
    report(options, asdict(check))
    return GOOD if check.valid else BAD


def verify_export(options: Namespace) -> int:
    """Judge an export archive: every signature, every counter."""
    with Path(options.file).open("rb") as file:
        check = check_export(file, give=lambda _: None, threads=processors())
    if not check.messages:
        raise Unreadable(f"The export {options.file}", "it holds no log message")
    found = {
        "valid": check.valid,
        "messages": check.messages,
        "verified": check.verified,
        "transactions": check.finished,
        "open": check.open_numbers,
        "tse_serials": sorted(check.serials),
    }
    if options.as_json:
        found["info"] = check.info
        found["findings"] = [asdict(finding) for finding in check.findings]
    report(options, found)
    if not options.as_json:
        for line in (*_said_of_maker(check), *_said_of_findings(check)):
            say(line)
    return GOOD if check.valid else BAD


def _said_of_maker(check: ExportCheck) -> Iterator[str]:
    for name, value in check.info.items():
        yield f"info, {_shown(name)}: {_in_words(value)}"


def _said_of_findings(check: ExportCheck) -> Iterator[str]:
    """Say what was found, what makes the export bad first."""
    yield f"findings: {len(check.findings) + check.findings_dropped or 'none'}"
    for each in sorted(check.findings, key=lambda finding: not finding.kind.is_bad):
        weight = "" if each.kind.is_bad else " (no reason to reject)"
        subject = _shown(each.subject)
        yield f"  {each.kind}, {subject}: {_shown(each.text)}{weight}"
    if check.findings_dropped:
        yield f"  and {check.findings_dropped} more"


def simulate(options: Namespace) -> int:
    """Serve a simulated TSE until Ctrl+C or SIGTERM; the first line is its path."""
    tse = Knobs.from_text(options.faults).build(
        options.state,
        latency_s=options.latency_ms / 1000,
        developer=options.developer,
        curve=options.curve,
    )
    server = PtyServer(tse, options.link)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    try:
        server.run(say)
    finally:
        server.close()
        tse.module.close()
    return GOOD


def report_error(options: Namespace, error: TseError | OSError) -> None:
    """Say what went wrong, as a sentence and for --json as an object."""
    if isinstance(error, TseError):
        sentence = error.sentence(AT_SHELL)
    else:
        place = error.filename or "The output"
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        remedy = "Make room there" if full else "Check path and rights"
        why = error.strerror or error
        sentence = f"{place} can't be used: {why}. {remedy}."
    if options.as_json:
        say(json.dumps({"valid": False, "reason": sentence}))
    else:
        sys.stderr.write(f"{_shown(sentence)}\n")


@contextmanager
def session_of(options: Namespace) -> Iterator[Session]:
    """Open a session with the TSE the options name, for a block."""
    pins = Pins(
        os.environ.get(ADMIN_PIN, Pins().admin),
        os.environ.get(TIME_ADMIN_PIN, Pins().time_admin),
    )
    port = Port(options.port)
    try:
        yield Session(port, options.client, pins=pins)
    finally:
        port.close()


def report(options: Namespace, result: dict[str, Any]) -> None:
    """Say a result, line by line or as one object."""
    if options.as_json:
        say(json.dumps(result))
        return
    for name, value in result.items():
        say(f"{name.replace('_', ' ')}: {_in_words(value)}")


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_in_words, value)) or "none"
    if value is None:
        return "unknown"
    return _shown(str(value)) or "none"


def _shown(text: str) -> str:
    """Write what would move the cursor, or no terminal can show, as an escape."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def plain(result: dict[str, Any]) -> dict[str, Any]:
    """Make values fit for JSON: bytes become Base64, times ISO 8601."""
    for name, value in result.items():
        if isinstance(value, bytes):
            result[name] = base64.b64encode(value).decode()
        elif isinstance(value, datetime):
            result[name] = value.isoformat()
    return result


def say(line: str) -> None:
    """Write a line at once, in whatever alphabet the terminal has."""
    alphabet = sys.stdout.encoding or "utf-8"
    line = line.encode(alphabet, "backslashreplace").decode(alphabet)
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
