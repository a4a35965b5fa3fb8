"""What a run of the benchmark measures: workloads, scores of devices, and questions of one's own run."""

from typing import TypeAlias

from hybrid.bench.cells import Cell
from hybrid.bench.mine.cells import OwnCell
from hybrid.bench.scores import ScoreCell

Measurable: TypeAlias = Cell | ScoreCell | OwnCell
"""A cell."""
