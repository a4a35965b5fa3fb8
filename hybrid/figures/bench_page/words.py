"""Texts of the page: statuses, tiers of verification, the rule of a verdict, caveats."""

from collections.abc import Sequence

from hybrid.bench import statistics
from hybrid.bench.looks import level
from hybrid.bench.summary import Figure

STATES = {
    "ok": "measured, and every timed answer is right",
    "unverified": "measured, but there is no reference for the answer: it does not rank",
    "wrong": "an answer is wrong: the time is kept, but it never ranks",
    "unsupported": "the backend says that it cannot do this",
    "unavailable": "the simulator is not installed here",
    "timeout": "killed at the time limit",
    "oom": "out of memory, or killed at the memory limit",
    "crashed": "the process ended without a report",
    "error": "the backend, or the check of its answer, raised an error",
}
TIERS = {
    "L0": "Conformance: the answer has the right shape and finite numbers.",
    "L1": "A dense simulation of the same circuit gives the reference: fidelity, or observables that reveal reversed qubits "
    "and negated angles.",
    "L2": "The structure of the circuit gives the reference at any width: stabilizers, analytic states, free fermions.",
    "L3": "No reference, but two different methods agree. Without a second method an answer stays unverified.",
}
RULE = (
    "Every data point is one fresh process: the least time per call over its timed loops. The processes of all cells were run "
    "in rounds, in random order.",
    f"A backend is called faster than another only if an exact rank test (Mann-Whitney) over the processes gives a p below "
    f"{statistics.ALPHA:g}, corrected (Holm) for all pairs that were compared, and if the times differ by more than "
    f"{100 * statistics.LEAST_CHANGE:.0f} % and by more than identical runs differ on this machine (its A/A floor).",
    f"Where the rows say so, undecided questions were measured further until they were decided: {level(True)}.",
    "The rank is 1 plus the number of significantly faster backends, so several may share a rank. There is no rank where the "
    "processes are too few for any verdict (nine against nine allow many comparisons at once, three none), where no other "
    "backend was right, or where an answer was wrong or had no reference.",
)
CHECK = (
    "The answers that were timed are themselves verified, outside the clock: of the first call and of every timed loop. The "
    "error is in units of its tolerance, which covers rounding (or shot noise of counts); above 1 the answer is wrong."
)
SCORE = (
    "The score is (sum sqrt(p q))^2 of the counts against the circuit's exact distribution; rescaled, as many uniform shots "
    "give 0 and as many perfect ones 1. Blind circuits have a uniform distribution, so noise does not change their counts."
    " A score belongs to the device, not to the simulator that computed it: simulators are not ranked by it."
)
CAVEAT = (
    "These are times of classical simulators on the machines named below. They say nothing about the speed of a quantum "
    "computer, and nothing about other machines."
)


def caveats(results: Sequence[Figure], floors: dict[str, float | None], machines: int) -> list[str]:
    """The caveats of these rows; `floors` by machine."""
    texts = [CAVEAT]
    verified = [figure for figure in results if figure.verified]
    few = [figure for figure in verified if len(figure.seconds) < 9]
    if few:
        texts.append(
            f"{len(few)} of {len(verified)} verified cells have fewer than nine processes: few or no verdicts on speed."
        )
    for machine, floor in floors.items():
        if floor is None:
            texts.append(
                f"{machine}: no A/A floor was measured (hybrid bench null); {100 * statistics.LEAST_CHANGE:.0f} % is used."
            )
        else:
            texts.append(f"{machine}: identical runs differ by up to {100 * floor:.1f} % (A/A floor).")
    if len({figure.sessions for figure in verified}) > 1:
        texts.append("Cells were measured in different sessions: the machine may have drifted between them.")
    if machines > 1:
        texts.append("Several machines: their times are shown apart and are not compared.")
    if any(figure.environment["governor"] != "performance" for figure in results):
        texts.append("The processors' governor is not 'performance' or not known: clock rates may have changed.")
    greedy = [figure for figure in results if figure.cores_used and figure.cores_used > figure.cell["threads"] + 0.25]
    if greedy:
        texts.append(f"{len(greedy)} cells used more processors than they were given.")
    single = [figure for figure in verified if figure.counted[-1]["precision"]["observed"] == "single"]
    if single:
        texts.append(f"{len(single)} verified cells computed in single precision, beside others in double.")
    return texts
