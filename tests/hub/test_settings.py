from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub.settings import SettingsError, load_settings

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


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"can't be read.*--config"):
        load_settings(tmp_path / "nowhere.toml", {})


def test_the_environment_names_no_event_that_leads_out_of_a_folder(
    tmp_path: Path,
) -> None:
    with pytest.raises(SettingsError, match="'event' must be 1 to 30 of a-z"):
        load_settings(write(tmp_path, GOOD), {"KASSENBAND_EVENT": "../other"})
