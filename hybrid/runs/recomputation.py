"""A reported value computed again by a second simulator, as it is recorded and said."""

from collections.abc import Sequence
from functools import reduce
from math import ceil, log10
from typing import Any, NamedTuple

import numpy as np

from hybrid.base.types import Points
from hybrid.measure.recomputed import Agreement
from hybrid.runs.answer_log import losses_body
from hybrid.runs.loss import Measurement

FINEST = 1e-15
"""No agreement is called closer than this: it is rounding."""


class Measured(NamedTuple):
    """An answer that a result rests on: its loss, number, seed, and the points that are computed again."""

    measurement: Measurement
    n: int
    seed: np.random.SeedSequence
    points: Points


def recomputation_body(answer: Measured) -> dict[str, Any]:
    """The value with the second simulator's probabilities where it computed them, and how far both differ."""
    again, comparisons = answer.measurement.recomputed()
    losses = again.values(answer.points, answer.seed)
    agreement = reduce(Agreement.plus, [comparison.agreement for comparison in comparisons])
    return losses_body(losses) | agreement._asdict()


def agreement_of(bodies: Sequence[dict[str, Any]]) -> Agreement:
    """The agreement of recorded answers, one or more."""
    return reduce(Agreement.plus, [Agreement(**{key: body[key] for key in Agreement._fields}) for body in bodies])


def said(agreement: Agreement) -> str:
    """Who computed what: `Qiskit Aer agrees on 8 of 64 realizations to 1e-11`."""
    name = agreement.simulator.partition(",")[0]
    if not agreement.agrees:
        return f"{name} DISAGREES by {agreement.largest:.1e} in a probability"
    part = "all" if agreement.rows == agreement.of else f"{agreement.rows:,} of"
    where = "" if agreement.of == 1 else f" on {part} {agreement.of:,} realizations"
    circuits, in_all = agreement.circuits
    where += "" if circuits == in_all else f" of {circuits} of {in_all} circuits"
    return f"{name} agrees{where} to 1e{ceil(log10(max(agreement.largest, FINEST)))}"
