"""Scores of a device: published benchmark circuits sampled on it, compared with their exact distributions.

The circuits are as MQT Bench writes them target-independently in OpenQASM 2 (Quetschlich et al., Quantum 7, 1062, 2023). The
score is the Hellinger fidelity (sum sqrt(p q))^2; rescaled so that uniform counts are worth 0 and as many perfect shots 1
(Lubinski et al., arXiv:2110.03137). A score is a device's and a time a simulator's: scores are never ranked with times.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, final

from hybrid import catalog
from hybrid.base.errors import unknown
from hybrid.bench.cells import cell_id, expanded
from hybrid.bench.rows import Row
from hybrid.device.device import Device

FOLDER = Path(__file__).with_name("grid")
CIRCUITS = sorted(path.stem for path in FOLDER.glob("*.qasm"))
SHOTS = 10_000
TASK = "score"
ROUNDING = 1e-9
"""A standard error below this is rounding: perfect shots of a single outcome have none."""
KEPT = (
    *("fidelity", "fidelity_stderr", "perfect_fidelity", "uniform_fidelity", "rescaled_fidelity", "rescaled_fidelity_stderr"),
    *("blind_to_noise", "depth", "two_qubit_depth", "duration_s", "native_gates", "physics", "simulator", "caveat"),
)
"""Of a `Sample`."""


@final
@dataclass(frozen=True, kw_only=True)
class ScoreCell:
    """A published circuit on a device by a backend of `hybrid run`; members as they are written on the command line."""

    circuit: str
    n: int
    device_text: str
    backend_text: str
    dephasing: str | None = None
    shots: int = SHOTS
    realizations: int | None = None
    seed: int = 0
    threads: int = 1

    @cached_property
    def device(self) -> Device:
        """The profile; UsageError as `Device.load`."""
        return Device.load(self.device_text, dephasing=self.dephasing)

    @cached_property
    def backend(self) -> catalog.Member:
        """UsageError for a member or an option that does not exist."""
        return catalog.parse("backends", self.backend_text)

    @property
    def path(self) -> Path:
        """The circuit's file."""
        return FOLDER / f"{self.circuit}_{self.n}.qasm"

    @cached_property
    def _built(self) -> tuple[int, int, float]:
        """Qubits, gates, and the seconds that it took to read them."""
        from hybrid.catalog.circuit_file import read_circuit

        began = time.perf_counter()
        circuit = read_circuit(self.path)
        gates = circuit.size(lambda item: item.operation.name != "measure" and not getattr(item.operation, "_directive", False))
        return circuit.num_qubits, gates, time.perf_counter() - began

    @property
    def build_s(self) -> float:
        """Seconds that it took to read the circuit."""
        return self._built[2]

    @cached_property
    def plain(self) -> dict[str, Any]:
        """What the id covers, and sizes for reading; `circuit` is the hash of the file, the profile and how it is sampled."""
        texts = (hashlib.sha256(self.path.read_bytes()).hexdigest(), self.device.sha256, self.device.label)
        covered = json.dumps([*texts, self.device.dephasing, self.shots, self.realizations, self.seed])
        n_qubits, n_steps, _ = self._built
        return {
            "workload": f"mqt/{self.circuit}:n={self.n}",
            "version": 1,
            "circuit": hashlib.sha256(covered.encode()).hexdigest()[:16],
            "task": TASK,
            "backend": self.backend.text(defaults=False),
            "path": "compiled",
            "threads": self.threads,
            "n_qubits": n_qubits,
            "n_steps": n_steps,
            "n_points": 1,
            "shots": self.shots,
            "device": self.device.label,
        }

    @property
    def id(self) -> str:
        """Hash of circuit, device, and how it is sampled by which backend."""
        return cell_id(self.plain)

    def request(self, *, repeat: bool = False) -> dict[str, Any]:
        """What `score` takes; there is nothing to repeat."""
        keys = ("dephasing", "shots", "realizations", "seed", "threads")
        texts = {"circuit": str(self.path), "device": self.device_text, "backend": self.backend_text}
        return {"score": texts | {key: getattr(self, key) for key in keys}}

    def __str__(self) -> str:
        return f"{self.plain['workload']} on {self.device.label} by {self.backend.text(defaults=False)}"


def cells(circuits: Sequence[str], backends: Sequence[str], device: str, shots: int = SHOTS) -> list[ScoreCell]:
    """Every circuit `NAME:n=N` on the device by every backend; UsageError for what does not exist."""
    cells_ = []
    for text in (written for circuit in circuits for written in expanded(circuit)):
        name, _, n = text.partition(":n=")
        if f"{name}_{n}" not in CIRCUITS:
            raise unknown("published circuit", text, [known.replace("_", ":n=") for known in CIRCUITS])
        cells_ += [ScoreCell(circuit=name, n=int(n), device_text=device, backend_text=by, shots=shots) for by in backends]
    for cell in cells_:
        assert cell.device and cell.backend  # raises for mistakes before anything is measured
    return cells_


class Score(NamedTuple):
    """One circuit on a device: `cell` as in rows, `found` what is `KEPT` of a sample, or None and in `note` why."""

    cell: dict[str, Any]
    found: dict[str, Any] | None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """The score as one JSON object."""
        return {"cell": self.cell, **(self.found or dict.fromkeys(KEPT)), "note": self.note}


def score(asked: Sequence[ScoreCell], watch: Callable[[str], None] = lambda name: None) -> list[Score]:
    """Every circuit on its device, in this process and in order; UsageError as `sample`."""
    results, scorer = [], Scorer()
    for cell in asked:
        watch(str(cell))
        request = cell.request()["score"]
        refusal = scorer.refusal(request)
        results.append(Score(cell.plain, None, refusal) if refusal else Score(cell.plain, scorer.score(request)))
    return results


def of_rows(rows: Iterable[Row]) -> list[list[Score]]:
    """Scores that rows hold, by device, backend and environment; of a cell that was tried again, the last."""
    groups: dict[tuple[str, ...], dict[str, Score]] = {}
    for row in rows:
        if row["cell"]["task"] == TASK:
            key = row["cell"]["device"], row["cell"]["backend"], row["env_id"]
            note = "" if row["status"] == "ok" else f"{row['status']}: {row['note']}"
            groups.setdefault(key, {})[row["cell_id"]] = Score(row["cell"], row.get("score"), note)

    def order(score: Score) -> tuple[str, int]:
        return score.cell["workload"].partition(":")[0], score.cell["n_qubits"]

    return [sorted(group.values(), key=order) for group in groups.values()]


@final
class Scorer:
    """Samples a published circuit on a device and scores the counts: what a worker loads in place of an adapter."""

    def load(self) -> dict[str, str]:
        """Import Qiskit and this package's own; their versions."""
        import hybrid.measure.sampling  # noqa: F401
        from hybrid.bench.adapters._shared import versions

        return versions("qiskit", "qiskit-aer")

    def refusal(self, asked: dict[str, Any]) -> str | None:
        """A circuit that is wider than the device."""
        from hybrid.catalog.circuit_file import read_circuit

        device = Device.load(asked["device"], dephasing=asked["dephasing"])
        n = read_circuit(Path(asked["circuit"])).num_qubits
        return None if device.n_qubits is None or n <= device.n_qubits else f"{n} qubits; {device.label} has {device.n_qubits}"

    def score(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The score as JSON's own types, without the counts; UsageError as `hybrid.measure.sampling.sample`."""
        from hybrid.catalog.circuit_file import read_circuit
        from hybrid.measure.sampling import sample

        results = sample(read_circuit(Path(asked["circuit"])), **{k: v for k, v in asked.items() if k != "circuit"})
        return {key: getattr(results, key) for key in KEPT}
