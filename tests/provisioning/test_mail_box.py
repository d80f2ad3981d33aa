from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP, Envelope, Session

from provisioning.mail_box import MailBox

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

MAIL = b"Subject: Welcome\r\n\r\nhttp://localhost/here\r\n"


def test_a_mail_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = MailBox(tmp_path)
    seen: list[Path] = []
    write = type(tmp_path).write_text

    def slowly(path: Path, text: str) -> int:
        write(path, "")
        seen.extend(tmp_path.glob("*.txt"))
        return write(path, text)

    monkeypatch.setattr(type(tmp_path), "write_text", slowly)
    envelope = Envelope()
    envelope.content, envelope.rcpt_tos = MAIL, ["ada@example.org"]

    async def take_in() -> str:
        session = Session(asyncio.get_running_loop())
        return await box.handle_DATA(SMTP(box), session, envelope)

    answer = asyncio.run(take_in())

    assert answer == "250 OK"
    assert seen == []
    [mail] = tmp_path.glob("*.txt")
    assert mail.read_text().splitlines() == [
        "To: ada@example.org",
        "Subject: Welcome",
        "",
        "http://localhost/here",
    ]
