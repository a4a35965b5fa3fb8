"""The result of a run, made from its record alone: a finished run is printed without loading a simulator."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, final

from hybrid.base.display import history_of, html_of, plot_of
from hybrid.base.errors import CheckFailed
from hybrid.runs import record
from hybrid.runs.verdict import RunVerdict
from hybrid.runs.verdict_text import verdict

FIRST_ORDER = ("device_stderr", "device_most")
"""In records of earlier versions: the standard error to first order, and the number that contributed most."""


@final
@dataclass(frozen=True, kw_only=True)
class Result:
    """One finished run. `stderr` is the measurement's at this x; `exact`, `gap` and `ratio` are None where unknown.

    `outcomes` is the quality of the shots of an optimisation problem (see `measure.shot_quality`), with the time its classical
    solution took in `classical_seconds`; None for other problems. `device_interval` has the fields of
    `hybrid.measure.device_interval.DeviceInterval`, or says why it was "left_out"; None on a device without noise.
    `parts` says what the distance from the exact value is made of (see `hybrid.runs.error_parts`), or why that was "left_out";
    None in records of earlier versions. `majority` is a classifier's accuracy by always naming the most frequent class.
    `quantities` are further numbers, each with the fields of `hybrid.base.types.Quantity`. `ansatz` and `optimizer` are empty
    where the algorithm has none. `recomputed` has the fields of `hybrid.measure.recomputed.Agreement` and whether it `agrees`;
    None where no second simulator was asked. `qpu_seconds` is shots x shot cycle; `billed` the bill by the rule of the device's
    site: "rule" in words, "jobs", "seconds" of machine time and "qubit_seconds" as [low, value, high], None without a rule.
    `entangling_pays`, after a run on ideal hardware: whether entangling gains more on the stand-in than its gates cost there.
    `reasons` says of a default, by the Spec's field, why it was chosen.
    `certificate`, of a wide run: that nothing was truncated, the "live_qubits", the "peak_numbers" of the longest state, how
    "detunings" were averaged (none, nodes, draws) with how many "nodes" or "realizations", and the "error" of that.
    `continued_on` are the other processors and kernels than the start's on which an interrupted run went on.
    """

    id: str
    algorithm: str
    problem: str
    ansatz: str
    optimizer: str
    quantity: str
    value: float
    stderr: float
    exact: float | None
    gap: float | None
    ratio: float | None
    unit: str
    baseline: float | None
    baseline_name: str
    maximize: bool
    converged: bool
    reason: str
    nfev: int
    njev: int
    iterations: int
    shots: int
    qpu_seconds: float | None
    seconds: float
    x: tuple[float, ...]
    device: str
    backend: str
    physics: str
    simulator: str
    device_interval: dict[str, Any] | None
    n_qubits: int
    caveat: str
    spec: dict[str, Any]
    record: str
    digest: str
    replayed: bool
    outcomes: dict[str, Any] | None = None
    classical_seconds: float | None = None
    quantities: tuple[dict[str, Any], ...] = ()
    billed: dict[str, Any] | None = None
    recomputed: dict[str, Any] | None = None
    parts: dict[str, Any] | None = None
    majority: float | None = None
    entangling_pays: bool | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    continued_on: tuple[dict[str, str], ...] = ()
    mitigated: str = ""
    certificate: dict[str, Any] | None = None

    _repr_html_ = html_of
    plot = plot_of
    history = property(history_of)

    @property
    def worse_than_baseline(self) -> bool:
        """Whether the classical baseline is better than this run."""
        if self.baseline is None:
            return False
        return self.value < self.baseline if self.maximize else self.value > self.baseline

    @property
    def verdict(self) -> RunVerdict:
        """The result in one sentence, how it compares, and what limits it."""
        return verdict(self)

    def to_json(self) -> dict[str, Any]:
        """The result as one JSON object."""
        plain = {"x": list(self.x), "quantities": list(self.quantities), "continued_on": list(self.continued_on)}
        plain |= {"verdict": self.verdict.to_json()}
        return asdict(self) | plain


def from_record(
    path: Path, start: dict[str, Any], about: dict[str, Any], stop: dict[str, Any], meta: dict[str, Any], *, replayed: bool
) -> Result:
    """The result of a finished record: start and stop line, each with what is not part of the digest."""
    spec, solution = start["resolved"], stop["solution"]
    report = {key: value for key, value in stop["report"].items() if key not in FIRST_ORDER}
    if "device_interval" not in report:
        report["device_interval"] = _of_earlier_version(stop["report"]["device_stderr"])
    quantities = (*solution.get("quantities", ()), *report.pop("observables", ()))
    return Result(
        **report,
        **(solution | {"x": tuple(solution["x"]), "quantities": quantities}),
        id=start["id"],
        spec=spec,
        algorithm=spec["algorithm"],
        problem=spec["problem"],
        ansatz=spec["ansatz"] or "",
        optimizer=spec["optimizer"] or "",
        device=spec["device"],
        backend=spec["backend"],
        seconds=meta["seconds"],
        classical_seconds=meta.get("classical_seconds"),
        continued_on=tuple(meta.get("continued_on", ())),
        record=str(path),
        digest=stop["digest"],
        replayed=replayed,
        reasons=about.get("reasons", {}),
    )


def _of_earlier_version(stderr: float | None) -> dict[str, Any] | None:
    """In place of the interval: the standard error that was recorded then."""
    return None if stderr is None else {"left_out": f"an earlier version recorded ± {stderr:.2g}, by the first order alone"}


def agreeing(result: Result) -> Result:
    """The result; CheckFailed where a second simulator disagrees with the first one."""
    again = result.recomputed
    if again is None or again["agrees"]:
        return result
    raise CheckFailed(
        f"{result.record}: the exact engine and {again['simulator'].partition(',')[0]} differ by {again['largest']:.2g} in the "
        "probability of an outcome. One of them is wrong: do not use this result. Please report it with the record; "
        "--backend aer computes everything with Aer."
    )


def finished(path: Path, *, replayed: bool = True) -> Result | None:
    """The result of a finished record, all checksums verified, the file not locked; None where there is none."""
    start, about, end = {}, {}, None
    for _, kind, body, meta, _ in record.lines(path) if path.exists() else ():
        if kind == "start":
            start, about = body, meta
        elif kind == "stop":
            end = body, meta
    return None if end is None else from_record(path, start, about, *end, replayed=replayed)
