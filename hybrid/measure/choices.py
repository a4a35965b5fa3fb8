"""Every choice that a user has about how values are measured, in one table. Standard library only."""

from hybrid.base.errors import UsageError

GRADIENTS = ("auto", "adjoint", "parameter-shift", "finite-difference", "spsa")
GROUPINGS = ("qwc", "general", "none")
ALLOCATIONS = ("uniform", "weighted", "adaptive")
OPTIMIZATION_LEVELS = (0, 1, 2, 3)
"""Of Qiskit's transpiler."""
DD = ("none", "echo", "xy4")
WORDS = {"gradient": GRADIENTS, "grouping": GROUPINGS, "dd": DD, "allocation": ALLOCATIONS}
"""Option -> its allowed values."""


def gradient_method(asked: str, shots: int) -> str:
    """The gradient method, `auto` resolved; UsageError for the adjoint method with shots, which is impossible."""
    if asked == "adjoint" and shots:
        raise UsageError("gradient adjoint is that of infinitely many shots; with --shots take parameter-shift, or spsa.")
    return ("parameter-shift" if shots else "adjoint") if asked == "auto" else asked


def checked_level(level: int) -> int:
    """The optimisation level of Qiskit's transpiler; UsageError for one that does not exist."""
    if level not in OPTIMIZATION_LEVELS:
        raise UsageError(f"the optimization level is one of {', '.join(map(str, OPTIMIZATION_LEVELS))}, not {level}.")
    return level
