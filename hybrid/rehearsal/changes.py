"""The smallest change that makes a verdict GO, found by trying: each candidate is measured, the cheapest to make first.

First what leaves the angles alone: error mitigation, more shots, both. Then what is optimised anew: fewer evaluations, another
mapping, fewer layers. Last another machine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil, log10
from typing import NamedTuple

from hybrid.base.errors import HybridError
from hybrid.rehearsal.commands import rehearse_command
from hybrid.rehearsal.criteria import is_go, judged
from hybrid.rehearsal.evidence import AtPoint, Case, at_point
from hybrid.rehearsal.mitigation import Recommended
from hybrid.rehearsal.plan import Agenda, PlannedStep, at_x_s, loop_s
from hybrid.rehearsal.play import Player, why_refused
from hybrid.rehearsal.question import CHOICES, question_of
from hybrid.rehearsal.rehearsal import GO, MARGINAL, NO_GO, DeviceVerdict, Skipped, SmallestChange
from hybrid.rehearsal.stability import stable, variants
from hybrid.runs.dry_run import plan
from hybrid.runs.setup import prepare
from hybrid.runs.spec import Spec
from hybrid.runs.verdict import CLEAR
from hybrid.runs.way_out import other_circuits

MOST_SHOTS = 10**6
"""For one value; machines measure hundreds to thousands of shots a second."""
MARGIN = 0.8
"""So much of what would just be enough is aimed at, since the standard error is itself measured."""
LEAST_EVALUATIONS = 20
"""With fewer no optimiser gets anywhere."""
MOST_CIRCUITS = 3
"""So many other circuits are optimised anew."""


class ChangeFound(NamedTuple):
    """The change, or None, and what was tried before it, in words."""

    found: SmallestChange | None
    tried: tuple[str, ...]
    skipped: tuple[Skipped, ...]


class _Search:
    """What was tried so far for one device."""

    def __init__(self, player: Player, case: Case) -> None:
        self.player, self.case = player, case
        self.tried: list[str] = []
        self.skipped: list[Skipped] = []

    def at_the_same_angles(self, case: Case, x: Sequence[float], specs: Iterator[Spec]) -> SmallestChange | None:
        """The first of these that is GO."""
        for spec in specs:
            words = change_words(self.case.spec, spec)
            try:
                changed = replace(case, spec=spec, dry_run=plan(spec))
                changed = replace(changed, at=self.player.around(changed.with_ansatz, x, case.question, words))
            except HybridError as error:
                self.skipped.append(Skipped(words, spec.device, None, why_refused(error)))
                continue
            if is_go(judged(changed)):
                return self._found(changed, x, words)
            self.tried.append(words)
        return None

    def optimised_anew(self, spec: Spec, best: Recommended | None, agenda: Agenda) -> SmallestChange | None:
        """Another circuit with its own angles; as asked for, then with the recommended mitigation or more shots."""
        words = change_words(self.case.spec, spec)
        try:
            dry_run = plan(spec)
            loop, one = loop_s(dry_run), at_x_s(dry_run)
            seconds = None if loop is None or one is None else loop + 12 * one
            if not agenda.take(PlannedStep(words, spec.device, seconds)):
                return None
            problem = prepare(spec).problem
            question = question_of(problem, spec.algorithm or "", None)
            case = replace(self.case, spec=spec, dry_run=dry_run, question=question, n_qubits=problem.n_qubits)
            first = self.player.loop(words, spec)
            limit = self.player.limit(words, case.with_ansatz, first.x)
            ideal = self.player.ideal(case.with_ansatz, first.x)
        except HybridError as error:
            self.skipped.append(Skipped(words, spec.device, None, why_refused(error)))
            return None
        case = replace(case, at=at_point(first, limit, ideal, question))
        if is_go(judged(case)):
            return self._found(case, first.x, words)
        self.tried.append(words)
        return self.at_the_same_angles(case, first.x, _specs(case, best))

    def _found(self, case: Case, x: Sequence[float], words: str) -> SmallestChange:
        found = variants(self.player, case, x)
        word = GO if stable(case, found, None, ()).met else MARGINAL
        result = self.player.at(words, case.with_ansatz, x)
        repeat = rehearse_command(case.spec, [case.spec.device], case.hours_asked)
        return SmallestChange(words, repeat, word, case.hours, result.id)


def smallest_change(player: Player, case: Case, x: Sequence[float], best: Recommended | None, agenda: Agenda) -> ChangeFound:
    """The first change that is GO on the same device."""
    search = _Search(player, case)
    found = search.at_the_same_angles(case, x, _specs(case, best))
    if found is None and (spec := _fewer_evaluations(case)) is not None:
        found = search.optimised_anew(spec, best, agenda)
    if found is None:
        problem = prepare(case.spec).problem
        for spec, _ in zip(other_circuits(case.spec, problem), range(MOST_CIRCUITS), strict=False):
            found = found or search.optimised_anew(spec, best, agenda)
    return ChangeFound(found, tuple(search.tried), tuple(search.skipped))


def with_other_machines(verdicts: Sequence[DeviceVerdict]) -> tuple[DeviceVerdict, ...]:
    """Where nothing was found on a device, the change to another one on which the experiment is GO as asked for."""
    go = next((one for one in verdicts if one.word == GO), None)
    if go is None:
        return tuple(verdicts)
    words = f"--device {go.device}"
    id = go.runs[0].id if go.runs else ""
    change = SmallestChange(words, go.command, GO, go.hours, id)
    return tuple(replace(one, remedy=change) if one.word == NO_GO and one.remedy is None else one for one in verdicts)


def change_words(before: Spec, after: Spec) -> str:
    """The words of the command line that differ."""
    words = [text for name in ("algorithm", "problem") if (text := getattr(after, name)) != getattr(before, name)]
    for name in ("ansatz", "mitigate", "shots", "max_evals"):
        if (value := getattr(after, name)) != getattr(before, name) and value is not None:
            words.append(f"--{name.replace('_', '-')} {value}")
    return " ".join(words)


def _specs(case: Case, best: Recommended | None) -> Iterator[Spec]:
    """The recommended method, more shots, and the method that needs fewest shots with as many as it needs."""
    assert case.at is not None
    if best is not None and best.mitigate != case.spec.mitigate:
        yield replace(case.spec, mitigate=best.mitigate)
    if shots := enough_shots(case, case.at):
        yield replace(case.spec, shots=shots)
    others = {} if best is None else {method: at for method, at in best.values.items() if method != case.spec.mitigate}
    needed = {method: shots for method, at in others.items() if (shots := enough_shots(case, at))}
    if needed:
        method = min(needed, key=lambda name: needed[name])
        yield replace(case.spec, mitigate=method, shots=needed[method])


def enough_shots(case: Case, at: AtPoint) -> int | None:
    """More shots than asked for that would resolve the scale, a round number; None where no number does, or too many."""
    question, shots = case.question, case.spec.shots
    if question.kind == CHOICES:
        room = _room_of_choices(at)
        if room is None or room <= 0:
            return None
        share = max(at.share_ideal or 0.0, at.share_limit or 0.0)
        needed = share * (1 - share) * (CLEAR / (MARGIN * room)) ** 2
    else:
        room = None if question.scale is None else question.scale - abs(at.bias)
        if room is None or room <= 0:
            return None
        needed = shots * (CLEAR * at.stderr / (MARGIN * room)) ** 2
    if needed <= shots:  # it is not shots that are missing
        return None
    step = 10 ** int(log10(needed))
    enough = step * ceil(needed / step)
    return None if enough > MOST_SHOTS else enough


def _fewer_evaluations(case: Case) -> Spec | None:
    """So few evaluations that the high end of the bill stays within the hours asked for; None where it does, or none would."""
    if case.hours is None or case.hours_asked is None or case.hours[2] <= case.hours_asked or case.dry_run is None:
        return None
    fewer = int(MARGIN * case.dry_run.total.nfev * case.hours_asked / case.hours[2])
    return None if fewer < LEAST_EVALUATIONS else replace(case.spec, max_evals=fewer, max_iterations=None)


def _room_of_choices(at: AtPoint) -> float | None:
    """By how much the share of optimal shots exceeds guessing, on the device or without noise, whichever is less."""
    shares = [share for share in (at.share_limit, at.share_ideal) if share is not None]
    return None if at.share_guessing is None or len(shares) < 2 else min(shares) - at.share_guessing
