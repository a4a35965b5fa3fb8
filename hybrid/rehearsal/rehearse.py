"""rehearse(Spec) -> Rehearsal: the experiment played without noise and on each device, judged, and what would change that.

Every step is a record in the folder of results, so that an interrupted rehearsal continues where it was; see `plan` for what is
played and what is left out.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, final

from hybrid.base.errors import HybridError, UsageError
from hybrid.base.files import looks_like_path
from hybrid.catalog import chain
from hybrid.device import naming, options
from hybrid.device.device import Device
from hybrid.rehearsal.changes import ChangeFound, smallest_change, with_other_machines
from hybrid.rehearsal.commands import MAX_TIME_S, rehearse_command
from hybrid.rehearsal.compare import ranking
from hybrid.rehearsal.criteria import is_assumed, is_go, judged
from hybrid.rehearsal.evidence import Case, at_point
from hybrid.rehearsal.machines import DEVICES, machine_of, profiles_of
from hybrid.rehearsal.mitigation import Recommended, candidates, recommended
from hybrid.rehearsal.plan import AT_X, CHANGE, FLIPS, METHODS, VARIANTS, Agenda
from hybrid.rehearsal.play import NOISELESS_DEVICE, Player, played, why_refused, without_noise
from hybrid.rehearsal.question import Question, question_of
from hybrid.rehearsal.rehearsal import (
    AFFORDABLE,
    GO,
    MARGINAL,
    NO_GO,
    NOISELESS,
    RAW,
    STABLE,
    CircuitFacts,
    Criterion,
    DeviceVerdict,
    Flip,
    Rehearsal,
    Skipped,
)
from hybrid.rehearsal.sentences import sentence
from hybrid.rehearsal.stability import Variants, flips, stable, variants
from hybrid.runs.dry_run import DryRun, plan
from hybrid.runs.result import Result
from hybrid.runs.setup import Prepared, prepare
from hybrid.runs.spec import MEMBERS, Spec, duration_s
from hybrid.runs.watching import SILENT, Watcher

SHOTS = 1000
"""Where the experiment names none: a machine has no infinitely many."""
KNOWN = ("quantity", "unit", "maximize", "exact", "baseline", "baseline_name", "guessing", "scale", "scale_words")
"""Fields of the question that a rehearsal has too."""
PACKAGES = ("hybrid-sandbox", "numpy", "qiskit", "qiskit-aer", "scipy")


def rehearse(
    spec: Spec,
    devices: Sequence[str] = (),
    *,
    hours: float | None = None,
    max_time: float | str = MAX_TIME_S,
    results: str | Path = "results",
    watcher: Watcher = SILENT,
    begin: Callable[[str], None] = lambda text: None,
) -> Rehearsal:
    """Rehearse `spec` on `devices` (profiles or names of machines), or on its own device and those of EuroHPC.

    `hours` of QPU time are what may be spent, `max_time` the predicted processor time of the rehearsal. `begin` is called with
    each part of the work. UsageError: no shots, a backend that brings its own physics, a machine without a profile, a problem
    that cannot be read. RecordError, Stopped and Interrupted as a run's, everything saved.
    """
    max_time_s = duration_s("max_time", max_time)
    assert max_time_s is not None
    spec = checked(spec)
    own = () if spec.device == NOISELESS_DEVICE else (spec.device,)
    names = profiles_of(devices or (*own, *DEVICES))
    player = Player(Path(results), watcher)
    watcher.work("reading the problem and the devices")
    plain = prepare(without_noise(spec))
    begin(f"planning for {len(names)} device{'' if len(names) == 1 else 's'}")
    question = question_of(plain.problem, spec.algorithm or "", None)
    cases = [_case(replace(spec, device=name, dephasing=None), plain, question, hours) for name in names]
    if not any(case.dry_run is not None or case.too_wide for case in cases):
        raise UsageError(f"there is nothing to rehearse: {cases[0].why_not}.")
    reference = _reference(spec, cases)
    dry_run, why_not = _dry_run(reference)
    agenda = Agenda(max_time_s, dry_run, cases)
    if why_not:
        agenda.skipped.append(Skipped(NOISELESS, NOISELESS_DEVICE, None, why_not))
    begin("without noise")
    noiseless = player.loop(NOISELESS, reference) if agenda.has(NOISELESS, NOISELESS_DEVICE) else None
    player.taken()
    question = question_of(plain.problem, spec.algorithm or "", None if noiseless is None else noiseless.value)
    verdicts = []
    for case in cases:
        begin(f"on {case.spec.device}")
        part = _OnDevice(player, agenda, replace(case, question=question), noiseless)
        verdicts.append(part.verdict())
    return Rehearsal(
        title=f"{spec.algorithm} of {Path(spec.problem).name if ':' not in spec.problem else spec.problem}",
        command=rehearse_command(spec, names, hours, max_time_s),
        spec=spec.given(),
        n_qubits=plain.problem.n_qubits,
        noiseless=None if noiseless is None else played(NOISELESS, reference, noiseless),
        **{key: getattr(question, key) for key in KNOWN},
        hours_asked=hours,
        devices=with_other_machines(verdicts),
        ranking=ranking(verdicts, maximize=question.maximize),
        skipped=tuple(agenda.skipped),
        seconds_planned=round(agenda.seconds, 1),
        max_time_s=max_time_s,
        caveat=" ".join(dict.fromkeys(case.device.caveat for case in cases)),
        versions={package: version(package) for package in PACKAGES},
        input_files=_input_files(spec, names),
    )


def checked(spec: Spec) -> Spec:
    """The Spec, if it can be rehearsed: with shots and on our simulators; UsageError otherwise."""
    if not spec.shots:
        raise UsageError(
            "a rehearsal needs shots: a machine has no infinitely many. --shots 1000, say; exact values are for hybrid run."
        )
    if spec.backend.partition(":")[0] not in ("auto", "aer", "exact"):
        raise UsageError(f"backend '{spec.backend}' brings its own physics; a rehearsal plays profiles: --backend auto.")
    return spec


def _case(spec: Spec, plain: Prepared, question: Question, hours: float | None) -> Case:
    """The experiment on a device, its circuits compiled, nothing measured."""
    device, n_qubits = Device.load(spec.device), plain.problem.n_qubits
    too_wide = device.n_qubits is not None and n_qubits > device.n_qubits
    dry_run, why_not = (None, "it has too few qubits") if too_wide else _dry_run(spec)
    return Case(
        spec=spec,
        device=device,
        question=question,
        n_qubits=n_qubits,
        dry_run=dry_run,
        why_not=why_not,
        too_wide=too_wide,
        at=None,
        hours_asked=hours,
    )


def _dry_run(spec: Spec) -> tuple[DryRun | None, str]:
    """The dry run, or why there is none."""
    try:
        return plan(spec), ""
    except HybridError as error:
        return None, why_refused(error)


def _reference(spec: Spec, cases: Sequence[Case]) -> Spec:
    """The run without noise, with the ansatz of the first device where that is the device's own proposal."""
    first = next((case.with_ansatz for case in cases if case.dry_run is not None), spec)
    return without_noise(replace(spec, ansatz=first.ansatz))


def _input_files(spec: Spec, devices: Sequence[str]) -> dict[str, str]:
    """Every file that the experiment and its devices are read from, with its sha256."""
    members = [member for name in MEMBERS if (member := spec.member(name)) is not None] + chain(spec.mitigate)
    files = [Path(path) for member in members for path in member.files]
    files += [naming.device_file(text) for text in devices if looks_like_path(options.split(text)[0])]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@final
@dataclass
class _OnDevice:
    """The steps on one device, in order."""

    player: Player
    agenda: Agenda
    case: Case
    noiseless: Result | None
    interval: dict[str, Any] | None = None
    x: tuple[float, ...] = ()
    skipped: list[Skipped] = field(default_factory=list)

    def verdict(self) -> DeviceVerdict:
        """Play what is planned, and judge."""
        self._play()
        case, device = self.case, self.case.spec.device
        best, found, where = None, None, list[Flip]()
        if case.at is not None:
            if self.agenda.has(METHODS, device):
                best, refused = recommended(self.player, case, self.x, candidates(case))
                self.skipped += refused
            if self.agenda.has(VARIANTS, device):
                found = variants(self.player, case, self.x)
                self.skipped += found.skipped
            if self.agenda.has(FLIPS, device):
                where = flips(self.player, case, self.x)
        criteria = judged(case)
        criteria = (*criteria, stable(case, found, self.interval, where))
        change = ChangeFound(None, (), ())
        if not is_go(criteria[:-1]) and case.at is not None and self.agenda.has(CHANGE, device):
            change = smallest_change(self.player, case, self.x, best, self.agenda)
            self.skipped += change.skipped
        self.agenda.skipped += self.skipped
        return self._put_together(criteria, best, found, where, change)

    def _play(self) -> None:
        """The loop on the device, or only its value at the angles found without noise; and what noise adds there."""
        case, device = self.case, self.case.spec.device
        if case.dry_run is None or not self.agenda.has(AT_X, device):
            return
        spec = case.with_ansatz
        try:
            if self.agenda.has(RAW, device):
                first = self.player.loop(RAW, case.spec)
            elif self.noiseless is not None:
                first = self.player.at(f"{RAW} at the noiseless angles", spec, self.noiseless.x, interval=True)
            else:
                return
            self.x, self.interval = first.x, first.device_interval
            limit, ideal = self.player.limit(RAW, spec, self.x), self.player.ideal(spec, self.x)
        except HybridError as error:
            self.skipped.append(Skipped(RAW, device, None, why_refused(error)))
            return
        self.case = replace(case, at=at_point(first, limit, ideal, case.question))

    def _put_together(
        self,
        criteria: tuple[Criterion, ...],
        best: Recommended | None,
        found: Variants | None,
        where: Sequence[Flip],
        change: ChangeFound,
    ) -> DeviceVerdict:
        case, hours = self.case, self.case.hours
        word, binding = word_of(criteria)
        billed, total = case.billed, None if case.dry_run is None else case.dry_run.total
        return DeviceVerdict(
            device=case.spec.device,
            machine=machine_of(case.device.name),
            title=case.device.title,
            word=word,
            binding=binding,
            sentence=sentence(case, word, binding, criteria, change.found),
            command=rehearse_command(case.spec, [case.spec.device], case.hours_asked),
            criteria=criteria,
            circuit=_circuit(case),
            runs=self.player.taken(),
            recommended="" if best is None or best.mitigate == case.spec.mitigate else best.mitigate,
            value=None if case.at is None else case.at.value,
            stderr=None if case.at is None else case.at.stderr,
            limit=None if case.at is None else case.at.limit,
            ideal=None if case.at is None else case.at.ideal,
            interval=self.interval,
            variants={} if found is None else found.words,
            flips=tuple(where),
            remedy=change.found,
            tried=change.tried,
            billed=billed,
            hours=hours,
            assumed=is_assumed(case),
            jobs=None if billed is None else billed["jobs"][1],
            shots=None if total is None else total.shots,
            evaluations=None if total is None else total.nfev,
        )


def word_of(criteria: Sequence[Criterion]) -> tuple[str, str]:
    """The verdict and its binding criterion, the first that is not met: GO needs all that were judged."""
    if missed := [one.name for one in criteria if one.met is False and one.name != STABLE]:
        return NO_GO, missed[0]
    left = [one.name for one in criteria if not one.met and one.name != AFFORDABLE]
    return (MARGINAL, left[0]) if left else (GO, "")


def _circuit(case: Case) -> CircuitFacts | None:
    """Of the largest circuit."""
    if case.dry_run is None:
        return None
    largest, look = max(case.dry_run.resources, key=lambda one: sum(one.gates.values())), case.dry_run.look
    two = {name for name, gate in case.device.gates.items() if gate.n_qubits == 2}
    return CircuitFacts(
        qubits=case.n_qubits,
        physical=largest.physical,
        native_gates=largest.gates,
        two_qubit_gates=sum(count for name, count in largest.gates.items() if name in two),
        depth=largest.depth,
        two_qubit_depth=largest.two_qubit_depth,
        circuits=sum(one.circuits for one in case.dry_run.resources),
        duration_s=largest.duration_s,
        t2_star_s=None if look is None else look.t2_star_s,
        t2_echo_s=None if look is None else look.t2_echo_s,
        signal=None if look is None else look.signal,
    )
