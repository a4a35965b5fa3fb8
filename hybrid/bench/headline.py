"""What a reader came for, in a few sentences: who is fastest at how much, by how much, how sure, on which machine."""

from collections.abc import Sequence

from hybrid.bench import naming
from hybrid.bench.contests import Contest
from hybrid.bench.looks import level
from hybrid.bench.statistics import LEAST_CHANGE
from hybrid.bench.summary import Figure
from hybrid.bench.units import multiple

MOST_NAMED = 3
"""So many winners get their workloads named by the largest margin; the others are counted."""


def headline(groups: Sequence[Contest]) -> list[str]:
    """The sentences for the questions of one machine."""
    sentences = [*_won(groups), *_open(groups)]
    wrong = sorted({naming.brief(f.cell) for contest in groups for f in contest.rest if f.state == "wrong"})
    sentences += [f"Wrong answers: {', '.join(wrong)}."] if wrong else []
    return sentences


def machine(groups: Sequence[Contest], floor: float | None) -> str:
    """Where it was measured, with its A/A floor, if that was measured."""
    env = groups[0].asked.environment
    noise = "its own noise was not measured" if floor is None else f"identical runs there differ by up to {100 * floor:.1f} %"
    return f"Measured on {env['host']} ({env['cpu']}, {env['cores']} cores); {noise}."


def _won(groups: Sequence[Contest]) -> list[str]:
    """Winners by the number of their questions, each with its largest margin over the next."""
    won: dict[str, list[Contest]] = {}
    for contest in groups:
        if contest.winner is not None:
            won.setdefault(naming.brief(contest.winner.cell), []).append(contest)
    order = sorted(won.items(), key=lambda item: (-len(item[1]), item[0]))
    parts = []
    for place, (name, contests) in enumerate(order):
        largest = max(contests, key=lambda contest: contest.margin(contest.ranked[1])[0])
        second, margin = naming.brief(largest.ranked[1].cell), multiple(*largest.margin(largest.ranked[1]))
        most = "by" if len(contests) == 1 else "by up to"
        where = f", {most} {margin} before {second} at {naming.workload(largest.asked.cell)}" if place < MOST_NAMED else ""
        parts.append(f"{name} in {len(contests)}{where}")
    if not parts:
        return []
    decided = sum(map(len, won.values()))
    return [f"Fastest beyond doubt in {decided} of {len(groups)} questions: {'; '.join(parts)}."]


def _open(groups: Sequence[Contest]) -> list[str]:
    """What was not decided, and why."""
    few = [contest for contest in groups if contest.outcome == "too few"]
    undecided = [contest for contest in groups if contest.outcome == "undecided"]
    alone = sum(contest.outcome == "alone" for contest in groups)
    nobody = sum(contest.outcome == "nobody" for contest in groups)
    sentences = []
    if few:
        n = min(len(figure.seconds) for contest in few for figure in contest.ranked)
        processes = "1 process" if n == 1 else f"{n} processes"
        sentences.append(
            f"No verdict on speed in {len(few)} of {len(groups)} questions: {processes} a cell, about 9 are needed."
        )
    if undecided:
        led: dict[str, int] = {}
        for contest in filter(leads, undecided):
            name = naming.brief(contest.ranked[0].cell)
            led[name] = led.get(name, 0) + 1
        names = ", ".join(f"{name} in {count}" for name, count in sorted(led.items(), key=lambda item: (-item[1], item[0])))
        sentences.append(f"Undecided: {len(undecided)}{f'; ahead there, but not beyond doubt: {names}' if names else ''}.")
    rest = [f"one backend alone was right in {alone}"] if alone else []
    rest += [f"none in {nobody}"] if nobody else []
    text = ", ".join(rest)
    return [*sentences, *([f"{text[0].upper()}{text[1:]}."] if text else [])]


def ahead(contest: Contest, other: Figure) -> bool:
    """Whether the first is ahead of one that shares its rank: the interval of this pair alone excludes 1.

    It is no verdict. A verdict needs a p that is small after Holm's correction over all pairs of a file, where the interval is
    one of 95 % for one pair; and a difference above the machine's A/A floor.
    """
    return contest.margin(other)[1] > 1.0


def leads(contest: Contest) -> bool:
    """Whether it is undecided although the first is ahead of another."""
    return contest.outcome == "undecided" and any(ahead(contest, figure) for figure in contest.tied[1:])


def why_undecided(floor: float | None, looks: bool) -> str:
    """The sentence that goes with `ahead`."""
    change = 100 * max(LEAST_CHANGE, floor or 0.0)
    return (
        f"Ahead, not decided: the 95 % interval of this pair alone is above 1; a verdict needs {level(looks)} over all pairs, "
        f"and more than {change:.1f} %."
    )
