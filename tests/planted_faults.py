"""Planted mistakes that simulators and translations make. A check that does not detect them is useless."""

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from hybrid.bench.job import NOISE, ROTATIONS, Answer, Job, Step

_OTHER_WAY = {"s": "sdg", "sdg": "s", "t": "tdg", "tdg": "t"}


def reversed_qubits(job: Job) -> Job | None:
    """Qubit q taken for qubit n - 1 - q in the circuit, and not in the observables."""
    last = job.n_qubits - 1
    turned = (
        s._replace(qubits=tuple(last - q for q in s.qubits), condition=last - s.condition if s.condition >= 0 else -1)
        for s in job.steps
    )
    return job._replace(steps=tuple(turned))


def negated_angles(job: Job) -> Job | None:
    """Rotations by the negative angle, as in the other sign convention; without rotations T is inverted, without T S."""
    names = {step.name for step in job.steps}
    for kind in (ROTATIONS, ("t", "tdg"), ("s", "sdg")):
        if names & set(kind):
            return job._replace(steps=tuple(_negated(step) if step.name in kind else step for step in job.steps))
    return None


def _negated(step: Step) -> Step:
    return step._replace(name=_OTHER_WAY.get(step.name, step.name), angle=-step.angle, scale=-step.scale)


def halved_scale(job: Job) -> Job | None:
    """Every parameter taken at half its scale."""
    if all(step.parameter < 0 for step in job.steps):
        return None
    return job._replace(steps=tuple(s._replace(scale=s.scale / 2) for s in job.steps))


def missing_gate(job: Job) -> Job | None:
    """One two-qubit gate, two thirds through, left out."""
    places = [i for i, step in enumerate(job.steps) if step.name in ("cx", "cz")]
    gap = places[2 * len(places) // 3]
    return job._replace(steps=job.steps[:gap] + job.steps[gap + 1 :])


def exchanged_control(job: Job) -> Job | None:
    """Every CX with its control and target exchanged."""
    return job._replace(steps=tuple(s._replace(qubits=s.qubits[::-1]) if s.name == "cx" else s for s in job.steps))


def no_noise(job: Job) -> Job | None:
    """Error channels silently ignored."""
    kept = tuple(step for step in job.steps if step.name not in NOISE)
    return None if kept == job.steps else job._replace(steps=kept)


def more_noise(job: Job) -> Job | None:
    """Every error channel stronger by one per cent."""
    more = tuple(
        step._replace(angle=1.01 * step.angle, scale=1.01 * step.scale) if step.name in NOISE else step for step in job.steps
    )
    return None if more == job.steps else job._replace(steps=more)


def ignored_feed_forward(job: Job) -> Job | None:
    """Conditional gates are never applied."""
    kept = tuple(step for step in job.steps if step.condition < 0)
    return None if kept == job.steps else job._replace(steps=kept)


def forced_feed_forward(job: Job) -> Job | None:
    """Conditional gates are always applied."""
    forced = tuple(step._replace(condition=-1) for step in job.steps)
    return None if forced == job.steps else job._replace(steps=forced)


JOBS: Mapping[str, Callable[[Job], Job | None]] = {
    "reversed qubits": reversed_qubits,
    "negated angles": negated_angles,
    "halved scale": halved_scale,
    "missing gate": missing_gate,
    "exchanged control": exchanged_control,
    "no noise": no_noise,
    "noise wrong by 1 %": more_noise,
    "ignored feed-forward": ignored_feed_forward,
    "forced feed-forward": forced_feed_forward,
}
"""The wrong job for a right simulator; None where the fault does not apply."""


def zeros(job: Job, answer: Answer) -> Answer | None:
    """Nothing simulated: every value 0, every shot the outcome 0."""
    return Answer(
        values=None if answer.values is None else np.zeros_like(answer.values),
        gradient=None if answer.gradient is None else np.zeros_like(answer.gradient),
        counts=None if answer.counts is None else {0: job.shots},
        precision=answer.precision,
    )


def uniform(job: Job, answer: Answer) -> Answer | None:
    """Uniformly random counts."""
    if answer.counts is None:
        return None
    bits = np.random.default_rng(0).integers(0, 2, (job.shots, job.n_qubits))
    return answer._replace(counts=dict(Counter(int("".join(map(str, row)), 2) for row in bits.tolist())))


def lost_shots(job: Job, answer: Answer) -> Answer | None:
    """Fewer shots than were asked for."""
    return answer._replace(counts={x: c - (c > 1) for x, c in answer.counts.items()}) if answer.counts else None


def shuffled_points(job: Job, answer: Answer) -> Answer | None:
    """The points' answers in another order."""
    return answer._replace(values=answer.values[::-1]) if answer.values is not None and len(job.points) > 1 else None


def negated_gradient(job: Job, answer: Answer) -> Answer | None:
    """The gradient with the wrong sign."""
    return answer._replace(gradient=-answer.gradient) if answer.gradient is not None else None


def missing_gradient(job: Job, answer: Answer) -> Answer | None:
    """A value without the gradient that was asked for."""
    return answer._replace(gradient=None) if answer.gradient is not None else None


def not_a_number(job: Job, answer: Answer) -> Answer | None:
    """One value is NaN."""
    if answer.values is None:
        return None
    values = answer.values.copy()
    values[-1, -1] = np.nan
    return answer._replace(values=values)


ANSWERS: Mapping[str, Callable[[Job, Answer], Answer | None]] = {
    "zeros": zeros,
    "uniform": uniform,
    "lost shots": lost_shots,
    "shuffled points": shuffled_points,
    "negated gradient": negated_gradient,
    "missing gradient": missing_gradient,
    "not a number": not_a_number,
}
"""The wrong answer in place of a right one; None where the fault does not apply."""
