"""The minimisers of scipy.optimize."""

from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, Literal

import numpy as np
from scipy import optimize

from hybrid.base.types import Gradient, Optimization, Point, Values

SOLVES = ("quadratic", "sinusoids", "circuit")
ENDLESS = 10**9
LIMITS = {
    "BFGS": ("maxiter",),
    "CG": ("maxiter",),
    "COBYLA": ("maxiter",),
    "COBYQA": ("maxfev", "maxiter"),
    "L-BFGS-B": ("maxfun", "maxiter"),
    "Nelder-Mead": ("maxfev", "maxiter"),
    "Powell": ("maxfev", "maxiter"),
    "SLSQP": ("maxiter",),
    "TNC": ("maxfun",),
}
"""SciPy's own limits, set out of reach: the run's budget is the limit here."""
WITH_GRADIENT = ("BFGS", "CG", "L-BFGS-B", "SLSQP", "TNC")


def scipy(
    x: Point,
    rng: np.random.Generator,
    *,
    method: Literal["BFGS", "CG", "COBYLA", "COBYQA", "L-BFGS-B", "Nelder-Mead", "Powell", "SLSQP", "TNC"] = "COBYLA",
    tol: float = 1e-6,
) -> Optimization:
    """scipy.optimize.minimize (Virtanen et al., Nat. Methods 17, 261, 2020); an iteration is one evaluation.

    Its x is the best point so far, or the last one at which a gradient was measured; BFGS, CG, L-BFGS-B, SLSQP and TNC use
    gradients. The methods are made for exact losses: where SciPy ends on noisy ones it is started again from there, and only
    the budget ends the run.
    """
    k, noisy = 0, True
    while noisy and x.size:
        noisy, lowest = False, np.inf
        asked: SimpleQueue[Any] = SimpleQueue()
        answered: SimpleQueue[Any] = SimpleQueue()
        worker = Thread(target=_minimize, args=(asked, answered, np.array(x), method, tol), name="scipy")
        worker.start()
        try:
            while (question := asked.get()) is not None:
                kind, point = question
                if kind == "error":
                    raise point
                if kind == "gradient":
                    answer = yield Gradient(point, iteration=k)
                    loss, noise, reply = answer.loss, answer.loss_stderr, answer.gradient
                else:
                    answer = yield Values(x, point[None], iteration=k)
                    loss, noise, reply = answer[0], answer.stderr[0], answer[0]
                noisy = noisy or bool(noise > 0)
                if loss < lowest:
                    x, lowest = point, loss
                answered.put(reply)
                k += 1
        finally:
            answered.put(None)
            worker.join()
    return x


class _Abandoned(BaseException):
    """The generator was closed, so no answer comes; not an Exception, which a method might catch."""


def _minimize(asked: Any, answered: Any, start: Point, method: str, tol: float) -> None:
    """SciPy in its own thread, in strict alternation with the generator; None means that it has ended."""

    def ask(kind: str, point: Point) -> Any:
        asked.put((kind, np.array(point, dtype=float)))
        if (reply := answered.get()) is None:
            raise _Abandoned
        return reply

    slope = partial(ask, "gradient") if method in WITH_GRADIENT else None
    options = dict.fromkeys(LIMITS[method], ENDLESS)
    try:
        optimize.minimize(partial(ask, "loss"), start, method=method, jac=slope, tol=tol, options=options)
        asked.put(None)
    except _Abandoned:
        pass
    except BaseException as error:
        asked.put(("error", error))
