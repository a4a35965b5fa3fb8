"""One's own run as a workload: its questions, the judge of backends, the probe, and the answer."""

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from bench_rows import row
from probes import probed_once
from qiskit.quantum_info import Statevector

from hybrid import catalog
from hybrid.base.errors import MissingPart, UsageError
from hybrid.bench import harness, worker
from hybrid.bench.harness import Harness, ProcessLimits, ProcessOutcome
from hybrid.bench.job import Answer, Verdict, encode_answer
from hybrid.bench.mine import as_job, questions
from hybrid.bench.mine import cells as own_cells
from hybrid.bench.mine.answer import Rated, Survey
from hybrid.bench.mine.cells import Judgements, cells, every_backend
from hybrid.bench.mine.judgement import EXACT, SINGLE, judged, values_agree
from hybrid.bench.mine.process import RunQuestions
from hybrid.bench.mine.survey import survey
from hybrid.bench.rows import merge, with_checksum
from hybrid.bench.schema import complaint, row_schema
from hybrid.bench.summary import figures
from hybrid.bench.workloads._dense import values
from hybrid.cli import bench_mine_text
from hybrid.runs.setup import prepare
from hybrid.runs.spec import Spec

WRONG = f"{Path(__file__).parent / 'wrong_backends.py'}:planted"
FAKES = str(Path(__file__).parent / "bench_fakes.py")
NOISY = {"device": "meluxina-q", "shots": 1000, "max_evals": 40, "seed": 7}


def spec(**more) -> Spec:
    return Spec(algorithm="vqe", **{"problem": "tfim:n=3", "ansatz": "hamiltonian_variational:reps=1", **NOISY, **more})


def evidence(text: str, **more):
    given = spec(backend=text, **more)
    asked = questions.asked(given)
    process = RunQuestions(given)
    return process.evidence(asked)  # type: ignore[arg-type]  # the job says nothing that the run does not


# ---- the questions


@pytest.mark.parametrize(
    ("more", "names", "calls"),
    [
        ({}, ["energy", "step"], 20),  # SPSA: two points a step, 40 evaluations
        ({"optimizer": "adam", "shots": 0, "max_evals": None, "max_iterations": 12}, ["energy", "gradient"], 12),
        ({"optimizer": "nelder_mead"}, ["energy", "step"], None),
    ],
)
def test_the_questions_are_those_of_the_loop(more, names, calls):
    asked = questions.asked(spec(**more))
    assert [question.name for question in asked.questions] == names
    assert calls is None or asked.calls() == calls
    assert asked.n_qubits == 3


def test_a_wider_run_has_a_wider_device():
    wide = questions.at_width(spec(problem="tfim:n=10"), 12)
    assert (wide.problem, wide.device) == ("tfim:n=12", "meluxina-q:n=12")
    assert questions.at_width(spec(problem="tfim:n=10"), 8).device == "meluxina-q"
    with pytest.raises(UsageError, match="one width only"):
        questions.at_width(Spec(algorithm="vqe", problem="h2"), 6)


def test_a_run_that_minimises_nothing_is_refused():
    with pytest.raises(UsageError, match="minimises nothing"):
        questions.asked(Spec(algorithm="quantum_kernel", problem="moons"))


def test_every_simulator_method_and_precision_is_taken_once():
    texts = every_backend(["also"])
    assert {"exact:precision=single", "aer:method=density_matrix,precision=double", "aer:device=GPU", "reference"} < {*texts}
    assert len({*texts}) == len(texts) and texts[-1] == "also"
    assert not [text for text in texts if text.startswith(("auto", "qiskit")) or "automatic" in text]


# ---- the judge


@pytest.mark.parametrize("dephasing", ["quasistatic", "markov"])
def test_what_is_right_is_called_right(dephasing):
    """Engine, density matrices and Qiskit's own channels agree; trajectories by their counts."""
    reference = evidence("reference", dephasing=dephasing)
    for text in ("exact", "exact:precision=single", "aer:method=density_matrix", "aer:method=statevector"):
        single = "single" if "single" in text else "double"
        verdict = judged(evidence(text, dephasing=dephasing), reference, "reference", single)
        assert verdict.right, (text, verdict)
        assert (verdict.tolerance in (EXACT, SINGLE)) == ("statevector" not in text)


@pytest.mark.parametrize("mode", ["reversed", "noiseless", "percent"])
@pytest.mark.parametrize("precision", ["double", "single"])
def test_what_is_planted_is_called_wrong(mode, precision):
    """Also by the tolerance of single precision: one per cent of the noise is a distance of some 1e-4."""
    verdict = judged(evidence(f"{WRONG}:mode={mode}"), evidence("reference"), "reference", precision)
    assert verdict.right is not None and not verdict.right and verdict.metric > 2 * SINGLE


def test_reversed_qubits_show_where_the_run_is_symmetric():
    """An ideal Ising chain and its circuit look the same from both ends; random angles of every gate do not."""
    more = {"device": "ideal", "shots": 0, "max_evals": 10}
    reference = evidence("reference", **more)
    symmetric = np.array(reference["queries"][0]["exact"])[0]
    turned = symmetric.reshape(-1, 2, 2, 2).transpose(0, 3, 2, 1).reshape(symmetric.shape)
    np.testing.assert_allclose(turned, symmetric, atol=1e-12)
    assert not judged(evidence(f"{WRONG}:mode=reversed", **more), reference, "reference", "double").right
    assert judged(evidence("aer", **more), reference, "reference", "double").right


def test_probabilities_that_are_no_numbers_are_wrong():
    reference = evidence("reference")
    for bad in (float("nan"), 0.0):
        own = {"queries": [{"exact": np.full_like(np.array(reference["queries"][0]["exact"]), bad).tolist()}]}
        assert not judged(own, reference, "reference", "double").right
    assert not judged({"queries": [{"exact": [[0.5]]}]}, reference, "reference", "double").right


def test_a_foreign_backend_is_judged_by_its_counts():
    """Of a run on ideal hardware; on a device it has physics of its own and is refused."""
    more = {"device": "ideal", "shots": 1000}
    verdict = judged(
        evidence("qiskit:object=qiskit_aer:AerSimulator", **more), evidence("reference", **more), "reference", "double"
    )
    assert verdict.right and verdict.tolerance > 0.01
    with pytest.raises(UsageError, match="its own physics"):
        evidence("qiskit:object=qiskit_aer:AerSimulator")


def test_timed_values_are_compared_with_the_first_right_ones():
    """Within six standard errors with shots; without, within rounding."""
    one = Answer(values=np.array([[1.0, 0.1]]))
    assert values_agree(one, Answer(values=np.array([[1.5, 0.1]])), 1000)
    assert not values_agree(one, Answer(values=np.array([[2.0, 0.1]])), 1000)
    assert values_agree(one, Answer(values=np.array([[1.0 + 1e-9, 0.0]])), 0)
    assert not values_agree(one, Answer(values=np.array([[1.001, 0.0]])), 0)
    slopes = Answer(values=one.values, gradient=np.array([1.0, 2.0]))
    assert not values_agree(slopes, Answer(values=one.values, gradient=np.array([1.0, -2.0])), 0)


def test_what_was_timed_is_judged_too():
    judgements = Judgements()
    asked = questions.asked(spec())
    first, second = cells(asked, ["exact", "reference"], [1], judgements)[:2]
    right = Verdict(True, 0.0, 1e-8, "total variation distance", "L1", "other")
    judgements.verdicts |= {"exact": right, "reference": right}
    good, bad = (encode_answer(Answer(values=np.array([[value, 0.01]]))) for value in (1.0, 2.0))
    assert first.verdict([good]) is right
    assert second.verdict([good]) is right
    late = second.verdict([good, bad])
    assert not late.right and "differs by more than 6 standard errors from energy by exact" in late.name
    assert not first.verdict([encode_answer(Answer(values=np.array([[np.nan, 0.0]])))]).right


# ---- simulators of the benchmark


@pytest.mark.parametrize("problem", ["tfim:n=3", "h2"])
def test_a_run_without_noise_is_a_plain_job(problem):
    """Its circuit, angles and observable in the common gates, against Qiskit's own state vector; h2 has a constant."""
    given = Spec(algorithm="vqe", problem=problem, optimizer="adam", max_iterations=3)
    run, stage = as_job.plain(given), questions.first_stage(prepare(given)).stage
    (query,) = stage.loss.queries
    points = np.random.default_rng(3).uniform(-3, 3, (2, len(stage.start)))
    expected = [Statevector(query.circuit.assign_parameters(p)).expectation_value(query.observable).real for p in points]
    job = run.job(questions.RunQuestion("energy", tuple(map(tuple, points.tolist()))), 1)
    np.testing.assert_allclose(values(job)[:, 0] + run.constant, expected, atol=1e-12)
    assert (run.constant != 0) == (problem == "h2")


def test_the_witness_shows_reversed_qubits():
    """The Hamiltonian of an Ising chain does not; the witness job is judged by a dense simulation."""
    run = as_job.plain(Spec(algorithm="vqe", problem="tfim:n=3"))
    job = run.witness_job()
    turned = job._replace(observables=tuple(tuple((label[::-1], w) for label, w in terms) for terms in job.observables))
    assert run.judged(encode_answer(Answer(values=values(job)))).right
    assert not run.judged(encode_answer(Answer(values=values(turned)))).right


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"device": "meluxina-q", "shots": 100}, "for runs on 'ideal' without shots"),
        ({"shots": 100}, "for runs on 'ideal' without shots"),
        ({"algorithm": "qaoa:cvar=0.5", "problem": "maxcut"}, "what is minimised is not one expectation value"),
    ],
)
def test_what_is_no_plain_job_says_why(more, reason):
    (cell, *_) = cells(
        questions.asked(Spec(**{"algorithm": "vqe", "problem": "tfim:n=3", **more})), ["qulacs"], [1], Judgements()
    )
    assert reason in cell.refusal


def test_a_simulator_of_the_benchmark_is_surveyed(in_process, tmp_path, monkeypatch):
    """One that `hybrid run` does not have: judged, timed, and compared with the engine's values; refused on a device."""
    monkeypatch.setattr(own_cells, "simulators", lambda: [FAKES])
    texts = ["exact", *(f"{FAKES}:fake:mode={mode}" for mode in ("honest", "reversed", "negated", "drift"))]
    given, bench = spec(device="ideal", shots=0, optimizer="spsa"), Harness(ProcessLimits(120.0, 2**31))
    found = survey(given, texts, [1], tmp_path / "r.jsonl", bench, processes=2, probe_limit_s=120.0, grow=False)
    states = {one.text.rpartition("mode=")[2].rpartition(":")[2]: one.state for one in found.rated}
    assert states == {"exact": "ok", "fake": "ok", "reversed": "wrong", "negated": "wrong", "drift": "wrong"}
    assert "right: values differ by" in bench_mine_text.answered(found)
    on_device = survey(spec(), texts[:2], [1], tmp_path / "d.jsonl", bench, processes=2, probe_limit_s=120.0, grow=False)
    (one,) = [one for one in on_device.rated if "fake" in one.text]
    assert one.state == "unsupported" and "it knows no device" in one.why


# ---- processes


@pytest.fixture
def in_process(monkeypatch, tmp_path):
    """What a process would do, done here: the same phases and the same report."""

    def run(self, backend, request, threads):
        report = worker.WorkerReport(tmp_path)
        request = {"adapter": harness._located(backend), "affinity": (), **request}
        try:
            worker.measure(request, report)
        except MissingPart as error:
            report.end("unavailable", str(error))
        except UsageError as error:
            report.end("unsupported", str(error))
        found = json.loads(json.dumps(report.content))
        return ProcessOutcome(found["status"], found["note"], found, 0.1)

    monkeypatch.setattr(Harness, "_run", run)
    monkeypatch.setattr(harness, "LOOP_SECONDS", 1e-3)
    monkeypatch.setattr(worker, "REPEATS", 1)


def test_the_command_answers_in_words_and_in_json(in_process, command, tmp_path, monkeypatch):
    """`hybrid bench mine` of a file: words first, right and wrong ones, other widths; no byte more the second time."""
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(
        'algorithm = "vqe"\nproblem = "tfim:n=2"\ndevice = "meluxina-q"\nshots = 1000\nmax_evals = 8\n'
    )
    words = ["bench", "mine", "mine.toml", "--backend", "exact", "--threads", "1", "--processes", "2"]
    words += ["--also", f"{WRONG}:mode=noiseless", "--backend", "aer:method=matrix_product_state,precision=single"]
    text = command(*words, "--out", "r.jsonl").out
    assert re.match(r"exact: \S+ [mu]s an energy", text)
    assert "Wrong: planted mode=noiseless." in text and "No verdict on speed with 2 processes" in text
    assert "ignores precision=single" in " ".join(text.split())
    assert re.search(r"an energy on qubits +2 +4 +6", text)
    before = Path("r.jsonl").read_bytes()
    found = json.loads(command(*words, "--out", "r.jsonl", "--json").out)
    assert Path("r.jsonl").read_bytes() == before
    assert {one["backend"].rpartition("=")[2]: one["state"] for one in found["backends"]}["noiseless"] == "wrong"
    assert found["calls"] == 4 and found["questions"] == [{"name": "energy", "points": 1}, {"name": "step", "points": 2}]
    assert command("bench", "show", "r.jsonl").code == 0


def test_killed_in_the_middle_it_keeps_its_rows(in_process, tmp_path, monkeypatch):
    """Whatever it was doing, the same survey goes on from the rows that are there; a merged file has the same answer."""
    whole, part, texts = tmp_path / "whole.jsonl", tmp_path / "part.jsonl", ["exact", f"{WRONG}:mode=noiseless"]
    options = {"processes": 2, "probe_limit_s": 120.0, "grow": False}
    run = Harness._run

    def survey_into(path, stop=None):
        calls = iter(range(1000))

        def killed(self, backend, request, threads):
            if next(calls) == stop:
                raise KeyboardInterrupt
            return run(self, backend, request, threads)

        monkeypatch.setattr(Harness, "_run", killed)
        return survey(spec(problem="tfim:n=2"), texts, [1], path, Harness(ProcessLimits(120.0, 2**31)), **options)

    survey_into(whole)
    with pytest.raises(KeyboardInterrupt):
        survey_into(part, stop=7)
    before = part.read_bytes()
    found = survey_into(part)
    after = part.read_bytes()
    assert before and after.startswith(before) and len(before) < len(after)
    survey_into(part)
    assert part.read_bytes() == after
    assert [count_of(path) for path in (part, whole)] == [count_of(whole)] * 2
    merge([part, part], tmp_path / "merged.jsonl")
    again = survey_into(tmp_path / "merged.jsonl")
    assert (tmp_path / "merged.jsonl").read_bytes() == after
    assert [one["energy_s"] for one in again.to_json()["backends"]] == [one["energy_s"] for one in found.to_json()["backends"]]


def count_of(path: Path) -> Counter[str]:
    """Processes by cell."""
    return Counter(json.loads(line)["cell_id"] for line in path.read_text().splitlines())


def test_it_is_measured_until_it_is_decided(in_process, tmp_path, monkeypatch):
    """Two that are level after nine processes get more; the verdict is that of the look, and is said."""
    rng = np.random.default_rng(4)

    def timed(call, loops):
        return worker.TimedCalls(loops * 0.01 * float(np.exp(0.2 * rng.standard_normal())), 0.0, call())

    monkeypatch.setattr(worker, "timed", timed)
    out = tmp_path / "rows.jsonl"
    bench, options = Harness(ProcessLimits(120.0, 2**31)), {"processes": 9, "probe_limit_s": 120.0, "grow": False}
    texts = ["exact", "exact:precision=single"]
    found = survey(spec(problem="tfim:n=2"), texts, [1], out, bench, until_decided=True, **options)
    assert found.looks and {len(one.energy.seconds) for one in found.rated if one.energy} == {27}
    (verdict,) = found.against_best.values()
    assert verdict.word == "same" and found.to_json()["looks"] == [9, 18, 27]
    assert "0.001 at 27 processes" in " ".join(bench_mine_text.answered(found).split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["h2", "--until-decided", "--processes", "9"], "contradict each other"),
        (["h3"], "unknown problem 'h3'. Did you mean 'h2'?"),
        (["h2", "--backend", "exakt"], "unknown backend 'exakt'. Did you mean 'exact'?"),
        (["h2", "--threads", "none"], "threads are whole numbers"),
        (["quantum_kernel", "moons"], "minimises nothing"),
        (["h2", "--probe-limit", "0"], "must be above 0"),
    ],
)
def test_mistakes_of_the_command(words, message, command):
    done = command("bench", "mine", *words)
    assert done.code == 2 and message in done.err


@pytest.mark.slow
def test_the_survey_of_a_small_run(tmp_path):
    """Real processes: right, wrong and refused ones; a second survey measures nothing and changes no byte."""
    texts = ["exact", "aer:method=matrix_product_state,precision=single", "aer:device=GPU"]
    texts += [f"{WRONG}:mode={mode}" for mode in ("reversed", "noiseless", "percent", "drift")]
    out = tmp_path / "rows.jsonl"
    given = spec(shots=4000)  # what drifts is 0.58 off, and six standard errors are 0.35
    bench = Harness(ProcessLimits(120.0, 2**31))
    found = survey(given, texts, [1], out, bench, processes=2, probe_limit_s=120.0)
    states = {one.text.rpartition("mode=")[2]: one.state for one in found.rated}
    assert states["exact"] == "ok" and found.best is not None and found.best.text == "exact"
    assert [states[mode] for mode in ("reversed", "noiseless", "percent", "drift")] == ["wrong"] * 4
    assert "ignores precision=single" in next(one.why for one in found.rated if "matrix" in one.text)
    assert "no GPU support" in next(one.why for one in found.rated if "GPU" in one.text)
    assert [width.n for width in found.growth[0].widths] == [3, 5, 7] or found.growth[0].widths[0].n == 3
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert not [why for entry in rows if (why := complaint(entry, row_schema()))]
    before = out.read_bytes()
    survey(given, texts, [1], out, bench, processes=2, probe_limit_s=120.0)
    assert out.read_bytes() == before


def test_an_outside_backend_is_followed_to_other_widths(in_process, tmp_path):
    """By its file: rows name it by a digest."""
    bench = Harness(ProcessLimits(120.0, 2**31))
    given = spec(problem="tfim:n=2", device="meluxina-q")
    found = survey(given, [WRONG, "exact"], [1], tmp_path / "r.jsonl", bench, processes=1, probe_limit_s=120.0)
    grown = {one.text.rpartition(":")[2]: [width.seconds is not None for width in one.widths] for one in found.growth}
    assert grown == {"planted": [True] * 3, "exact": [True] * 3}


# ---- the answer


RANKS = [7, 9, 10, 11, 12, 14, 15, 17, 18]


def rated(text: str, seconds: list[float], **more) -> Rated:
    """Figures of a cell that was never run."""
    rows = [row("mine/0:n=3,asks=energy", text, process=k, seconds=s, **more) for k, s in enumerate(seconds)]
    for one, s in zip(rows, seconds, strict=True):
        if one["phases"]:
            one["phases"] |= {"repeats_s": [s], "compile_s": 0.5}
    (figure,) = figures([with_checksum({k: v for k, v in one.items() if k != "sum"}) for one in rows])
    right = more.get("status", "ok") != "wrong"
    verdict = Verdict(right, 1e-15 if right else 0.3, 1e-8, "total variation distance", "L1", "reference")
    return Rated(text, 1, verdict, figure, None, figure.note)


def answer(*others: Rated, processes: int = 9) -> Survey:
    best = rated("exact", [0.04 + 1e-4 * k for k in range(processes)])
    return Survey(questions.asked(spec()), (best, *others), ("reference", "aer"), (), "", processes, {})


def test_the_answer_begins_with_words():
    """The fastest, by how much with its interval, what one process dropped, what is wrong, and the whole run."""
    slow = rated("aer:method=density_matrix", [1.2 + 1e-3 * k for k in range(9)])
    dropped = rated("aer:method=statevector", [6.0])
    wrong = rated("mine", [0.01], status="wrong")
    text = " ".join(bench_mine_text.answered(answer(slow, dropped, wrong)).split())
    assert text.startswith("exact: 40.4 ms an energy; 30x (")
    assert "aer density matrix; at least 147x aer statevector." in text  # 6 s over the longest of the best, 40.8 ms
    assert "Wrong: mine." in text
    # 0.5 s to compile, 20 steps of two points at 40.4 ms each, one value: 2.16 s; 0.5 + 41 x 1.204 = 49.9 s
    assert "The whole run: about 2.16 s by exact, 49.9 s by aer density matrix (20 steps of 2 points" in text
    assert "No verdict on speed" not in text


def test_an_answer_that_cannot_decide_says_so():
    text = bench_mine_text.answered(answer(rated("reference", [0.05, 0.06]), processes=2))
    assert "No verdict on speed with 2 processes a cell" in text


def test_level_ones_are_said_to_be_level():
    level = rated("exact:precision=single", [0.0405 + 1e-4 * k for k in range(9)])
    assert "no difference above 5 % from exact single 1.01x (1.00-1.02)" in " ".join(
        bench_mine_text.answered(answer(level)).split()
    )


def test_what_is_ahead_and_not_decided_is_said():
    """The interval of this pair alone excludes 1 and p is above 1 %: nobody reads "the same" beside "1.1x (1.0-1.2)"."""
    base, near = ([0.05 + 0.01 * rank for rank in ranks] for ranks in ((1, 2, 3, 4, 5, 6, 8, 13, 16), RANKS))
    found = Survey(questions.asked(spec()), (rated("exact", base), rated("reference", near)), ("exact",), (), "", 9, {})
    verdict = found.against_best["reference", 1]
    assert verdict.word == "same" and verdict.low > 1 and 0.01 < verdict.p < 0.05
    text = " ".join(bench_mine_text.answered(found).split())
    assert "ahead, but not beyond doubt, of reference 1." in text and "not told apart" not in text


def test_json_has_everything():
    killed = rated("reference", [1.0], status="timeout")
    found = answer(killed, rated("mine", [0.01], status="wrong")).to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert [one["state"] for one in found["backends"]] == ["ok", "timeout", "wrong"]
    assert found["best"] == {"backend": "exact", "threads": 1}


def test_cells_of_a_run_have_ids_that_depend_on_the_run():
    ids = {
        cells(questions.asked(given), ["exact"], [1], Judgements())[0].id for given in (spec(), spec(seed=8), spec(shots=500))
    }
    assert len(ids) == 3
    assert catalog.parse("backends", "exact").text(defaults=False) == "exact"


pytestmark = pytest.mark.usefixtures(probed_once.__name__)
