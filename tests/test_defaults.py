"""What is chosen where nothing is named: on ideal the problem's own ansatz, on a noisy device what keeps most signal."""

import json
import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hybrid import catalog
from hybrid.base.types import Dataset, Problem
from hybrid.device.device import Device
from hybrid.runs.dry_run import plan
from hybrid.runs.proposal import most_to_gain, suited
from hybrid.runs.record import Record
from hybrid.runs.results_folder import read
from hybrid.runs.run import run
from hybrid.runs.setup import Chosen, as_begun, prepare
from hybrid.runs.spec import Spec

ROOT = Path(__file__).parent.parent
TABLE: Any = SimpleNamespace(**runpy.run_path(str(ROOT / "examples" / "defaults.py")))
"""The script of the guide's table of what defaults reach."""
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


@pytest.mark.parametrize(
    ("device", "shots", "algorithm", "expected"),
    [
        ("ideal", 0, "qaoa", "adam:learning_rate=0.05"),
        (DEVICE, 0, "qaoa", "lbfgs:memory=10"),
        ("ideal", 100, "qaoa", "spsa:a=none,first_step=0.1,c=0.1"),
        (DEVICE, 100, "vqe", "spsa:a=none,first_step=0.3,c=0.3"),
    ],
)
def test_the_optimiser_is_the_algorithms_own(device, shots, algorithm, expected):
    spec = Spec(problem="maxcut:graph=ring,n=4", algorithm=algorithm, device=device, shots=shots, backend="exact")
    assert plan(spec).resolved["optimizer"].startswith(expected)
    assert replace(spec, optimizer="adam").newest_rules < 3
    if algorithm == "qaoa" and (shots or device != "ideal"):  # another id than where the second rules chose
        assert (spec.newest_rules, spec.canonical(2)["rules"]) == (3, 2)
        assert len({spec.id_under(rules) for rules in (1, 2, 3)}) == 3


@pytest.fixture
def inputs(text, tmp_path, monkeypatch):
    """A working folder with the files that the problems of the guide's table are read from."""
    for suffix, package in {".xyz": "pyscf", ".lp": "highspy"}.items():
        if text.endswith(suffix):
            pytest.importorskip(package)
    (tmp_path / "seeds").symlink_to(ROOT / "seeds")
    monkeypatch.chdir(tmp_path)
    TABLE.RESULTS.mkdir(parents=True)
    for name, text in TABLE.FILES.items():
        (TABLE.RESULTS / name).write_text(text)
    return tmp_path


def test_the_table_has_every_built_in_problem():
    named = {catalog.parse("problems", text).signature.name for text in TABLE.PROBLEMS}
    assert named == set(catalog.names("problems"))


@pytest.mark.slow
@pytest.mark.parametrize("text", TABLE.PROBLEMS)
def test_no_default_is_worse_than_its_baseline_without_noise_and_shots(text, inputs):
    """Of binary problems (MaxCut's baseline is a cut found classically) an optimum is at least as likely as by guessing."""
    labelled = isinstance(problem(text), Dataset)
    result = run(Spec(problem=text, algorithm="vqc" if labelled else None, backend="exact"), inputs)
    if result.outcomes is None:
        assert not result.worse_than_baseline
    else:
        assert result.outcomes["optimal"][0] >= result.outcomes["optimal_guessing"]


TRIED: dict[str, list[dict[str, Any]]] = {
    "vqe": [
        *({"ansatz": a} for a in ("real_amplitudes:reps=0", "real_amplitudes:reps=2", "efficient_su2:reps=1", "brick:reps=1")),
        {"ansatz": None},
    ],
    "qaoa": [
        *({"algorithm": a} for a in ("qaoa:p=2", "qaoa:p=3", "qaoa:cvar=0.2")),
        *({"optimizer": o} for o in ("adam", "nelder_mead")),
    ],
    "vqc": [
        *({"algorithm": a} for a in ("vqc:layers=2", "vqc:layers=3")),
        *({"ansatz": a} for a in ("real_amplitudes:reps=1", "efficient_su2:reps=1", "brick:reps=2")),
    ],
}
"""By algorithm, five choices by hand instead of the defaults; the ansatz None is the one that the problem proposes on ideal."""


@pytest.mark.slow
@pytest.mark.parametrize("text", TABLE.PROBLEMS)
def test_the_default_keeps_95_per_cent_of_the_best_tried_by_hand(text, inputs):
    """On meluxina-q without shots, of the distance between guessing and the best: in energy, in expected cost, or in the loss
    over the points to learn from. All ends are judged on the same detunings."""
    loaded = problem(text)
    wide = loaded.n_qubits >= 8
    spec = Spec(problem=text, device=DEVICE, backend="exact", max_iterations=20 if wide else 40, realizations=8)
    if isinstance(loaded, Dataset):
        spec = replace(spec, algorithm="vqc", max_iterations=100)
    elif loaded.choices is None:
        spec = replace(spec, optimizer="lbfgs")
    assert spec.algorithm is not None
    # With 64 draws the portfolio's expected cost is known to ± 14 % of its distance from guessing, with 512 to ± 3 %.
    draws = 512 if wide and isinstance(loaded, Problem) and loaded.choices is not None else None
    default, *others = (judged(replace(spec, **choice), inputs, draws) for choice in ({}, *choices(spec, loaded)))
    guessing = 1.0 if isinstance(loaded, Dataset) else loaded.sign * TABLE.guessing(loaded)
    sign = -1 if isinstance(loaded, Problem) and loaded.maximize else 1
    best = min(sign * other for other in others)
    assert sign * default - best < 0.05 * (sign * guessing - best)


def choices(spec: Spec, loaded: Problem | Dataset) -> list[dict[str, Any]]:
    """What is tried by hand. The ansatz for ideal has hundreds of gates from eight qubits on: two layers stand for it."""
    assert spec.algorithm is not None
    own = loaded.ansatz if isinstance(loaded, Problem) and loaded.n_qubits < 8 else "efficient_su2:reps=2"
    return [choice | {"ansatz": own} if choice.get("ansatz", "") is None else choice for choice in TRIED[spec.algorithm]]


def judged(spec: Spec, folder: Path, draws: int | None) -> float:
    """The value, or the loss over the points to learn from, where a run ends."""
    end = run(spec, folder, device_interval=False, force=True).x
    one = replace(spec, max_iterations=None, max_evals=0, initial_point=end, realizations=draws)
    result = run(one, folder, device_interval=False, force=True)
    if spec.algorithm is not None and spec.algorithm.startswith("vqc"):
        lines = map(json.loads, (folder / f"{result.id}.jsonl").read_text().splitlines())
        return next(line["body"]["values"][0] for line in lines if line["body"].get("question") == "final")
    return result.value
