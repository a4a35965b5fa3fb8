"""The published grid: MQT Bench's target-independent circuits through OpenQASM 2 and 3, sampled on both devices."""

import warnings

import numpy as np
import pytest
from qiskit import qasm2, qasm3

from hybrid.catalog.circuit_file import read_circuit
from hybrid.measure.sampling import sample

bench = pytest.importorskip("mqt.bench")
SHOTS = 10_000
GRID = {
    "ghz": (3, 10),
    "qft": (4, 10),
    "qpeexact": (4, 10),
    "grover": (4, 6),
    "dj": (4,),
    "wstate": (4,),
    "graphstate": (4,),
    "ae": (4,),
}
BLIND = {"qft", "graphstate"}
"""Their ideal output is uniform: what a broken machine gives too."""


def circuit(name, n, language, folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = bench.get_benchmark(name, bench.BenchmarkLevel.INDEP, n)
        if name == "ae":  # Qiskit cannot write a controlled matrix
            made = made.decompose("c-unitary")
    path = folder / f"{name}_{n}.qasm"
    path.write_text(language.dumps(made))
    return read_circuit(path)


def best_fidelity(ideal):
    """What SHOTS ideal shots reach on average: (sum sqrt(p q))^2 of a multinomial sample, 50 of them."""
    p = np.array(list(ideal.values()))
    p /= p.sum()
    draws = np.random.default_rng(0).multinomial(SHOTS, p, 50) / SHOTS
    return np.mean([np.sqrt(draw * p).sum() ** 2 for draw in draws])


@pytest.mark.parametrize("language", [qasm2, qasm3], ids=["qasm2", "qasm3"])
@pytest.mark.parametrize(("name", "n"), [(name, n) for name, sizes in GRID.items() for n in sizes])
def test_ideal(name, n, language, tmp_path):
    found = sample(circuit(name, n, language, tmp_path), shots=SHOTS, seed=2)
    assert found.fidelity > 0.99 * best_fidelity(found.ideal)
    assert found.blind_to_noise == (name in BLIND)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ghz", "qpeexact", "grover"])
def test_rescaled_fidelity_falls_with_width_on_the_stand_in(name, tmp_path):
    found = [sample(circuit(name, n, qasm3, tmp_path), device="meluxina-q", shots=SHOTS).rescaled_fidelity for n in GRID[name]]
    print(name, GRID[name], np.round(found, 4))
    assert found[0] > found[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(GRID))
def test_every_width_runs_on_the_stand_in(name, tmp_path):
    for n in GRID[name]:
        assert sum(sample(circuit(name, n, qasm2, tmp_path), device="meluxina-q", shots=100).counts.values()) == 100
