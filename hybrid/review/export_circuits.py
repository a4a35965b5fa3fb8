"""Exports the circuits of a run at its final point in OpenQASM 3, with the numbers that another machine should measure."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Float
from qiskit import QuantumCircuit, qasm3

from hybrid.base.errors import UsageError
from hybrid.base.randomness import RunStream, child
from hybrid.base.types import Probabilities
from hybrid.compilation.transpile import IsaCircuit, measured
from hybrid.device.device import Device
from hybrid.measure.execution import Conditions
from hybrid.measure.observables import AllZeros, Group
from hybrid.measure.program import Program
from hybrid.measure.set_up import engine, set_up
from hybrid.review.first_loss import first_loss
from hybrid.runs import results_folder as runs
from hybrid.runs.reopen import as_given
from hybrid.runs.results_folder import Run
from hybrid.runs.setup import Chosen, Prepared, as_begun, prepare
from hybrid.runs.spec import Spec

SIGMAS = 3.0
"""Accepted deviation in standard errors: a perfect machine fails for one number in 370."""
TABLE = (1_000, 10_000, 100_000)
"""Shots per circuit for which standard errors are listed."""
MOST_LISTED, LEAST_LISTED = 32, 1e-3
PLAIN: dict[str, Any] = {"backend": "exact", "shots": 0, "realizations": None, "gradient": "auto", "mitigate": "none"}
PLAIN |= dict.fromkeys(("max_evals", "max_iterations", "max_qpu"))
JUDGE = (
    "Run every circuit with N shots. bits[i] of an outcome (from the right) is qubit i of the algorithm. The mean of a "
    "circuit's terms, sum of coefficient x (-1)^(parity of its bits), has the standard error one_shot_std / sqrt(N); accept it "
    f"within {SIGMAS:g} of them. noise_free is what a perfect machine gives, stand_in what the run's device profile gives."
)


class Exported(NamedTuple):
    """File name -> text of every circuit, and the acceptance numbers as one JSON object."""

    circuits: dict[str, str]
    numbers: dict[str, Any]

    def write(self, folder: Path) -> list[Path]:
        """Write all into the folder, made where it is missing; the paths, acceptance.json last. UsageError if it cannot be."""
        texts = self.circuits | {"acceptance.json": json.dumps(self.numbers, indent=1, allow_nan=False) + "\n"}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in texts.items():
                (folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{folder}: cannot be written ({error.strerror}).") from None
        return [folder / name for name in texts]


def export(path: Path) -> Exported:
    """The circuits that a run measured, at the x where it ended, or where its optimiser would stop now.

    UsageError: a run without a point, or too wide for the exact engine. RecordError: a damaged record, changed inputs.
    """
    run = runs.read(path)
    if run.x is None:
        raise UsageError(f"{path}: this run has no point yet; the command that began it continues it.")
    with as_given(run) as given:
        fields: dict[str, Any] = given | PLAIN
        return _Export(run, as_begun(prepare(Spec(**fields)), run.start)).export()


class _Circuit(NamedTuple):
    """One measured circuit: the query and group it measures, and its outcome probabilities."""

    query: int
    group: Group | AllZeros
    isa: IsaCircuit
    bound: QuantumCircuit
    noise_free: Float[np.ndarray, " d"]
    stand_in: Float[np.ndarray, "c d"] | None

    @property
    def places(self) -> list[tuple[int, int]]:
        """(qubit of the algorithm, index in the ISA circuit) of every qubit that is used."""
        return [(v, place) for v, place in enumerate(self.isa.layout) if place >= 0]

    def mean_and_spread(self, probabilities: Float[np.ndarray, " d"]) -> tuple[float, float]:
        """Mean and standard deviation of one shot's value."""
        values = self.group.eigenvalues(np.arange(len(probabilities), dtype=np.uint64), None)
        mean = float(probabilities @ values)
        return mean, float(np.sqrt(max(0.0, probabilities @ values**2 - mean**2)))


@final
class _Export:
    def __init__(self, run: Run, prepared: Prepared) -> None:
        self._run, self._prepared = run, prepared
        self._loss, ansatz, _ = first_loss(prepared, len(run.x or ()))
        if self._loss.samples is not None or any(isinstance(query, Probabilities) for query in self._loss.queries):
            raise UsageError(
                f"algorithm '{prepared.spec.algorithm}' minimises no expectation value; export runs of vqe or qaoa."
            )
        if prepared.spec.grouping == "general":
            raise UsageError(
                "grouping=general reads no single qubits, so its circuits tell nobody else what to do with a bit; "
                "export a run with grouping=qwc."
            )
        self._programs = Chosen(prepared).compile(self._loss, ansatz).programs
        self._x = np.array(run.x, dtype=float)
        self._circuits = [circuit for i, program in enumerate(self._programs) for circuit in self._measured(i, program)]

    def _measured(self, query: int, program: Program) -> list[_Circuit]:
        """Every circuit of a query with its distributions, noise-free by the same circuits on the ideal device."""
        if not program.groups:
            return []
        isa, device = program.execution.recipe.isa, self._prepared.device
        groups = [group for group in program.groups if isinstance(group, Group | AllZeros)]
        in_order = program.execution.recipe.circuits  # those that the noisy numbers come from
        circuits = in_order if device.noisy else [measured(isa, group.basis, device) for group in groups]
        theta, seed = program.angle_map(self._x[None]), child(self._prepared.spec.seed, RunStream.EXPORT, query)
        perfect = set_up(isa, circuits, Device.load("ideal"), engine(), Conditions(threads=self._prepared.spec.threads))
        noise_free = perfect.distributions(theta, seed)[0, 0]
        noisy = program.execution.distributions(theta, seed)[0] if device.noisy else None
        return [
            _Circuit(query, group, isa, c.assign_parameters(theta[0]), noise_free[s], None if noisy is None else noisy[:, s])
            for s, (group, c) in enumerate(zip(groups, circuits, strict=True))
        ]

    def export(self) -> Exported:
        """The circuits' texts and the numbers."""
        names = [f"circuit-{i}.qasm" for i in range(len(self._circuits))]
        texts = {name: self._text(i, c) for i, (name, c) in enumerate(zip(names, self._circuits, strict=True))}
        return Exported(texts, self._numbers(names))

    def _text(self, number: int, circuit: _Circuit) -> str:
        """OpenQASM 3, qubits numbered as on the device, outcome bits as in the algorithm."""
        device, isa = self._prepared.device, circuit.isa
        placed = QuantumCircuit(device.n_qubits or len(isa.physical), len(isa.layout))
        placed.compose(circuit.bound, [isa.physical[q] for q in range(len(isa.physical))], inplace=True)
        for bit, place in circuit.places:
            placed.measure(isa.physical[place], bit)
        mean, spread = circuit.mean_and_spread(circuit.noise_free)
        lines = [
            f"circuit {number} of run {self._run.start['id']} on device {device.label}; q[i] is device qubit i, c[i] reads "
            "qubit i of the algorithm",
            f"noise-free: {mean:.9f} +- {spread:.3g}/sqrt(shots); see acceptance.json",
            *([device.caveat] if device.noisy else []),
        ]
        return "".join(f"// {line}\n" for line in lines) + qasm3.dumps(placed) + "\n"

    def _numbers(self, names: Sequence[str]) -> dict[str, Any]:
        run, device, result = self._run, self._prepared.device, self._run.result
        noise_free, noise_free_stderr = self._value([circuit.noise_free for circuit in self._circuits])
        sets = [circuit.stand_in for circuit in self._circuits if circuit.stand_in is not None]
        stand_in = [self._value([means[c] for means in sets])[0] for c in range(len(sets[0]))] if sets else []
        return {
            "run": run.start["id"],
            "digest": result.digest if result else None,
            "finished": result is not None,
            "problem": self._prepared.spec.problem,
            "algorithm": self._prepared.spec.algorithm,
            "device": device.label,
            "physics": device.title,
            "caveat": device.caveat,
            "dd": self._prepared.spec.dd,
            "x": self._x.tolist(),
            "quantity": run.about["quantity"],
            "unit": run.about["unit"],
            "noise_free": noise_free,
            "stand_in": float(np.mean(stand_in)) if stand_in else None,
            "recorded": result.value if result else None,
            "recorded_stderr": result.stderr if result else None,
            "judge": JUDGE,
            "tolerances": [
                {"shots_per_circuit": n, "stderr": stderr, "tolerance": SIGMAS * stderr}
                for n, stderr in ((n, noise_free_stderr / n**0.5) for n in TABLE)
            ],
            "constants": [program.constant for program in self._programs],
            "circuits": [self._entry(name, circuit) for name, circuit in zip(names, self._circuits, strict=True)],
        }

    def _value(self, distributions: Sequence[Float[np.ndarray, " d"]]) -> tuple[float, float]:
        """The run's value by its circuits' distributions, and its standard error if each has one shot."""
        queries = np.array([[program.constant] for program in self._programs])
        variances = np.zeros(len(queries))
        for circuit, probabilities in zip(self._circuits, distributions, strict=True):
            mean, spread = circuit.mean_and_spread(probabilities)
            queries[circuit.query] += mean
            variances[circuit.query] += spread**2
        slope = self._loss.slope(queries)[:, 0]
        return self._run.sign * float(self._loss.combine(queries)[0]), float(np.sqrt(slope**2 @ variances))

    def _entry(self, name: str, circuit: _Circuit) -> dict[str, Any]:
        mean, spread = circuit.mean_and_spread(circuit.noise_free)
        noisy = None if circuit.stand_in is None else circuit.stand_in.mean(axis=0)
        stand_in = None if noisy is None else circuit.mean_and_spread(noisy)
        shown = {"noise_free": _listed(circuit, circuit.noise_free)}
        return {
            "file": name,
            "query": circuit.query,
            "terms": _terms(circuit, noisy),
            "noise_free": mean,
            "one_shot_std": spread,
            "stand_in": stand_in[0] if stand_in else None,
            "stand_in_one_shot_std": stand_in[1] if stand_in else None,
            "probabilities": shown if noisy is None else shown | {"stand_in": _listed(circuit, noisy)},
        }


def _terms(circuit: _Circuit, noisy: Float[np.ndarray, " d"] | None) -> list[dict[str, Any]]:
    """What a circuit measures: Pauli strings on the algorithm's qubits, or the probability that all bits are zero."""
    group, n = circuit.group, len(circuit.isa.layout)
    if isinstance(group, AllZeros):
        bits = [v for v, place in circuit.places if group.basis[place] == "Z"]
        return [{"all_zeros_of_bits": bits, "coefficient": 1.0}]
    assert isinstance(group, Group)
    terms = []
    for mask, coefficient in zip(group.masks, group.coefficients, strict=True):
        letters = {v: group.basis[place] for v, place in circuit.places if int(mask) >> place & 1}
        bits, pauli = list(letters), "".join(letters.get(v, "I") for v in reversed(range(n)))
        alone = circuit._replace(group=Group(group.basis, np.array([mask]), np.array([1.0])))
        term = {"pauli": pauli, "bits": bits, "coefficient": float(coefficient)}
        term["noise_free"] = alone.mean_and_spread(circuit.noise_free)[0]
        term["stand_in"] = None if noisy is None else alone.mean_and_spread(noisy)[0]
        terms.append(term)
    return terms


def _listed(circuit: _Circuit, probabilities: Float[np.ndarray, " d"]) -> dict[str, float]:
    """The likeliest outcomes over the algorithm's qubits, bit 0 on the right."""
    outcomes, n = np.arange(len(probabilities)), len(circuit.isa.layout)
    bits = sum(((outcomes >> place) & 1) << v for v, place in circuit.places)
    summed = np.bincount(bits, weights=probabilities)
    likely = [int(i) for i in np.argsort(-summed, kind="stable")[:MOST_LISTED] if summed[i] >= LEAST_LISTED]
    return {f"{outcome:0{n}b}": float(summed[outcome]) for outcome in likely}
