"""The exact engine compared with other simulators: medians of ratios, measured side by side in this one run.

    python examples/benchmarks/engine.py [pure] [markov] [quasistatic] [width] [session] [--quick] [--slow]

EfficientSU2 with three layers and linear entanglement (80 parameters on ten qubits), the critical Ising chain; one thread,
double precision, seconds of processor time (`session`: of whole processes, wall time beside it).

- pure: without noise, against qulacs and PennyLane's lightning.qubit (adjoint).
- markov: the stand-in for MeluXina-Q with dephasing=markov on a chain, against Aer and, with --slow, PennyLane's
  default.mixed (a lighter noise, see there) and TensorCircuit-NG, each in a process of its own and without its minutes of
  compiling.
- quasistatic: the stand-in as it is; what a mean over detunings costs and leaves open.
- width: cost against the number of qubits.
- session: `hybrid run` of 200 iterations against the same as a PennyLane script, `vqe_lightning.py`.

It compares with what is installed (pip install qulacs pennylane tensorcircuit-ng jax) and names what is not. A floor is what
the arithmetic or the traffic of the fused circuit takes at the speed of one large product or copy, whichever is more.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before anything loads a BLAS
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import NamedTuple

import engine_peers as peers
import numpy as np
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.types import Expectation, Runner, Task
from hybrid.device.device import Device
from hybrid.measure.compile import Measuring, compile_query
from hybrid.measure.execution import Conditions
from hybrid.measure.program import Program
from hybrid.simulators.aer import aer
from hybrid.simulators.engine.fuse import plan
from hybrid.simulators.engine.maps import PAULI, PURE, elements
from hybrid.simulators.engine.outcome_weights import weighted_plan
from hybrid.simulators.engine.sites import Site
from hybrid.simulators.exact import exact

Call = peers.Call
HERE = Path(__file__).resolve().parent
SLOW = {"default.mixed": "pennylane", "tensorcircuit": "tensorcircuit", "tensorcircuit-single": "tensorcircuit"}


# --- Measuring -------------------------------------------------------------------------------------------------------


def seconds(call: Call, number: int) -> float:
    """Processor time of one call, of `number` in a row."""
    begun = time.process_time()
    for _ in range(number):
        call()
    return (time.process_time() - begun) / number


def number_of(call: Call) -> int:
    """Calls that take some ten milliseconds; the first one, which may prepare things, is not counted."""
    call()
    return max(1, int(0.01 / max(seconds(call, 1), 1e-5)))


def median(call: Call, repeats: int) -> float:
    """Of repeats, the first call left out."""
    number = number_of(call)
    return statistics.median(seconds(call, number) for _ in range(repeats))


def compare(ours: Call, others: dict[str, Call], repeats: int) -> float:
    """Print for each other its median and the median over pairs of theirs/ours; ours is returned."""
    mine, many = median(ours, repeats), number_of(ours)
    print(f"   exact engine               {1e3 * mine:10.3f} ms")
    for name, call in others.items():
        number = number_of(call)
        pairs = [(seconds(ours, many), seconds(call, number)) for _ in range(repeats)]
        ratio, middle = (statistics.median(b / a for a, b in pairs), statistics.median(b for _, b in pairs))
        print(f"   {name:26} {1e3 * middle:10.3f} ms   {ratio:8.2f} times ours")
    return mine


class Floor(NamedTuple):
    """What a forward pass multiplies and moves; a way back does both three times."""

    flops: float
    bytes: float
    d: int

    def show(self, measured: float, passes: int, repeats: int) -> None:
        """The floor of so many passes beside what was measured, so often."""
        kind = np.complex128 if self.d == PURE else np.float64
        block, state = np.ones((256, 256), kind), np.ones((256, 1024), kind)
        out, each = np.empty_like(state), 8 if self.d == PURE else 2
        rate = each * 256 * 256 * 1024 / median(lambda: np.matmul(block, state, out=out), min(repeats, 5))
        speed = 2 * state.nbytes / median(lambda: np.copyto(out, state), 4 * min(repeats, 5))
        least = passes * max(self.flops / rate, self.bytes / speed)
        work, traffic = passes * self.flops / 1e6, passes * self.bytes / 1e6
        print(f"   floor: {work:.3g} Mflop at {rate / 1e9:.0f} Gflop/s, {traffic:.3g} MB at {speed / 1e9:.0f} GB/s", end="")
        print(f": {1e3 * least:.3g} ms, distance {measured / least:.3g}")


def floor_of(task: Task, weights: np.ndarray | None = None) -> Floor:
    """Of one point; with weights, of a sweep that sums over outcomes as it reads them."""
    d = PAULI if task.noisy else PURE
    numbers = {angle: place for place, angle in enumerate(task.angles)}
    blocks = plan([elements(setting, numbers, d) for setting in task.settings], d)
    items = list((blocks if weights is None else weighted_plan(blocks, weights).plan).items)
    number, each = (16, 8) if d == PURE else (8, 2)
    sites = [item for item in items if isinstance(item, Site)]
    flops = each * sum(site.size * prod(site.before) for site in sites)
    return Floor(flops, 2 * number * sum(item.size for item in items), d)


# --- Tasks -----------------------------------------------------------------------------------------------------------


def ising(n: int) -> SparsePauliOp:
    """-sum Z Z - sum X on a chain."""
    terms = [("ZZ", [q, q + 1], -1.0) for q in range(n - 1)] + [("X", [q], -1.0) for q in range(n)]
    return SparsePauliOp.from_sparse_list(terms, n)


class Catching:
    """The exact backend, which remembers the task that it was given."""

    def __init__(self) -> None:
        self.compile, self.memory_bytes, self.describe = self._compile, exact().memory_bytes, exact().describe

    def _compile(self, task: Task) -> Runner:
        self.task = task
        return exact().compile(task)


def compiled(n: int, device: Device, realizations: int | None = None) -> tuple[Task, Program]:
    """What a backend is given for the chain's energy, and the program around it."""
    circuit, backend = efficient_su2(n, reps=3, entanglement="linear"), Catching()
    measuring = Measuring(Conditions(realizations=realizations))
    program = compile_query(Expectation(circuit, ising(n)), tuple(circuit.parameters), device, backend, measuring)
    return backend.task, program


def task_of(n: int, device: str) -> Task:
    """The task alone."""
    return compiled(n, Device.load(device))[0]


def noisy(n: int, dephasing: str) -> tuple[Task, np.ndarray, np.ndarray]:
    """Task, angles of one point, and what every outcome of every setting adds to the energy."""
    task, program = compiled(n, Device.load("meluxina-q", dephasing=dephasing) if n <= 10 else wide(n))
    outcomes = np.arange(2**n, dtype=np.uint64)
    weights = np.array([group.eigenvalues(outcomes, None) for group in program.groups])
    assert program.execution.readout is not None
    return (
        task,
        np.random.default_rng(0).uniform(-np.pi, np.pi, len(task.angles)),
        program.execution.readout.pulled_back(weights),
    )


def wide(n: int) -> Device:
    """The stand-in with its chain prolonged, its Markovian part alone: qubits beyond the tenth repeat the last four."""
    text = (Path(sys.modules["hybrid"].__file__ or "").parent / "devices" / "meluxina-q.toml").read_text()
    text = text.replace("[n_qubits]\nvalue = 10", f"[n_qubits]\nvalue = {n}").replace("HHHHHHAAAA", "A")
    for key in ("t2_star", "t2_echo"):
        head, rest = text.split(f"[{key}]\nvalue = [")
        entries, rest = rest.split("]", 1)
        numbers = entries.split(", ")
        text = f"{head}[{key}]\nvalue = [{', '.join((numbers + numbers[-4:] * n)[:n])}]{rest}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wide.toml"
        path.write_text(text)
        return Device.load(str(path), dephasing="markov")


# --- The tables ------------------------------------------------------------------------------------------------------


def our_calls(task: Task, angles: np.ndarray, weights: np.ndarray | None = None) -> tuple[Call, Call]:
    """Energy, and energy and gradient."""
    runner, rows = exact().compile(task), angles[None]
    energy = runner.distributions if task.noisy else runner.expectations
    return lambda: energy(rows), lambda: runner.differentiate(rows, weights)


def pure(sizes: Sequence[int], repeats: int) -> None:
    """Without noise."""
    for n in sizes:
        task = task_of(n, "ideal")
        angles = np.random.default_rng(0).uniform(-np.pi, np.pi, len(task.angles))
        ours, theirs = our_calls(task, angles), [dict[str, Call](), dict[str, Call]()]
        if find_spec("qulacs"):
            theirs[0]["qulacs"], theirs[1]["qulacs"] = peers.qulacs_calls(n, angles)
        if find_spec("pennylane_lightning"):
            theirs[0]["lightning"], theirs[1]["lightning, adjoint"] = peers.lightning_calls(n, angles)
        for what, own, others, passes in zip(("energy", "energy and gradient"), ours, theirs, (1, 3), strict=True):
            print(f"\nno noise, {n} qubits, {len(angles)} parameters: {what}")
            floor_of(task).show(compare(own, others, repeats), passes, repeats)


def markov(n: int, repeats: int, *, slow: bool) -> None:
    """Relaxation, echo dephasing, gate and readout errors."""
    task, angles, weights = noisy(n, "markov")
    (energy_call, gradient_call), density = our_calls(task, angles, weights), aer(method="density_matrix").compile(task)
    steps = sum(len(setting.steps) for setting in task.settings)
    print(f"\nstand-in, markov, {n} qubits, {len(task.settings)} settings of {steps // len(task.settings)} steps: energy")
    theirs = {
        "Aer, errors as gates": lambda: density.distributions(angles[None]),
        "Aer, NoiseModel": peers.noise_model_call(task, angles),
    }
    for name, call in theirs.items():  # Aer drops below 1e-8
        assert np.abs(np.reshape(call(), weights.shape) - energy_call()[0]).max() < 1e-7, name
    energy = compare(energy_call, theirs, repeats)
    floor_of(task).show(energy, 1, repeats)
    print("energy and gradient")
    gradient = compare(gradient_call, {}, repeats)
    floor_of(task, weights).show(gradient, 3, repeats)
    fastest, shifted = min(median(call, min(repeats, 3)) for call in theirs.values()), 1 + 2 * len(angles)
    print(f"   in our energies                        {gradient / energy:8.2f}")
    print(f"   parameter shift on Aer: {shifted} energies    {shifted * fastest / gradient:8.0f} times ours (extrapolated)")
    for name, module in SLOW.items():
        if slow and find_spec(module) and find_spec("jax"):
            sys.stdout.flush()
            subprocess.run([sys.executable, str(HERE / "engine_peers.py"), name, str(n), str(repeats)], check=True)


def quasistatic(n: int, counts: tuple[int, int], repeats: int) -> None:
    """Detunings, residual exchange and everything else, 0.1 rad around |0...0>, where runs start."""
    task, angles, weights = noisy(n, "markov")
    unit = median(our_calls(task, angles, weights)[1], repeats)
    print(f"\nstand-in, quasistatic, {n} qubits; a markov gradient takes {1e3 * unit:.2f} ms")
    x, errors = np.random.default_rng(0).normal(0, 0.1, 8 * n), list[float]()
    for count in counts:
        _, program = compiled(n, Device.load("meluxina-q"), count)
        calls = {"energy": lambda p=program: p.values(x[None], seed=0), "gradient": lambda p=program: p.gradient(x, seed=0)}
        for what, call in calls.items():
            taken = median(call, repeats)
            print(f"   {count} detunings, {what:9} {1e3 * taken:10.1f} ms, {1e3 * taken / count:6.2f} ms each;", end="")
            print(f"{taken / unit:8.1f} markov gradients")
        found = [program.values(x[None], detuning_seed=seed) for seed in range(repeats)]
        errors.append(statistics.median(float(stderr[0] / abs(values[0])) for values, stderr in found))
        print(f"   {count} detunings, realization error {errors[-1]:.1e} of |E|")
    power = np.log(errors[0] / errors[1]) / np.log(counts[1] / counts[0])
    print(
        f"   it falls as detunings^-{power:.2f}: 1e-3 takes about {counts[1] * (errors[1] / 1e-3) ** (1 / power):.0f} of them"
    )


def width(noise: Sequence[int], bare: Sequence[int], repeats: int) -> None:
    """Growth per qubit, beside that of a state that is held in full."""
    for label, sizes, ideal in (("stand-in, markov", noise, 4), ("no noise", bare, 2)):
        print(f"\ncost against width, {label}: energy, energy and gradient; growth per qubit (ideal: {ideal})")
        last: tuple[int, list[float]] | None = None
        for n in sizes:
            task = noisy(n, "markov") if ideal == 4 else (task_of(n, "ideal"), np.linspace(-3, 3, 8 * n), None)
            now = [median(call, repeats) for call in our_calls(*task)]
            growth = (
                ""
                if last is None
                else "".join(f"{(b / a) ** (1 / (n - last[0])):8.2f}" for a, b in zip(last[1], now, strict=True))
            )
            print(f"   {n:3} qubits {1e3 * now[0]:10.3f} ms {1e3 * now[1]:10.3f} ms {growth}", flush=True)
            last = n, now


def session(iterations: int, repeats: int) -> None:
    """Whole processes, imports and record included, both packages compiled to bytecode as an installation is."""
    ours = [*(sys.executable, "-m", "hybrid", "run", "vqe", "tfim:n=10", "--backend", "exact", "--exact", "--json", "--ansatz")]
    ours += [
        "efficient_su2:reps=3,entanglement=linear",
        "--optimizer",
        "adam:learning_rate=0.05",
        "--max-iterations",
        str(iterations),
    ]
    theirs = [sys.executable, str(HERE / "vqe_lightning.py"), str(iterations)]
    if not find_spec("pennylane_lightning"):
        return
    print(f"\nwhole processes: {iterations} iterations of adam on ten qubits")
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = bytecode
        for command in (ours, theirs):
            process(command, environment)  # writes it
        pairs = [(process(ours, environment), process(theirs, environment)) for _ in range(repeats)]
    for place, label in ((0, "wall"), (1, "processor")):
        mine, other = (statistics.median(pair[who][place] for pair in pairs) for who in (0, 1))
        ratio = statistics.median(b[place] / a[place] for a, b in pairs)
        print(f"   {label:9} time: hybrid run {mine:7.2f} s, PennyLane lightning {other:7.2f} s   {ratio:6.2f} times ours")


def process(command: Sequence[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall and processor time of a command in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return time.perf_counter() - begun, spent


def main() -> None:
    """Print the tables that are asked for, or all."""
    quick, slow = "--quick" in sys.argv, "--slow" in sys.argv
    asked = [word for word in sys.argv[1:] if not word.startswith("--")]
    for name in ("qulacs", "pennylane", "tensorcircuit", "jax"):
        if not find_spec(name):
            print(f"not installed: {name}")
    print(f"one thread, double precision; medians; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    tables: dict[str, Callable[[], None]] = {
        "pure": lambda: pure((4,) if quick else (4, 10, 16), 1 if quick else 11),
        "markov": lambda: markov(4 if quick else 10, 1 if quick else 7, slow=slow),
        "quasistatic": lambda: quasistatic(3 if quick else 10, (16, 64) if quick else (64, 512), 1 if quick else 5),
        "width": lambda: width((4, 5) if quick else range(4, 13), (4, 6) if quick else range(4, 21, 2), 1 if quick else 7),
        "session": lambda: session(3 if quick else 200, 1 if quick else 5),
    }
    for name, table in tables.items():
        if not asked or name in asked:
            table()


if __name__ == "__main__":
    main()
