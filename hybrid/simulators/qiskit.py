"""Any Qiskit `BackendV2`, simulator or machine, with its own physics: circuits are sent in jobs, counts come back."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, final

import numpy as np
from jaxtyping import Float
from qiskit import QuantumCircuit, transpile
from qiskit.providers import BackendV2
from qiskit.result import Result
from qiskit.transpiler.exceptions import TranspilerError

from hybrid.base.errors import HybridError, Interrupted, Stopped, UsageError
from hybrid.base.lease import POLL_SECONDS, Lease, LeaseLost
from hybrid.base.types import Angles, Counts, Journal, NoJournal, Runner, Scalars, Setting, Shots, Task
from hybrid.catalog.lookup import named_object
from hybrid.simulators._circuits import gate_circuit

ADDED = ("exclusive",)
"""Options that are newer than version 0.1."""
MAX_OUTCOME_QUBITS = 63
TRANSPILER_SEED = 0
OUR_FAULT = (AssertionError, AttributeError, HybridError, ImportError, LookupError, NotImplementedError, TypeError, ValueError)
"""Errors that repeat when the job is sent again; all others may pass: queues, networks, calibrations."""


def qiskit(
    *,
    object: str,
    level: Literal["0", "1", "2", "3"] = "2",
    retries: int = 5,
    wait: float = 1.0,
    shot_cycle: float | None = None,
    exclusive: bool = False,
) -> "Foreign":
    """Any Qiskit BackendV2: object=package.module:name or ./mine.py:name, an instance or what makes one. Its own physics.

    `level` is the transpiler's. A job that fails is sent again up to `retries` times, first after `wait` seconds, then twice as
    long each time. `shot_cycle` (seconds per shot) is what --max-qpu counts with. An `exclusive` machine, or one with a true
    attribute of this name, gets one job at a time from all runs of this user: `hybrid qpu`.

    Raises UsageError for an object that is no BackendV2, and for numbers below zero.
    """
    if retries < 0 or wait < 0 or (shot_cycle is not None and shot_cycle <= 0):
        raise UsageError("qiskit: retries and wait take 0 or more, shot_cycle more than 0.")
    backend = named_object(object)
    if not isinstance(backend, BackendV2) and callable(backend):
        try:
            backend = backend()
        except TypeError as error:
            raise UsageError(f"qiskit: '{object}' cannot be called without arguments: {error}.") from None
    if not isinstance(backend, BackendV2):
        raise UsageError(f"qiskit: '{object}' is a {type(backend).__name__}, not a Qiskit BackendV2.")
    exclusive = exclusive or getattr(backend, "exclusive", False) is True
    return Foreign(backend, int(level), retries, wait, shot_cycle, exclusive)


@final
@dataclass(frozen=True)
class Foreign:
    """The backend with its options bound; results of jobs go through the journal."""

    backend: BackendV2
    level: int
    retries: int
    wait_s: float
    shot_cycle_s: float | None
    exclusive: bool = False
    journal: Journal = field(default_factory=NoJournal)

    @property
    def physics(self) -> str:
        """Name of the backend, whose physics the answers have."""
        return str(self.backend.name or type(self.backend).__name__)

    def through(self, journal: Journal) -> "Foreign":
        """The same backend; the result of every job is written to the journal first."""
        return replace(self, journal=journal)

    def compile(self, task: Task) -> Runner:
        """Circuits transpiled once; see `hybrid.base.types.Backend`."""
        if not task.shots:
            raise UsageError(f"backend '{self.physics}' answers with shots only: give --shots 1000.")
        if task.n_qubits > MAX_OUTCOME_QUBITS:
            raise UsageError(f"shots are read as 63-bit numbers; {task.n_qubits} qubits are too many.")
        return _QiskitRunner(self, self._native([_measured(setting) for setting in task.settings]), task.angles)

    def memory_bytes(self, task: Task) -> int:
        """0: nothing is simulated in this process."""
        return 0

    def describe(self, task: Task) -> str:
        """The backend's name, for the report."""
        return self.describe_dynamic()

    def run_dynamic(self, circuit: QuantumCircuit, shots: int, seed: np.random.SeedSequence, threads: int) -> Mapping[str, int]:
        """Counts of a circuit that measures, resets or branches before its end."""
        result, _, _ = self.ask(self._native([circuit]), shots, seed)
        return result.get_counts(0)

    def describe_dynamic(self) -> str:
        """The backend's name, for the report."""
        return f"{self.physics} as Qiskit BackendV2, transpiled at level {self.level}"

    def _native(self, circuits: list[QuantumCircuit]) -> list[QuantumCircuit]:
        try:
            return transpile(
                circuits, self.backend, optimization_level=self.level, seed_transpiler=TRANSPILER_SEED, num_processes=1
            )
        except TranspilerError as error:
            raise UsageError(f"the circuit cannot be translated for backend '{self.physics}': {error.message}") from None

    def ask(
        self, circuits: Sequence[QuantumCircuit], shots: int, seed: np.random.SeedSequence, of: str = ""
    ) -> tuple[Result, str, int]:
        """One job's result, name and retries, sent again while it fails; `of` identifies the circuits.

        A job that was sent before and whose result nobody has taken is collected. Stopped when it keeps failing, HybridError
        when sending it again cannot help.
        """
        options: dict[str, Any] = {"shots": shots}
        if hasattr(self.backend.options, "seed_simulator"):
            options["seed_simulator"] = int(seed.generate_state(1, np.uint32)[0] >> 1)
        last = ""
        for attempt in range(self.retries + 1):
            try:
                result, name = self._collected(of) or self._result(lambda: self.backend.run(list(circuits), **options), of)
                if not result.success:
                    raise RuntimeError(result.status)
                return result, name, attempt
            except (Stopped, Interrupted):
                raise
            except OUR_FAULT as error:
                raise HybridError(f"backend '{self.physics}' refused the job: {type(error).__name__}: {error}") from error
            except Exception as error:
                last = f"{type(error).__name__}: {error}"
            if attempt < self.retries:
                time.sleep(self.wait_s * 2**attempt)
        times = f"{self.retries + 1} times" if self.retries else "once"
        raise Stopped(f"backend '{self.physics}' failed {times}, the last time with {last.rstrip('.')}.")

    def _result(self, run: Callable[[], Any], of: str) -> tuple[Result, str]:
        """Of a new job; on an exclusive machine under a lease, which is asked for again where it was lost."""
        if not self.exclusive:
            return self._finished(run(), of)
        lease = Lease(self.physics)
        while True:
            with suppress(LeaseLost), lease.held(self.journal.check, self._finish) as fence:
                return self._finished(lease.submit(fence, run), of)

    def _finished(self, job: Any, of: str) -> tuple[Result, str]:
        self.journal.submitted(str(job.job_id()), of)
        return job.result(), str(job.job_id())

    def _collected(self, of: str) -> tuple[Result, str] | None:
        """The result of a job that was sent before; None where there is none, or the machine does not know it."""
        name = self.journal.sent(of)
        job = None if name is None else self._job_named(name)
        return None if job is None or name is None else (job.result(), name)

    def _job_named(self, name: str) -> Any:
        """The job by its id; None where the machine keeps none, as a simulator in a process that has ended."""
        retrieve = getattr(self.backend, "retrieve_job", None) or getattr(getattr(self.backend, "service", None), "job", None)
        if retrieve is None:
            return None
        try:
            return retrieve(name)
        except Exception:  # whatever a provider raises for a job that it does not know
            return None

    def _finish(self, name: str) -> None:
        """Wait for the end of a job whose owner is gone."""
        job = self._job_named(name)
        while job is not None and not job.in_final_state():
            self.journal.check()
            time.sleep(POLL_SECONDS)


class _Asked(NamedTuple):
    """One circuit of a question. `key` is unique in the run and does not depend on how circuits are divided into jobs."""

    key: str
    seed: np.random.SeedSequence
    setting: int
    angles: Float[np.ndarray, " m"]
    shots: int

    @property
    def fingerprint(self) -> str:
        """Hash of the angles, by which a recorded answer to another question is noticed."""
        return hashlib.sha256(self.angles.tobytes()).hexdigest()[:16]


@final
class _QiskitRunner:
    """Transpiled circuits of one task; a call is as few jobs as the backend takes."""

    def __init__(self, foreign: Foreign, circuits: list[QuantumCircuit], angles: Sequence[Any]) -> None:
        self._foreign, self._circuits = foreign, circuits
        self._column = {parameter: i for i, parameter in enumerate(angles)}

    def expectations(self, angles: Angles) -> Scalars:
        """Never called: a task without shots is refused."""
        raise AssertionError

    def distributions(self, angles: Angles) -> Float[np.ndarray, "k s d"]:
        """Never called: a task without shots is refused."""
        raise AssertionError

    def counts(self, angles: Angles, shots: Shots, seeds: Sequence[Sequence[np.random.SeedSequence]]) -> list[list[Counts]]:
        """Counts of every point and setting: those that the journal has, and those of jobs with equally many shots."""
        asked = [
            _Asked(".".join(map(str, seed.spawn_key)), seed, s, row, int(shots[0, s]))
            for row, of_point in zip(angles, seeds, strict=True)
            for s, seed in enumerate(of_point)
        ]
        parts = {one.key: part for one in asked if (part := self._foreign.journal.recorded(one.key, one.fingerprint))}
        missing = [one for one in asked if one.key not in parts]
        for n in sorted({one.shots for one in missing}):
            alike = [one for one in missing if one.shots == n]
            size = self._foreign.backend.max_circuits or len(alike)
            for first in range(0, len(alike), size):
                parts |= self._foreign.journal.keep(self._job(alike[first : first + size]))
        flat = [_counts(parts[one.key]) for one in asked]
        width = len(self._circuits)
        return [flat[i : i + width] for i in range(0, len(flat), width)]

    def _job(self, batch: Sequence[_Asked]) -> Callable[[], tuple[dict[str, Any], dict[str, Any]]]:
        """A function that sends these circuits as one job; it returns their counts by key, and facts about the job."""

        def send() -> tuple[dict[str, Any], dict[str, Any]]:
            of = hashlib.sha256("".join(one.key + one.fingerprint for one in batch).encode()).hexdigest()[:16]
            circuits = [self._bound(one) for one in batch]
            result, job_id, retries = self._foreign.ask(circuits, batch[0].shots, batch[0].seed, of)
            parts = {}
            for place, one in enumerate(batch):
                counts = {hex(int(text.replace(" ", ""), 2)): int(n) for text, n in result.get_counts(place).items()}
                if (total := sum(counts.values())) != one.shots:
                    raise HybridError(f"backend '{self._foreign.physics}' returned {total} of {one.shots} shots, job {job_id}.")
                parts[one.key] = {"asked": one.fingerprint, "counts": counts}
            return parts, {"job": job_id, "retries": retries}

        return send

    def _bound(self, asked: _Asked) -> QuantumCircuit:
        circuit = self._circuits[asked.setting]
        return circuit.assign_parameters({p: float(asked.angles[self._column[p]]) for p in circuit.parameters})


def _counts(part: Mapping[str, Any]) -> Counts:
    outcomes = sorted((int(text, 16), count) for text, count in part["counts"].items())
    values, numbers = zip(*outcomes, strict=True)
    return Counts(np.array(values, dtype=np.uint64), np.array(numbers, dtype=np.int64), np.zeros(len(values), dtype=np.int64))


def _measured(setting: Setting) -> QuantumCircuit:
    circuit = gate_circuit(setting, setting.n_qubits)
    circuit.measure(range(setting.n_qubits), range(setting.n_qubits))
    return circuit
