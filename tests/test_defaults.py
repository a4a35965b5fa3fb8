"""What is chosen where nothing is named: on ideal the problem's own ansatz, on a noisy device what keeps most signal."""

from dataclasses import replace

import pytest

from hybrid import catalog
from hybrid.base.types import Problem
from hybrid.device.device import Device
from hybrid.runs.proposal import most_to_gain, suited
from hybrid.runs.record import Record
from hybrid.runs.results_folder import read
from hybrid.runs.run import run
from hybrid.runs.setup import Chosen, as_begun, prepare
from hybrid.runs.spec import Spec

DEVICE = "meluxina-q"
CHEMICAL_ACCURACY_HA = 1.6e-3


def problem(text: str) -> Problem:
    return catalog.load(catalog.parse("problems", text))()


@pytest.mark.parametrize(
    ("text", "ideal", "noisy"),
    [
        ("h2", "efficient_su2:reps=1", "real_amplitudes:reps=1"),
        ("lih", "uccsd", "real_amplitudes:reps=0"),  # 9 gates cost more than the 0.02 Ha of correlation
        ("h2o", "uccsd", "real_amplitudes:reps=0"),
        ("hubbard", "uccsd", "real_amplitudes:reps=1"),
        ("tfim", "hamiltonian_variational:reps=3", "real_amplitudes:reps=1"),
        ("deuteron:n=3", "givens:reps=2", "real_amplitudes:reps=1"),
        ("maxcut:graph=ring", "qaoa_layers:p=1", "qaoa_layers:p=1"),
    ],
)
def test_the_proposal_depends_on_the_device(text, ideal, noisy):
    loaded = problem(text)
    assert suited(loaded, Device.load("ideal")) is loaded
    on_device = suited(loaded, Device.load(DEVICE))
    assert (loaded.ansatz, on_device.ansatz) == (ideal, noisy)
    assert bool(on_device.ansatz_reason) == (ideal != noisy)


def test_a_variant_of_the_device_runs_the_same_circuit():
    """Devices that differ in one number are compared at equal circuits: the error of the nominal one decides."""
    variant = Device.load(f"{DEVICE}:two_qubit=today")
    assert all(
        suited(problem(text), variant).ansatz == suited(problem(text), variant.compiled_for).ansatz for text in ("h2", "lih")
    )


def test_phases_where_the_hamiltonian_is_not_real(tmp_path):
    (tmp_path / "chiral.pauli").write_text("1.0 XY\n-1.0 YX\n0.1 ZI\n")
    assert suited(problem(str(tmp_path / "chiral.pauli")), Device.load(DEVICE)).ansatz == "efficient_su2:reps=1"


def test_what_entangling_can_gain():
    """(E_baseline - E_exact) / (E_guessing - E_baseline), the guess being the identity's coefficient."""
    h2 = problem("h2")
    guessing = -1.052373245772859 + 0.7199689944489797
    assert h2.baseline is not None and h2.exact is not None
    assert most_to_gain(h2) == pytest.approx((h2.baseline - h2.exact) / (guessing - h2.baseline))
    assert most_to_gain(replace(h2, exact=None)) == float("inf")


def test_the_reason_is_recorded_and_printed(tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ("run", "h2", "--device", DEVICE, "--backend", "exact", "--shots", "100", "--max-evals", "2", "--force")
    done = command(*words, "--device-interval", "off")
    assert "1 two-qubit gate: one layer keeps most signal" in " ".join(done.out.split())
    assert "keeps most" not in command(*words, "--ansatz", "brick:reps=1", "--device-interval", "off").out


def test_a_record_keeps_the_defaults_that_it_was_begun_with(tmp_path):
    """Another version chose another ansatz and other gains: they are those of the record, and what is named stays."""
    spec = Spec(problem="h2", device=DEVICE, backend="exact", shots=100, max_evals=2)
    done = run(spec, tmp_path, device_interval=False, force=True)
    start = read(Record(tmp_path / f"{done.id}.jsonl").path).start
    then = start["resolved"] | {"ansatz": "efficient_su2:reps=1,entanglement=linear", "optimizer": "spsa:first_step=0.1,c=0.1"}
    chosen = Chosen(as_begun(prepare(spec), start | {"resolved": then}))
    assert chosen.ansatz("real_amplitudes:reps=1").circuit.num_parameters == 8
    assert (chosen.ansatz_text, chosen.optimizer_text) == (then["ansatz"], then["optimizer"])
    named = replace(spec, ansatz="brick:reps=1", optimizer="adam")
    chosen = Chosen(as_begun(prepare(named), start | {"resolved": then}))
    chosen.ansatz("real_amplitudes:reps=1")
    assert (chosen.ansatz_text, chosen.optimizer_text) == ("brick:reps=1", "adam")


@pytest.mark.parametrize(
    "text", ["h2", "lih", "lih:mapping=parity", *(pytest.param(m, marks=pytest.mark.slow) for m in ("h2o", "beh2"))]
)
def test_molecules_reach_chemical_accuracy_by_default(text, tmp_path):
    """On ideal without shots; 1.6 mHa is 1 kcal/mol. UCCSD on H2O and BeH2 takes some 15 s each."""
    result = run(Spec(problem=text, backend="exact"), tmp_path)
    assert result.gap is not None and result.gap < CHEMICAL_ACCURACY_HA


@pytest.mark.parametrize("text", ["hubbard", "deuteron", "deuteron:n=4", "tfim", "xxz", "heisenberg", "./seeds/tfim_4.pauli"])
def test_no_default_ends_worse_than_its_baseline_on_ideal(text, tmp_path):
    assert not run(Spec(problem=text, backend="exact"), tmp_path).worse_than_baseline


TRIED = ("real_amplitudes:reps=0", "real_amplitudes:reps=2", "efficient_su2:reps=1", "brick:reps=1", None)
"""Chosen by hand instead of the default; None is what the problem proposes on ideal."""


@pytest.mark.slow
@pytest.mark.parametrize("text", ["h2", "deuteron", "hubbard", "tfim", "xxz", "heisenberg"])
def test_the_default_keeps_95_per_cent_of_the_best_tried_by_hand(text, tmp_path):
    """On meluxina-q at the optimum without shots, of the distance between guessing and the best."""
    spec = Spec(problem=text, device=DEVICE, backend="exact", optimizer="lbfgs", max_iterations=40)
    default, *others = (
        run(replace(spec, ansatz=ansatz), tmp_path, device_interval=False).value
        for ansatz in (None, *(each or problem(text).ansatz for each in TRIED))
    )
    identity = ~(problem(text).hamiltonian.paulis.x | problem(text).hamiltonian.paulis.z).any(axis=1)
    guessing = float(problem(text).hamiltonian.coeffs[identity].real.sum())
    assert default - min(others) < 0.05 * (guessing - min(others))
