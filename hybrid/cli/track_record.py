"""`hybrid check --experiments`: published experiments predicted, beside what was measured."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hybrid.base.errors import CheckFailed, UsageError
from hybrid.cli.layout import emit, wrapped
from hybrid.cli.progress import Display

if TYPE_CHECKING:
    from hybrid.rehearsal.track_record.row import PredictedRow

NAME, WIDTHS = 27, (6, 10, 18)
"""Columns: the experiment; two-qubit gates, predicted, interval; then the measured value."""
LEGEND = (
    "Predicted: for the published numbers of the machine. Interval: over machines that these may stand for, qubits and day "
    "being unknown; the measured value lies outside where it says so. *: chosen before any interval was computed. How it is "
    "done: hybrid guide track_record."
)


def check_experiments(only: Sequence[str] | None, *, as_json: bool, markdown: bool) -> None:
    """Predict and print; UsageError for an unknown experiment or two formats, CheckFailed for a poor record."""
    if as_json and markdown:
        raise UsageError("--json and --markdown are two formats; give one of them.")
    with Display(sys.stderr, quiet=False) as display:
        display.work("loading")
        from hybrid.rehearsal.track_record import track_record
        from hybrid.rehearsal.track_record.record import SHALLOW_MEDIAN

        record = track_record(only, lambda name: display.line(f"predicting {name}"))
    if as_json:
        emit(json.dumps(record.to_json(), indent=2))
    elif markdown:
        emit(record.markdown())
    else:
        emit(wrapped(record.summary))
        emit("\n" + _line("experiment", "gates", "predicted", "interval", measured="measured"))
        emit("\n".join(_row(row) for row in record.rows))
        emit("\n" + wrapped(LEGEND))
        for row in record.left_out:
            emit(wrapped(f"{row.reason}.", first=f"not rebuilt: {row.id}: ", indent=2))
    if not record.passed:
        raise CheckFailed(f"shallow circuits are predicted worse than {SHALLOW_MEDIAN:g} in the median.")


def _row(row: "PredictedRow") -> str:
    measured = f"{row.measured:.3f}" if row.inside else f"{row.measured:.3f} outside"
    name = f"{row.id}{' *' if row.chosen else ''}"
    return _line(name, str(row.two_qubit_gates), f"{row.predicted:.3f}", f"{row.low:.3f} to {row.high:.3f}", measured=measured)


def _line(name: str, *numbers: str, measured: str) -> str:
    return f"{name:<{NAME}}{''.join(f'{cell:>{width}}' for cell, width in zip(numbers, WIDTHS, strict=True))}  {measured}"
