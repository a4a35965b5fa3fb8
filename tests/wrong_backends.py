"""Backends of `hybrid run` with one thing wrong: outside members for what judges simulators."""

from dataclasses import replace

from hybrid.base.types import BitFlip, Channel, Depolarizing, Relaxation
from hybrid.device.readout import draw_all
from hybrid.simulators.exact import exact

MORE = 1.01
"""Noise that is wrong by one per cent."""


class Planted:
    """The exact engine, and one mistake."""

    def __init__(self, mode):
        self.mode, self.inner, self.calls = mode, exact(), 0

    def compile(self, task):
        changed = {"noiseless": lambda step: None, "percent": _more}.get(self.mode, lambda step: step)
        settings = tuple(
            setting._replace(steps=tuple(new for step in setting.steps if (new := _changed(step, changed)) is not None))
            for setting in task.settings
        )
        runner = self.inner.compile(task._replace(settings=settings))
        return Reversed(runner) if self.mode == "reversed" else Drifting(runner) if self.mode == "drift" else runner

    def memory_bytes(self, task):
        return self.inner.memory_bytes(task)

    def describe(self, task):
        return self.inner.describe(task)


def _changed(step, changed):
    return changed(step) if isinstance(step, Channel) else step


def _more(step):
    match step:
        case Depolarizing() | BitFlip():
            return replace(step, probability=MORE * step.probability)
        case Relaxation():
            return replace(step, duration_s=MORE * step.duration_s)


class Reversed:
    """Qubit 0 as the highest bit."""

    def __init__(self, runner):
        self.runner = runner

    def distributions(self, angles):
        p = self.runner.distributions(angles)
        n = p.shape[-1].bit_length() - 1
        turned = p.reshape(*p.shape[:-1], *([2] * n)).transpose(0, 1, *range(n + 1, 1, -1))
        return turned.reshape(p.shape)

    def expectations(self, angles):
        return self.runner.expectations(angles)

    def counts(self, angles, shots, seeds):
        return draw_all(self.distributions(angles), shots, seeds)


class Drifting:
    """Right probabilities; counts of other angles."""

    def __init__(self, runner):
        self.runner = runner

    def distributions(self, angles):
        return self.runner.distributions(angles)

    def expectations(self, angles):
        return self.runner.expectations(angles)

    def counts(self, angles, shots, seeds):
        return self.runner.counts(angles + 1.0, shots, seeds)


def planted(*, mode: str = "right"):
    """reversed, noiseless, percent, drift, or right."""
    return Planted(mode)
