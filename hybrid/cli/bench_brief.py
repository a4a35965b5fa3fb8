"""A benchmark in few lines, to be pasted: who is fastest at what, by how much, and who was wrong."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hybrid.base.errors import shortened
from hybrid.bench.statistics import ALPHA, LEAST_CHANGE
from hybrid.bench.units import duration, multiple
from hybrid.cli.layout import wrapped

if TYPE_CHECKING:
    from hybrid.bench.contests import Contest
    from hybrid.bench.summary import Figure

ASKED, FASTEST, TIME = 42, 24, 11


def brief(found: "Sequence[Figure]", floor: float | None) -> str:
    """One machine, two lines a workload, at most 80 columns: the fastest and its time, then the others as multiples of it."""
    from hybrid.bench.contests import contests

    ended = contests(found, floor)
    title = f"{'workload':<{ASKED}}{'fastest':<{FASTEST}}{'per call':>{TIME}}"
    lines = [line for contest in ended for line in _contest(contest)]
    return "\n".join([wrapped(_measured(found), indent=2), "", title, *lines, "", _legend(found, ended, floor)])


def _measured(found: "Sequence[Figure]") -> str:
    suites = sorted({row["suite"] for figure in found for row in figure.counted} - {""})
    counts = sorted({len(figure.seconds) for figure in found if figure.seconds})
    told = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}" if counts else "no"
    right = sum(figure.verified for figure in found)
    env = found[0].environment
    machine = [*suites, env["host"], env["cpu"], f"{env['cores']} cores"]
    processes = f"{told} process{'' if counts == [1] else 'es'} a cell"
    return f"{', '.join(machine)}; {processes}; {right} of {len(found)} cells verified"


def _contest(contest: "Contest") -> list[str]:
    from hybrid.bench.naming import brief as short
    from hybrid.bench.naming import workload

    asked = shortened(workload(contest.asked.cell), ASKED - 2)
    first = contest.ranked[0] if contest.ranked else None
    name = shortened(short(first.cell), FASTEST - 4) if first else ""
    label = {"won": name, "undecided": "undecided", "too few": f"{name} ?", "alone": f"({name})", "nobody": "nobody was right"}
    head = f"{asked:<{ASKED}}{label[contest.outcome]:<{FASTEST}}{duration(first.typical_s) if first else '':>{TIME}}".rstrip()
    told = _others(contest)
    return [head, wrapped(told, first="    ", indent=6)] if told else [head]


def _others(contest: "Contest") -> str:
    """Those behind the first with their multiples, the second's with its interval; then who does not rank, and why."""
    from hybrid.bench.naming import brief as short

    told = []
    tied = [figure for figure, place in zip(contest.ranked, contest.places, strict=True) if place == 1]
    margins = [(figure, contest.margin(figure)[: 3 if i == 0 else 1]) for i, figure in enumerate(contest.ranked[1:])]
    named = [(figure, f"{short(figure.cell)} {multiple(*margin)}") for figure, margin in margins]
    if contest.outcome == "undecided":
        level = [text for figure, text in named if figure in tied]
        told.append(f"not told apart: {', '.join([short(contest.ranked[0].cell), *level])}")
        named = [(figure, text) for figure, text in named if figure not in tied]
    told += [", ".join(text for _, text in named)] if named else []
    states = dict.fromkeys(figure.state for figure in contest.rest)
    told += [f"{state}: {', '.join(short(f.cell) for f in contest.rest if f.state == state)}" for state in states]
    return "; ".join(told)


def _legend(found: "Sequence[Figure]", ended: "Sequence[Contest]", floor: float | None) -> str:
    outcomes = {contest.outcome for contest in ended}
    change = 100 * max(LEAST_CHANGE, floor or 0.0)
    measured = "this machine's A/A floor" if floor is not None else "no A/A floor was measured"
    told = [
        "Behind a backend: how many times as long as the fastest it takes (of the second, with its 95 % interval).",
        f"Fastest: told from every other by an exact rank test (p < {ALPHA:g} after Holm) and by more than {change:.1f} % "
        f"({measured}).",
    ]
    told += ["?: too few processes for a verdict."] if "too few" in outcomes else []
    told += ["(In brackets): nobody else was right, or asked."] if "alone" in outcomes else []
    if len({figure.sessions for figure in found if figure.verified}) > 1:
        told.append("Measured in different sessions: drift not controlled.")
    versions = {f"{name} {version}" for figure in found for name, version in figure.environment["versions"].items()}
    return "\n".join([wrapped(" ".join(told)), wrapped(", ".join(sorted(versions)))])
