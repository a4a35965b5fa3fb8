"""What a sweep would take: the cost of one run of every point, its seeds apart, times the runs that are left."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from math import fsum
from pathlib import Path
from typing import Any, final

from hybrid.base.errors import UsageError
from hybrid.runs.axes import Grid
from hybrid.runs.dry_run import DryRun, plan
from hybrid.runs.worklist import STATES, Worklist


@final
@dataclass(frozen=True, kw_only=True)
class SweepCost:
    """How many runs are in each state, and what those that are left would take at most: `core_hours` by formulas (None where
    there is none for a simulator, which `unknown` names), `qpu_hours` and `shots` (None and 0 without a machine), the `bill` in
    words. `hopeless` runs would be refused; `failing` points cannot be compiled."""

    axes: dict[str, list[Any]]
    counts: dict[str, int]
    core_hours: float | None
    unknown: str
    qpu_hours: float | None
    shots: int
    bill: str
    hopeless: int

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return asdict(self)


def sweep_cost(made: Grid, results: Path, tell: Callable[[int, int], None] = lambda done, of: None) -> SweepCost:
    """The cost of the runs that are left. UsageError names the first run that cannot be compiled."""
    work = Worklist(specs=made.specs, results=results)
    states = [work.state(index).state for index in range(len(made.specs))]
    left = [index for index, state in enumerate(states) if state in ("interrupted", "waiting")]
    together: dict[str, list[int]] = {}
    for index in left:
        together.setdefault(replace(made.specs[index], seed=0).id, []).append(index)
    plans: list[tuple[int, DryRun]] = []
    for done, indices in enumerate(together.values(), start=1):
        tell(done, len(together))
        try:
            plans.append((len(indices), plan(made.specs[indices[0]])))
        except UsageError as error:
            point = ", ".join(f"{name}={value}" for name, value in made.points[indices[0]].items())
            raise UsageError(f"{point}: {error}") from None
    return _added(made, {state: states.count(state) for state in STATES}, plans)


def _added(made: Grid, counts: dict[str, int], plans: list[tuple[int, DryRun]]) -> SweepCost:
    seconds = [None if one.look is None or one.look.seconds is None else n * one.look.seconds for n, one in plans]
    unknown = next((one.resolved["backend"] for n, one in plans if one.look is None or one.look.seconds is None), "")
    machine = [n * one.total.qpu_seconds for n, one in plans if one.total.qpu_seconds is not None and one.total.shots]
    billed = [(n, one.billed) for n, one in plans if one.billed is not None]
    bill = ""
    if billed:
        low, value, high = (fsum(n * one["seconds"][place] for n, one in billed) / 3600 for place in range(3))
        bill = f"{value:.3g} hours of machine time ({low:.3g} to {high:.3g}), by the rules of the sites"
    return SweepCost(
        axes={axis.name: list(axis.values) for axis in made.axes},
        counts=counts,
        core_hours=None if None in seconds else fsum(one for one in seconds if one is not None) / 3600,
        unknown=f"there is no formula for {unknown}" if unknown else "",
        qpu_hours=fsum(machine) / 3600 if machine else None,
        shots=sum(n * one.total.shots for n, one in plans),
        bill=bill,
        hopeless=sum(n for n, one in plans if one.look is not None and one.look.hopeless),
    )
