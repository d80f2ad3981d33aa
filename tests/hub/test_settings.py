from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from hub.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from pathlib import Path

GOOD = 'event = "summer"\ndatabase = "postgresql:///hub"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "hub.toml"
    path.write_text(text)
    return path


def test_the_environment_wins_and_origins_are_shown(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + "portal_port = 8081\n")

    loaded = load_settings(path, {"KASSENBAND_EDGE_PORT": "9443"})

    assert (loaded.settings.portal_port, loaded.settings.edge_port) == (8081, 9443)
    shown = loaded.show()
    assert f"portal_port = 8081  ({path})" in shown
    assert "edge_port = 9443  (KASSENBAND_EDGE_PORT)" in shown
    assert "broker_port = 8883  (default)" in shown


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    loaded = load_settings(write(tmp_path, GOOD + 'ca = "tls/ca.pem"\n'), {})

    assert loaded.settings.ca == tmp_path / "tls" / "ca.pem"


def test_what_may_be_left_empty_may_be_said_to_be_empty(tmp_path: Path) -> None:
    loaded = load_settings(write(tmp_path, GOOD + 'mail_host = ""\n'), {})

    assert loaded.settings.mail_host == ""
    assert f"mail_host =   ({tmp_path / 'hub.toml'})" in loaded.show()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD + "portal_prot = 1\n", r"'portal_prot'\. Did you mean 'portal_port'\?"),
        ('event = "summer"\n', r"'database' is missing.*KASSENBAND_DATABASE"),
        (GOOD + 'portal_port = "x"\n', r"'portal_port' is 'x', not a number"),
        (GOOD + "zone = 3\n", r"'zone' is 3, not a text"),
        (GOOD + 'zone = "Europe/Berln"\n', r"'zone' must be a time zone such as"),
        (GOOD + "token_key_id = 256\n", r"'token_key_id' must be a number from 0 to"),
        (GOOD + 'broker_host = "a..b"\n', r"'broker_host' must be an IP address, or"),
        (GOOD + 'mail_host = "http://x"\n', r"'mail_host' must be an IP address, or"),
        (GOOD + 'ca = "ca\\u0000"\n', r"'ca' is 'ca\\x00', with signs"),
        ("event = \n", "is no TOML"),
        (
            GOOD.replace("summer", ".."),
            r"'event' must be 1 to 30 of a-z, .*, not '\.\.'",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings(write(tmp_path, text), {})


ODD = (
    *('""', '"nonsense"', '"a..b"', '"h\u00f6st.example"', '"\\u0000"', '"\\n"'),
    *("-1", "0", "99999", "9" * 5000, "1.5", "true", "[]", "{}", "1979-05-27"),
)


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_no_setting_makes_a_traceback(tmp_path: Path, name: str) -> None:
    others = [line for line in GOOD.splitlines() if not line.startswith(name)]
    for value in ODD:
        path = write(tmp_path, "\n".join([*others, f"{name} = {value}"]))
        try:
            load_settings(path, {})
        except SettingsError as error:
            said = str(error)
            assert name in said or "is no TOML" in said


@pytest.mark.parametrize(
    "name", ["broker_port", "portal_port", "edge_port", "office_port", "mail_port"]
)
def test_a_port_that_can_be_none_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=f"'{name}' must be a number .* 65535"):
        load_settings(write(tmp_path, GOOD + f"{name} = 65536\n"), {})


def test_a_listener_may_be_left_out_and_a_broker_not(tmp_path: Path) -> None:
    left_out = GOOD + "portal_port = 0\nedge_port = 0\noffice_port = 0\n"
    assert load_settings(write(tmp_path, left_out), {}).settings.portal_port == 0
    with pytest.raises(SettingsError, match="'broker_port' must be a number from 1"):
        load_settings(write(tmp_path, GOOD + "broker_port = 0\n"), {})


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"can't be read.*--config"):
        load_settings(tmp_path / "nowhere.toml", {})


def test_the_environment_names_no_event_that_leads_out_of_a_folder(
    tmp_path: Path,
) -> None:
    with pytest.raises(SettingsError, match="'event' must be 1 to 30 of a-z"):
        load_settings(write(tmp_path, GOOD), {"KASSENBAND_EVENT": "../other"})
