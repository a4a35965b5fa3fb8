"""All errors that a user can act on; `hybrid.cli` maps each class to an exit code in one table."""

from collections.abc import Iterable
from difflib import get_close_matches


class HybridError(Exception):
    """A failure with a message for people: what, where, what is allowed."""


class UsageError(HybridError):
    """A flag, a file, a member's name or an option is wrong."""


class RecordError(HybridError):
    """A record disagrees with the run that asks for it, or with its own checksums."""


class MissingPart(HybridError):
    """An optional package or simulator is not installed; the message names the command that installs it."""


class Stopped(HybridError):
    """The run stopped early with everything saved; the same command continues it."""


class Busy(Stopped):
    """Another process is working on this run."""


class Interrupted(HybridError):
    """The person at the keyboard interrupted; the record is kept."""


class NotConverged(HybridError):
    """`--require-converged` was asked for and the optimiser ran out of its budget."""


class CheckFailed(HybridError):
    """A check failed; the report says which."""


OTHER_NAMES = {
    ("option", "--noise"): "--device",
    ("option", "--maxiter"): "--max-iterations",
    ("option", "--output"): "--results",
    ("optimizer", "cobyla"): "trust_region' or 'scipy:method=COBYLA",
    ("optimizer", "l_bfgs_b"): "lbfgs",
    ("optimizer", "powell"): "scipy:method=Powell",
    ("optimizer", "qng"): "natural_gradient",
    ("optimizer", "slsqp"): "scipy:method=SLSQP",
    ("backend", "qasm_simulator"): "aer",
    ("backend", "statevector"): "exact' or 'aer:method=statevector",
    ("problem", "ising"): "tfim",
    ("ansatz", "twolocal"): "efficient_su2' or 'real_amplitudes",
}
"""Kind of name, and what other programs call something -> what it is called here."""


def unknown(kind: str, value: str, allowed: Iterable[str]) -> UsageError:
    """The error for an unknown name: repeats it, suggests the nearest, lists what is allowed."""
    names = sorted(allowed)
    meant = OTHER_NAMES.get((kind, value.lower().replace("-", "_") if kind != "option" else value))
    close = [meant] if meant else get_close_matches(value, names, n=1, cutoff=0.5)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return UsageError(f"unknown {kind} '{shortened(value)}'.{hint} Allowed: {', '.join(names) or 'none'}.")


def printable(text: str, kept: str = "\n") -> str:
    """The text with every character that a terminal would act on as an escape, but those `kept`: escape sequences, marks that
    reverse the direction of writing."""
    return "".join(c if c.isprintable() or c in kept else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str, width: int = 80) -> str:
    """The text in one printable line of at most `width` characters, for use in a message."""
    line = printable(text, kept="")
    return line if len(line) <= width else line[: width - 3] + "..."
