from __future__ import annotations

import pytest

from provisioning import checks


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--help"], 0, "format, lint, types, imports, fast tests"),
        (["--fast"], 2, "unrecognized arguments: --fast"),
    ],
)
def test_options_begin_no_check(
    words: list[str],
    code: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(checks, "_passes", lambda name, _: begun.append(name))
    with pytest.raises(SystemExit) as ended:
        checks.main(words)
    assert ended.value.code == code
    said = capsys.readouterr()
    assert says in " ".join((said.out + said.err).split())
    assert not begun


def test_a_check_that_was_stopped_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(_: str, __: list[str]) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(checks, "_passes", stop)
    assert checks.main([]) == 130
    assert capsys.readouterr().err == "Stopped.\n"
