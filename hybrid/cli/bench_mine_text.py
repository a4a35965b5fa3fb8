"""The answer of `hybrid bench mine` in words, then in tables."""

from typing import TYPE_CHECKING

from hybrid.base.machine import memory_bytes
from hybrid.base.uncertainty import duration as words_for
from hybrid.bench import naming
from hybrid.bench.looks import level as level_of
from hybrid.bench.mine.answer import MOST_WIDTH
from hybrid.bench.mine.judgement import VARIATION
from hybrid.bench.mine.questions import ENERGY, GRADIENT
from hybrid.bench.statistics import LEAST_CHANGE
from hybrid.bench.units import duration, multiple, size
from hybrid.cli.layout import table, wrapped

if TYPE_CHECKING:
    from hybrid.bench.mine.answer import Growth, Rated, Survey, Width

NAME, TIME, RATIO = 25, 12, 19
ALSO_SLOWER = 1.0


def answered(survey: "Survey") -> str:
    """Words first: which backend, how much faster, how sure; the whole run; what is wrong; then the tables."""
    parts = [_summary(survey), _backends(survey), _widths(survey), _basis(survey)]
    return "\n\n".join(part for part in parts if part)


def _name(one: "Rated", threads: int | None = None) -> str:
    return naming.brief({"backend": one.text, "path": "compiled", "threads": threads or one.threads})


def _summary(survey: "Survey") -> str:
    best = survey.best
    if best is None or best.energy is None:
        head = "No backend was right: see below why."
    else:
        parts = [f"{_name(best)}: {duration(best.energy.typical_s)} an energy"]
        parts += _against(survey)
        head = "; ".join(parts) + "."
    lines = [head, _whole(survey), _wrong(survey)]
    if best is not None and not survey.decides:
        count = "1 process" if survey.processes == 1 else f"{survey.processes} processes"
        lines.append(f"No verdict on speed with {count} a cell: 9 are needed.")
    return "\n".join(wrapped(line) for line in lines if line)


def _against(survey: "Survey") -> list[str]:
    """The other right ones, each with its best number of threads: told apart or not, or at least so many times slower."""
    compared, few, equal, level, ahead, slower, least = survey.against_best, [], [], [], [], [], []
    listed = set() if survey.best is None else {survey.best.text}
    for one in survey.rated[1:]:
        verdict = compared.get((one.text, one.threads))
        ratio, at_least = survey.ratio(one), survey.at_least(one)
        if one.state == "wrong" or one.text in listed:
            continue
        listed.add(one.text)
        if verdict is not None and ratio is not None:
            if verdict.word == "same" and verdict.high <= 1 + LEAST_CHANGE:
                equal.append(f"{_name(one)} {multiple(*ratio)}")
            elif verdict.word == "same" and verdict.low > 1:
                ahead.append(f"{_name(one)} {multiple(*ratio)}")
            elif verdict.word == "too few":
                few.append(f"{multiple(*ratio)} {_name(one)}")
            elif verdict.word == "same":
                level.append(f"{_name(one)} ({multiple(*ratio)})")
            else:
                slower.append(f"{multiple(*ratio)} {_name(one)}")
        elif at_least is not None and at_least > ALSO_SLOWER:
            least.append(f"at least {at_least:,.0f}x {_name(one)}")
    words = [", ".join(slower[:4])] if slower else []
    words += [f"measured so, without a verdict: {', '.join(few[:4])}"] if few else []
    words += [f"ahead, but not beyond doubt, of {', '.join(ahead)}"] if ahead else []
    words += [f"no difference above {100 * LEAST_CHANGE:.0f} % from {', '.join(equal)}"] if equal else []
    words += [f"not told apart from {', '.join(level)}"] if level else []
    return [*words, *([", ".join(least[:4])] if least else [])]


def _whole(survey: "Survey") -> str:
    """The whole run by the best, and by the best of another simulator."""
    best = survey.best
    own = None if best is None else survey.whole_s(best)
    if best is None or own is None:
        return ""
    text = f"The whole run: about {words_for(own)} by {_name(best)}"
    others = [one for one in survey.rated[1:] if one.right and one.text.split(":")[0] != best.text.split(":")[0]]
    against = [(survey.whole_s(one), one) for one in others]
    against = [(seconds, one) for seconds, one in against if seconds is not None]
    if against:
        seconds, one = against[0]
        text += f", {words_for(seconds)} by {_name(one)}"
    step = survey.asked.step_question
    unit = {ENERGY: "energies", GRADIENT: "gradients"}.get(step.name, f"steps of {len(step.points)} points")
    return f"{text} ({survey.asked.calls():,.0f} {unit} and one last value, if its whole budget is used)."


def _wrong(survey: "Survey") -> str:
    wrong = list(dict.fromkeys(_name(one, 1) for one in survey.rated if one.state == "wrong"))
    return f"Wrong: {', '.join(wrong)}." if wrong else ""


def _backends(survey: "Survey") -> str:
    step = survey.asked.step_question
    middle = {ENERGY: "", GRADIENT: "gradient"}.get(step.name, "step")
    title = f"{'backend':<{NAME}}{'energy':>{TIME}}{middle:>{TIME}}{'of the best':>{RATIO}}{'whole run':>{TIME}}"
    lines = [title]
    for one in survey.rated:
        if one.energy is None or not one.energy.seconds:
            continue
        name = _name(one)
        head = f"{name}\n{'':<{NAME}}" if len(name) > NAME - 1 else f"{name:<{NAME}}"
        step_s = one.step.typical_s if middle and one.step is not None else None
        ratio = survey.ratio(one)
        compared = "" if ratio is None or one is survey.best else multiple(*ratio)
        whole = survey.whole_s(one) if one.right else None
        lines.append(
            f"{head}{duration(one.energy.typical_s):>{TIME}}{duration(step_s) if middle else '':>{TIME}}{compared:>{RATIO}}"
            f"{'-' if whole is None else words_for(whole):>{TIME}}"
        )
    judged = {_name(one, 1): _judged(one) for one in reversed(survey.rated)}
    return "\n".join(lines) + "\n\n" + table(list(reversed(judged.items())), NAME)


def _judged(one: "Rated") -> str:
    """The verdict with its figures; of counts what they could have shown; or why there is none."""
    verdict = one.verdict
    if verdict is None:
        return f"{one.state}: {one.why}" if one.why else "not judged"
    off = "not numbers" if verdict.metric == float("inf") else f"{verdict.metric:.1g}"
    if not verdict.right:
        return f"WRONG: {verdict.name} {off}, at most {verdict.tolerance:.1g} is right; by {verdict.reference}"
    if one.energy is not None and one.energy.status == "wrong":
        return f"WRONG when it was timed: {one.energy.note}"
    exact = verdict.name == VARIATION and verdict.tolerance < 1e-3
    kind = "probabilities" if exact else "values" if verdict.name.startswith("largest error") else ""
    how = f"{kind} differ by {off}" if kind else f"counts; an error below {verdict.tolerance:.2g} would not show"
    killed = f"; {one.why}" if one.why else ""
    return f"right: {how}; by {verdict.reference}{killed}"


def _widths(survey: "Survey") -> str:
    if not survey.growth:
        return wrapped(f"Other widths: {survey.no_growth}.") if survey.no_growth else ""
    widths = [width.n for width in survey.growth[0].widths]
    total = size(memory_bytes()[0])
    title = f"{'an energy on qubits':<{NAME}}" + "".join(f"{n:>{TIME}}" for n in widths)
    lines = [title + "  most qubits"]
    lines += [_of_growth(grown) for grown in survey.growth]
    legend = (
        "~: extrapolated from the last two widths. Most qubits: extrapolated from the simulator's own formula of its memory"
    )
    legend += f" at two widths, to {total}."
    return "\n".join([*lines, wrapped(legend)])


def _of_growth(grown: "Growth") -> str:
    name = naming.brief({"backend": grown.text, "path": "compiled", "threads": 1})
    head = f"{name}\n{'':<{NAME}}" if len(name) > NAME - 1 else f"{name:<{NAME}}"
    cells = [_time(width) for width in grown.widths]
    stops = f"above {MOST_WIDTH}" if grown.stops_at is None else str(grown.stops_at)
    return head + "".join(f"{cell:>{TIME}}" for cell in cells) + f"  {stops}"


def _time(width: "Width") -> str:
    if width.seconds is None:
        return "killed" if "killed" in width.note else "-"
    return f"{'~' if width.extrapolated else ''}{duration(width.seconds)}"


def _basis(survey: "Survey") -> str:
    env = survey.environment
    spec = survey.asked.spec
    run = f"{spec.algorithm} {spec.problem} on {spec.device}" + (f", {spec.shots:,} shots" if spec.shots else "")
    where = f"{env['host']}: {env['cpu']}, {env['cores']} cores" if env else ""
    judges = " and ".join(survey.judges) or "nothing"
    how = (
        f"Judged by {judges}, on the run's own circuits at common angles and detunings. Ratios of energies with 95 % "
        "intervals, each of its pair alone; beyond doubt: a rank test of all pairs together "
        f"({level_of(survey.looks)}) and 5 %. A backend that one process finds ten times slower is not measured again."
    )
    return "\n".join(wrapped(line) for line in (f"Run: {run}; {survey.asked.n_qubits} qubits. {where}", how))
