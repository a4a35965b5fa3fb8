"""What a result's distance from the exact value is made of: ansatz, optimiser, noise and chance, at the run's own final point.

value - exact = (local optimum - exact) + (ideal - local optimum) + (infinite shots - ideal) + (value - infinite shots).
"""

from typing import Any

import numpy as np

from hybrid.base.errors import HybridError
from hybrid.base.own_physics import OWN_PHYSICS
from hybrid.base.randomness import DevicesStream, RunStream, child
from hybrid.base.types import NO_MITIGATION, Dataset, Point, Problem, Solution
from hybrid.device.device import Device
from hybrid.runs.device_interval import left_out
from hybrid.runs.loss import Measurement

MOST_QUBITS, MITIGATED_QUBITS = 14, 6
"""Up to so many qubits noise-free values are computed, a state of 16,384 numbers, milliseconds for each evaluation; and those
of infinitely many shots with error mitigation, whose circuits are many and longer."""
MOST_SECONDS = 9.0
"""CPU time of the values with noise, by the upper estimate, which is a matter of the circuits alone: half of what a device
interval may take. Where two values would take longer, the one without readout errors is left out."""
DESCENT = 20
"""Quasi-Newton steps to the local optimum: where more are needed, the optimiser was far from it anyway."""
MOST_DESCENT_WORK = 2e8
"""Gates times amplitudes of the descent's circuit: about five seconds of CPU time for all its gradients (measured)."""
NO_SEED = np.random.SeedSequence(0)
READOUT = frozenset({"readout"})


def error_parts(
    measurement: Measurement, solution: Solution, problem: Problem | Dataset, device: Device, seed: np.random.SeedSequence
) -> dict[str, Any]:
    """The parts as they are recorded, in the reported sign and unit; or why they are left out.

    `ideal` is the loss at x without noise and shots, `reachable` that of the local optimum near x (None where computing it
    would take too long), `infinite_shots` the loss on the device, `without_readout` the same but for readout errors (None
    without noise, or where it takes too long). `ansatz` and `optimizer` are None where the exact value is unknown; without
    `reachable` the optimiser's part contains the ansatz's. `shots` is chance: shots, or without them the drawn detunings.
    Nothing new is drawn: detunings are those of the device interval.
    """
    programs, sign = measurement.programs, problem.sign
    sampled = any(program.execution.shots.size for program in programs)
    if programs[0].resources.physics.startswith(OWN_PHYSICS):
        return left_out("the backend's noise is its own")
    mitigated = measurement.mitigation._replace(readout="") != NO_MITIGATION
    most = MITIGATED_QUBITS if mitigated else MOST_QUBITS
    if max(program.resources.n_qubits for program in programs) > most:
        return left_out(f"more than {most} qubits")
    each_s = measurement.seconds_per_device() if device.noisy else 0.0
    if each_s > MOST_SECONDS:
        return left_out("it would take too long for this loss")
    value, x, without_readout = sign * solution.value, solution.x, None
    try:
        plain = measurement.without_noise()
        ideal = infinite = sign * plain.values(x[None], NO_SEED)[0] if device.noisy or sampled else value
        detunings = child(seed, RunStream.DEVICES, DevicesStream.DETUNINGS)
        if mitigated:
            infinite = sign * float(measurement.with_infinite_shots().values(x[None], detunings)[0])
        elif device.noisy:
            infinite = sign * float(measurement.on_devices(x, [device], detunings)[0])
            if 2 * each_s <= MOST_SECONDS:
                without_readout = sign * float(measurement.on_devices(x, [device], detunings, READOUT)[0])
        reachable = _reachable(plain, x, problem, ideal)
    except HybridError as error:  # readout that cannot be corrected, say; the run's own result stands
        return left_out(str(error))
    return {
        "ideal": ideal,
        "reachable": reachable,
        "infinite_shots": infinite,
        "without_readout": without_readout,
        "ansatz": None if problem.exact is None or reachable is None else reachable - problem.exact,
        "optimizer": None if problem.exact is None else ideal - (problem.exact if reachable is None else reachable),
        "noise": infinite - ideal,
        "shots": value - infinite,
    }


def _reachable(plain: Measurement, x: Point, problem: Problem | Dataset, ideal: float) -> float | None:
    """The loss where a quasi-Newton descent from x ends, without noise, in the reported sign; None where it takes too long."""
    work = sum(sum(p.resources.gates.values()) * 2.0**p.resources.n_qubits for p in plain.programs)
    if not x.size or work * DESCENT > MOST_DESCENT_WORK:
        return None
    from scipy.optimize import minimize

    def loss(at: Point) -> tuple[float, Point]:
        answer = plain.gradient(at, NO_SEED)
        return answer.loss, answer.gradient

    found = minimize(loss, x, jac=True, method="L-BFGS-B", options={"maxiter": DESCENT})
    return problem.sign * min(float(found.fun), problem.sign * ideal)
