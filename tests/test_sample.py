"""One circuit sampled: counts, register order, fidelity, and what is refused."""

import json

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm3
from qiskit.circuit import Parameter

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.device.device import Device
from hybrid.measure import sampling
from hybrid.measure.sampling import sample


def named(text: str) -> QuantumCircuit:
    return catalog.load(catalog.parse("circuits", text))()


def test_register_order_is_qiskits():
    """x on qubit 0 read into bit 1 of the lower register, qubit 2 into the upper one: `upper lower`, bit 0 on the right."""
    lower, upper = ClassicalRegister(2, "lower"), ClassicalRegister(1, "upper")
    circuit = QuantumCircuit(QuantumRegister(3), lower, upper)
    circuit.x(0)
    circuit.measure(0, lower[1])
    circuit.measure(1, lower[0])
    circuit.measure(2, upper[0])
    assert sample(circuit).counts == {"0 10": 1000}
    assert sample(circuit, backend="reference").counts == {"0 10": 1000}
    found = sample(circuit, device="meluxina-q")
    assert next(iter(found.counts)) == "0 10"
    assert found.counts["0 10"] > 900  # readout 1.5 % and initialisation 1 % on each of three bits: 0.927 expected


def test_dynamic_circuit_agrees_with_qiskits_own_order():
    a, b = ClassicalRegister(2, "a"), ClassicalRegister(1, "b")
    circuit = QuantumCircuit(QuantumRegister(2), a, b)
    circuit.x(0)
    circuit.measure(0, a[1])
    with circuit.if_test((a[1], 1)):
        circuit.x(1)
    circuit.measure(1, b[0])
    found = sample(circuit, shots=50)
    assert found.counts == {"1 10": 50}
    assert found.fidelity is None


@pytest.mark.parametrize("name", [n for n in catalog.names("circuits") if n != "teleportation"])
@pytest.mark.statistics
def test_ideal_counts_follow_the_ideal_distribution(name):
    """(sum sqrt(p q))^2 is 1 - (outcomes - 1)/(4 shots) on average: above 0.99 for up to 400 outcomes of 10,000 shots."""
    found = sample(named(name), shots=10_000, seed=3)
    assert sum(found.counts.values()) == 10_000
    assert found.fidelity is not None
    assert found.fidelity > 0.99
    assert sum(found.ideal.values()) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("name", ["bell", "ghz:n=4", "grover:n=3", "qpe:n=3", "bernstein_vazirani"])
def test_the_stand_in_is_worse_than_ideal_and_better_than_chance(name):
    found = sample(named(name), device="meluxina-q", seed=5)
    assert found.uniform_fidelity < found.fidelity < 0.99
    assert found.duration_s > 0
    assert set(found.native_gates) <= {"rz", "sx", "cz"}
    assert found.qpu_seconds == pytest.approx(0.6)  # 1,000 shots of 600 us


def test_rescaled_fidelity_falls_with_width():
    found = [
        sample(named(f"ghz:n={n}"), device="meluxina-q", shots=4000, seed=1, backend="exact").rescaled_fidelity
        for n in (2, 4, 6)
    ]
    assert found[0] > found[1] > found[2] > 0


def test_same_seed_same_counts_other_seed_others():
    circuit = named("ghz:n=3")
    first, again, other = (sample(circuit, device="meluxina-q", seed=seed) for seed in (4, 4, 5))
    assert first == again
    assert first.counts != other.counts


@pytest.mark.statistics
def test_trajectories_agree_with_the_density_matrix():
    """Chi-squared over 8 outcomes of GHZ on 3 qubits, 4,000 shots each; 24.3 is exceeded once in a thousand such tests."""
    circuit = named("ghz:n=3")
    a = sample(circuit, device="meluxina-q", shots=4000, seed=1, backend="exact").counts
    b = sample(circuit, device="meluxina-q", shots=4000, seed=2, backend="aer:method=statevector").counts
    outcomes = sorted(a | b)
    x, y = (np.array([counts.get(o, 0) for o in outcomes]) for counts in (a, b))
    assert ((x - y) ** 2 / (x + y)).sum() < 24.3


@pytest.mark.parametrize("name", ["qft:n=3", "graph_state:n=4"])
def test_uniform_output_is_called_blind(name):
    found = sample(named(name))
    assert found.blind_to_noise
    assert found.rescaled_fidelity is None
    assert not sample(named("bell")).blind_to_noise


def once_per_device(function):
    """The function, called once for each device: later calls get what it answered."""
    answers = {}

    def call(*args):
        name = next(arg.name for arg in args if isinstance(arg, Device))
        return answers[name] if name in answers else answers.setdefault(name, function(*args))

    return call


@pytest.mark.statistics
def test_fidelity_has_an_honest_error(monkeypatch):
    """Over 40 seeds the reported standard error is the scatter to within 35 %: three standard deviations of a scatter of 40.

    One circuit on one device (and on none): it is translated and described once, for all seeds.
    """
    for name in ("to_isa", "set_up"):
        monkeypatch.setattr(sampling, name, once_per_device(getattr(sampling, name)))
    found = [sample(named("ghz:n=3"), device="meluxina-q", shots=500, seed=seed, backend="exact") for seed in range(40)]
    scatter = np.std([f.fidelity for f in found], ddof=1)
    assert np.mean([f.fidelity_stderr for f in found]) == pytest.approx(scatter, rel=0.35)


def unmeasured():
    circuit = QuantumCircuit(2)
    circuit.h(0)
    return circuit


def free():
    from qiskit.circuit import Parameter

    circuit = QuantumCircuit(1, 1)
    circuit.rx(Parameter("theta"), 0)
    circuit.measure(0, 0)
    return circuit


def branching():
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(0)
    return circuit


def wide(n):
    circuit = QuantumCircuit(n)
    circuit.h(0)
    circuit.measure_all()
    return circuit


@pytest.mark.parametrize(
    ("circuit", "options", "message"),
    [
        (unmeasured(), {}, "measures nothing.*--measure-all"),
        (wide(2), {"measure_all": True}, "measurements of its own"),
        (free(), {}, "free parameters .theta.*--bind theta="),
        (branching(), {"device": "meluxina-q"}, "mid-circuit"),
        (branching(), {"backend": "reference"}, "mid-circuit.*--backend aer"),
        (wide(11), {"device": "meluxina-q"}, "11 qubits.*has 10"),
        (wide(40), {}, "TiB"),
        (wide(2), {"shots": 0}, "at least 1"),
        (wide(2), {"device": "meluxina"}, "meluxina-q"),
    ],
)
def test_refusals(circuit, options, message):
    with pytest.raises(UsageError, match=message):
        sample(circuit, **options)


def test_unread_qubits_and_unwritten_bits():
    circuit = QuantumCircuit(3, 3)
    circuit.x(1)
    circuit.measure(1, 2)
    assert sample(circuit, shots=10).counts == {"100": 10}


def test_every_qubit_is_read_on_demand(command, tmp_path):
    """A file that only prepares a state, as benchmark collections have them; the circuit given stays as it was."""
    circuit = QuantumCircuit(3)
    circuit.x(1)
    assert sample(circuit, shots=10, measure_all=True).counts == {"010": 10}
    assert not circuit.clbits
    (tmp_path / "x.qasm").write_text('OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\nx q[1];\n')
    assert command("sample", tmp_path / "x.qasm").code == 2
    done = command("sample", tmp_path / "x.qasm", "--measure-all", "--shots", 10, "--json")
    assert done.code == 0 and json.loads(done.out)["counts"] == {"10": 10}


# --- The command -----------------------------------------------------------------------------------------------------


def test_command_prints_one_object(command):
    code, out, _ = command("sample", "ghz:n=3", "--device", "meluxina-q", "--json")
    found = json.loads(out)
    assert code == 0
    keys = "counts shots fidelity native_gates depth two_qubit_depth duration_s qpu_seconds layout device backend"
    assert set(keys.split()) <= set(found)


def test_command_prints_a_histogram_in_80_columns(command):
    code, out, _ = command("sample", "random:n=6", "--device", "meluxina-q", "--backend", "exact", "--draw")
    assert code == 0
    assert "the rest" in out
    assert "Not a prediction" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80


def test_run_of_a_circuit_file_samples_it(command, tmp_path):
    path = tmp_path / "bell.qasm"
    path.write_text(qasm3.dumps(named("bell")))
    code, out, _ = command("run", path, "--shots", "200", "--json")
    assert code == 0
    assert sum(json.loads(out)["counts"].values()) == 200
    code, _, err = command("run", path, "--optimizer", "adam")
    assert code == 2
    assert "--optimizer does not apply" in err


def test_circuit_suffixes_are_those_that_are_read():
    from hybrid.catalog.circuit_file import SUFFIXES
    from hybrid.cli.sample import CIRCUIT_SUFFIXES

    assert set(CIRCUIT_SUFFIXES) == set(SUFFIXES)


def test_a_file_and_a_name_are_sampled_as_by_the_command(command, tmp_path):
    path = tmp_path / "turned.qasm"
    path.write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float phi;\nqubit[1] q;\nbit[1] c;\nrx(phi) q[0];\nc = measure q;\n'
    )
    code, out, _ = command("sample", path, "--bind", "phi=0.8", "--json")
    assert code == 0
    for given in (path, str(path)):
        assert sample(given, bind={"phi": 0.8}).to_json() == json.loads(out)
    _, out, _ = command("sample", "ghz:n=3", "--json")
    assert sample("ghz:n=3").to_json() == json.loads(out)
    built = QuantumCircuit(1, 1)
    built.rx(Parameter("phi"), 0)
    built.measure(0, 0)
    assert sample(built, bind={"phi": np.pi}).counts == {"1": 1000}
    with pytest.raises(UsageError, match="free parameters need values: phi"):
        sample(path)
    with pytest.raises(UsageError, match="Did you mean 'ghz'"):
        sample("ghzz")
    with pytest.raises(UsageError, match="no such file"):
        sample(tmp_path / "none.qasm")


def test_two_bindings_by_either_command(command, tmp_path):
    path = tmp_path / "two.qasm"
    inputs = "input float alpha;\ninput float beta;\nqubit[1] q;\nbit[1] c;\nrx(alpha) q[0];\nrx(beta) q[0];\nc = measure q;\n"
    path.write_text(f'OPENQASM 3.0;\ninclude "stdgates.inc";\n{inputs}')
    for verb in ("sample", "run"):
        words = ("--bind", f"alpha={np.pi / 2}", "--bind", f"beta={np.pi / 2}", "--json")
        code, out, err = command(verb, path, *words)
        assert code == 0, err
        assert json.loads(out)["counts"] == {"1": 1000}


def test_wide_classical_registers():
    """Bits are placed in their register however wide it is."""
    circuit = QuantumCircuit(2, 70)
    circuit.x(0)
    circuit.measure(0, 66)
    assert sample(circuit, shots=10).counts == {"000" + "1" + "0" * 66: 10}


def test_a_reset_before_anything_is_the_initialisation():
    circuit = QuantumCircuit(1, 1)
    circuit.reset(0)
    circuit.x(0)
    circuit.measure(0, 0)
    assert sample(circuit, device="meluxina-q").fidelity > 0.9


def test_few_shots_of_a_wide_distribution_are_judged_fairly():
    """1,000 shots over 1,024 outcomes reach 0.67 at best; rescaled, ideal counts score 1 within four times their scatter."""
    found = sample(named("quantum_volume:n=10"), seed=1)
    assert found.fidelity < 0.8
    assert found.fidelity == pytest.approx(found.perfect_fidelity, abs=0.05)
    assert found.rescaled_fidelity == pytest.approx(1, abs=0.2)


def test_a_truncating_backend_is_not_measured_against_itself():
    """A matrix product state of bond 2 cannot hold a dense circuit of six qubits: its counts must look as wrong as they are."""
    dense = named("quantum_volume:n=6")
    truncated = sample(dense, backend="aer:method=matrix_product_state,max_bond_dimension=2", shots=4000)
    whole = sample(dense, backend="aer:method=matrix_product_state", shots=4000)
    assert truncated.ideal == pytest.approx(whole.ideal, abs=1e-12)
    assert whole.rescaled_fidelity > 0.9
    assert truncated.rescaled_fidelity < 0.5


def test_a_billion_shots_take_no_more_memory():
    found = sample(named("ghz:n=3"), device="meluxina-q", shots=10**9)
    assert sum(found.counts.values()) == 10**9


def test_large_dynamic_circuits_are_refused_beforehand():
    circuit = QuantumCircuit(40, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(0)
    with pytest.raises(UsageError, match="TiB"):
        sample(circuit)


def test_a_named_circuit_is_no_problem(command):
    code, _, err = command("run", "ghz:n=3")
    assert code == 2
    assert "hybrid sample ghz:n=3" in err


def test_bind(command, tmp_path):
    path = tmp_path / "turn.qasm"
    path.write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float theta;\nqubit[1] q;\nbit[1] c;\nrx(theta) q[0];\nc = measure q;\n'
    )
    code, out, _ = command("sample", path, "--bind", f"theta={np.pi}", "--json")
    assert code == 0
    assert json.loads(out)["counts"] == {"1": 1000}
    for words, message in ((("--bind", "beta=1"), "theta"), (("--bind", "theta=x"), "name=number"), ((), "theta")):
        code, _, err = command("sample", path, *words)
        assert code == 2
        assert message in err


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_histogram(command, tmp_path, suffix):
    path = tmp_path / f"counts.{suffix}"
    code, _, err = command("sample", "qpe:n=4", "--device", "meluxina-q", "--backend", "exact", "--plot", path)
    assert code == 0, err
    assert path.stat().st_size > 10_000
    code, _, err = command("sample", "bell", "--plot", tmp_path / "counts.eps")
    assert code == 2
    assert ".png, .svg or .pdf" in err
