from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path

import pytest

from edge.core.settings import PrintPolicy, Settings, SettingsWrong, load_settings

SOURCE = Path("/etc/kassenband/till.toml")
GOOD = """
[till]
id = "bar-3"
event = "summer-2026"

[hub]
broker_host = "hub.lan"
broker_port = 18883
edge_url = "https://hub.lan:8443"
ca = "tls/ca.pem"

[journal]
require_disk = false
"""


def load(text: str, **environment: str) -> Settings:
    return load_settings(text, environment, source=SOURCE).settings


def test_a_file_becomes_settings_with_paths_beside_it() -> None:
    settings = load(GOOD)
    assert settings.till_id == "bar-3"
    assert settings.hub.broker_port == 18883
    assert settings.hub.ca == Path("/etc/kassenband/tls/ca.pem")
    assert settings.journal.directory == Path("/etc/kassenband/journal")
    assert not settings.journal.require_disk
    assert settings.tse.port == Path("/dev/kb-tse")
    assert settings.tse.admin_pin_file is None


def test_the_environment_wins_and_is_named_as_the_origin() -> None:
    environment = {"KASSENBAND_HUB_BROKER_PORT": "1", "KASSENBAND_TILL_ID": "bar-4"}
    loaded = load_settings(GOOD, environment, source=SOURCE)
    assert loaded.settings.hub.broker_port == 1
    lines = list(loaded.lines())
    assert "hub.broker_port = 1  # environment KASSENBAND_HUB_BROKER_PORT" in lines
    assert f"hub.broker_host = hub.lan  # {SOURCE}" in lines
    assert "tse.port = /dev/kb-tse  # default" in lines


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD + "[tsee]\n", "unknown section: 'tsee'. Did you mean 'tse'"),
        (GOOD + "directry = 1\n", "'directry'. Did you mean 'directory'"),
        (GOOD.replace("18883", '"18883"'), "hub.broker_port .* must be int"),
        (GOOD.replace("false", "0"), "journal.require_disk .* must be bool"),
        (GOOD.replace("18883", "true"), "must be int"),
        (GOOD.replace("18883", "70000"), "must be 1 to 65535"),
        (GOOD.replace("bar-3", "Bar 3"), "till.id .* must be 1 to 30"),
        (GOOD.replace("https:", "http:"), "must begin with https"),
        (GOOD.replace(":8443", ":99999"), "edge_url .* 'https://hub.lan:99999'"),
        (GOOD.replace("//hub.lan", "//a..b"), "edge_url .* must begin with https"),
        (GOOD.replace("//hub.lan", "//["), "edge_url .* must begin with https"),
        (GOOD.replace('"hub.lan"', '"a..b"'), "hub.broker_host .* an IP address, or"),
        (GOOD.replace('"hub.lan"', '"h\u00f6st"'), "hub.broker_host .* xn--"),
        (GOOD.replace('"hub.lan"', '""'), "hub.broker_host is missing"),
        (GOOD + "= 3", "is not TOML"),
        (GOOD + '[printer]\npolicy = "never"', "printer.policy .* 'always', 'on_requ"),
        (
            GOOD + "[printer]\npaper_mm = 76",
            "printer.paper_mm .* one of 58, 80",
        ),
        (GOOD + '[printer]\nlanguage = "fr"', "printer.language .* 'de', 'en'"),
        (GOOD + "[printer]\nbaud = 1200", "printer.baud .* 9600"),
        (GOOD + '[printer]\nqr = "maybe"', "printer.qr .* 'image'"),
        (GOOD + '[printer]\nzone = "Mars/Base"', "printer.zone .* time zone"),
        ('till = "bar-3"', "must be a section"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(text: str, says: str) -> None:
    with pytest.raises(SettingsWrong, match=says):
        load(text)


KEYS = [
    (section.name, key.name)
    for section in dataclasses.fields(Settings)
    for key in dataclasses.fields(getattr(Settings(), section.name))
]
ODD = (
    *('""', '"nonsense"', '"a..b"', '"\\u0000"', '"\\n"', "-1", "0", "99999"),
    *("9" * 5000, "1.5", "true", "[]", "{}", "1979-05-27"),
)


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_no_setting_makes_a_traceback(section: str, key: str) -> None:
    for value in ODD:
        try:
            load(f"[{section}]\n{key} = {value}\n")
        except SettingsWrong as error:
            said = str(error)
            assert "till.toml" in said
        variable = f"KASSENBAND_{section}_{key}".upper()
        with contextlib.suppress(SettingsWrong):
            load(GOOD, **{variable: value.strip('"')})


def test_signs_that_nobody_sees_are_named() -> None:
    with pytest.raises(SettingsWrong, match=r"hub.ca in .* nobody can see: 'ca\\x00'"):
        load(GOOD.replace("tls/ca.pem", "ca\\u0000"))


def test_a_till_prints_when_it_has_a_printer() -> None:
    assert load(GOOD).prints is None
    printer = '[printer]\ndevice = "/dev/usb/lp0"\npolicy = "always"'
    assert load(GOOD + printer).prints is PrintPolicy.ALWAYS


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("KASSENBAND_JOURNAL_REQUIRE_DISK", "yes", "must be true or false"),
        ("KASSENBAND_HUB_BROKER_PORT", "x", "must be a number"),
    ],
)
def test_a_mistake_in_the_environment_is_named(
    variable: str, value: str, says: str
) -> None:
    with pytest.raises(SettingsWrong, match=f"{variable} {says}"):
        load(GOOD, **{variable: value})
