"""The fastest verified backend of each question, where it is significantly faster than every other."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from hybrid.bench import naming
from hybrid.bench.looks import seen
from hybrid.bench.statistics import hodges_lehmann
from hybrid.bench.summary import Figure, questions, ranks, were_announced

Outcome = Literal["won", "undecided", "too few", "alone", "nobody"]


class Contest(NamedTuple):
    """One question on one machine. `ranked` are the verified figures, fastest first, `places` their ranks; `rest` never rank.
    `looks`: measured until decided (`hybrid.bench.looks`).

    won: the first is significantly faster than every other. undecided: it is not. too few: too few processes for a verdict.
    alone: no other backend was right. nobody: none was.
    """

    ranked: list[Figure]
    places: list[int | None]
    rest: list[Figure]
    looks: bool = False

    @property
    def asked(self) -> Figure:
        """Any of its figures: the question is the same."""
        return (self.ranked or self.rest)[0]

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        if len(self.ranked) < 2:
            return "alone" if self.ranked else "nobody"
        if None in self.places:
            return "too few"
        return "won" if self.places[0] == 1 and self.places.count(1) == 1 else "undecided"

    @property
    def winner(self) -> Figure | None:
        """The winner; None unless it is significantly faster than every other."""
        return self.ranked[0] if self.outcome == "won" else None

    def margin(self, other: Figure) -> tuple[float, float, float]:
        """How many times as long as the first another takes, with its 95 % interval, from what its verdict is from."""
        both = seen(self.ranked[0].seconds, other.seconds, self.looks)
        return hodges_lehmann(both.base, both.new)

    @property
    def tied(self) -> list[Figure]:
        """Those that nothing is significantly faster than."""
        return [figure for figure, place in zip(self.ranked, self.places, strict=True) if place == 1]


def contests(results: Iterable[Figure], floor: float | None) -> list[Contest]:
    """All contests by workload and width; `floor` is the machine's A/A floor, if it was measured."""
    results = list(results)
    looks = were_announced(results)
    groups = sorted(questions(results), key=lambda group: (naming.family(group[0].cell), group[0].cell["n_qubits"]))
    ended = []
    for group, places in zip(groups, ranks(groups, floor or 0.0), strict=True):
        timed = [(figure, place) for figure, place in zip(group, places, strict=True) if figure.verified and figure.seconds]
        rest = [figure for figure in group if not (figure.verified and figure.seconds)]
        ended.append(Contest([figure for figure, _ in timed], [place for _, place in timed], rest, looks))
    return ended
