"""The smallest change that makes a verdict GO, found by trying: each candidate is measured, the cheapest to make first."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil, log10
from typing import NamedTuple

from hybrid.base.errors import HybridError
from hybrid.rehearsal.commands import rehearse_command
from hybrid.rehearsal.criteria import is_go, judged
from hybrid.rehearsal.evidence import AtPoint, Case
from hybrid.rehearsal.mitigation import Recommended
from hybrid.rehearsal.play import Player, why_refused
from hybrid.rehearsal.question import CHOICES
from hybrid.rehearsal.rehearsal import GO, MARGINAL, Skipped, SmallestChange
from hybrid.rehearsal.stability import stable, variants
from hybrid.runs.dry_run import plan
from hybrid.runs.spec import Spec
from hybrid.runs.verdict import CLEAR

MOST_SHOTS = 10**6
"""For one value; machines measure hundreds to thousands of shots a second."""
MARGIN = 0.8
"""So much of what would just be enough is aimed at, since the standard error is itself measured."""


class _Candidate(NamedTuple):
    words: str
    spec: Spec


class Change(NamedTuple):
    """The change that was found, or None, and what was tried before it, in words."""

    found: SmallestChange | None
    tried: tuple[str, ...]
    skipped: tuple[Skipped, ...]


def smallest_change(player: Player, case: Case, x: Sequence[float], best: Recommended | None) -> Change:
    """Mitigation, more shots, and both: at the same angles."""
    tried, skipped = [], []
    for candidate in _candidates(case, best):
        try:
            changed = _tried(player, case, candidate.spec, x)
        except HybridError as error:
            skipped.append(Skipped(candidate.words, case.spec.device, None, why_refused(error)))
            continue
        if not is_go(judged(changed)):
            tried.append(candidate.words)
            continue
        found = variants(player, changed, x)
        word = GO if stable(changed, found, None, ()).met else MARGINAL
        result = player.at(candidate.words, changed.with_ansatz, x)
        repeat = rehearse_command(candidate.spec, [case.spec.device], case.hours_asked)
        change = SmallestChange(candidate.words, repeat, word, changed.hours, result.id)
        return Change(change, tuple(tried), tuple(skipped))
    return Change(None, tuple(tried), tuple(skipped))


def _candidates(case: Case, best: Recommended | None) -> Iterator[_Candidate]:
    """The recommended method, more shots, and the method that needs fewest shots with as many as it needs."""
    assert case.at is not None
    if best is not None and best.mitigate != case.spec.mitigate:
        yield _candidate(case, best.mitigate, case.spec.shots)
    if shots := _enough_shots(case, case.at):
        yield _candidate(case, case.spec.mitigate, shots)
    others = {} if best is None else {method: at for method, at in best.values.items() if method != case.spec.mitigate}
    needed = {method: shots for method, at in others.items() if (shots := _enough_shots(case, at))}
    if needed:
        method = min(needed, key=lambda name: needed[name])
        yield _candidate(case, method, needed[method])


def _candidate(case: Case, mitigate: str, shots: int) -> _Candidate:
    words = [f"--mitigate {mitigate}"] if mitigate != case.spec.mitigate else []
    words += [f"--shots {shots}"] if shots != case.spec.shots else []
    return _Candidate(" ".join(words), replace(case.spec, mitigate=mitigate, shots=shots))


def _enough_shots(case: Case, at: AtPoint) -> int | None:
    """More shots than asked for that would resolve the scale, a round number; None where no number does, or too many."""
    question, shots = case.question, case.spec.shots
    if question.kind == CHOICES:
        room, ideal = _room_of_choices(at), at.share_ideal
        if room is None or ideal is None or room <= 0:
            return None
        needed = ideal * (1 - ideal) * (CLEAR / (MARGIN * room)) ** 2
    else:
        room = None if question.scale is None else question.scale - abs(at.bias)
        if room is None or room <= 0:
            return None
        needed = shots * (CLEAR * at.stderr / (MARGIN * room)) ** 2
    if needed <= shots:
        needed = shots + 1.0
    step = 10 ** int(log10(needed))
    enough = step * ceil(needed / step)
    return None if enough > MOST_SHOTS else enough


def _room_of_choices(at: AtPoint) -> float | None:
    """By how much the share of optimal shots exceeds guessing, on the device or without noise, whichever is less."""
    shares = (at.share_limit, at.share_ideal)
    if at.share_guessing is None or None in shares:
        return None
    return min(share for share in shares if share is not None) - at.share_guessing


def _tried(player: Player, case: Case, spec: Spec, x: Sequence[float]) -> Case:
    """The changed experiment at x, with the bill of all of it."""
    changed = replace(case, spec=spec, dry_run=plan(spec))
    return replace(
        changed, at=player.around(changed.with_ansatz, x, case.question, f"mitigate {spec.mitigate}, {spec.shots} shots")
    )
