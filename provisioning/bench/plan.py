"""Which benchmarks there are, and what each needs to run."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning.bench import baseline, environment, ledger
from provisioning.bench.crowd import token_key
from provisioning.bench.figures import Figures, Report, Target
from provisioning.bench.till import measure_screens
from provisioning.processes import ProvisioningError, claimed_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from provisioning.postgres import PrivatePostgres

NAMES = ("ledger", "till")
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    names: tuple[str, ...]
    seconds: int = 3
    repetitions: int = 3
    tills: tuple[int, ...] | None = None
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
    with claimed_directory(options.directory or ROOT / "var", "bench") as directory:
        if "till" in options.names:
            targets += measure_screens(figures, options.repetitions, say)
        if "ledger" in options.names:
            with _cluster(directory, facts) as cluster:
                targets += ledger.measure_ledger(
                    figures,
                    cluster,
                    token_key(directory),
                    ledger.LedgerPlan(
                        options.seconds,
                        options.repetitions,
                        options.tills or ledger.TILLS,
                    ),
                    say,
                )
    return Report(
        benchmarks=options.names,
        environment=facts,
        points=figures.points(),
        targets=tuple(targets),
    )


@contextmanager
def _cluster(directory: Path, facts: dict[str, str]) -> Iterator[PrivatePostgres]:
    with baseline.bench_cluster(directory / "postgres") as cluster:
        facts.update(environment.describe_cluster(cluster))
        yield cluster
