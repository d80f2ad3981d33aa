"""What the hub has agreed with payment providers: `[payments.<provider>]` in settings.

Secrets are in files of their own (`pass_in_file = "..."`) or in the environment
(`KASSENBAND_PAYMENTS_POSTFINANCE_PASS_IN`), never in the settings file itself.
"""

from __future__ import annotations

import difflib
import time
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from hub.payments import paypal_orders, postfinance, stripe_checkout
from hub.payments.paypal_signature import SignatureCheck
from hub.payments.postfinance_sha import Algorithm

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hub.payments.method import PaymentMethod

PREFIX = "KASSENBAND_PAYMENTS_"
SECRET_BYTES_MAX = 4096


class ContractUnusable(Exception):
    """A contract can't be used; the text names the key and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracts:
    """The contracts of this hub; none is needed."""

    postfinance: postfinance.Settings | None = None
    paypal: paypal_orders.Settings | None = None
    stripe: stripe_checkout.Settings | None = None

    def __str__(self) -> str:
        # Their representations have no secrets.
        found = [
            f"{name}{getattr(self, name)!r}".replace("Settings", "", 1)
            for name in _KEYS
            if getattr(self, name) is not None
        ]
        return ", ".join(found) or "none"

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that must never be shown or logged."""
        found: list[str] = []
        if self.postfinance is not None:
            found += [self.postfinance.pass_in, self.postfinance.pass_out]
        if self.paypal is not None:
            found.append(self.paypal.secret)
        if self.stripe is not None:
            found += [self.stripe.secret_key, self.stripe.web_hook_secret]
        return tuple(found)

    def methods(self) -> tuple[PaymentMethod, ...]:
        """Make the ways to pay that there are contracts for."""
        found: list[PaymentMethod] = []
        if self.postfinance is not None:
            found.append(postfinance.PostFinance(self.postfinance))
        if self.paypal is not None:
            check = SignatureCheck(trusted_roots(), lambda: datetime.now(UTC))
            found.append(paypal_orders.PayPalOrders(self.paypal, check))
        if self.stripe is not None:
            found.append(
                stripe_checkout.StripeCheckout(self.stripe, lambda: int(time.time()))
            )
        return tuple(found)


NO_CONTRACTS = Contracts()


@dataclass(frozen=True, slots=True)
class _Key:
    """One key of a contract; without a default it must be given."""

    default: str | None = None
    is_secret: bool = False


_KEYS: Mapping[str, Mapping[str, _Key]] = {
    postfinance.CODE: {
        "pspid": _Key(),
        "pass_in": _Key(is_secret=True),
        "pass_out": _Key(is_secret=True),
        "algorithm": _Key(Algorithm.SHA512.value),
        "url": _Key("production"),
    },
    paypal_orders.CODE: {
        "client_id": _Key(),
        "secret": _Key(is_secret=True),
        "web_hook_id": _Key(),
        "api": _Key("production"),
    },
    stripe_checkout.CODE: {
        "secret_key": _Key(is_secret=True),
        "web_hook_secret": _Key(is_secret=True),
        "api": _Key("production"),
    },
}
_ADDRESSES: Mapping[str, Mapping[str, str]] = {
    postfinance.CODE: {
        "production": postfinance.PRODUCTION,
        "test": postfinance.TEST,
    },
    paypal_orders.CODE: {
        "production": paypal_orders.API,
        "sandbox": paypal_orders.SANDBOX,
    },
    stripe_checkout.CODE: {"production": stripe_checkout.API},
}


def load_contracts(
    tables: object, environment: Mapping[str, str], folder: Path
) -> Contracts:
    """Read the contracts; paths are relative to the folder. Raises ContractUnusable."""
    if not isinstance(tables, dict):
        raise ContractUnusable("Write contracts as [payments.postfinance] and so on.")
    _refuse_unknown("payments", tables, tuple(_KEYS))
    found: dict[str, Any] = {}
    for name in _KEYS:
        given = _values(name, tables.get(name), environment, folder)
        if given is not None:
            found[name] = _SETTINGS[name](given)
    return Contracts(**found)


def _values(
    name: str, table: object, environment: Mapping[str, str], folder: Path
) -> dict[str, str] | None:
    keys = _KEYS[name]
    prefix = f"{PREFIX}{name.upper()}_"
    if table is None:
        if not any(prefix + key.upper() in environment for key in keys):
            return None
        table = {}
    if not isinstance(table, dict):
        raise ContractUnusable(
            f"'payments.{name}' is no table. Write [payments.{name}]."
        )
    known = [f"{key}_file" if each.is_secret else key for key, each in keys.items()]
    _refuse_unknown(f"payments.{name}", table, known)
    return {
        key: _value(f"payments.{name}.{key}", each, table, environment, folder)
        for key, each in keys.items()
    }


def _value(
    name: str,
    key: _Key,
    table: Mapping[str, object],
    environment: Mapping[str, str],
    folder: Path,
) -> str:
    variable = f"KASSENBAND_{name.replace('.', '_').upper()}"
    short = name.rpartition(".")[2]
    if variable in environment:
        value: object = environment[variable]
    elif key.is_secret and f"{short}_file" in table:
        value = _secret(name, folder / str(table[f"{short}_file"]))
    else:
        value = table.get(short, key.default)
    if not isinstance(value, str) or not value:
        where = f"{short}_file" if key.is_secret else short
        raise ContractUnusable(
            f"'{name}' is missing. Set '{where}' there, or {variable}."
        )
    return value


def _secret(name: str, path: Path) -> str:
    try:
        return path.read_bytes()[:SECRET_BYTES_MAX].decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ContractUnusable(
            f"The secret '{name}' can't be read from {path} ({why}). "
            f"Write it there, or correct '{name.rpartition('.')[2]}_file'."
        ) from None


def _refuse_unknown(
    where: str, table: Mapping[str, object], known: tuple[str, ...] | list[str]
) -> None:
    for name in table:
        if name in known:
            continue
        if f"{name}_file" in known:
            raise ContractUnusable(
                f"'{where}.{name}' is a secret: write it into a file of its own and "
                f"name that by '{name}_file'."
            )
        near = difflib.get_close_matches(name, known, n=1, cutoff=0)
        raise ContractUnusable(
            f"'{where}' has an unknown key {name!r}. Did you mean {near[0]!r}?"
        )


def _address(name: str, key: str, value: str) -> str:
    known = _ADDRESSES[name]
    if value in known:
        return known[value]
    if not value.startswith("https://"):
        raise ContractUnusable(
            f"'payments.{name}.{key}' is {value!r}. Use {' or '.join(known)}, or an "
            "address that begins with https://."
        )
    return value


def _postfinance(given: Mapping[str, str]) -> postfinance.Settings:
    try:
        algorithm = Algorithm(given["algorithm"].lower().replace("-", ""))
    except ValueError:
        raise ContractUnusable(
            f"'payments.postfinance.algorithm' is {given['algorithm']!r}. "
            f"Use {', '.join(each.value for each in Algorithm)}."
        ) from None
    return postfinance.Settings(
        pspid=given["pspid"],
        pass_in=given["pass_in"],
        pass_out=given["pass_out"],
        algorithm=algorithm,
        url=_address(postfinance.CODE, "url", given["url"]),
    )


def _paypal(given: Mapping[str, str]) -> paypal_orders.Settings:
    return paypal_orders.Settings(
        client_id=given["client_id"],
        secret=given["secret"],
        web_hook_id=given["web_hook_id"],
        api=_address(paypal_orders.CODE, "api", given["api"]),
    )


def _stripe(given: Mapping[str, str]) -> stripe_checkout.Settings:
    return stripe_checkout.Settings(
        secret_key=given["secret_key"],
        web_hook_secret=given["web_hook_secret"],
        api=_address(stripe_checkout.CODE, "api", given["api"]),
    )


_SETTINGS = {
    postfinance.CODE: _postfinance,
    paypal_orders.CODE: _paypal,
    stripe_checkout.CODE: _stripe,
}


def trusted_roots() -> tuple[x509.Certificate, ...]:
    """Return the authorities that connections to providers trust, too."""
    found = []
    with warnings.catch_warnings():
        # Some old roots have serial numbers that today's rules forbid.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for data in httpx.create_ssl_context().get_ca_certs(binary_form=True):
            found.append(x509.load_der_x509_certificate(data))
    return tuple(found)
