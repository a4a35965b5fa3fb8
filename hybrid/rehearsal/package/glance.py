"""What a picture says of a criterion in two words: a mark, and the one figure that matters most."""

from hybrid.base.uncertainty import percent
from hybrid.rehearsal.rehearsal import AFFORDABLE, FITS, LIVES, Criterion

MARKS = {True: "\N{CHECK MARK}", False: "\N{MULTIPLICATION X}", None: "\N{EN DASH}"}


def mark(state: bool | None) -> str:
    """A check mark, a cross, or a dash for what was not judged."""
    return MARKS[state]


def key_figure(one: Criterion) -> str:
    """`4 of 24 qubits`, `61 % left`, `0.5 h`; empty where no figure stands for the criterion."""
    numbers = one.numbers
    if one.name == FITS and "device_qubits" in numbers:
        return f"{numbers['qubits']} of {numbers['device_qubits']} qubits"
    if one.name == LIVES:
        signal = numbers.get("simulated_signal")
        signal = numbers.get("expected_signal") if signal is None else signal
        return "" if signal is None else f"{percent(signal)} left"
    if one.name == AFFORDABLE and numbers.get("hours"):
        return f"{numbers['hours'][1]:.2g} h"
    return ""
