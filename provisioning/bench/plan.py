"""Which benchmarks there are, and what each needs to run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning.bench import environment
from provisioning.bench.baseline import Pace, Servers, bench_cluster
from provisioning.bench.figures import Figures, Report, Target
from provisioning.bench.flow import measure_flow
from provisioning.bench.ledger import measure_ledger
from provisioning.bench.till import measure_till
from provisioning.processes import ProvisioningError, claimed_directory
from provisioning.token_key import TokenKey

if TYPE_CHECKING:
    from collections.abc import Callable

WITH_SERVERS = {"ledger": measure_ledger, "flow": measure_flow}
NAMES = ("till", *WITH_SERVERS)
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    names: tuple[str, ...]
    pace: Pace
    directory: Path | None = None


def run(options: Options, say: Callable[[str], object]) -> Report:
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
    with_servers = [name for name in WITH_SERVERS if name in options.names]
    if with_servers:
        with (
            claimed_directory(place, "bench") as directory,
            bench_cluster(directory / "postgres") as cluster,
        ):
            facts.update(environment.describe_servers(cluster))
            key = TokenKey.create(directory / "token.key")
            servers = Servers(directory, cluster, key)
            for name in with_servers:
                targets += WITH_SERVERS[name](figures, servers, options.pace, say)
    return Report(
        benchmarks=options.names,
        environment=facts,
        points=figures.points(),
        targets=tuple(targets),
    )
