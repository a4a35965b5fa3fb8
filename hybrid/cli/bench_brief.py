"""A benchmark in few lines: the fastest backend of each workload, by how much, and wrong answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hybrid.base.errors import shortened
from hybrid.bench.looks import level
from hybrid.bench.statistics import LEAST_CHANGE
from hybrid.bench.units import duration, multiple
from hybrid.cli.layout import wrapped

if TYPE_CHECKING:
    from hybrid.bench.contests import Contest
    from hybrid.bench.summary import Figure

ASKED, FASTEST, TIME = 42, 24, 11


def brief(figures: "Sequence[Figure]", floor: float | None) -> str:
    """Two lines per workload: the fastest backend and its time, then the others as multiples of it. For one machine."""
    from hybrid.bench.contests import contests
    from hybrid.bench.headline import headline

    groups = contests(figures, floor)
    title = f"{'workload':<{ASKED}}{'fastest':<{FASTEST}}{'per call':>{TIME}}"
    lines = [line for contest in groups for line in _contest(contest)]
    answer = wrapped(" ".join(headline(groups)))
    return "\n".join([answer, "", title, *lines, "", wrapped(_measured(figures)), _legend(figures, groups, floor)])


def _measured(figures: "Sequence[Figure]") -> str:
    suites = sorted({row["suite"] for figure in figures for row in figure.counted} - {""})
    counts = sorted({len(figure.seconds) for figure in figures if figure.seconds})
    number = "no"
    if counts:
        number = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    right = sum(figure.verified for figure in figures)
    env = figures[0].environment
    machine = [*suites, env["host"], env["cpu"], f"{env['cores']} cores"]
    processes = f"{number} process{'' if counts == [1] else 'es'} per cell"
    return f"{', '.join(machine)}; {processes}; {right} of {len(figures)} cells verified"


def _contest(contest: "Contest") -> list[str]:
    from hybrid.bench.naming import brief as short
    from hybrid.bench.naming import workload

    asked = shortened(workload(contest.asked.cell), ASKED - 2)
    first = contest.ranked[0] if contest.ranked else None
    name = shortened(short(first.cell), FASTEST - 4) if first else ""
    label = {"won": name, "undecided": "undecided", "too few": f"{name} ?", "alone": f"({name})", "nobody": "no right answer"}
    head = f"{asked:<{ASKED}}{label[contest.outcome]:<{FASTEST}}{duration(first.typical_s) if first else '':>{TIME}}".rstrip()
    others = _others(contest)
    return [head, wrapped(others, first="    ", indent=6)] if others else [head]


def _others(contest: "Contest") -> str:
    """The slower ones as multiples of the first, the second with its interval; then those without a rank, and why."""
    from hybrid.bench.headline import ahead
    from hybrid.bench.naming import brief as short

    parts = []
    tied = contest.tied
    margins = [(figure, contest.margin(figure)[: 3 if i == 0 else 1]) for i, figure in enumerate(contest.ranked[1:])]
    named = [(figure, f"{short(figure.cell)} {multiple(*margin)}") for figure, margin in margins]
    if contest.outcome == "undecided":
        undecided = [text for figure, text in named if figure in tied and ahead(contest, figure)]
        close = [text for figure, text in named if figure in tied and not ahead(contest, figure)]
        first = short(contest.ranked[0].cell)
        parts += [f"{first} ahead, not decided: {', '.join(undecided)}"] if undecided else []
        parts += [f"not told apart: {', '.join([first, *close])}"] if close else []
        named = [(figure, text) for figure, text in named if figure not in tied]
    parts += [", ".join(text for _, text in named)] if named else []
    states = dict.fromkeys(figure.state for figure in contest.rest)
    parts += [f"{state}: {', '.join(short(f.cell) for f in contest.rest if f.state == state)}" for state in states]
    return "; ".join(parts)


def _legend(figures: "Sequence[Figure]", groups: "Sequence[Contest]", floor: float | None) -> str:
    from hybrid.bench.headline import leads, why_undecided

    outcomes, looks = {contest.outcome for contest in groups}, any(contest.looks for contest in groups)
    change = 100 * max(LEAST_CHANGE, floor or 0.0)
    measured = f"this machine's A/A floor is {100 * floor:.1f} %" if floor is not None else "no A/A floor was measured"
    sentences = [
        "After a backend: its time as a multiple of the fastest (for the second with its 95 % interval).",
        f"Fastest: an exact rank test tells it from every other one ({level(looks)}), and the difference is above "
        f"{change:.1f} % ({measured}).",
    ]
    sentences += [why_undecided(floor, looks)] if any(map(leads, groups)) else []
    sentences += ["?: too few processes for a verdict."] if "too few" in outcomes else []
    sentences += ["(In brackets): no other backend was measured, or none was right."] if "alone" in outcomes else []
    if len({figure.sessions for figure in figures if figure.verified}) > 1:
        sentences.append("Measured in different sessions: drift of the machine is not controlled.")
    if bare := sum(figure.without_checksum > 0 for figure in figures):
        sentences.append(f"{bare} of {len(figures)} cells have rows without checksum (without --brief: which).")
    versions = {f"{name} {version}" for figure in figures for name, version in figure.environment["versions"].items()}
    return "\n".join([wrapped(" ".join(sentences)), wrapped(", ".join(sorted(versions)))])
