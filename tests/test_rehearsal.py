"""`hybrid rehearse`: criteria against figures worked out by hand, bills, flips run at both sides, changes that were tried."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import hybrid
from hybrid.base.errors import UsageError
from hybrid.cli.rehearse_text import text
from hybrid.device.device import Device
from hybrid.device.profile import Profile
from hybrid.rehearsal.changes import enough_shots
from hybrid.rehearsal.compare import ranking
from hybrid.rehearsal.criteria import LEAST_SIGNAL, affordable, beats_guessing, fits, lives, resolves
from hybrid.rehearsal.evidence import AtPoint, Case
from hybrid.rehearsal.machines import DEVICES, MACHINES, profile_of
from hybrid.rehearsal.question import CHOICES, question_of
from hybrid.rehearsal.rehearsal import CRITERIA, GO, MARGINAL, NO_GO, Criterion, Rehearsal
from hybrid.rehearsal.rehearse import rehearse, word_of
from hybrid.rehearsal.scaled import DeviceNumber, mean_of, numbers_that_matter, scaled_device, to_toml
from hybrid.rehearsal.stability import _flip, stable
from hybrid.runs.dry_run import plan
from hybrid.runs.setup import prepare
from hybrid.runs.spec import Spec

ROOT = Path(__file__).parent.parent
AT_X = {"ansatz": "real_amplitudes:reps=1", "max_evals": 0, "initial_point": (0.3, -0.75, 3.4, 0.8)}
"""H2 near its optimum, so that no optimiser takes time."""
MITIGATED = AT_X | {"shots": 30_000, "mitigate": "readout"}


def h2(**fields) -> Spec:
    return Spec(**({"problem": "h2", "shots": 1000, "seed": 7} | fields))


@pytest.fixture(scope="module")
def case() -> Case:
    """H2 on VLQ's profile as asked for, its value at one x filled in by each test."""
    spec = h2(device="iqm-star-24", **AT_X)
    return Case(
        spec=spec,
        device=Device.load(spec.device),
        question=question_of(prepare(spec).problem, "vqe", None),
        n_qubits=2,
        dry_run=plan(spec),
        why_not="",
        too_wide=False,
        at=None,
        hours_asked=None,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("rehearsal")


@pytest.fixture(scope="module")
def marginal(folder) -> Rehearsal:
    """One that is GO on the profile and NO-GO within its ranges, with flips."""
    return rehearse(h2(**MITIGATED), ["VLQ"], hours=1.0, results=folder)


class LinearPlayer:
    """In place of runs: noise adds `slope` times the mean of one number to the value, and the error bar is `stderr`."""

    def __init__(self, results: Path, number: DeviceNumber, slope: float, stderr: float) -> None:
        self.results, self.number, self.slope, self.stderr, self.runs = results, number, slope, stderr, 0

    def limit(self, step: str, spec: Spec, x: object) -> SimpleNamespace:
        self.runs += 1
        added = self.slope * mean_of(Device.load(spec.device), self.number)[0]
        return SimpleNamespace(value=-1.137 + added, stderr=self.stderr, outcomes=None)

    at = limit


def at(bias: float, stderr: float, ideal: float = -1.137) -> AtPoint:
    return AtPoint(ideal + bias, stderr, ideal + bias, ideal)


# criteria


@pytest.mark.parametrize(
    ("bias", "stderr", "met"),
    [
        (0.0, 0.010, True),  # 2 x 10 mHa = 20 mHa are less than 20.3 mHa, Hartree-Fock to exact
        (0.0, 0.0103, False),  # 20.6 mHa are more
        (0.010, 0.005, True),  # 10 + 2 x 5 = 20 mHa
        (-0.010, 0.005, True),  # noise may move a value either way
        (0.011, 0.005, False),  # 21 mHa
        (0.055, 0.0, False),  # no number of shots helps against what noise adds
    ],
)
def test_resolves_by_hand(case, bias, stderr, met):
    """The energies of H2 at 0.735 angstrom in the minimal basis: -1.116999 (Hartree-Fock), -1.137306 (exact)."""
    assert case.question.scale == pytest.approx(1.137306 - 1.116999, abs=1e-6)
    found = resolves(replace(case, at=at(bias, stderr)))
    assert found.met is met and found.numbers["error"] == pytest.approx(abs(bias) + 2 * stderr)
    assert "chemical accuracy (1.6 mHa) is not reached" in found.words


def test_another_filling_resolves_nothing(case, command, tmp_path):
    """Layers of RY on a Hubbard dimer find one electron, at -t = -1, below two at -0.83; by parity every circuit keeps two."""
    found = resolves(replace(case, at=at(0.0, 0.0)._replace(electrons=(1.0, 2))))
    assert found.met is False and "ends at 1, and 2 is asked for" in found.words
    told = " ".join(command("rehearse", "hubbard", "--device", "aqt-20", "--shots", 1000, "--results", tmp_path).out.split())
    assert told.startswith("NO-GO on aqt-20 (Piast-Q): its circuit does not conserve the number of electrons")
    assert "(it ends with 1 of 2); GO with hubbard:mapping=parity, " in told


@pytest.mark.parametrize(
    ("left", "met"), [(1.0, True), (LEAST_SIGNAL + 0.01, True), (LEAST_SIGNAL - 0.01, False), (-0.2, False)]
)
def test_lives_by_the_share_of_the_signal(case, left, met):
    """The value lies so far on the way from the fully mixed state, the identity's coefficient, to the value without noise."""
    mixed, ideal = case.question.mixed, -1.137
    found = lives(replace(case, at=AtPoint(0.0, 0.01, mixed + left * (ideal - mixed), ideal)))
    assert found.met is met and found.numbers["simulated_signal"] == pytest.approx(left)


def test_lives_as_expected_where_nothing_was_played(case):
    found = lives(case)
    assert found.met and found.numbers["simulated_signal"] is None
    assert found.numbers["expected_signal"] == case.dry_run.look.signal


def test_beats_guessing_by_twice_the_error_bar(case):
    mixed = case.question.guessing
    for by, met in ((0.021, True), (0.019, False), (-0.5, False)):
        found = beats_guessing(replace(case, at=AtPoint(0.0, 0.01, mixed - by, -1.137)))
        assert found.met is met and "does not count" in found.words


@pytest.mark.parametrize(
    ("ideal", "limit", "shots", "resolved", "beaten"),
    [
        (0.50, 0.40, 100, True, True),  # 0.25 and 0.15 against 2 sqrt(p (1 - p)/100) = 0.100 and 0.098
        (0.50, 0.30, 100, True, False),  # 0.05 against 0.092
        (0.26, 0.26, 100, False, False),  # 0.01 against 0.088
        (0.26, 0.26, 10_000, True, True),  # 0.01 against 0.0088
        (0.20, 0.20, 10_000, False, False),  # fewer than guesses
    ],
)
def test_choices_by_their_shares(case, ideal, limit, shots, resolved, beaten):
    of_choices = replace(case.question, kind=CHOICES, scale=None)
    point = AtPoint(0.0, 0.01, 0.0, 0.0, limit, limit, ideal, 0.25)
    asked = replace(case, question=of_choices, spec=replace(case.spec, shots=shots), at=point)
    assert resolves(asked).met is resolved and beats_guessing(asked).met is beaten


def test_fits_by_width(case):
    assert fits(case).met
    wide = replace(case, n_qubits=60, too_wide=True, dry_run=None)
    assert fits(wide).met is False and "needs 60 qubits, iqm-star-24 has 24" in fits(wide).words


def test_the_verdict_needs_all_criteria():
    """GO needs all; all but `stable` is MARGINAL; only a bill that was not judged does not count."""

    def verdict(**met):
        return word_of([Criterion(name, met.get(name.split()[0], True), "", {}) for name in CRITERIA])

    assert verdict() == verdict(affordable=None) == (GO, "")
    assert verdict(stable=False) == verdict(stable=None) == (MARGINAL, "stable")
    assert verdict(lives=False, stable=False) == (NO_GO, "lives")
    assert verdict(resolves=None) == (MARGINAL, "resolves")
    assert verdict(affordable=False) == (NO_GO, "affordable")


# bills


@pytest.mark.parametrize(
    ("device", "hours"),
    [
        # 300 evaluations and the final one of two circuits with 500 shots each
        ("iqm-star-24", 301 * 2 * 0.9 / 3600),  # 500 x 400 us = 0.2 s is below the floor of 0.9 s a job
        ("iqm-lattice-54", 301 * 1000 * 400e-6 / 3600),  # wall time alone
        ("aqt-20", 301 * 2 * 3 * 100 / 3600),  # 500 shots are three jobs of at most 200, 100 s each
        ("meluxina-q", 301 * 1000 * 4.35e-3 / 3600),  # 230 shots a second, assumed
    ],
)
def test_hours_by_hand_and_as_the_dry_run_says(command, device, hours):
    spec = h2(device=device, optimizer="spsa", max_evals=300)
    dry = json.loads(command("run", "vqe", "h2", "--shots", 1000, "--seed", 7, "--optimizer", "spsa", "--max-evals", 300,
                             "--device", device, "--dry-run", "--json").out)  # fmt: skip
    asked = Case(
        spec=spec,
        device=Device.load(device),
        question=question_of(prepare(spec).problem, "vqe", None),
        n_qubits=2,
        dry_run=plan(spec),
        why_not="",
        too_wide=False,
        at=None,
        hours_asked=hours,
    )
    assert asked.hours[1] == pytest.approx(hours, rel=1e-12)
    assert [3600 * end for end in asked.hours] == pytest.approx(dry["billed"]["seconds"], rel=1e-12)
    assert affordable(replace(asked, hours_asked=asked.hours[2])).met is True
    assert affordable(replace(asked, hours_asked=0.99 * asked.hours[2])).met is False
    assert affordable(replace(asked, hours_asked=None)).met is None
    assert ("assumed" in affordable(asked).words) is (device == "meluxina-q")


def test_a_device_without_billing_says_so(case):
    device = Device.load("spin-simos-10q")
    spec = replace(case.spec, device="spin-simos-10q")
    found = affordable(replace(case, device=device, spec=spec, dry_run=plan(spec), hours_asked=1.0))
    assert found.met is None and "has no billing rule" in found.words and "shot cycle" in found.words


# another device: variants, ranges, flips


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("own", [GO, NO_GO])
def test_a_flip_is_found_where_the_closed_form_has_it(case, tmp_path, which, own):
    """|slope v| + 2 s = D: with s = 2 mHa there is room for 16.3 mHa; the number itself is half or twice of where that is."""
    number = numbers_that_matter(case.device)[which]
    nominal, unit = mean_of(case.device, number)
    room = case.question.scale - 2 * 0.002
    where = nominal * (2 if own == GO else 0.5)
    player = LinearPlayer(tmp_path, number, room / where, 0.002)
    asked = replace(case, at=at(room / where * nominal, 0.002))
    flip = _flip(player, asked, (), number._replace(more_is_better=False))
    assert flip.nominal == pytest.approx(nominal) and flip.unit == unit
    assert flip.go <= where <= flip.no_go <= 1.05 * flip.go
    assert player.runs <= 2 * 8  # both runs at the farthest factor, and at seven more: log2(log(32)/log(1.05)) = 6.2
    assert float(flip.words.split()[-2]) <= flip.go and flip.words.startswith(f"GO if {number.words} < ")


def test_more_of_what_is_good_flips_upwards(case, tmp_path):
    """The same with a time: what noise adds falls as it grows, here from 20 mHa by 10 mHa at twice the time."""
    number = numbers_that_matter(case.device)[2]
    nominal = mean_of(case.device, number)[0]
    player = LinearPlayer(tmp_path, number, -0.010 / nominal, 0.002)
    player.limit = player.at = lambda step, spec, x, own=player.limit: SimpleNamespace(
        **vars(own(step, spec, x)) | {"value": own(step, spec, x).value + 0.030}
    )
    flip = _flip(player, replace(case, at=at(0.020, 0.002)), (), number)
    where = nominal * (0.030 - (case.question.scale - 0.004)) / 0.010
    assert flip.no_go <= where <= flip.go and flip.words.startswith("GO if T2 > ") and float(flip.words.split()[-2]) >= flip.go


def test_nothing_flips_where_shots_are_what_is_missing(case, tmp_path):
    number = numbers_that_matter(case.device)[0]
    assert _flip(LinearPlayer(tmp_path, number, 0.001, 0.02), replace(case, at=at(0.00128, 0.02)), (), number) is None


@pytest.mark.slow
def test_a_flip_is_run_at_both_sides(marginal, folder):
    """On either side of it a rehearsal on that profile ends otherwise, and the sides are within 5 %."""
    (one,) = marginal.devices
    assert one.word == MARGINAL and one.binding == "stable"
    assert {flip.key for flip in one.flips} == {"two-qubit error", "readout error", "T2"}
    ran = {played.device for played in one.runs}
    for flip, number in zip(one.flips, numbers_that_matter(Device.load("iqm-star-24")), strict=True):
        assert 1 < max(flip.go / flip.no_go, flip.no_go / flip.go) < 1.05
        for value, word in ((flip.go, GO), (flip.no_go, NO_GO)):
            device = scaled_device("iqm-star-24", number, float(f"{value / flip.nominal:.6g}"), folder)
            assert device in ran
            criteria = rehearse(h2(**MITIGATED), [device], max_time="6s", results=folder).devices[0].criteria
            assert word_of(criteria[:-1])[0] == word


@pytest.mark.slow
def test_an_end_of_the_interval_that_turns_the_verdict_is_named(marginal):
    (one,) = marginal.devices
    assert one.criteria[-1].met is False and "high end of the device interval" in one.criteria[-1].words
    assert "high end of the device interval" in one.sentence
    assert marginal.scale < one.interval["high"] - one.ideal + 2 * one.stderr


def test_what_was_not_played_is_not_stable(case):
    asked = replace(case, at=at(0.001, 0.001))
    assert stable(asked, None, {"left_out": "it would take too long for this loss"}, ()).met is None
    assert stable(case, None, None, ()).met is None


def test_a_scaled_profile_differs_in_that_number_alone(tmp_path):
    own = Device.load("meluxina-q:two_qubit=today,heating=none")
    for number in numbers_that_matter(own):
        text = scaled_device("meluxina-q:two_qubit=today,heating=none,correlation=0.1", number, 0.5, tmp_path)
        other = Device.load(text)
        assert mean_of(other, number)[0] == pytest.approx(0.5 * mean_of(own, number)[0], rel=1e-9)
        same = [key for key, value in own.numbers.items() if other.numbers[key].value == value.value]
        assert {*own.numbers} - {*same} == {*number.keys}
        assert other.compiled_for.gates["cz"].error == Device.load("meluxina-q").gates["cz"].error  # the same pulses
        assert other.correlation == 0.1


def test_coherence_is_scaled_no_further_than_possible(tmp_path):
    """No T2* above the T2 echo, no T2 above 2 T1."""
    for name in ("meluxina-q", "iqm-star-24"):
        number = numbers_that_matter(Device.load(name))[2]
        other = Device.load(scaled_device(name, number, 32.0, tmp_path))
        longest = other.t2_echo_s if number.keys == ("t2_star",) else tuple(2 * t1 for t1 in other.t1_s)
        values = other.t2_star_s if number.keys == ("t2_star",) else other.t2_echo_s
        assert all(value <= most for value, most in zip(values, longest, strict=True))


@pytest.mark.parametrize("name", DEVICES)
def test_a_profile_written_again_is_the_same(name):
    table = Profile(ROOT / "hybrid" / "device" / "profiles" / f"{name}.toml").table
    assert tomllib.loads(to_toml(table)) == table


# changes and order


def test_enough_shots_by_hand(case):
    """The error bar falls as 1/sqrt(N): 20 mHa twice at 1,000 shots; a room of 20.3 mHa, of which 80 % are aimed at."""
    needed = 1000 * (2 * 0.020 / (0.8 * case.question.scale)) ** 2  # 6,062
    assert needed == pytest.approx(6062, rel=1e-3)
    assert enough_shots(replace(case, at=at(0.0, 0.020)), at(0.0, 0.020)) == 7000
    assert enough_shots(case, at(0.0203071, 0.020)) is None  # what noise adds is all that there is room for
    assert enough_shots(case, at(0.0, 0.001)) is None  # shots are not what is missing
    assert enough_shots(case, at(0.0203, 0.020)) is None  # hundreds of millions


@pytest.mark.slow
def test_the_smallest_change_was_tried(folder, command):
    """With it the experiment is GO, by a rehearsal of its own; what comes before it in size is not."""
    spec = h2(**AT_X | {"shots": 2000})
    (one,) = rehearse(spec, ["aqt-20"], results=folder).devices
    assert one.word == NO_GO and one.binding == "resolves" and one.remedy.verdict in (GO, MARGINAL)
    assert one.remedy.words in one.sentence and (folder / f"{one.remedy.id}.jsonl").exists()
    changed = one.remedy.command.split()[1:]
    again = json.loads(command(*changed, "--results", folder, "--json").out)["devices"][0]
    assert again["word"] in (GO, MARGINAL) and again["hours"] == pytest.approx(one.remedy.hours)
    tried = dict(zip(one.tried[0].split()[::2], one.tried[0].split()[1::2], strict=True))
    smaller = rehearse(replace(spec, mitigate=tried["--mitigate"]), ["aqt-20"], results=folder).devices[0]
    assert smaller.word == NO_GO


def test_devices_are_not_ordered_within_overlapping_bands(short):
    (one,) = short.devices

    def device(name, low, high):
        return replace(one, device=name, limit=(low + high) / 2, interval={"low": low, "high": high})

    a, b, c, d = device("a", 1.0, 2.0), device("b", 1.5, 3.0), device("c", 2.5, 4.0), device("d", 4.5, 5.0)
    assert ranking([d, c, b, a], maximize=False) == (("a", "b", "c"), ("d",))
    assert ranking([d, c, b, a], maximize=True) == (("d",), ("c", "b", "a"))
    assert ranking([replace(a, interval=None), d], maximize=False) == (("a",), ("d",))


# time


@pytest.fixture(scope="module")
def short(folder) -> Rehearsal:
    """One that has no time for everything."""
    return rehearse(h2(**AT_X), ["VLQ"], max_time="6s", results=folder)


def test_what_does_not_fit_the_time_is_left_out_and_said(short, tmp_path):
    assert 0 < short.seconds_planned <= 6 and "flips" in {one.step for one in short.skipped}
    assert all("predicted" in one.why and one.seconds > 0 for one in short.skipped)
    nothing = rehearse(h2(**AT_X), ["VLQ"], max_time="0.01s", results=tmp_path)
    assert nothing.noiseless is None and nothing.devices[0].word == MARGINAL and nothing.devices[0].binding == "resolves"
    assert nothing.devices[0].hours == short.devices[0].hours


# the command


@pytest.fixture(scope="module")
def printed(folder, command) -> tuple[str, dict]:
    """One rehearsal as text and as JSON."""
    words = [
        "rehearse",
        "vqe",
        "h2",
        "--device",
        "VLQ",
        "--shots",
        500,
        "--max-evals",
        6,
        "--max-time",
        "12s",
        "--results",
        folder,
    ]
    shown, plain = command(*words), command(*words, "--json", "--quiet")
    assert shown.code == plain.code == 0, shown.err
    assert plain.err == "" and "on iqm-star-24" in shown.err
    return shown.out, json.loads(plain.out)


def test_the_first_line_is_the_verdict_and_lines_fit(printed):
    out, plain = printed
    assert out.split("\n\n")[0].replace("\n", " ") == plain["sentence"]
    assert plain["sentence"].startswith(("GO on", "MARGINAL on", "NO-GO on"))
    assert max(map(len, out.splitlines())) <= 80
    assert all(name in out for name in CRITERIA)


def test_the_same_command_reads_its_records(printed, command, folder):
    _, plain = printed
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.jsonl")}
    again = command(*plain["command"].split()[1:], "--results", folder, "--json", "--quiet")
    assert json.loads(again.out) == plain
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("*.jsonl")} == before


def test_every_run_of_it_is_repeated_by_its_command(printed, command, folder):
    _, plain = printed
    for run in plain["devices"][0]["runs"][:6]:
        found = json.loads(command(*run["command"].split()[1:], "--results", folder, "--json").out)
        assert (found["id"], found["digest"], found["value"]) == (run["id"], run["digest"], run["value"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["h2", "--exact"], "a machine has no infinitely many"),
        (["h2", "--shots", "0"], "a machine has no infinitely many"),
        (["h2", "--device", "lucy"], "Lucy is a photonic machine"),
        (["h2", "--device", "RUBY"], "RUBY is an analogue machine"),
        (["h2", "--device", "euro-q-ex"], "Did you mean 'Euro-Q-Exa'?"),
        (["h2", "--device", "ideal"], "has no noise and is no machine"),
        (["h2", "--hours", "many"], "--hours takes a number of QPU hours"),
        (["h2", "--max-time", "soon"], "max_time takes a time such as"),
        (["h2", "--backend", "qiskit:object=qiskit_aer:AerSimulator"], "brings its own physics"),
        (["adapt_vqe", "tfim:n=3"], "there is nothing to rehearse"),
        (["no_such.toml"], "no such file"),
    ],
)
def test_wrong_input_in_words(command, tmp_path, words, said):
    found = command("rehearse", *words, "--results", tmp_path)
    assert found.code == 2 and said in found.err and "Traceback" not in found.err and found.out == ""


def test_too_wide_for_every_device(command, tmp_path):
    found = command("rehearse", "tfim:n=60", "--results", tmp_path, "--max-time", "1s", "--json")
    assert found.code == 0, found.err
    plain = json.loads(found.out)
    assert {one["word"] for one in plain["devices"]} == {NO_GO} and {one["binding"] for one in plain["devices"]} == {"fits"}
    assert "it needs 60 qubits of" in plain["sentence"] and "no number of shots is named: 1,000" in found.err


def test_a_file_edited_since_is_another_experiment(command, tmp_path):
    """A changed profile has another fingerprint: nothing of the older rehearsal is printed as its own."""
    mine = tmp_path / "mine.toml"
    mine.write_text((ROOT / "hybrid" / "device" / "profiles" / "iqm-star-24.toml").read_text())
    words = [
        "rehearse",
        "h2",
        "--device",
        mine,
        "--shots",
        200,
        "--max-evals",
        2,
        "--max-time",
        "6s",
        "--results",
        tmp_path,
        "--json",
    ]
    first = json.loads(command(*words).out)["devices"][0]
    mine.write_text(mine.read_text().replace("value = 1.28", "value = 6.4"))
    second = json.loads(command(*words).out)["devices"][0]
    assert first["runs"][0]["id"] != second["runs"][0]["id"] and first["ideal"] != second["limit"]


def test_machines_by_name():
    assert [profile_of(machine) for machine in MACHINES.values()] == [*MACHINES]
    assert profile_of("vlq") == "iqm-star-24" and profile_of("MeluXina-Q:two_qubit=today") == "meluxina-q:two_qubit=today"
    with pytest.raises(UsageError, match="JADE is an analogue"):
        profile_of("jade")


def test_from_python(short, folder):
    made = hybrid.rehearse(h2(**AT_X), ["iqm-star-24"], max_time=6.0, results=folder)
    assert made == short and json.loads(json.dumps(made.to_json()))["sentence"] == made.sentence
    assert max(map(len, text(made, Path("results")).splitlines())) <= 80
