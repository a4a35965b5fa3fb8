"""Stim: stabilizer circuits."""

from collections.abc import Callable, Iterator
from typing import Any, final

import numpy as np

from hybrid.bench.adapters._shared import noisy, refuse, simulator, versions
from hybrid.bench.job import Answer, Job, Step

EXTRA = "stim"
GATES = {"h": "H", "x": "X", "y": "Y", "z": "Z", "s": "S", "sdg": "S_DAG", "cx": "CX", "cz": "CZ"}
CONDITIONED = {"x": "CX", "y": "CY", "z": "CZ"}
"""Gates that a measured bit may control."""


def stim() -> "StimAdapter":
    """Stim (Gidney, Quantum 5, 497, 2021): Clifford circuits with Pauli noise; shots by Pauli frames."""
    return StimAdapter()


@final
class StimAdapter:
    """The adapter; it has no options."""

    def load(self) -> dict[str, str]:
        """Import Stim."""
        simulator("stim", EXTRA)
        return versions("stim")

    def refusal(self, job: Job) -> str | None:
        """Clifford gates on one thread; values without noise; only x, y and z may depend on a measurement."""
        if job.threads != 1:
            return "stim runs on one thread"
        others = sorted({step.name for step in job.steps} - {*GATES, "depolarize", "measure"})
        if others:
            return f"stim takes Clifford gates only, not {', '.join(others)}"
        if conditioned := sorted({step.name for step in job.steps if step.condition >= 0} - {*CONDITIONED}):
            return f"stim lets a measurement control {', '.join(CONDITIONED)} only, not {', '.join(conditioned)}"
        if noisy(job) and job.task != "counts":
            return "stim gives no exact values with noise"
        return refuse("stim", job, tasks=("expectations", "counts"), noise=True, midway=True)

    def translate(self, job: Job) -> tuple[Any, list[list[tuple[Any, float]]]]:
        """The circuit, for counts measured at its end, and the Pauli strings of every observable with their weights."""
        module = simulator("stim", EXTRA)
        circuit = module.Circuit()
        for name, targets, numbers in _instructions(module, job.steps):
            circuit.append(name, targets, numbers)
        if job.task == "counts":
            circuit.append("M", range(job.n_qubits))
        else:
            circuit.append("I", range(job.n_qubits))  # so that all qubits exist
        return circuit, [[(module.PauliString(pauli[::-1]), weight) for pauli, weight in terms] for terms in job.observables]

    def compile(self, native: tuple[Any, list[list[tuple[Any, float]]]], job: Job) -> Callable[[], Answer]:
        """Nothing is kept: every call simulates the tableau anew."""
        module = simulator("stim", EXTRA)
        circuit, observables = native

        def values() -> Answer:
            tableau = module.TableauSimulator()
            tableau.do(circuit)
            row = [sum(w * tableau.peek_observable_expectation(pauli) for pauli, w in terms) for terms in observables]
            return Answer(values=np.array([row] * len(job.points), dtype=float), precision="bits")

        def counts() -> Answer:
            bits = circuit.compile_sampler(seed=job.seed).sample(job.shots)[:, -job.n_qubits :]
            packed, numbers = np.unique(np.packbits(bits, axis=1, bitorder="little"), axis=0, return_counts=True)
            outcomes = (int.from_bytes(row.tobytes(), "little") for row in packed)
            return Answer(counts=dict(zip(outcomes, numbers.tolist(), strict=True)), precision="bits")

        return counts if job.task == "counts" else values


def _instructions(module: Any, steps: tuple[Step, ...]) -> Iterator[tuple[str, list[Any], list[float]]]:
    """Name, targets and numbers; a gate whose bit was never measured is left out.

    Stim's depolarising probability is that of a Pauli other than I: p (1 - 1/d^2) where the job says (1 - p) rho + p I/d.
    """
    measured: dict[int, int] = {}
    taken = 0
    for step in steps:
        qubits = list(step.qubits)
        if step.name == "measure":
            measured[qubits[0]] = taken
            taken += 1
            yield "M", qubits, []
        elif step.name == "depolarize":
            yield f"DEPOLARIZE{len(qubits)}", qubits, [step.angle * (1 - 1 / 4 ** len(qubits))]
        elif step.condition < 0:
            yield GATES[step.name], qubits, []
        elif step.condition in measured:
            yield CONDITIONED[step.name], [module.target_rec(measured[step.condition] - taken), *qubits], []
