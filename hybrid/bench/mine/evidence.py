"""What a backend is judged by: outcome probabilities of the run's own circuits, at common angles and common detunings.

Two rows of angles: those of the run's start, and one where every gate has a random angle of its own. The second has no symmetry
left, so that reversed qubits and negated angles show even where the Hamiltonian has one. Each row has detunings of its own.
Readout errors come after the simulation and are this package's own: they are left out.
"""

from typing import Any

import numpy as np
from jaxtyping import Float

from hybrid.base.errors import MissingPart, UsageError
from hybrid.base.randomness import EvidenceStream, child
from hybrid.base.types import Angles, Backend
from hybrid.bench.mine.questions import FirstStage, StageSession
from hybrid.measure.compile import Measuring, compile_query
from hybrid.measure.execution import Conditions, Execution
from hybrid.measure.program import Program
from hybrid.measure.set_up import engine, set_up

ROWS = 2
LEAST_SHOTS = 1000
"""Shots of each circuit of a backend that has no exact probabilities, where the run takes fewer."""
MOST_OUTCOMES = 2**14
"""Of wider circuits the probabilities of so many outcomes are compared, the same random ones of every backend."""
MOST_QUBITS, MOST_NOISY_QUBITS = 20, 12
"""Wider circuits are not judged by probabilities."""


def evidence(session: StageSession, backend: Backend, seed: np.random.SeedSequence) -> dict[str, Any]:
    """Per query of the loss `exact`, probabilities (rows, circuits, outcomes), or `counts` with their `shots`; as plain JSON.

    UsageError for circuits that the backend cannot simulate, and for too wide ones.
    """
    stage = session.stage
    width, most = stage.ansatz.circuit.num_qubits, MOST_NOISY_QUBITS if session.device.noisy else MOST_QUBITS
    if width > most:
        raise UsageError(f"{width} qubits: no reference on more than {most}")
    return {"queries": [_of_query(session, stage, i, backend, child(seed, i)) for i in range(len(stage.loss.queries))]}


def _of_query(
    session: StageSession, stage: FirstStage, i: int, backend: Backend, seed: np.random.SeedSequence
) -> dict[str, Any]:
    spec, device = session.spec, session.device
    shots = max(LEAST_SHOTS, spec.shots)
    conditions = Conditions(shots, None, spec.threads, spec.dd)
    every = (*stage.ansatz.circuit.parameters, *stage.loss.features)
    program = compile_query(stage.loss.queries[i], every, device, engine(), Measuring(conditions, spec.grouping))
    recipe = program.execution.recipe
    try:
        exactly = conditions._replace(shots=0)
        execution = set_up(recipe.isa, recipe.circuits, device, backend, exactly, as_listed=True)
    except MissingPart:
        raise
    except UsageError:  # trajectories and machines have counts alone
        execution = set_up(recipe.isa, recipe.circuits, device, backend, conditions, as_listed=True)
    rows = _rows(program, execution, stage, seed)
    if execution.shots.size:
        return {"counts": _counts(execution, rows, shots, seed), "shots": shots, "n_qubits": execution.resources.n_qubits}
    probabilities = execution.runner.distributions(rows)
    return {"exact": _some(probabilities).tolist(), "n_qubits": execution.resources.n_qubits}


def _rows(program: Program, execution: Execution, stage: FirstStage, seed: np.random.SeedSequence) -> Angles:
    """Angles (ROWS, m): the run's start and random ones, each with detunings of its own."""
    rng = np.random.default_rng(seed)
    features = np.zeros(len(stage.loss.features)) if stage.loss.samples is None else stage.loss.samples[0]
    own = program.angle_map(np.concatenate([stage.start, features])[None])
    angles = np.concatenate([own, rng.uniform(-np.pi, np.pi, own.shape)])
    if execution.detuned is None:
        return angles
    detunings = execution.detuned.draws.quadrature(1, child(seed, EvidenceStream.DETUNINGS))[:ROWS]
    return np.concatenate([angles, execution.detuned.angles(detunings)], axis=1)


def _some(probabilities: Float[np.ndarray, "k s d"]) -> Float[np.ndarray, "k s d"]:
    d = probabilities.shape[-1]
    if d <= MOST_OUTCOMES:
        return probabilities
    return probabilities[..., np.sort(np.random.default_rng(0).choice(d, MOST_OUTCOMES, replace=False))]


def _counts(execution: Execution, rows: Angles, shots: int, seed: np.random.SeedSequence) -> list[list[list[list[int]]]]:
    """Pairs of outcome and number, per row and circuit."""
    settings = len(execution.recipe.circuits)
    of_circuits = np.full((1, settings), shots)
    seeds = [[child(seed, row, s) for s in range(settings)] for row in range(len(rows))]
    counts = execution.runner.counts(rows, of_circuits, seeds)
    return [[[[int(x), int(n)] for x, n in zip(c.outcomes, c.counts, strict=True)] for c in of_row] for of_row in counts]
