"""Simulators that are honest, wrong, broken or hostile, and a workload that tells them apart: outside members."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from hybrid.bench.job import Answer, Job, Step, Verdict, Workload

MATRICES = {
    "h": np.array([[1, 1], [1, -1]]) / np.sqrt(2),
    "x": np.array([[0, 1], [1, 0]]),
    "y": np.array([[0, -1j], [1j, 0]]),
    "z": np.diag([1, -1]),
    "cx": np.array([[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]]),
}


def matrix(step: Step, angle: float):
    """Of h, x, y, z, ry, rx and cx, the first qubit being the lowest bit."""
    if step.name in MATRICES:
        return MATRICES[step.name]
    pauli = MATRICES[step.name[1]]
    return np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * pauli


def state(job: Job, point, sign: float = 1.0):
    """The final state, axis 0 the highest qubit."""
    n = job.n_qubits
    psi = np.zeros((2,) * n, complex)
    psi[(0,) * n] = 1
    for step in job.steps:
        angle = sign * (step.angle + (step.scale * point[step.parameter] if step.parameter >= 0 else 0.0))
        axes = [n - 1 - q for q in reversed(step.qubits)]
        k = len(axes)
        gate = matrix(step, angle).reshape((2,) * (2 * k))
        psi = np.moveaxis(np.tensordot(gate, psi, (range(k, 2 * k), axes)), range(k), axes)
    return psi


def expectation(psi, terms):
    """<psi| sum of Pauli strings |psi>."""
    total = 0.0
    for pauli, weight in terms:
        moved = psi
        for axis, letter in enumerate(pauli):
            if letter != "I":
                moved = np.moveaxis(np.tensordot(MATRICES[letter.lower()], moved, (1, axis)), 0, axis)
        total += weight * np.vdot(psi, moved).real
    return total


class Fake:
    """Dense simulation in NumPy, and one thing wrong with it."""

    def __init__(self, mode: str, delay_s: float, hold_mb: int) -> None:
        self.mode, self.delay_s, self.hold_mb, self.translations = mode, delay_s, hold_mb, 0

    def load(self):
        if self.mode == "absent":
            import a_simulator_that_nobody_has  # noqa: F401  # pyright: ignore
        return {"fake": "1.0"}

    def refusal(self, job):
        return "it does no such thing" if self.mode == "refuse" else None

    def translate(self, job):
        self.translations += 1
        if self.mode == "once" and self.translations > 1:
            raise ValueError("translated twice")
        if self.mode == "threads" and os.environ["OMP_NUM_THREADS"] != str(job.threads):
            raise ValueError("threads are not as they were asked")
        return job

    def compile(self, native, job):
        if self.mode == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.mode == "exit":
            print("last words")
            sys.stdout.flush()
            os._exit(3)
        if self.mode == "raise":
            raise ValueError("nothing fits")
        if self.mode == "bad_alloc":
            raise MemoryError("std::bad_alloc")
        if self.mode == "held":  # the first process goes on; every later one waits as long as the file is there
            folder = Path(os.environ["HYBRID_FAKE_FOLDER"])
            while (folder / "first").exists() and (folder / "held").exists():
                time.sleep(0.02)
            (folder / "first").touch()
        return lambda: self.answer(job)

    def answer(self, job):
        held = np.ones(self.hold_mb * 2**17)  # noqa: F841  # 8 bytes each
        if self.mode == "hang":
            time.sleep(3600)
        if self.mode == "leak":
            held = []
            while True:
                held.append(np.ones(2**20))
        if self.mode == "helper":  # what the process itself holds stays small
            script = "import time; held = bytearray(2**29); time.sleep(3600)"
            folder = os.environ["HYBRID_FAKE_FOLDER"]
            subprocess.run([sys.executable, "-c", script, folder], start_new_session=True, check=True)
        if self.mode == "garbage":
            print('{"status": "ok", "answers": []}\x00\xff garbage', flush=True)
            os.write(1, b"\xff\xfe{]\n" * 1000)
        if self.delay_s:
            end = time.perf_counter() + self.delay_s
            while time.perf_counter() < end:
                pass
        n = job.n_qubits
        values = np.empty((len(job.points), len(job.observables)))
        for i, point in enumerate(job.points):
            psi = state(job, point, -1.0 if self.mode == "negated" else 1.0)
            if self.mode == "reversed":
                psi = psi.transpose(range(n)[::-1])
            values[i] = [expectation(psi, terms) for terms in job.observables]
        if self.mode == "zeros":
            values[:] = 0
        if self.mode == "nan":
            values[:] = np.nan
        if self.mode == "shape":
            values = values[:, :0]
        if self.mode == "drift":  # right at first, wrong when called again: only the timed answers show it
            self.mode = "zeros"
        return Answer(values=values)


def fake(*, mode: str = "honest", delay_s: float = 0.0, hold_mb: int = 0):
    """A simulator with something wrong."""
    return Fake(mode, delay_s, hold_mb)


def plain(*, n: int = 3, judged: bool = True, broken: bool = False):
    """A circuit without symmetry, and witnesses with Y terms."""
    steps = [Step("ry", (k,), 0.3 + 0.4 * k) for k in range(n)]
    steps += [Step("cx", (k, k + 1)) for k in range(n - 1)] + [Step("rx", (k,), 0.2, 0, 1.0 + k) for k in range(n)]
    observables = ((("Y" + "Z" * (n - 1), 1.0), ("X" * n, 0.5)), (("I" * (n - 1) + "Y", 1.0),))
    job = Job(n, tuple(steps), "expectations", observables, points=((0.7,), (-0.4,)))
    expected = np.array([[expectation(state(job, p), terms) for terms in observables] for p in job.points])

    def check(answer):
        if broken:
            raise RuntimeError("no reference today")
        error = float(np.abs(answer.values - expected).max())
        return Verdict(error <= 1e-9 if judged else None, error, 1e-9, "largest error", "L1", "NumPy")

    return Workload(job, 1, check)
