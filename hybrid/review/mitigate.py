"""The ledger of error mitigation: every method tried at a run's last x, or for a circuit, at the same number of shots."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from hybrid import catalog
from hybrid.base.errors import HybridError, Interrupted, Stopped, UsageError
from hybrid.base.randomness import LedgerStream, RunStream, child
from hybrid.base.types import Expectation, Loss, Point, Problem, ProblemBase, Values
from hybrid.catalog.circuit_file import SUFFIXES
from hybrid.compilation.classical_bits import final_measurements
from hybrid.device.device import Device
from hybrid.measure.compile import Measuring
from hybrid.measure.composed import composed
from hybrid.measure.execution import Conditions
from hybrid.measure.sampling import named_circuit
from hybrid.measure.set_up import engine
from hybrid.review.error_budget import Amount
from hybrid.review.first_loss import first_loss
from hybrid.review.mitigation_ledger import NONE, Ledger, MethodRow, Refusal
from hybrid.runs import results_folder as runs
from hybrid.runs.loop import Cost
from hybrid.runs.loss import Measurement
from hybrid.runs.reopen import as_given, at_home, find
from hybrid.runs.setup import Chosen, as_begun, prepare
from hybrid.runs.spec import Spec

ECHO = "echo"
METHODS = (
    *(NONE, "readout", "trex", "twirl", "readout+twirl"),
    *("zne", "zne:model=linear", "zne:factors=1/3/5,model=richardson", "readout+zne", "trex+twirl+zne"),
    *("cdr", "readout+cdr", "pec", "trex+pec", "symmetry", "symmetry+zne"),
)
"""What is compared, besides the run's own methods and those that are asked for; the best one and none with `ECHO` too."""
DRAWS, FEW_DRAWS = 8, 2
"""A standard error is the root mean square of those of so many values, of which the first is shown."""
SHOTS = 1000
"""Of a value, where neither the run nor the user says."""
SIGNED_REALIZATIONS = 4096
"""Of a limit whose draws have signs (pec): they scatter so much that the usual number would say little."""
TRAINED_REALIZATIONS = 256
"""Of a limit whose training circuits have detunings of their own (cdr): it has their errors too."""
QUICK_QUBITS = 6
"""On more qubits there are fewer draws, the usual ones for training, and four times fewer signed ones for each qubit: a density
matrix takes so much longer."""

_NO_REFERENCE: dict[str, Any] = {"unit": "", "maximize": False, "exact": None, "baseline": None, "baseline_name": ""}


class _Subject(NamedTuple):
    """What is measured: compiled for methods, decoupling, shots and realizations; where; whether detunings are drawn; the other
    fields of a ledger."""

    compiled: Callable[[str, str, int, int | None], Measurement]
    x: Point
    sign: int
    detuned: bool
    about: dict[str, Any]


def mitigate(
    subject: QuantumCircuit | str | Path,
    *,
    device: str | None = None,
    observable: SparsePauliOp | str | None = None,
    bind: Mapping[str, float] | None = None,
    methods: Sequence[str] = (),
    shots: int | None = None,
    seed: int | None = None,
    realizations: int | None = None,
    results: str | Path = "results",
    watch: Callable[[str, int, int], None] = lambda method, done, total: None,
) -> Ledger:
    """The ledger of a run (`latest`, an id, a file) at its last x, or of a circuit (an object, a name, a file).

    `methods` are compared besides `METHODS`. A circuit's `observable` is one, or a problem, by name or as a file; else the mean
    of Z Z over neighbours. All values are the exact engine's. UsageError: a run or device without noise, an algorithm of more
    than one minimisation, what does not fit together.
    """
    also = ["+".join(map(at_home, text.split("+"))) for text in methods]
    if isinstance(subject, QuantumCircuit) or _names_circuit(str(subject)):
        circuit = subject if isinstance(subject, QuantumCircuit) else named_circuit(subject, bind)
        of_circuit = _of_circuit(circuit, device or "meluxina-q", observable)
        return _Comparison(of_circuit, shots or SHOTS, seed or 0, realizations, watch).ledger([*METHODS, *also])
    if device or observable or bind:
        raise UsageError("device, observable and bind go with a circuit; a run is compared as it was recorded.")
    recorded = runs.read(find(Path(results), subject))
    if recorded.x is None:
        raise UsageError(f"{recorded.path}: this run has no point yet; the command that began it continues it.")
    n, own_seed = shots or recorded.resolved["shots"] or SHOTS, recorded.resolved["seed"]
    with as_given(recorded) as given:
        of_run = _of_run(recorded, given)
        comparison = _Comparison(of_run, n, own_seed if seed is None else seed, realizations, watch)
        return comparison.ledger([*METHODS, given["mitigate"], *also])


def _names_circuit(word: str) -> bool:
    head = word.partition(":")[0]
    return Path(head).suffix.lower() in SUFFIXES or catalog.knows("circuits", head)


def _of_run(recorded: runs.Run, given: dict[str, Any]) -> _Subject:
    """The run's loss at its last x."""
    plain = {"backend": "exact", "gradient": "auto"} | dict.fromkeys(("max_evals", "max_iterations", "max_qpu"))
    asked_for: dict[str, Any] = given | plain
    prepared = as_begun(prepare(Spec(**asked_for)), recorded.start)
    spec, problem, x = prepared.spec, prepared.problem, np.array(recorded.x, dtype=float)
    _check_noise(prepared.device)
    loss, ansatz, ansatz_text = first_loss(prepared, len(x))

    def compiled(methods: str, dd: str, shots: int, realizations: int | None) -> Measurement:
        own = spec.realizations if shots and spec.shots else realizations
        asked = replace(spec, mitigate=methods, dd=dd, shots=shots, realizations=own)
        return Chosen(prepared._replace(spec=asked)).compile(loss, ansatz)

    title = f"{spec.algorithm} of {spec.problem}; ansatz {ansatz_text}"
    about = {"title": title, "id": recorded.start["id"], "dd": spec.dd, "evaluations": max(1, recorded.spent)}
    return _Subject(
        compiled, x, problem.sign, _is_detuned(prepared.device), about | _of_problem(problem) | _of_device(prepared.device)
    )


def _of_circuit(circuit: QuantumCircuit, device_name: str, observable: SparsePauliOp | str | None) -> _Subject:
    """The observable after a circuit without free parameters."""
    device = Device.load(device_name)
    _check_noise(device)
    if (split := final_measurements(circuit)) is None or circuit.num_parameters:
        raise UsageError("an expectation value is that of a circuit without free parameters, measured at its end if at all.")
    body, about = split[0], _NO_REFERENCE | {"quantity": "value"}
    name, sign = observable if isinstance(observable, str) else "an observable of one's own", 1
    if isinstance(observable, str):
        problem = catalog.load(catalog.parse("problems", observable))()
        if not isinstance(problem, Problem):
            raise UsageError(f"problem '{observable}' is no Hamiltonian, so it is no observable.")
        observable, sign, about = problem.hamiltonian, problem.sign, _of_problem(problem)
    elif observable is None:
        observable, name = _neighbours(body.num_qubits), "mean Z Z of neighbours"
    assert isinstance(observable, SparsePauliOp)
    loss = Loss((Expectation(body, observable),))

    def compiled(methods: str, dd: str, shots: int, realizations: int | None) -> Measurement:
        conditions = Conditions(shots, realizations, dd=dd)
        return Measurement(loss, (), device, engine(), Measuring(conditions, mitigate=methods))

    about |= {"title": f"{circuit.name}; {name}", "id": None, "dd": NONE, "evaluations": 1} | _of_device(device)
    return _Subject(compiled, np.zeros(0), sign, _is_detuned(device), about)


def _neighbours(n: int) -> SparsePauliOp:
    """The mean of Z_i Z_{i+1}; of one qubit, Z."""
    if n == 1:
        return SparsePauliOp("Z")
    return SparsePauliOp.from_sparse_list([("ZZ", [i, i + 1], 1 / (n - 1)) for i in range(n - 1)], n)


def _check_noise(device: Device) -> None:
    if not device.noisy:
        raise UsageError(f"device '{device.label}' has no noise to mitigate; take another one: --device meluxina-q.")


def _is_detuned(device: Device) -> bool:
    return device.dephasing == "quasistatic"


def _of_problem(problem: ProblemBase) -> dict[str, Any]:
    """A classifier's loss is no accuracy: nothing of the data goes with it."""
    if not isinstance(problem, Problem):
        return _NO_REFERENCE | {"quantity": "loss"}
    return {key: getattr(problem, key) for key in ("quantity", *_NO_REFERENCE)}


def _of_device(device: Device) -> dict[str, Any]:
    known = device.billing is not None or device.shot_cycle_s is not None
    return {"device": device.label, "physics": device.title, "caveat": device.caveat, "seconds_known": known}


@final
class _Comparison:
    """Tries method by method at one number of shots."""

    def __init__(
        self, subject: _Subject, shots: int, seed: int, realizations: int | None, watch: Callable[[str, int, int], None]
    ) -> None:
        self._subject, self._shots, self._seed, self._realizations = subject, shots, seed, realizations
        self._watch, self._root = watch, child(seed, RunStream.LEDGER)
        plain = subject.compiled(NONE, NONE, 0, None)
        self._ideal = subject.sign * plain.without_noise().values(subject.x[None], self._root)[0]
        wider = max(0, plain.programs[0].resources.n_qubits - QUICK_QUBITS)
        self._draws, self._signed = FEW_DRAWS if wider else DRAWS, SIGNED_REALIZATIONS >> 2 * wider
        self._rows: dict[tuple[str, str], MethodRow] = {}
        self._refused: list[Refusal] = []

    def ledger(self, methods: Sequence[str]) -> Ledger:
        """All of `methods`, then `ECHO` with none and with the best."""
        about, own = self._subject.about, self._subject.about["dd"]
        texts = [*{catalog.chain_text(text): text for text in methods}.values()]
        for n, text in enumerate(texts):
            self._watch(text, n, len(texts) + 2)
            self._try(text, own)
        best = min(self._rows, key=lambda key: self._at_equal_time(self._rows[key]))[0]
        for n, text in enumerate(dict.fromkeys((NONE, best)) if own == NONE else ()):
            self._watch(f"{text} with dd={ECHO}", len(texts) + n, len(texts) + 2)
            self._try(text, ECHO)
            if self._rows.get((text, ECHO)) == self._rows[text, own]._replace(dd=ECHO):
                del self._rows[text, ECHO]
                self._refused.append(Refusal(_shown(text), ECHO, "it changes nothing, for no qubit waits long enough."))
                break
        rows = sorted(self._rows.values(), key=self._at_equal_time)
        done = {"rows": tuple(rows), "refused": tuple(self._refused), "ideal": self._ideal}
        return Ledger(**about, **done, shots=self._shots, seed=self._seed)

    def _at_equal_time(self, row: MethodRow) -> float:
        return row.rms(row.seconds / self._rows[NONE, self._subject.about["dd"]].seconds)

    def _try(self, text: str, dd: str) -> None:
        """A row, or why there is none; without mitigation there must be one."""
        try:
            self._rows[text, dd] = self._row(text, dd)
        except (Interrupted, Stopped):
            raise
        except HybridError as error:
            if text == NONE and dd == self._subject.about["dd"]:
                raise
            self._refused.append(Refusal(_shown(text), dd, str(error)))

    def _row(self, text: str, dd: str) -> MethodRow:
        subject, points = self._subject, np.tile(self._subject.x, (self._draws, 1))
        limit = self._limit(text, dd)
        measured = subject.compiled(text, dd, self._shots, None)
        calibrated = measured.with_calibrations(measured.calibrations(child(self._root, LedgerStream.CALIBRATION), {}))
        drawn = calibrated.values(points, child(self._root, LedgerStream.VALUES))
        cost, once = calibrated.cost(Values(subject.x, points[:1], 0)), measured.calibration_cost({})
        return MethodRow(
            mitigate=_shown(text),
            dd=dd,
            value=Amount(subject.sign * drawn[0], float(drawn.stderr[0])),
            stderr=float(np.sqrt(np.mean(drawn.stderr**2))),
            limit=limit.value,
            bias=Amount(limit.value - self._ideal, limit.stderr),
            circuits=calibrated.circuits,
            shots=cost.shots,
            calibration_shots=once.shots,
            seconds=_seconds(cost) + _seconds(once) / subject.about["evaluations"],
        )

    def _limit(self, text: str, dd: str) -> Amount:
        """The value of infinitely many shots, at the detunings of all methods."""
        measured = self._subject.compiled(text, dd, 0, self._realizations or self._usual_realizations(text))
        seed, detunings = child(self._root, LedgerStream.LIMIT), child(self._root, LedgerStream.DETUNINGS)
        losses = measured.values(self._subject.x[None], seed, detunings)
        return Amount(self._subject.sign * losses[0], float(losses.stderr[0]))

    def _usual_realizations(self, text: str) -> int | None:
        """None where the usual number is enough, or all that there is time for."""
        mitigation = composed(text)
        if mitigation.training and self._subject.detuned and self._draws == DRAWS:
            return TRAINED_REALIZATIONS
        twirl = mitigation.twirl
        return self._signed if twirl is not None and twirl.inverse and twirl.instances < self._signed else None


def _shown(text: str) -> str:
    """Methods as they are written, folders of files left out."""
    parts = [part.partition(":") for part in text.split("+")]
    return "+".join(Path(head).name + colon + rest for head, colon, rest in parts)


def _seconds(cost: Cost) -> float:
    """As billed, or shots x shot cycle; shots where nothing says how long they take."""
    if cost.bill is not None:
        return cost.bill.seconds.value
    return float(cost.shots) if cost.qpu_seconds is None else cost.qpu_seconds
