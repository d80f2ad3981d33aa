from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub.payments.postfinance_sha import Algorithm
from hub.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from hub.contracts import Contracts

SECRET = "Mysecretsig1875!?"
PLAIN = 'event = "sola"\ndatabase = "postgresql:///sola"\n'
ALL = """\
[payments.postfinance]
pspid = "foxrun"
pass_in_file = "in.secret"
pass_out_file = "in.secret"
algorithm = "SHA-256"
url = "test"

[payments.paypal]
client_id = "fox"
secret_file = "in.secret"
web_hook_id = "WH1"
api = "sandbox"

[payments.stripe]
secret_key_file = "in.secret"
web_hook_secret_file = "in.secret"
"""


def loaded(
    folder: Path, tables: str, environment: dict[str, str] | None = None
) -> tuple[Contracts, str]:
    (folder / "in.secret").write_text(f"{SECRET}\n")
    path = folder / "hub.toml"
    path.write_text(PLAIN + tables)
    found = load_settings(path, environment or {})
    return found.settings.payments, found.show()


def test_contracts_come_from_tables_and_secrets_from_files(tmp_path: Path) -> None:
    contracts, shown = loaded(tmp_path, ALL)
    assert contracts.postfinance is not None
    assert contracts.postfinance.pass_in == SECRET
    assert contracts.postfinance.algorithm is Algorithm.SHA256
    assert "/ncol/test/" in contracts.postfinance.url
    assert contracts.paypal is not None
    assert "sandbox" in contracts.paypal.api
    assert contracts.stripe is not None
    assert contracts.stripe.api == "https://api.stripe.com"
    assert set(contracts.secrets) == {SECRET}
    codes = [method.code for method in contracts.methods()]
    assert codes == ["postfinance", "paypal", "stripe"]
    assert "pspid='foxrun'" in shown
    assert SECRET not in shown
    assert SECRET not in repr(contracts)


def test_the_environment_may_hold_a_whole_contract(tmp_path: Path) -> None:
    given = {"PSPID": "fox", "PASS_IN": "in", "PASS_OUT": "out"}
    prefix = "KASSENBAND_PAYMENTS_POSTFINANCE_"
    contracts, _ = loaded(
        tmp_path, "", {prefix + name: value for name, value in given.items()}
    )
    assert contracts.postfinance is not None
    assert contracts.postfinance.pass_out == "out"
    assert contracts.paypal is None
    assert contracts.secrets == ("in", "out")


def test_a_hub_needs_no_contract(tmp_path: Path) -> None:
    contracts, shown = loaded(tmp_path, "")
    assert contracts.methods() == ()
    assert "payments = none" in shown


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ('[payments.postfinance]\npspid = "x"\n', "pass_in_file"),
        ('[payments.postfinance]\npass_in = "x"\n', "a file of its own"),
        (ALL.replace('"in.secret"', '"not.there"', 1), "not.there"),
        (ALL.replace("SHA-256", "md5"), "sha512"),
        (ALL.replace('"test"', '"http://x"'), "https://"),
        (ALL.replace("client_id", "client_ids"), "Did you mean 'client_id'?"),
        ("[payments.paypall]\n", "Did you mean 'paypal'?"),
        ("[payments]\nstripe = 1\n", "[payments.stripe]"),
        ("payments = 1\n", "[payments.postfinance]"),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(
    tmp_path: Path, tables: str, told: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, tables)
    assert told in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_secret_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="is no text"):
        loaded(tmp_path, ALL.replace("in.secret", "bad"))
