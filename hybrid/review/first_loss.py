"""The loss that an algorithm minimises, found without measuring anything: what a review measures again."""

from contextlib import suppress
from typing import NamedTuple, NoReturn, final

from hybrid.base.errors import UsageError
from hybrid.base.types import Ansatz, Loss, Optimizer, Points, Query
from hybrid.runs.setup import Prepared, PreparedSession


class FirstLoss(NamedTuple):
    """The loss of an algorithm's first minimisation, the ansatz it is minimised over, and how that ansatz is written."""

    loss: Loss
    ansatz: Ansatz
    ansatz_text: str


class _Stop(Exception):
    """Ends an algorithm early. An algorithm is a plain function: nothing but an exception stops it from outside."""


@final
class _FirstLossSession(PreparedSession):
    """Keeps what the first minimisation is asked for and stops the algorithm there, or where it measures before."""

    first: FirstLoss | None = None

    def minimize(self, loss: Loss, ansatz: Ansatz, *, share: float = 1.0, optimizer: Optimizer | None = None) -> NoReturn:
        """Keep the loss and stop."""
        self.first = FirstLoss(loss, ansatz, str(self._chosen.ansatz_text))
        raise _Stop

    def measure(self, query: Query, points: Points | None = None) -> NoReturn:
        """Stop: what is minimised later depends on what would be measured here."""
        raise _Stop


def first_loss(prepared: Prepared, n_parameters: int) -> FirstLoss:
    """What the algorithm minimises, over an ansatz of so many parameters; nothing is compiled or measured.

    UsageError: an algorithm that measures before it minimises, or whose first minimisation has another number of parameters.
    """
    session = _FirstLossSession(prepared)
    with suppress(_Stop):
        prepared.algorithm(session, prepared.problem)
    if session.first is None or session.first.ansatz.circuit.num_parameters != n_parameters:
        raise UsageError(
            f"algorithm '{prepared.spec.algorithm}' does more than minimise one loss, so its result is not taken apart here; "
            "this is for runs of one minimisation, such as vqe and qaoa."
        )
    return session.first
