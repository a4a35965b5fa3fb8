"""What would work in place of a hopeless run: other mappings, ansaetze, active spaces and shots that pass the look."""

import shlex
from collections.abc import Iterator
from dataclasses import fields, replace
from math import ceil, log10
from typing import NamedTuple, final

from hybrid.base.errors import UsageError
from hybrid.base.types import Ansatz, Loss, Optimizer, Problem, Solution
from hybrid.catalog.rewriting import by_parity, takes, with_options
from hybrid.runs.look import Prospect, look, microseconds, share
from hybrid.runs.setup import Prepared, PreparedSession, prepare
from hybrid.runs.spec import Spec

MOST_WAYS, MOST_SHOTS = 3, 10**7
SHORT = "real_amplitudes:reps=1"
"""The ansatz of fewest gates that reaches every qubit."""


class WayOut(NamedTuple):
    """A run that would work: what is changed, as words of the command line, and the look at it."""

    change: str
    spec: Spec
    look: Prospect

    @property
    def words(self) -> str:
        """What is changed and what it gives, in words."""
        at, parts = self.look, []
        if at.duration_s is not None:
            plural = "" if at.two_qubit_gates == 1 else "s"
            gates = f"{at.two_qubit_gates} two-qubit gate{plural} in {microseconds(at.duration_s)}"
            parts = [gates, f"{share(at.signal)} of the signal is left"]
        parts += [f"± {at.least_stderr:.2g} on {at.question:.2g} {at.unit}".rstrip()] if at.least_stderr and at.question else []
        return f"{self.change}: {', '.join(parts)}"


def ways_out(prepared: Prepared, hopeless: Prospect) -> list[WayOut]:
    """Changes of the run after which the look finds hope, a few of them, most signal first; each has been looked at."""
    ways: list[WayOut] = []
    enough = None if hopeless.drowned else _enough_shots(prepared.spec, hopeless)
    for spec in ([] if enough is None else [enough]) + [*other_circuits(prepared.spec, prepared.problem)]:
        if len(ways) == MOST_WAYS:
            break
        found = _looked(spec)
        if found is not None and found.hopeless and (more := _enough_shots(spec, found)) is not None:
            spec, found = more, _looked(more)
        if found is not None and not found.hopeless:
            ways.append(WayOut(_change(prepared.spec, spec), spec, found))
    return sorted(ways, key=lambda way: -way.look.signal)


def refusal(prepared: Prepared, hopeless: Prospect) -> str:
    """Why the run is not begun and what would work; ends in a command to paste, where one is known."""
    problem, device = prepared.spec.problem, prepared.device.label
    lines = [f"{problem} on {device} could show nothing: {'; '.join(hopeless.hopeless)}."]
    ways = ways_out(prepared, hopeless)
    if not ways:
        return f"{lines[0]} No mapping, ansatz or number of shots was found that would. --force runs it all the same."
    lines += ["Worth trying instead:", *(f"  {way.words}" for way in ways)]
    return "\n".join([*lines, "--force runs it all the same. The first of these:", command(ways[0].spec)])


def command(spec: Spec, verb: str = "run") -> str:
    """The command line of the run, or of another verb that takes the same words, in one line to paste."""
    given = {f.name: getattr(spec, f.name) for f in fields(spec) if getattr(spec, f.name) != f.default}
    words = [given.pop("algorithm"), given.pop("problem")]
    if spec.initial_point is not None:
        given["initial_point"] = ",".join(map(repr, spec.initial_point))
    flags = [part for key, value in given.items() for part in (f"--{key.replace('_', '-')}", str(value))]
    return shlex.join(["hybrid", *verb.split(), *words, *flags])


def other_circuits(spec: Spec, problem: object) -> Iterator[Spec]:
    """Other circuits for a run: another mapping; fewer layers; a shorter ansatz; with the mapping; a smaller active space."""
    by_mapping = replace(spec, problem=by_parity(spec.problem))
    if by_mapping != spec:
        yield replace(by_mapping, ansatz=None)
    algorithm = spec.member("algorithm")
    if algorithm is not None and algorithm.options.get("p", 1) > 1:
        yield replace(spec, algorithm=with_options(spec.algorithm or "", "algorithms", p=1))
    if isinstance(problem, Problem) and spec.algorithm == "vqe" and (spec.ansatz or problem.ansatz) != SHORT:
        yield replace(spec, ansatz=SHORT)
        if by_mapping != spec:
            yield replace(by_mapping, ansatz=SHORT)
    if isinstance(problem, Problem) and problem.electrons is not None and takes(spec.problem, "active"):
        for orbitals in range(problem.electrons.n_orbitals - 1, 1, -1):
            yield replace(by_mapping, problem=with_options(by_mapping.problem, active=f"2e{orbitals}o"), ansatz=None)


def _enough_shots(spec: Spec, at: Prospect) -> Spec | None:
    """With so many more shots, a round number, that the standard error is a third of the question; None for too many."""
    if at.least_stderr is None or at.question is None or at.least_stderr <= at.question:
        return None
    needed = spec.shots * (3 * at.least_stderr / at.question) ** 2
    step = 10 ** int(log10(needed))
    shots = step * ceil(needed / step)
    return None if shots > MOST_SHOTS else replace(spec, shots=shots)


def _change(before: Spec, after: Spec) -> str:
    """The words of the command line that differ."""
    words = [after.problem] if after.problem != before.problem else []
    words += [str(after.algorithm)] if after.algorithm != before.algorithm else []
    for name in ("ansatz", "shots"):
        if getattr(after, name) != getattr(before, name) and getattr(after, name) is not None:
            words.append(f"--{name} {getattr(after, name)}")
    return " ".join(words)


def _looked(spec: Spec) -> Prospect | None:
    """The look at another run; None where its parts do not go together."""
    try:
        prepared = prepare(spec)
        prepared.algorithm(_LookingSession(prepared), prepared.problem)
    except _LookTaken as taken:
        return taken.look
    except UsageError:
        return None
    return None


class _LookTaken(Exception):
    def __init__(self, at: Prospect | None) -> None:
        super().__init__()
        self.look = at


@final
class _LookingSession(PreparedSession):
    """Ends at the first minimisation, with the look at it."""

    def minimize(self, loss: Loss, ansatz: Ansatz, *, share: float = 1.0, optimizer: Optimizer | None = None) -> Solution:
        raise _LookTaken(look(self._prepared, self._chosen, loss, ansatz, optimizer))
