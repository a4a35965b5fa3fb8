"""What a reader has to know before the numbers: statuses, tiers of verification, the rule of a verdict, caveats."""

from collections.abc import Sequence

from hybrid.bench import statistics
from hybrid.bench.summary import Figure

STATES = {
    "ok": "measured, and every answer that was timed was found right",
    "unverified": "measured, and nothing at hand could judge the answer: it does not rank",
    "wrong": "an answer was found wrong: it keeps its time and never ranks",
    "unsupported": "the backend says that it cannot do this",
    "unavailable": "the simulator is not installed here",
    "timeout": "killed at the time limit",
    "oom": "out of memory, or killed at the memory limit",
    "crashed": "the process died without a word of its own",
    "error": "the backend, or the check of its answer, raised an error",
}
TIERS = {
    "L0": "Conformance: the answer has the shape that was asked for and holds numbers.",
    "L1": "A dense simulation of the same circuit gives the reference: fidelity, or observables that see reversed qubits and "
    "negated angles.",
    "L2": "The structure of the circuit gives the reference at any width: stabilizers, analytic states, free fermions.",
    "L3": "Nothing gives a reference, but two different methods agree. Without a second method an answer stays unverified.",
}
RULE = (
    "Every figure is one fresh process: of each, the least time per call over its timed loops counts. Processes of all cells "
    "were taken in turn, in shuffled order.",
    f"A backend is called faster than another only if an exact rank test (Mann-Whitney) over the processes gives a p below "
    f"{statistics.ALPHA:g}, corrected (Holm) for all pairs that were compared, and if the times differ by more than "
    f"{100 * statistics.LEAST_CHANGE:.0f} % and by more than this machine shows between identical runs (its A/A floor).",
    "Rank 1 plus the number of backends that are faster beyond doubt: several may share a rank. No rank is given where the "
    "processes are too few for any verdict (nine against nine allow many comparisons at once, three none), where nobody "
    "else was right, or where an answer was wrong or could not be judged.",
)
CHECK = (
    "Judged are the very answers that were timed, outside the clock: of the first call and of every timed loop. The error is "
    "given in units of its tolerance, which rounding (or, of counts, chance) explains; above 1 the answer is wrong."
)
SCORE = (
    "The score is (sum sqrt(p q))^2 of the counts against the circuit's exact distribution; rescaled, as many uniform shots "
    "are worth 0 and as many perfect ones 1. Blind circuits are uniform themselves and cannot tell noise from their own output."
    " A score is the device's, whatever simulator computed it: nobody ranks by it."
)
CAVEAT = (
    "These are times of classical simulators on the machines named below. They say nothing about the speed of a quantum "
    "computer, and nothing about other machines."
)


def caveats(found: Sequence[Figure], floors: dict[str, float | None], machines: int) -> list[str]:
    """What these very rows leave open; `floors` by machine."""
    told = [CAVEAT]
    verified = [figure for figure in found if figure.verified]
    few = [figure for figure in verified if len(figure.seconds) < 9]
    if few:
        told.append(
            f"{len(few)} of {len(verified)} verified cells have fewer than nine processes: few or no verdicts on speed."
        )
    for machine, floor in floors.items():
        if floor is None:
            told.append(
                f"{machine}: no A/A floor was measured (hybrid bench null); {100 * statistics.LEAST_CHANGE:.0f} % is used."
            )
        else:
            told.append(f"{machine}: identical runs differ by up to {100 * floor:.1f} % (A/A floor).")
    if len({figure.sessions for figure in verified}) > 1:
        told.append("Cells were measured in different sessions: the machine may have drifted between them.")
    if machines > 1:
        told.append("Several machines: their times are shown apart and are not compared.")
    if any(figure.environment["governor"] != "performance" for figure in found):
        told.append("The processors' governor is not 'performance' or not known: clock rates may have changed.")
    greedy = [figure for figure in found if figure.cores_used and figure.cores_used > figure.cell["threads"] + 0.25]
    if greedy:
        told.append(f"{len(greedy)} cells used more processors than they were given.")
    single = [figure for figure in verified if figure.counted[-1]["precision"]["observed"] == "single"]
    if single:
        told.append(f"{len(single)} verified cells computed in single precision, beside others in double.")
    return told
