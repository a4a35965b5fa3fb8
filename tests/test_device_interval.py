"""The device interval: order statistics, drawn devices, values on them, its words, and that it changes no answer."""

import json
import re
from dataclasses import replace
from pathlib import Path
from shutil import copy

import numpy as np
import pytest
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.types import Expectation, Loss, Probabilities
from hybrid.catalog.algorithms.qaoa import value_at_risk
from hybrid.device.device import Device
from hybrid.device.ranges import RangedNumber, drawn, ranged
from hybrid.measure import other_devices
from hybrid.measure.compile import Measuring, compile, compile_query
from hybrid.measure.device_interval import DEVICES, LEAST_DEVICES, device_interval, explained
from hybrid.measure.other_devices import values_on
from hybrid.measure.set_up import engine
from hybrid.runs import device_interval as of_run
from hybrid.runs import record
from hybrid.runs.result import finished
from hybrid.runs.run import run
from hybrid.runs.setup import Chosen, prepare
from hybrid.runs.spec import Spec

CIRCUIT = efficient_su2(2, reps=1, entanglement="linear")
OBSERVABLE = SparsePauliOp(["ZZ", "XI", "IX"])
X = np.linspace(-1, 1, CIRCUIT.num_parameters)
SHORT = {"problem": "h2", "device": "meluxina-q", "backend": "exact", "max_evals": 1}
SEED = np.random.SeedSequence(3)


@pytest.fixture(autouse=True)
def all_devices(monkeypatch):
    """As many as outside the tests."""
    monkeypatch.setattr(of_run, "DEVICES", DEVICES)
    monkeypatch.setattr(of_run, "LEAST_DEVICES", LEAST_DEVICES)


def interval_of(values: np.ndarray, at: np.ndarray | None = None, keys: tuple[str, ...] = ("a",), **options):
    at = np.linspace(0, 1, len(values))[:, None] if at is None else at
    return device_interval(float(values.mean()), values, keys, at, **{"maximize": False} | options)


def measured(spec: Spec):
    """What a VQE of the spec minimises, compiled."""
    prepared = prepare(spec)
    chosen = Chosen(prepared)
    ansatz = chosen.ansatz(prepared.problem.ansatz)
    return chosen.compile(Loss((Expectation(ansatz.circuit, prepared.problem.hamiltonian),)), ansatz), prepared.device


def with_ranges(device: Device, ranges: dict[str, tuple[float, float]]) -> Device:
    """The device with these ranges, in the units of its profile, and no others."""
    numbers = {key: replace(number, range=ranges.get(key)) for key, number in device.numbers.items()}
    return replace(device, numbers=numbers)


def test_order_statistics_of_evenly_spaced_values_are_the_quantiles():
    values = np.arange(1, 65) / 65
    found = interval_of(np.random.default_rng(0).permutation(values))
    assert (found.low, found.high) == pytest.approx((0.05, 0.95), abs=1e-12)
    assert found.devices == 64


@pytest.mark.parametrize("count", [32, 64])
def test_an_interval_of_uniform_values_holds_its_share_on_average(count):
    """The mean of order statistic i of n uniform values is i/(n + 1); one width spreads by 0.05, 2000 leave 0.001."""
    rng = np.random.default_rng(1)
    widths = [found.high - found.low for found in (interval_of(rng.random(count)) for _ in range(2000))]
    assert np.mean(widths) == pytest.approx(0.9, abs=0.006)


def test_the_nominal_device_has_its_place_among_the_others():
    values = np.arange(10.0)
    at = np.zeros((10, 1))
    assert device_interval(2.5, values, ["a"], at, maximize=False).better == 0.3
    assert device_interval(2.5, values, ["a"], at, maximize=True).better == 0.7


def test_what_explains_the_spread_is_found_and_lists_count_as_one():
    at = np.random.default_rng(2).random((64, 3))
    at -= at.mean(axis=0)
    at = np.linalg.qr(at)[0]  # independent to rounding, so that the shares are exact
    shares = explained(at @ [1.0, 2.0, 2.0], ["a", "b", "b"], at)
    assert shares == pytest.approx({"a": 1 / 9, "b": 8 / 9})
    assert explained(np.ones(64), ["a", "b", "b"], at) == {}


@pytest.mark.parametrize(
    ("low", "high", "middle"), [(1.0, 10.0, 5.5), (1.0, 16.0, 4.0), (0.0, 100.0, 50.0), (2.0, np.inf, 4.0)]
)
def test_a_number_is_uniform_in_its_range_or_in_its_logarithm(low, high, middle):
    number = RangedNumber("t1", ((0,),), low, high)
    assert number.at(0.0) == low and number.at(0.5) == pytest.approx(middle)
    assert low <= number.at(1 - 1e-9) <= high


def test_lists_vary_entry_by_entry_and_single_numbers_as_one():
    device = Device.load("meluxina-q")
    numbers = ranged(device, (2, 3))
    assert [number.key for number in numbers].count("t2_star") == 2
    assert [number.key for number in numbers].count("gates.cz.error") == 1
    other = drawn(device, numbers, np.linspace(0.1, 0.9, len(numbers)))
    assert len(set(other.gates["cz"].error.values())) == 1 and other.gates["cz"].error != device.gates["cz"].error
    assert [q for q in range(10) if other.t2_star_s[q] != device.t2_star_s[q]] == [2, 3]
    assert other.t2_star_s[2] != other.t2_star_s[3] and len(set(other.readout_p01)) == 1
    assert other.context_t2star_factor != device.context_t2star_factor
    assert "context_t2star_factor" not in [n.key for n in ranged(Device.load("meluxina-q:dephasing=markov"), (2, 3))]


def test_no_drawn_device_has_coherence_beyond_its_limits():
    device = with_ranges(Device.load("iqm-lattice-54"), {"t1": (20, 60), "t2_echo": (10, 60)})
    other = drawn(device, ranged(device, (0,)), np.array([0.0, 1.0]))
    assert other.t1_s[0] == 20e-6 and other.t2_echo_s[0] == 40e-6


@pytest.mark.parametrize("options", [{}, {"mitigate": "readout"}])
@pytest.mark.parametrize("backend", ["aer", "exact"])
def test_the_value_on_the_same_device_is_the_program_s(options, backend):
    device = Device.load("meluxina-q:dephasing=markov")
    program = compile(CIRCUIT, OBSERVABLE, device=device, backend=backend, **options)
    (found,) = values_on(program, program.angle_map(X[None]), [device, device], SEED).tolist()
    assert found == pytest.approx([program.values(X[None]).values[0]] * 2, abs=1e-10)


def test_an_observable_of_the_distribution_is_that_of_each_device():
    """The mean over the best half of the shots."""
    device = Device.load("meluxina-q:dephasing=markov")
    numbers = ranged(device, range(10))
    other = drawn(device, numbers, np.full(len(numbers), 0.8))
    problem = prepare(Spec(problem="maxcut:graph=ring,n=3")).problem
    circuit = efficient_su2(3, reps=1, entanglement="linear")
    query, x = Probabilities(circuit, value_at_risk(problem, 0.5)), np.linspace(-1, 1, 12)
    parameters = tuple(circuit.parameters)
    here, there = (compile_query(query, parameters, on, engine(), Measuring()) for on in (device, other))
    found = values_on(here, here.angle_map(x[None]), [device, other], SEED)[0]
    assert found == pytest.approx([program.values(x[None]).values[0] for program in (here, there)], abs=1e-10)
    assert abs(found[1] - found[0]) > 1e-3


def test_the_value_on_the_same_device_is_the_program_s_within_the_error_of_32_detunings():
    program = compile(CIRCUIT, OBSERVABLE, device="meluxina-q", backend="exact", shots=1000)
    exact = compile(CIRCUIT, OBSERVABLE, device="meluxina-q", backend="exact", realizations=512)
    found = values_on(program, program.angle_map(X[None]), [Device.load("meluxina-q")], SEED)
    assert found[0, 0] == pytest.approx(exact.values(X[None], seed=1).values[0], abs=0.01)


def test_ranges_without_width_give_an_interval_without_width():
    """Every device draws the same detunings: nothing is left to differ."""
    measurement, device = measured(Spec(**SHORT))
    fixed = with_ranges(device, {"context_t2star_factor": (0.63, 0.63), "gates.cz.error": (1.0, 1.0)})
    found = of_run.sampled(measurement, np.linspace(-1, 1, 8), fixed, SEED, 1)
    assert found["low"] == pytest.approx(found["nominal"], abs=1e-12) == found["high"]
    assert found["most"] is None and found["devices"] == 64


def test_an_interval_lies_as_the_truth_does_and_not_around_the_nominal_device():
    """One number decides, so its ends are the results at 5 and 95 % of the range; the nominal one is at the end of the range.

    Sobol points of one number are evenly spread, so that the ends lie 0.7 % of the devices further out.
    """
    measurement, device = measured(Spec(**SHORT))
    made_up = with_ranges(device, {"gates.cz.error": (1.0, 21.0)})
    x = np.linspace(-1, 1, 8)
    found = of_run.sampled(measurement, x, made_up, SEED, 1)
    numbers = ranged(made_up, (0, 1))
    ends = measurement.on_devices(x, [drawn(made_up, numbers, np.array([share])) for share in (0.05, 0.95)], SEED)
    assert found["high"] - found["low"] == pytest.approx(abs(ends[1] - ends[0]), rel=0.06)
    above, below = found["high"] - found["nominal"], found["nominal"] - found["low"]
    assert min(abs(above), abs(below)) < 0.1 * max(abs(above), abs(below))
    assert found["most"] == "gates.cz.error" and found["most_share"] > 0.8  # linear in the share of a logarithm
    turned = of_run.sampled(measurement, x, made_up, SEED, -1)
    assert (turned["low"], turned["high"]) == pytest.approx((-found["high"], -found["low"]))
    assert turned["better"] == found["better"]


def test_what_would_take_long_is_made_with_fewer_devices_or_left_out(monkeypatch):
    measurement, device = measured(Spec(**SHORT))
    x = np.linspace(-1, 1, 8)
    each_s = measurement.seconds_per_device()
    monkeypatch.setattr(of_run, "MOST_SECONDS", {True: 40 * each_s})
    assert of_run.sampled(measurement, x, device, SEED, 1)["devices"] == 32
    monkeypatch.setattr(of_run, "MOST_SECONDS", {True: 30 * each_s})
    assert of_run.sampled(measurement, x, device, SEED, 1) == {"left_out": "it would take too long for this loss"}
    assert of_run.sampled(measurement, x, with_ranges(device, {}), SEED, 1) == {"left_out": "the profile states no ranges"}
    monkeypatch.setattr(of_run, "INTERVAL_QUBITS", 1)
    assert of_run.sampled(measurement, x, device, SEED, 1) == {"left_out": "more than 1 qubits"}


def test_a_device_that_cannot_be_measured_does_not_cost_the_result():
    """Its readout is blind, and mitigation inverts it."""
    measurement, device = measured(Spec(**SHORT, mitigate="readout"))
    blind = with_ranges(device, dict.fromkeys(("readout_p01", "readout_p10"), (60.0, 90.0)))
    found = of_run.sampled(measurement, np.linspace(-1, 1, 8), blind, SEED, 1)
    assert "reads the same in both states" in found["left_out"]


def test_off_changes_the_report_and_nothing_else(tmp_path, command):
    words = ["run", "h2", "--device", "meluxina-q", "--backend", "exact", "--max-evals", "1", "--json"]
    shown = [json.loads(command(*words, "--results", tmp_path / name, "--device-interval", name).out) for name in ("on", "off")]
    assert (shown[0]["id"], shown[0]["digest"], shown[0]["value"]) == (shown[1]["id"], shown[1]["digest"], shown[1]["value"])
    on, off = (dict(list(record.lines(Path(one["record"])))[-1][2]["report"]) for one in shown)
    assert on.pop("device_interval")["devices"] == 64
    assert off.pop("device_interval") == {"left_out": "switched off"} == shown[1]["device_interval"]
    assert on == off
    refused = command(*words, "--device-interval", "maybe")
    assert refused.code == 2 and "unknown --device-interval 'maybe'" in refused.err


def test_the_words_of_a_result(tmp_path, command):
    words = ["run", "h2", "--device", "meluxina-q", "--backend", "exact", "--max-evals", "1", "--results", tmp_path]
    first, again = (" ".join(command(*words).out.split()) for _ in range(2))
    text = first[first.index("device -") :]
    for part in ("for infinitely many shots; other devices within the profile's ranges: -", " (90 % of 64), mostly by gates."):
        assert part in text
    assert "this one is near the optimistic end: " in text and re.search("(none gives|% give) a better result", text)
    assert "device assumptions" not in text
    assert text[: text.index("exact -")] in again
    replayed = command("runs", "replay", "latest", "--results", tmp_path)
    assert replayed.code == 0
    assert "device -" not in command("run", "h2", "--max-evals", "1", "--results", tmp_path).out


def test_the_words_where_no_number_matters(tmp_path, command):
    """An echoed gate's length is in its published error, and nothing else here has a range."""
    words = ["run", "h2", "--device", "pioneer-p10", "--backend", "exact", "--max-evals", "1", "--results", tmp_path]
    out = " ".join(command(*words).out.split())
    assert "device the result is the same on all devices within the profile's ranges exact" in out


def test_the_same_run_has_the_same_interval(tmp_path):
    one, other = (run(Spec(**SHORT), tmp_path / name).device_interval for name in ("one", "other"))
    assert one == other
    assert run(Spec(problem="h2", max_evals=1), tmp_path).device_interval is None


def test_a_record_of_before_says_what_it_knew(tmp_path):
    path = next(p for p in (Path(__file__).parent / "records").glob("*.jsonl") if '"device_stderr":0.' in p.read_text())
    copy(path, tmp_path / path.name)
    old = finished(tmp_path / path.name)
    found = old and old.device_interval
    assert found is not None and found["left_out"].startswith("an earlier version recorded ± 0.")


WORKLOADS = {"tfim:n=4": "efficient_su2", "xxz:n=6": "brick:reps=2", "tfim:n=8": "hamiltonian_variational:reps=1"}


@pytest.mark.slow
@pytest.mark.statistics
def test_intervals_hold_nine_in_ten_devices_drawn_afresh(tmp_path, monkeypatch):
    """200 devices drawn independently, their values on 128 other detunings; three workloads, five scrambles each."""
    covered = []
    for problem, ansatz in WORKLOADS.items():
        spec = Spec(problem=problem, ansatz=ansatz, device="meluxina-q", backend="exact", max_evals=15)
        x = np.array(run(spec, tmp_path, device_interval=False).x)
        measurement, device = measured(spec)
        numbers = ranged(device, range(device.n_qubits or 0))
        fresh = [drawn(device, numbers, at) for at in np.random.default_rng(7).random((200, len(numbers)))]
        with monkeypatch.context() as finer:
            finer.setattr(other_devices, "DETUNINGS", 128)
            values = measurement.on_devices(x, fresh, np.random.SeedSequence(99))
        found = [of_run.sampled(measurement, x, device, np.random.SeedSequence(seed), 1) for seed in range(5)]
        inside = [float(np.mean((values >= one["low"]) & (values <= one["high"]))) for one in found]
        ends = [(round(one["low"], 3), round(one["high"], 3), round(one["nominal"], 3), one["most"]) for one in found]
        print(problem, inside, ends, np.quantile(values, [0.05, 0.95]))
        covered += inside
    print(f"pooled: {np.mean(covered):.3f}")
    assert 0.85 < np.mean(covered) < 0.95
