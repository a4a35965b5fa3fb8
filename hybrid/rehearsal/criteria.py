"""The criteria of a verdict, one function each: what is asked, whether it is met, and the figures that it rests on.

The bias of a value is what noise adds to it, b = limit - ideal, with infinitely many shots on the device and none of its noise
at the same x. A value with the standard error s resolves a scale D where
    |b| + 2 s <= D.                                                                                                       (1)
A share p of optimal shots is told apart from the share g of guesses by N shots where
    p - g >= 2 sqrt(p (1 - p) / N).                                                                                       (2)
Of the signal noise leaves S = (limit - mixed)/(ideal - mixed), mixed the value of the fully mixed state.                 (3)
"""

from collections.abc import Callable, Sequence
from math import exp, sqrt

from hybrid.base.uncertainty import amount, duration, percent
from hybrid.rehearsal.evidence import AtPoint, Case
from hybrid.rehearsal.question import CHOICES
from hybrid.rehearsal.rehearsal import AFFORDABLE, BEATS, FITS, LIVES, RESOLVES, Criterion
from hybrid.runs.look import share
from hybrid.runs.verdict import CHEMICAL_ACCURACY_HA, CLEAR

LEAST_SIGNAL = exp(-1)
"""A circuit whose losses add up to more than one has outlived the device. Undoing noise multiplies a variance by at least 1/S^2
(Takagi et al., npj Quantum Information 8, 114, 2022), here more than seven."""


def fits(case: Case) -> Criterion:
    """Whether the circuits can be placed on the device: qubits, coupling, native gates, job limits."""
    has = case.device.n_qubits
    numbers = {"qubits": case.n_qubits, "device_qubits": has}
    if case.too_wide:
        return Criterion(FITS, False, f"it needs {case.n_qubits} qubits, {case.device.name} has {has}", numbers)
    if case.dry_run is None:
        return Criterion(FITS, None, f"not known: {case.why_not}", numbers)
    gates = _two_qubit_gates(case)
    jobs = None if case.billed is None else case.billed["jobs"][1]
    numbers |= {"two_qubit_gates": gates, "jobs": jobs}
    plural = "" if gates == 1 else "s"
    words = f"{case.n_qubits} of {has} qubits, {gates} native two-qubit gate{plural}"
    billing = case.device.billing
    if jobs is not None and billing is not None:
        most = billing.shots_per_job.value
        limit = "no limit on shots a job is known" if most == float("inf") else f"at most {most:,.0f} shots a job"
        words += f"; {jobs:,} jobs, {limit}"
    return Criterion(FITS, True, words, numbers)


def lives(case: Case) -> Criterion:
    """Whether enough of the signal outlives the circuit; what was simulated decides, what was expected stands beside it."""
    if case.dry_run is None or case.dry_run.look is None:
        return Criterion(LIVES, None, "not known: the experiment was not played", {})
    look = case.dry_run.look
    simulated = None if case.at is None else case.at.signal(case.question.mixed)
    decides = look.signal if simulated is None else simulated
    numbers = {
        "expected_signal": look.signal,
        "simulated_signal": simulated,
        "least_signal": LEAST_SIGNAL,
        "duration_s": look.duration_s,
        "t2_star_s": look.t2_star_s,
        "t2_echo_s": look.t2_echo_s,
    }
    beside = "" if simulated is None else f"; expected {share(look.signal)}"
    played = "expected" if simulated is None else "simulated"
    left = f"{_signed_share(decides)} of the signal is left ({played}{beside}), at least {share(LEAST_SIGNAL)} is needed"
    return Criterion(LIVES, decides >= LEAST_SIGNAL, f"{left}; {_timing(case)}", numbers)


def resolves(case: Case) -> Criterion:
    """Whether the error within the asked shots is smaller than the scale that matters."""
    at, question = case.at, case.question
    if at is None:
        return Criterion(RESOLVES, None, "not known: the experiment was not played", {})
    if question.kind == CHOICES:
        return _resolves_choices(case, at)
    if at.electrons is not None:
        found, asked = at.electrons
        words = f"without noise the number of electrons ends at {found:.3g}, and {asked:.3g} is asked for: another question"
        return Criterion(RESOLVES, False, words, {"electrons": found, "electrons_asked": asked})
    if question.scale is None:
        return Criterion(RESOLVES, None, f"not known: {question.scale_words}", {"stderr": at.stderr})
    error = abs(at.bias) + CLEAR * at.stderr
    numbers = {"stderr": at.stderr, "bias": at.bias, "error": error, "scale": question.scale}
    met = error <= question.scale
    side = "less" if met else "more"
    words = (
        f"{case.spec.shots:,} shots leave ± {question.amount(at.stderr)} and noise moves the value by "
        f"{question.amount(at.bias)}: with twice the error bar {question.amount(error)}, {side} than "
        f"{question.amount(question.scale)}, {question.scale_words}"
    )
    if question.unit == "Ha":
        numbers["chemical_accuracy"] = CHEMICAL_ACCURACY_HA
        reached = "reached" if error <= CHEMICAL_ACCURACY_HA else "not reached"
        words += f"; chemical accuracy ({amount(CHEMICAL_ACCURACY_HA, 'Ha')}) is {reached}"
    return Criterion(RESOLVES, met, words, numbers)


def _resolves_choices(case: Case, at: AtPoint) -> Criterion:
    """Equation 2, for the share of optimal shots without noise."""
    ideal, guess, shots = at.share_ideal, at.share_guessing, case.spec.shots
    if ideal is None or guess is None:
        return Criterion(RESOLVES, None, "not known: no optimum is known to count", {})
    stderr = share_error(ideal, shots)
    numbers = {"share_ideal": ideal, "share_guessing": guess, "share_stderr": stderr}
    words = (
        f"without noise {percent(ideal)} of shots are an optimum and {percent(guess)} of guesses; {shots:,} shots "
        f"know it to ± {percent(stderr)}"
    )
    return Criterion(RESOLVES, ideal - guess >= CLEAR * stderr and ideal > guess, words, numbers)


def beats_guessing(case: Case) -> Criterion:
    """Whether the device does better than chance; how it compares with the classical answer is said and does not bind."""
    at, question = case.at, case.question
    if at is None:
        return Criterion(BEATS, None, "not known: the experiment was not played", {})
    if question.kind == CHOICES:
        return _beats_choices(case, at)
    if question.guessing is None:
        return Criterion(BEATS, None, "not known: this value has no counterpart by guessing", {})
    by = question.better_by(at.limit, question.guessing)
    numbers = {"better_by": by, "stderr": at.stderr, "guessing": question.guessing, "baseline": question.baseline}
    met = by > CLEAR * at.stderr
    side = "better" if by > 0 else "worse"
    words = f"{question.amount(by)} {side} than guessing ({question.guessing:.6g})"
    if not met and by > 0:
        words += f", which is within twice the error bar of {question.amount(at.stderr)}"
    return Criterion(BEATS, met, words + _classical(case, at), numbers)


def _beats_choices(case: Case, at: AtPoint) -> Criterion:
    """Equation 2, on the device."""
    found, guess = at.share_limit, at.share_guessing
    if found is None or guess is None:
        return Criterion(BEATS, None, "not known: no optimum is known to count", {})
    stderr = share_error(found, case.spec.shots)
    numbers = {"share": found, "share_guessing": guess, "share_stderr": stderr}
    met = found - guess >= CLEAR * stderr and found > guess
    words = f"{percent(found)} of shots would be an optimum, {percent(guess)} of guesses are"
    words += "" if met else f": not clear with ± {percent(stderr)}"
    return Criterion(BEATS, met, words + _classical(case, at), numbers)


def _classical(case: Case, at: AtPoint) -> str:
    """The classical answer beside it; it does not bind."""
    question = case.question
    if question.kind == CHOICES:
        return f"; classically the best choice is known ({question.classical}), which does not count here"
    if question.baseline is None:
        return ""
    by = question.better_by(at.limit, question.baseline)
    side = "better" if by > 0 else "worse"
    return f"; {question.amount(by)} {side} than {question.baseline_name}, which does not count here"


def affordable(case: Case) -> Criterion:
    """Whether the bill of the whole experiment, at the high end of its range, stays within the hours asked for."""
    hours, asked, billed = case.hours, case.hours_asked, case.billed
    if case.dry_run is None:
        return Criterion(AFFORDABLE, None, "not known: the experiment does not run", {})
    if hours is None or billed is None:
        cycles = case.dry_run.total.qpu_seconds
        time = "" if cycles is None else f"; shots x shot cycle take {duration(cycles)}, jobs and pauses not counted"
        return Criterion(
            AFFORDABLE, None, f"not judged: {case.device.name} has no billing rule{time}", {"shot_seconds": cycles}
        )
    numbers = {"hours": list(hours), "hours_asked": asked, "jobs": billed["jobs"]}
    text = f"{hours_text(hours)} QPU, {billed['jobs'][1]:,} jobs; queue and latency not counted"
    text += "; the rule is assumed" if is_assumed(case) else ""
    if asked is None:
        return Criterion(AFFORDABLE, None, f"{text}; not judged without --hours", numbers)
    met = hours[2] <= asked
    side = "within" if met else "at the high end above"
    return Criterion(AFFORDABLE, met, f"{text}; {side} the {asked:g} h asked for", numbers)


FIRST_FIVE: tuple[Callable[[Case], Criterion], ...] = (fits, lives, resolves, beats_guessing, affordable)
"""All criteria that look at one device alone; `stable` asks them again of its variants."""


def judged(case: Case) -> tuple[Criterion, ...]:
    """The first five criteria."""
    return tuple(criterion(case) for criterion in FIRST_FIVE)


def is_go(criteria: Sequence[Criterion]) -> bool:
    """Whether nothing stands against GO; what was not judged for want of a rule or of --hours does not."""
    return all(one.met or (one.met is None and one.name == AFFORDABLE) for one in criteria)


def is_go_physically(case: Case) -> bool:
    """Whether the device could do it, whatever it costs: the bill does not depend on how good the device is."""
    return is_go([one for one in judged(case) if one.name != AFFORDABLE])


def share_error(probability: float, shots: int) -> float:
    """The standard error of a share of so many shots; at least one shot's worth, so that it is never zero."""
    p = min(max(probability, 1 / shots), 1 - 1 / shots) if shots > 1 else 0.5
    return sqrt(p * (1 - p) / shots)


def is_assumed(case: Case) -> bool:
    """Whether no rule of billing is published for the device."""
    return case.device.billing is not None and case.device.billing.words.startswith("no billing rule is published")


def hours_text(hours: tuple[float, float, float]) -> str:
    """`0.15 h (0.075 to 0.15)`."""
    low, value, high = (f"{hour:.3g}" for hour in hours)
    return f"{value} h" if low == high else f"{value} h ({low} to {high})"


def _two_qubit_gates(case: Case) -> int:
    assert case.dry_run is not None
    if case.dry_run.look is not None:
        return case.dry_run.look.two_qubit_gates
    two = {name for name, gate in case.device.gates.items() if gate.n_qubits == 2}
    return max(sum(count for name, count in one.gates.items() if name in two) for one in case.dry_run.resources)


def _timing(case: Case) -> str:
    """The circuit's time beside the coherence times of its qubits."""
    assert case.dry_run is not None and case.dry_run.look is not None
    look = case.dry_run.look
    if look.duration_s is None:
        return "nothing takes time"
    words = f"the circuit takes {time_words(look.duration_s)}"
    times = [("T2*", look.t2_star_s), ("T2 echo" if look.t2_star_s is not None else "T2", look.t2_echo_s)]
    return words + "".join(f", {name} is {time_words(time_s)}" for name, time_s in times if time_s is not None)


def time_words(seconds: float) -> str:
    """Three digits, in microseconds, milliseconds or seconds."""
    size, unit = next(((size, unit) for size, unit in ((1e-6, "us"), (1e-3, "ms")) if seconds < 999.5 * size), (1.0, "s"))
    return f"{seconds / size:.3g} {unit}"


def _signed_share(part: float) -> str:
    return share(part) if part >= 0 else f"-{share(-part)}"
