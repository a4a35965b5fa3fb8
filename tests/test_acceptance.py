"""`hybrid runs export --qasm3`: the circuits read by an independent importer give the numbers that stand beside them."""

import json

import numpy as np
import pytest
from qiskit.quantum_info import Statevector
from qiskit_qasm3_import import parse

from hybrid.base.errors import UsageError
from hybrid.review.export_circuits import export
from hybrid.runs.run import run
from hybrid.runs.spec import Spec

SPECS = {
    "ideal": Spec(problem="h2", max_iterations=3),
    "stand-in": Spec(problem="h2", device="meluxina-q", shots=200, max_evals=4, realizations=10),
    "markov": Spec(problem="tfim:n=3", device="meluxina-q:dephasing=markov", max_evals=0),
    "maxcut": Spec(algorithm="qaoa", problem="maxcut:graph=petersen", max_evals=0, shots=20, device="ideal"),
}


def probabilities(text):
    """Of every outcome of an OpenQASM 3 text, by Qiskit's importer and state vector: no code of ours."""
    circuit = parse(text)
    reads = circuit.get_instructions("measure")
    read = {circuit.find_bit(item.clbits[0]).index: circuit.find_bit(item.qubits[0]).index for item in reads}
    state = Statevector(circuit.remove_final_measurements(inplace=False))
    return state.probabilities_dict([read[bit] for bit in sorted(read)])


def mean(terms, found):
    """Sum of coefficient x parity, as `judge` says."""
    signs = {word: [(-1) ** sum(word[::-1][b] == "1" for b in term["bits"]) for term in terms] for word in found}
    return sum(p * np.dot(signs[word], [term["coefficient"] for term in terms]) for word, p in found.items())


@pytest.mark.parametrize("name", SPECS)
def test_the_circuits_give_their_numbers(name, tmp_path):
    result = run(SPECS[name], tmp_path)
    found = export(tmp_path / f"{result.id}.jsonl")
    value = sum(found.numbers["constants"])
    for entry in found.numbers["circuits"]:
        seen = probabilities(found.circuits[entry["file"]])
        # angles are written with sixteen digits, and multiples of pi/48 within 1e-9 as such
        assert mean(entry["terms"], seen) == pytest.approx(entry["noise_free"], abs=1e-8)
        for word, probability in entry["probabilities"]["noise_free"].items():
            assert seen[word] == pytest.approx(probability, abs=1e-8)
        value += entry["noise_free"]
    sign = -1 if result.maximize else 1
    assert found.numbers["noise_free"] == pytest.approx(sign * value, abs=1e-9)
    assert len(found.circuits) == len(found.numbers["circuits"]) >= 1


def test_the_stand_in_beside_it_is_what_the_run_measures(tmp_path):
    """Without shots and with Markovian dephasing both are exact."""
    result = run(SPECS["markov"], tmp_path)
    numbers = export(tmp_path / f"{result.id}.jsonl").numbers
    assert numbers["stand_in"] == pytest.approx(result.value, abs=1e-12) == numbers["recorded"]
    assert numbers["stand_in"] != pytest.approx(numbers["noise_free"], abs=1e-3)


def test_one_shot_std_is_that_of_the_outcomes(tmp_path):
    result = run(SPECS["ideal"], tmp_path)
    found = export(tmp_path / f"{result.id}.jsonl")
    variance = 0.0
    for entry in found.numbers["circuits"]:
        seen = probabilities(found.circuits[entry["file"]])
        square = sum(p * mean(entry["terms"], {word: 1.0}) ** 2 for word, p in seen.items())
        spread = square - mean(entry["terms"], seen) ** 2
        assert entry["one_shot_std"] == pytest.approx(spread**0.5, abs=1e-7)
        variance += spread
    for row in found.numbers["tolerances"]:
        assert row["stderr"] == pytest.approx((variance / row["shots_per_circuit"]) ** 0.5, abs=1e-9)
        assert row["tolerance"] == 3 * row["stderr"]


def test_circuits_are_native_and_on_the_device(tmp_path):
    result = run(SPECS["stand-in"], tmp_path)
    for text in export(tmp_path / f"{result.id}.jsonl").circuits.values():
        circuit = parse(text)
        assert circuit.num_qubits == 10 and circuit.num_parameters == 0
        assert set(circuit.count_ops()) <= {"rz", "sx", "cz", "measure"}
        for item in circuit.get_instructions("cz"):
            a, b = (circuit.find_bit(bit).index for bit in item.qubits)
            assert abs(a - b) == 1  # the stand-in is a chain
        assert "meluxina-q stand-in profile" in text


def test_the_command(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    result = run(SPECS["ideal"], "results")
    code, out, err = command("runs", "export", "latest", "--qasm3")
    folder = tmp_path / f"{result.id}-qasm3"
    assert (code, err) == (0, "")
    assert out.split() == [f"{folder.name}/{name}" for name in ("circuit-0.qasm", "circuit-1.qasm", "acceptance.json")]
    assert json.loads((folder / "acceptance.json").read_text())["run"] == result.id
    before = [path.read_bytes() for path in sorted(folder.iterdir())]
    assert command("runs", "export", "latest", "--qasm3")[0] == 0
    assert [path.read_bytes() for path in sorted(folder.iterdir())] == before


def test_what_the_command_refuses(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    run(SPECS["ideal"], "results")
    (tmp_path / "file").write_text("")
    code, _, err = command("runs", "export", "latest", "--qasm3", "--format", "csv")
    assert code == 2 and "contradict" in err
    code, _, err = command("runs", "export", "latest", "--qasm3", "--out", "file")
    assert code == 2 and "folder" in err


def test_a_run_without_a_point_has_nothing_to_export(tmp_path):
    result = run(SPECS["ideal"], tmp_path)
    path = tmp_path / f"{result.id}.jsonl"
    path.write_text(path.read_text().splitlines(keepends=True)[0])
    with pytest.raises(UsageError, match="no point yet"):
        export(path)
