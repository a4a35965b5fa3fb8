"""Bills agree with what the sites publish, worked out by hand; a wrong [billing] table is refused with file, line and key."""

import hashlib
import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_device import GOOD, ROOT, line_with, write

import hybrid
from hybrid.base.errors import UsageError
from hybrid.device.device import Device
from hybrid.device.profile import physics_of
from hybrid.runs import run as running
from hybrid.runs.dry_run import plan
from hybrid.runs.results_folder import read
from hybrid.runs.setup import as_begun

PROFILES = ROOT / "hybrid" / "device" / "profiles"
BILLED = ("aqt-20", "iqm-lattice-54", "iqm-star-24", "meluxina-q")
VLQ = (PROFILES / "iqm-star-24.toml").read_text(encoding="utf-8")
LRZ = (PROFILES / "iqm-lattice-54.toml").read_text(encoding="utf-8")

# device, shots of the circuits of one evaluation, seconds a circuit lasts -> jobs and seconds: low, value, high
WORKED = {
    # 500 x 400 us = 0.2 s and 1000 x 400 us = 0.4 s are below the floor of 0.9 s; one job of both circuits, or two jobs
    "vlq, the floor": ("iqm-star-24", [500, 500], 20e-6, (1, 2, 2), (0.9, 1.8, 1.8)),
    # 2250 x 400 us = 0.9 s exactly; 2250 x (350 + 20) us = 0.8325 s is below the floor
    "vlq, where the floor ends": ("iqm-star-24", [2250], 20e-6, (1, 1, 1), (0.9, 0.9, 0.9)),
    # 10000 x (350 + 20) us = 3.7 s; 10000 x 400 us = 4 s
    "vlq, above the floor": ("iqm-star-24", [10_000], 20e-6, (1, 1, 1), (3.7, 4.0, 4.0)),
    # a long circuit of 100 us: 10000 x (350 + 100) us = 4.5 s is more than 4 s
    "vlq, a long circuit": ("iqm-star-24", [10_000], 100e-6, (1, 1, 1), (4.0, 4.0, 4.5)),
    # 5 jobs of 200 shots: 5 x 60 s, 5 x 100 s, 5 x 145 s
    "piast-q, full jobs": ("aqt-20", [1000], 1e-3, (5, 5, 5), (300, 500, 725)),
    # together 1000 shots in 5 jobs: 300 s; apart 500 = 200 + 200 + 100 shots, 3 jobs each: 6 x 100 s, 6 x 145 s
    "piast-q, jobs not full": ("aqt-20", [500, 500], 1e-3, (5, 6, 6), (300, 600, 870)),
    # fewer shots than a job takes: one job all the same
    "piast-q, a small job": ("aqt-20", [50], 1e-3, (1, 1, 1), (60, 100, 145)),
    # 10000 x 50 us = 0.5 s; 10000 x 400 us = 4 s
    "euro-q-exa, wall time": ("iqm-lattice-54", [5000, 5000], 1e-6, (1, 2, 2), (0.5, 4.0, 4.0)),
    # 1000 / 290 a second = 3.45 s, 1000 / 230 = 4.35 s, 1000 / 170 = 5.88 s
    "meluxina-q, effective rate": ("meluxina-q", [1000], 1e-6, (1, 1, 1), (3.45, 4.35, 5.88)),
}


@pytest.mark.parametrize(("name", "shots", "duration_s", "jobs", "seconds"), WORKED.values(), ids=WORKED)
def test_a_bill_worked_out_by_hand(name, shots, duration_s, jobs, seconds):
    bill = Device.load(name).billing.bill(shots, duration_s)
    assert bill.jobs == jobs and bill.seconds == pytest.approx(seconds, rel=1e-12)


def test_qubit_seconds_by_hand():
    """t x 54 qubits x 40 ns / 40 ns: 4 s are 216; low 0.5 s x 54 x 20/40 = 13.5, high 4 s x 54 x 60/40 = 324."""
    billing = Device.load("iqm-lattice-54").billing
    assert billing.to_json(billing.bill([10_000]))["qubit_seconds"] == pytest.approx([13.5, 216, 324])
    assert "qubit_seconds" not in Device.load("aqt-20").billing.to_json(Device.load("aqt-20").billing.bill([1]))


@pytest.mark.parametrize("shots", [1, 2249, 2250, 2251, 100_000])
def test_the_site_formula_read_from_the_profile(shots):
    """jobs x max(shots x c, floor) with c and the floor as the file has them."""
    table = tomllib.loads(VLQ)["billing"]
    c, floor = table["shot_time"]["value"] * 1e-6, table["job_floor"]["value"]
    billing = Device.load("iqm-star-24").billing
    assert billing.bill([shots] * 7).seconds.value == pytest.approx(7 * max(shots * c, floor))
    assert billing.bill([shots] * 7).seconds.low <= max(7 * shots * c, floor)


@pytest.mark.parametrize("name", BILLED)
@given(shots=st.lists(st.integers(0, 5000), min_size=1, max_size=6), at=st.integers(0, 5), more=st.integers(0, 5000))
def test_never_cheaper_with_more_shots(name, shots, at, more):
    billing = Device.load(name).billing
    larger = [n + more * (i == at) for i, n in enumerate(shots)]
    for shot, other in ((billing.bill(shots), billing.bill(larger)), (billing.bill(shots), billing.bill([*shots, more]))):
        assert all(
            a <= b * (1 + 1e-12) for a, b in zip((*shot.jobs, *shot.seconds), (*other.jobs, *other.seconds), strict=True)
        )


@pytest.mark.parametrize("name", BILLED)
@given(shots=st.lists(st.integers(1, 5000), min_size=1, max_size=6))
def test_ends_are_ordered_and_no_job_is_below_its_floor(name, shots):
    billing = Device.load(name).billing
    bill = billing.bill(shots)
    assert 1 <= bill.jobs.low <= bill.jobs.value <= bill.jobs.high
    assert bill.seconds.low <= bill.seconds.value * (1 + 1e-12) and bill.seconds.value <= bill.seconds.high * (1 + 1e-12)
    for jobs, seconds, floor in zip(bill.jobs, bill.seconds, billing.job_floor_s, strict=True):
        assert seconds >= jobs * floor * (1 - 1e-12)


# ---- runs


def test_the_dry_run_of_the_issue(command):
    """601 evaluations of two circuits with 500 shots: 601 x 0.9 s = 9 min 1 s, 1202 x 0.9 s = 18 min 2 s."""
    words = ("run", "tfim:n=10", "--device", "iqm-star-24", "--shots", "1000", "--dry-run")
    text = " ".join(command(*words).out.split())
    assert "QPU time 9 min 1 s to 18 min 2 s; jobs: 601 to 1,202 billed as max(shots x 400 us" in text
    assert "0.9 s) a job [enccs-access]; queue and latency excluded" in text
    found = json.loads(command(*words, "--json").out)
    assert found["billed"]["seconds"] == pytest.approx([540.9, 1081.8, 1081.8]) and found["billed"]["jobs"] == [601, 1202, 1202]
    assert found["total"]["qpu_seconds"] == pytest.approx(240.4)  # shots x shot cycle


def test_without_a_billing_table_it_says_so(command):
    words = ("run", "tfim:n=3", "--device", "spin-sige-6q", "--shots", "100", "--dry-run")
    assert "(shots x shot cycle, no billing rule; latency excluded)" in command(*words).out
    assert json.loads(command(*words, "--json").out)["billed"] is None
    assert (
        "machine time: shots x shot_cycle; the profile has no [billing] table" in command("show", "device", "spin-sige-6q").out
    )


def test_a_run_and_its_plan_have_the_same_bill(tmp_path):
    """Readout mitigation: once two calibration circuits of 200 shots in one job or two, beside those of a point."""
    spec = hybrid.Spec(problem="tfim:n=2", device="iqm-star-24", shots=200, mitigate="readout", max_evals=6, backend="exact")
    result = hybrid.run(spec, tmp_path)
    # three questions of two points, and the final one: 7 points and a calibration of 2 circuits, all at the floor
    assert result.billed["jobs"] == [8, 16, 16] and result.billed["seconds"] == pytest.approx([7.2, 14.4, 14.4])
    assert plan(spec).billed["jobs"] == result.billed["jobs"]
    assert plan(spec).billed["seconds"] == pytest.approx(result.billed["seconds"])


def test_a_sample_is_billed_with_its_calibration(command):
    """PIAST-Q: 1000 shots are 5 jobs of 200, and so are those of each of two calibration circuits: 15 x 60, 100 and 145 s."""
    words = ("sample", "bell", "--device", "aqt-20", "--mitigate", "readout")
    assert json.loads(command(*words, "--json").out)["billed"]["seconds"] == [900, 1500, 2175]
    assert "QPU time         25 min 0 s (15 min 0 s to 36 min 15 s); jobs: 15" in command(*words).out
    assert hybrid.sample("bell", device="aqt-20", shots=200).billed["seconds"] == [60, 100, 145]


def test_a_pilot_is_a_job_of_its_own():
    """Its outcomes decide how the rest is divided."""
    spec = hybrid.Spec(problem="tfim:n=2", device="iqm-star-24", shots=400, allocation="adaptive", max_evals=0)
    assert plan(spec).billed["jobs"] == [2, 4, 4]


def test_the_budget_counts_the_high_end(tmp_path):
    """VLQ, two circuits a point, 0.9 s each at the high end: 1.8 s a point, two points a question; 10 s are two questions."""
    spec = hybrid.Spec(problem="tfim:n=2", device="iqm-star-24", shots=100, max_qpu="10s", backend="exact")
    result = hybrid.run(spec, tmp_path)
    assert result.nfev == 4 and result.billed["seconds"] == pytest.approx([4.5, 9.0, 9.0])  # the fifth point is the final one
    assert read(tmp_path / f"{result.id}.jsonl").start["billing"]["job_floor_s"] == [0.9, 0.9, 0.9]


def test_a_record_of_a_budget_begun_before_bills_ends_as_it_would_have(tmp_path, monkeypatch, command):
    """Its start line does not say that it is billed: shots x shot cycle to its end."""
    spec = hybrid.Spec(problem="tfim:n=2", device="iqm-star-24", shots=100, max_qpu="1s", backend="exact")
    with monkeypatch.context() as patch:
        patch.setattr(running, "as_begun", lambda prepared, start: as_begun(prepared, {"resolved": {}}))
        before = hybrid.run(spec, tmp_path)
    path = tmp_path / f"{before.id}.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: len(lines) // 2]))
    after = hybrid.run(spec, tmp_path)
    assert (after.digest, after.nfev, after.billed) == (before.digest, before.nfev, None)
    new = hybrid.run(spec, tmp_path / "new")
    assert (new.id, new.digest == before.digest) == (before.id, False)
    differences = " ".join(command("runs", "diff", path, new.record).out.split())
    assert "machine time A - B as the site bills" in differences


# ---- profiles


def test_the_fingerprint_is_of_what_answers_depend_on(tmp_path):
    """Sixteen digits of each profile's sha256 before it had a billing table: records hold it."""
    known = {"aqt-20": "0beab91d04cd73ed", "iqm-lattice-54": "1cb4ebb359cf2c2f", "iqm-star-24": "23f518518ebde794"}
    v1 = {str(ROOT / "examples" / "benchmarks" / "meluxina-q-v1.toml"): "df74b99721e61fb7"}
    for name, digits in (known | v1).items():
        assert Device.load(name).sha256.startswith(digits)
    plain = physics_of(GOOD)
    assert Device.load(write(tmp_path, plain)).sha256 == hashlib.sha256(plain.encode()).hexdigest()
    assert Device.load(write(tmp_path, GOOD.replace("value = 4.35", "value = 5"))).sha256 == Device.load("meluxina-q").sha256
    assert Device.load(write(tmp_path, GOOD.replace("value = 22\n", "value = 21\n"))).sha256 != Device.load("meluxina-q").sha256
    moved = GOOD[GOOD.index("[billing.rule]") :] + "\n" + plain[plain.index("[n_qubits]") :]
    top = plain[: plain.index("[n_qubits]")]
    assert physics_of(top + moved) == plain


def test_meluxina_q_says_that_no_rule_is_published(command):
    out = " ".join(command("show", "device", "meluxina-q").out.split())
    assert "machine time: no billing rule is published; assumed: shots x 4.35 ms (3.45 to 5.88 ms)" in out
    assert "no rule is published for MeluXina-Q; assumed: the time of the shots at the effective rate" in out


def test_a_variant_may_bill_otherwise(tmp_path):
    about = 'unit = "ms"\nmark = "A"\nsource = "assumed"\nreason = "for a test"\nknown_for_target = false\n'
    path = write(tmp_path, f"{GOOD}\n[variants.rate.slow.billing.shot_time]\nvalue = 6\n{about}")
    assert Device.load(f"{path}:rate=slow").billing.bill([1000]).seconds == pytest.approx((6, 6, 6))
    assert Device.load(path).billing == Device.load("meluxina-q").billing


BAD = [
    (VLQ, "rule", '"machine-time"', '"free"', "value", "unknown rule 'free'. Allowed: machine-time, qubit-seconds"),
    (VLQ, "rule", '"machine-time"', '"machine-tim"', "value", "Did you mean 'machine-time'"),
    (VLQ, "rule", '"machine-time"', "3", "value", "unknown rule '3'"),
    (VLQ, "rule", '"machine-time"', '"qubit-seconds"', "", "rule 'qubit-seconds' needs the key 'reference_gate'"),
    (LRZ, "reference_gate", "[billing.reference_gate]", "[billing.reference_gat]", "", "Did you mean 'reference_gate'"),
    (LRZ, "rule", '"qubit-seconds"', '"machine-time"', "reference_gate", "has no use for it"),
    (LRZ, "reference_gate", "value = 40", "value = 0", "value", "above 0"),
    (VLQ, "shot_time", '"us"', '"kHz"', "unit", "unknown unit 'kHz'. Allowed: s, ms, us, ns"),
    (VLQ, "shot_time", "value = 400", "value = -1", "value", "at least 0"),
    (VLQ, "shot_time", "value = 400", "value = inf", "value", "finite"),
    (VLQ, "shot_time", "[billing.shot_time]", "[billing.shot_tim]", "", "Did you mean 'shot_time'"),
    (VLQ, "job_floor", "value = 0.9", "value = [0.9]", "value", "one number is needed"),
    (VLQ, "shots_per_job", "value = inf", "value = 0", "value", "at least 1"),
    (VLQ, "shots_per_job", "value = inf", "value = 200.5", "value", "200.5 is not a whole number; inf stands for no limit"),
    (VLQ, "circuits_per_job", "range = [1, inf]", "range = [1, 2.5]", "range", "2.5 is not a whole number"),
    (VLQ, "circuits_per_job", "range = [1, inf]", "range = [2, inf]", "range", "does not hold the value"),
    (
        VLQ,
        "shots_per_job",
        'reason = "no limit was found; no range: larger jobs never cost more by this rule"\n',
        "",
        "",
        "reason",
    ),
]


@pytest.mark.parametrize(("good", "key", "old", "new", "field", "message"), BAD)
def test_a_wrong_table_is_refused_with_file_line_and_key(tmp_path, good, key, old, new, field, message):
    at = good.index(old, good.index(f"[billing.{key}]"))
    text = good[:at] + new + good[at + len(old) :]
    with pytest.raises(UsageError) as refused:
        Device.load(write(tmp_path, text))
    said = str(refused.value)
    assert said.startswith(str(tmp_path / "mine.toml")) and "billing" in said and message in said
    line = int(said.removeprefix(str(tmp_path / "mine.toml")).split(":")[1])
    if field in ("value", "unit", "range"):
        assert line == line_with(text, field, f"billing.{key}")


def test_a_missing_key_and_a_table_that_is_none(tmp_path):
    start, end = VLQ.index("[billing.job_floor]"), VLQ.index("[billing.shots_per_job]")
    with pytest.raises(UsageError, match=r"mine\.toml:\d+: billing: missing key 'job_floor'"):
        Device.load(write(tmp_path, VLQ[:start] + VLQ[end:]))
    plain = physics_of(VLQ)
    with pytest.raises(UsageError, match=r"mine\.toml:\d+: billing: a table is needed, with the keys rule, shot_time"):
        Device.load(write(tmp_path, plain.replace('dephasing = "markov"\n', 'dephasing = "markov"\nbilling = 3\n')))
    assert Device.load(write(tmp_path, plain)).billing is None
