"""The self-test through the whole stack: agreement on every shipped device, published bands, the command."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from matplotlib.image import imread

import hybrid
from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.characterization import EXPERIMENTS, benchmarking, characterize, volume
from hybrid.characterization.result import Characterization, Row
from hybrid.cli import characterize as command
from hybrid.compilation.infidelity import process_fidelity
from hybrid.device import detuning
from hybrid.device.device import Device
from hybrid.figures.characterization import draw, overview

QUICK = "exact"
"""The backend of tests of physics: that of tests of the command, and of every profile, is the default."""
SILICON = ("spin-sige-6q", "spin-sige-3q", "meluxina-q", "spin-simos-10q")
DEVICES = [name for name in catalog.names("devices") if name != "ideal"]


def few(name: str, qubits: int, **changes: object) -> Device:
    """The device cut to its first qubits, so that a test is quick; `changes` as in `dataclasses.replace`."""
    return replace(Device.load(name), n_qubits=qubits, edges=tuple((q, q + 1) for q in range(qubits - 1)), **changes)


def assert_agrees(found: Characterization) -> None:
    """As a whole and one by one; a correct stack fails for one seed in a thousand, and the seed is fixed."""
    assert found.agrees, [(row.experiment, row.qubits, row.sigmas) for row in found.compared if abs(row.sigmas or 0) > 2]


def mean_and_extremes(found: Characterization, experiment: str) -> tuple[float, float, float]:
    values = [row.value for row in found.rows if row.experiment == experiment]
    return float(np.mean(values)), min(values), max(values)


@pytest.fixture
def call(command):
    return partial(command, "characterize")


@pytest.fixture(scope="module")
def philips() -> Characterization:
    """Bell and GHZ states of the six-qubit profile, as shipped."""
    return characterize("spin-sige-6q", only=["bell", "ghz"], backend=QUICK)


def test_bell_and_ghz_lie_in_the_band_of_philips_2022(philips):
    """Nature 609, 919: Bell states 88-96 %, mean 92.5 %; GHZ mean 76.0 %. The context factor was fitted to the former alone."""
    mean, least, most = mean_and_extremes(philips, "bell")
    assert 0.905 < mean < 0.945 and least > 0.83 and most < 0.98
    mean, least, most = mean_and_extremes(philips, "ghz")
    assert 0.73 < mean < 0.81 and least > 0.66 and most < 0.88
    assert_agrees(philips)


def test_without_the_context_factor_they_are_above_96_and_91_percent():
    found = characterize(replace(Device.load("spin-sige-6q"), context_t2star_factor=1.0), only=["bell", "ghz"], backend=QUICK)
    assert mean_and_extremes(found, "bell")[0] > 0.96
    assert mean_and_extremes(found, "ghz")[0] > 0.91
    assert_agrees(found)


def test_readout_is_what_the_profile_says():
    found = characterize(few("spin-simos-10q", 3), only=["readout"])
    rows = [row for row in found.rows if row.detail == "p01"]
    assert [row.nominal for row in rows] == pytest.approx([5e-4] * 3)
    # 100,000 shots count 50 errors: 7 of them are one standard deviation
    assert [row.value for row in rows] == pytest.approx([5e-4] * 3, abs=4.5 * 7e-5)
    assert_agrees(found)


def test_ramsey_and_echo_find_two_different_times():
    found = characterize(few("spin-sige-6q", 1), only=["t1", "ramsey", "echo"], backend=QUICK)
    assert [row.nominal for row in found.rows] == [22e-3, 3e-6, 14e-6]
    assert_agrees(found)
    assert found.notes[0].startswith("ramsey: the Gaussian factor beats a single exponential by ")
    assert float(found.notes[0].split(" by ")[1].split()[0]) > 5  # a likelihood 150 times higher


def test_benchmarking_under_markovian_noise_finds_the_infidelity(monkeypatch):
    monkeypatch.setattr(benchmarking, "LENGTHS", {1: (1, 40, 120), 2: (1, 4, 10)})
    device = replace(few("spin-sige-6q", 2), dephasing="markov")
    found = characterize(device, only=["ramsey", "rb1", "rb2"])
    assert_agrees(found)
    assert found.notes == ("ramsey left out: without quasi-static dephasing there is no T2* to measure.",)
    # A Clifford is one X90 on average, 4 x 164 of them within sqrt(1/3/656) = 2.3 %. On the second qubit T2H takes more from
    # a pulse of 132 ns than the published error, so that this is all there is.
    pulse = 2 / 3 * (1 - process_fidelity(device, 1, 132e-9, detuned=False))
    assert found.rows[1].qubits == (1,) and found.rows[1].nominal == pytest.approx(pulse, rel=4 * 0.023)


def test_sequences_without_a_pulse_have_nothing_to_average(monkeypatch):
    """Under seed 102 one of the shortest sequences is two diagonal Cliffords: no detuned angle, one exact mean."""
    monkeypatch.setattr(benchmarking, "LENGTHS", {1: (1, 20), 2: (1, 4)})
    assert_agrees(characterize(few("spin-sige-6q", 1), only=["rb1"], seed=102))


def test_a_wrong_stack_disagrees(monkeypatch):
    """The self-test must be able to fail: detunings a quarter too wide are 6 standard errors of either T2*."""
    right = detuning.sigma
    monkeypatch.setattr(detuning, "sigma", lambda *args, **words: 1.25 * right(*args, **words))
    assert not characterize(few("spin-sige-6q", 2), only=["ramsey"], backend=QUICK).agrees


def test_the_same_seed_gives_the_same_numbers_whatever_else_is_measured():
    device = few("meluxina-q", 2)
    alone, together, other = (
        characterize(device, only=only, seed=seed, shots=100, backend=QUICK)
        for only, seed in ((["bell"], 1), (["readout", "bell"], 1), (["bell"], 2))
    )
    assert alone.to_json() == [row for row in together.to_json() if row["experiment"] == "bell"]
    assert alone.to_json() != other.to_json()


def test_unusable_questions_are_refused():
    with pytest.raises(UsageError, match="'ideal' is perfect: there is nothing to measure"):
        characterize("ideal")
    with pytest.raises(UsageError, match="unknown experiment 'gzh'. Did you mean 'ghz'"):
        characterize("meluxina-q", only=["gzh"])
    with pytest.raises(UsageError, match="shots: 20 per circuit are too few"):
        characterize("meluxina-q", shots=20)
    with pytest.raises(UsageError, match="loaded already"):
        characterize(Device.load("meluxina-q"), dephasing="markov")


def test_infinite_times_are_left_out():
    found = characterize("pioneer-p10", only=["t1", "echo"])
    assert found.rows == () and found.p_value == 1
    assert found.notes[0] == "t1 left out on qubit 0, 1, 2, 3, 4, 5, 6, 7, 8, 9: its time is infinite."


def test_large_devices_are_tested_on_their_first_qubits():
    found = characterize("iqm-lattice-54", only=["bell", "readout"], shots=100)
    pairs = [row.qubits for row in found.rows if row.experiment == "bell"]
    assert len(pairs) == 9 and set(pairs) <= set(Device.load("iqm-lattice-54").edges)
    assert sum(row.detail == "p01" for row in found.rows) == 10
    assert_agrees(found)


def test_quantum_volume_has_no_nominal_value(monkeypatch):
    monkeypatch.setattr(volume, "CIRCUITS", 6)
    found = characterize(few("iqm-star-24", 4), only=["quantum_volume"], shots=100)
    assert [row.detail for row in found.rows] == [*(f"heavy outputs of {n} qubits" for n in (2, 3, 4)), ""]
    assert {row.experiment for row in found.rows} == {"quantum_volume"}
    assert found.compared == () and found.rows[-1].unit == "log2"
    assert all(0.5 < row.value < 0.9 for row in found.rows[:-1])


def test_the_command_prints_a_table(call):
    code, out, err = call("spin-sige-6q", "--only", "bell")
    assert code == 0 and err == "bell ...\n"
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    rows = [line.split() for line in lines if line.startswith("bell ")]
    assert [row[1:3] for row in rows] == [[str(q), str(q + 1)] for q in range(5)]
    assert any(line.startswith("chi-squared ") and "at 5 degrees of freedom, p = " in line for line in lines)
    told = " ".join(out.split())
    assert "shows whether the software simulates what the profile states. It says nothing about MeluXina-Q." in told
    assert told.endswith("It is not MeluXina-Q. Not a prediction.")


def test_the_command_prints_json(call):
    code, out, err = call("spin-sige-6q", "--only", "readout", "--json", "--quiet")
    rows = json.loads(out)["experiments"]
    assert code == 0 and err == "" and len(rows) == 12
    keys = ["experiment", "qubits", "value", "stderr", "nominal", "sigmas", "unit"]
    assert all(list(row) == [*keys, "detail"] and row["detail"] in ("p01", "p10") for row in rows)
    assert {row["experiment"] for row in rows} == {"readout"}


def test_the_command_refuses(call, tmp_path):
    assert call("ideal")[0] == 2
    assert call("meluxina-q", "--only", "bell", "--plot", str(tmp_path / "x.eps"))[0] == 2
    assert "--seed must be at least 0" in call("meluxina-q", "--seed", "-1")[2]


def test_the_overview_is_a_picture(tmp_path):
    found = characterize(few("iqm-star-24", 3), only=["echo", "bell"], shots=100, backend=QUICK)
    overview(found, tmp_path / "overview.png")
    assert imread(tmp_path / "overview.png").shape[:2] == (1489, 2200)
    first, second = (tmp_path / f"{i}.svg" for i in (1, 2))
    overview(found, first)
    overview(found, second)
    assert first.read_bytes() == second.read_bytes()
    texts = " ".join(" ".join(text.get_text() for text in draw(found).texts).split())
    assert "Not a prediction" in texts and "says nothing about MeluXina-Q" in texts
    with pytest.raises(UsageError, match="quantum_volume alone has none"):
        overview(replace(found, rows=(Row(experiment="quantum_volume", qubits=(), value=2, stderr=None),)), first)


def test_the_commands_list_of_experiments_is_complete():
    assert command.EXPERIMENTS.split(", ") == list(EXPERIMENTS)


def test_the_public_name_is_the_function():
    assert hybrid.characterize is characterize


@pytest.mark.slow
@pytest.mark.parametrize("device", DEVICES)
def test_every_profile_agrees_with_itself(device):
    """Chi-squared p above 0.001, no number off by 4.5 sigmas; false alarm one in a thousand per device, seed fixed."""
    found = characterize(device)
    assert_agrees(found)
    measured = {row.experiment.split("_")[0] for row in found.compared}
    if device in SILICON:
        assert measured == {"t1", "ramsey", "echo", "rb1", "rb2", "readout", "bell", "ghz"}


@pytest.mark.slow
@pytest.mark.statistics
def test_agreement_has_unit_variance_over_seeds():
    """12 seeds x 22 numbers: the variance of n = 264 normal numbers has a standard error of sqrt(2/n) = 0.087; with their
    mean within 4/sqrt(n) = 0.25 the false-alarm rate is below 1e-3. Below 1 is allowed to 0.6: errors of single points are
    never taken smaller than those of independent shots, which makes them a few percent too large."""
    device = few("spin-sige-6q", 3)
    only = ["t1", "ramsey", "echo", "readout", "bell", "ghz"]
    sigmas = [row.sigmas for seed in range(12) for row in characterize(device, only=only, seed=seed).compared]
    assert abs(np.mean(sigmas)) < 4 / np.sqrt(len(sigmas))
    assert 0.6 < np.var(sigmas) < 1.35
