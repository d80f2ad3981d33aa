"""Which benchmarks there are, and what each needs to run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning.bench import environment
from provisioning.bench.bank_import import measure_bank_import
from provisioning.bench.baseline import Pace, Servers, bench_cluster
from provisioning.bench.callbacks import measure_callbacks
from provisioning.bench.crashes import KILLS, measure_crashes
from provisioning.bench.dsfinvk import measure_dsfinvk
from provisioning.bench.figures import Figures, Report, Target
from provisioning.bench.flow import measure_flow
from provisioning.bench.history import measure_history
from provisioning.bench.ledger import measure_ledger
from provisioning.bench.outage import measure_outage
from provisioning.bench.portal import measure_portal
from provisioning.bench.till import measure_till
from provisioning.bench.verifying import measure_verifying
from provisioning.bench.wallets import measure_wallets
from provisioning.processes import ProvisioningError, claimed_directory
from provisioning.token_key import TokenKey

if TYPE_CHECKING:
    from collections.abc import Callable

    Say = Callable[[str], object]
    WithServers = Callable[[Figures, Servers, Pace, Say], list[Target]]

USUAL = ("till", "ledger", "flow")
LONG = (
    "crashes",
    "history",
    "verify",
    "outage",
    "wallets",
    "portal",
    "bank-import",
    "callbacks",
    "dsfinvk",
)  # minutes each: only when named
NAMES = (*USUAL, *LONG)
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for; None leaves it to the benchmark."""

    names: tuple[str, ...]
    pace: Pace
    directory: Path | None = None
    orders: int | None = None
    kills: int = KILLS


def run(options: Options, say: Say) -> Report:
    """Run the named benchmarks one after the other; `say` tells how far it is."""
    for name in options.names:
        if name not in NAMES:
            raise ProvisioningError(
                f"There is no benchmark {name!r}. There are: {', '.join(NAMES)}."
            )
    facts = environment.describe_machine()
    figures = Figures()
    targets: list[Target] = []
    place = options.directory or ROOT / "var"
    if "till" in options.names:
        targets += measure_till(figures, place, options.pace, say)
    if "crashes" in options.names:
        targets += measure_crashes(figures, place, say, kills=options.kills)
    with_servers = _with_servers(options)
    if with_servers:
        with (
            claimed_directory(place, "bench") as directory,
            bench_cluster(directory / "postgres") as cluster,
        ):
            facts.update(environment.describe_servers(cluster))
            key = TokenKey.create(directory / "token.key")
            servers = Servers(directory, cluster, key)
            for measure in with_servers:
                targets += measure(figures, servers, options.pace, say)
    return Report(
        benchmarks=options.names,
        environment=facts,
        points=figures.points(),
        targets=tuple(targets),
    )


def _with_servers(options: Options) -> list[WithServers]:
    """Pick the benchmarks that share a cluster, in their fixed order."""
    orders = options.orders
    known: dict[str, WithServers] = {
        "ledger": measure_ledger,
        "flow": measure_flow,
        "outage": partial(measure_outage, orders=orders),
        "wallets": partial(measure_wallets, wallets=orders),
        "verify": partial(measure_verifying, orders=orders),
        "history": partial(measure_history, orders=orders),
        "portal": measure_portal,
        "bank-import": measure_bank_import,
        "callbacks": measure_callbacks,
        "dsfinvk": partial(measure_dsfinvk, orders=orders),
    }
    return [measure for name, measure in known.items() if name in options.names]
