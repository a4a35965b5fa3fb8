"""Every adapter whose simulator is installed, against the dense reference on random circuits over the common gates."""

import subprocess
import sys
import time
from functools import cache

import numpy as np
import pytest
from qiskit_aer.backends.aerbackend import AerBackend

from hybrid import catalog
from hybrid.base.errors import HybridError, MissingPart, UsageError
from hybrid.bench.job import ONE_QUBIT, ROTATIONS, TWO_QUBIT, Adapter, Answer, Job, Step
from hybrid.bench.judge import judge_counts, judge_values
from hybrid.bench.workloads import _dense

pytestmark = pytest.mark.filterwarnings("default")  # other packages' own warnings are theirs

EXACT = (
    "aer",
    "aer:path=bound",
    "aer:path=transpiled",
    "aer:precision=single",
    "aer:method=density_matrix",
    "aer:method=matrix_product_state",
    "ddsim",
    "exact",
    "exact:precision=single",
    "lightning",
    "lightning:precision=single",
    "pauli_prop",
    "qsim",
    "quimb",
    "qulacs",
    "qulacs:method=density_matrix",
    "reference",
    "tensorcircuit",
    "tensorcircuit:precision=single",
)
DYNAMIC = ("aer", "aer:method=matrix_product_state", "aer:path=transpiled", "ddsim", "reference")
BASIC = "qiskit:object=qiskit.providers.basic_provider:BasicSimulator"
CLIFFORD = ("aer:method=stabilizer", "aer:method=extended_stabilizer", "stim")
EXTRAS = {
    "qulacs": "qulacs",
    "lightning": "pennylane",
    "qsim": "qsimcirq",
    "ddsim": "mqt.ddsim",
    "quimb": "quimb.tensor",
    "stim": "stim",
    "pauli_prop": "pauli_prop",
    "tensorcircuit": "tensorcircuit",
}


@pytest.fixture(scope="module", autouse=True)
def targets():
    """Aer describes itself anew, in 1 ms, whenever it is asked, and a transpiler asks it 130 times: here once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AerBackend, "target", property(cache(AerBackend.target.fget)))
        yield


def adapter(text: str) -> Adapter:
    """Loaded; the test is skipped where the simulator is not installed."""
    found = catalog.load(catalog.parse("adapters", text))()
    assert isinstance(found, Adapter)
    try:
        assert all(found.load().values())
    except MissingPart as missing:
        pytest.skip(str(missing))
    return found


def answered(text: str, job: Job) -> Answer:
    found = adapter(text)
    if refusal := found.refusal(job):
        pytest.skip(refusal)
    run = found.compile(found.translate(job), job)
    if job.task != "counts":
        run()
    return run()  # the second call answers like the first


def random_job(n: int, seed: int, *, task: str = "expectations", noise: bool = False, clifford: bool = False) -> Job:
    """Every common gate at least once, in random order and places; rotations by numbers and by three parameters."""
    rng = np.random.default_rng([seed, n])
    names = [*ONE_QUBIT, *TWO_QUBIT, *ROTATIONS, *ROTATIONS, *rng.choice([*ONE_QUBIT, *TWO_QUBIT, *ROTATIONS], 12)]
    steps = []
    for name in rng.permutation(names).tolist():
        qubits = tuple(rng.permutation(n)[: 1 + (name in TWO_QUBIT)].tolist())
        if clifford and (name in ROTATIONS or name.startswith("t")):
            continue
        if name in ROTATIONS:
            parameter = sum(step.name in ROTATIONS for step in steps) % 4 - 1
            angle, scale = (float(x) for x in rng.uniform(-3, 3, 2))
            steps.append(Step(name, qubits, angle, parameter, scale if parameter >= 0 else 1.0))
        else:
            steps.append(Step(name, qubits))
        if noise:
            steps.append(Step("depolarize", qubits, float(rng.uniform(0.02, 0.2))))
    strings = ["".join(rng.choice(list("IXYZ"), n)) for _ in range(6)]
    observables = (
        (("Z" + "X" * (n - 2) + "Y", 0.7), *((string, float(rng.uniform(-1, 1))) for string in dict.fromkeys(strings))),
        (("I" * (n - 1) + "Y", 1.0), ("X" + "I" * (n - 1), 0.5), ("I" * n, 0.25)),
    )
    points = tuple(tuple(row) for row in rng.uniform(-2, 2, (3 if task == "expectations" else 1, 3)).tolist())
    shots = 1000 if task == "counts" else 0
    return Job(n, tuple(steps), task, observables if task != "counts" else (), points, shots, seed=seed + 5)


@pytest.mark.parametrize("n", [2, 6])
@pytest.mark.parametrize("text", EXACT)
def test_values_of_random_circuits(text, n):
    job = random_job(n, seed=n)
    verdict = judge_values(job, answered(text, job), "L0", "dense", _dense.values(job))
    assert verdict.right, verdict


@pytest.mark.parametrize("text", [*EXACT, BASIC])
def test_counts_of_random_circuits(text):
    job = random_job(4, seed=2, task="counts")
    verdict = judge_counts(job, answered(text, job), "L0", "dense", _dense.distribution(job))
    assert verdict.right, verdict


@pytest.mark.parametrize("text", EXACT)
def test_gradients(text):
    job = random_job(3, seed=4, task="gradient")
    assert {step.parameter for step in job.steps} == {-1, 0, 1, 2}
    verdict = judge_values(job, answered(text, job), "L0", "dense", _dense.values(job)[:, :1], _dense.gradient(job))
    assert verdict.right, verdict


@pytest.mark.parametrize("text", [text for text in EXACT if "path" not in text and "single" not in text])
@pytest.mark.parametrize("task", ["expectations", "counts"])
def test_noise(text, task):
    job = random_job(3, seed=6, task=task, noise=True)
    answer = answered(text, job)
    if task == "counts":
        verdict = judge_counts(job, answer, "L0", "dense", _dense.distribution(job))
    else:
        verdict = judge_values(job, answer, "L0", "dense", _dense.values(job))
    assert verdict.right, verdict


def relaxing(job: Job) -> Job:
    """The job with relaxation after every step, of populations alone, of coherences alone, and of both."""
    rates = [(0.2, 0.1), (0.0, 0.15), (0.1, 0.3)]
    steps = []
    for i, step in enumerate(job.steps):
        steps += [step, *(Step("relax", (q,), rates[i % 3][0], scale=rates[i % 3][1]) for q in step.qubits)]
    return job._replace(steps=tuple(steps))


@pytest.mark.parametrize("text", ["aer:method=density_matrix", "aer", "exact", "reference"])
@pytest.mark.parametrize("task", ["expectations", "counts", "gradient"])
def test_relaxation(text, task):
    """Against the dense channel, which shares no code with Aer's, the engine's or Qiskit's."""
    job = relaxing(random_job(3, seed=6, task=task, noise=True))
    answer = answered(text, job)
    if task == "counts":
        assert judge_counts(job, answer, "L0", "dense", _dense.distribution(job)).right
        return
    gradient = _dense.gradient(job) if task == "gradient" else None
    values = _dense.values(job)[:, :1] if task == "gradient" else _dense.values(job)
    assert judge_values(job, answer, "L0", "dense", values, gradient).right


@pytest.mark.parametrize("text", CLIFFORD)
def test_clifford_methods(text):
    job = random_job(5, seed=8, clifford=True)
    if not adapter(text).refusal(job):
        assert judge_values(job, answered(text, job), "L0", "dense", _dense.values(job)).right
    job = job._replace(task="counts", observables=(), shots=1000, points=job.points[:1])
    if "extended" not in text:  # resampling takes 5000 steps per shot
        assert judge_counts(job, answered(text, job), "L0", "dense", _dense.distribution(job)).right


def test_noise_on_clifford_circuits():
    """Stim's depolarising probability is another one than the job's."""
    job = random_job(5, seed=8, clifford=True, noise=True, task="counts")._replace(shots=20_000)
    assert judge_counts(job, answered("stim", job), "L0", "dense", _dense.distribution(job)).right


def test_a_gate_whose_bit_was_never_measured_is_left_out():
    steps = (Step("x", (1,), condition=0), Step("x", (0,)), Step("measure", (0,)), Step("x", (2,), condition=0))
    assert answered("stim", Job(3, steps, "counts", shots=50)).counts == {0b101: 50}


def test_propagation_that_drops_terms_is_caught():
    job, _, check = catalog.load(catalog.parse("workloads", "su4_brick:n=6,depth=6"))()
    assert check(answered("pauli_prop", job)).right
    assert check(answered("pauli_prop:terms=50", job)).right is False


@pytest.mark.parametrize("text", [*DYNAMIC, "aer:method=stabilizer", "qiskit:object=qiskit_aer:AerSimulator"])
def test_feed_forward(text):
    """What is read decides, the last reading of a qubit counts, and counts are of the end alone."""
    steps = [Step("x", (0,)), Step("measure", (0,)), Step("x", (2,), condition=0), Step("x", (1,), condition=3)]
    steps += [Step("x", (0,)), Step("measure", (0,)), Step("z", (1,), condition=0), Step("cx", (2, 4), condition=0)]
    steps += [Step("h", (3,)), Step("measure", (3,)), Step("cx", (2, 4), condition=3)]
    job = Job(5, (Step("measure", (3,)), *steps), "counts", shots=2000)
    counts = answered(text, job).counts
    assert counts is not None and set(counts) == {0b00100, 0b11100}
    assert abs(counts[0b00100] - 1000) < 6 * (2000 / 4) ** 0.5  # six sigma: once in 5e8


@pytest.mark.parametrize("text", [*DYNAMIC, "aer:method=stabilizer", "qiskit:object=qiskit_aer:AerSimulator", "stim"])
def test_teleportation(text):
    clifford = "stabilizer" in text or text == "stim"
    job, _, check = catalog.load(catalog.parse("workloads", f"dynamic:hops=2,shots=2000,clifford={clifford}".lower()))()
    verdict = check(answered(text, job))
    assert verdict.right, verdict


@pytest.mark.parametrize("text", [*EXACT, *CLIFFORD, BASIC])
def test_measurements_midway_are_done_or_refused(text):
    found = adapter(text)
    job = Job(2, (Step("h", (0,)), Step("measure", (0,)), Step("x", (1,), condition=0)), "counts", shots=400)
    if refusal := found.refusal(job):
        assert "measures at the end only" in refusal or "answers expectations" in refusal
    else:
        assert set(answered(text, job).counts or ()) == {0b00, 0b11}
    values = job._replace(task="expectations", observables=((("ZZ", 1.0),),))
    assert found.refusal(values) is not None


@pytest.mark.parametrize("text", [*EXACT, *CLIFFORD, BASIC])
def test_bit_order(text):
    """X on qubits 0 and 3, and from there on 4: outcome 11001, which no reversal leaves alone."""
    steps = (Step("x", (0,)), Step("x", (3,)), Step("cx", (3, 4)), Step("z", (1,)), Step("z", (2,)))
    job = Job(5, steps, "counts", shots=100)
    found = adapter(text)
    if not found.refusal(job):
        assert answered(text, job).counts == {0b11001: 100}
    job = job._replace(
        task="expectations", shots=0, observables=tuple(((p, 1.0),) for p in ("IIIIZ", "IIIZI", "ZIIII", "ZZIIZ"))
    )
    if not found.refusal(job):
        np.testing.assert_allclose(answered(text, job).values, [[-1, 1, -1, -1]], atol=1e-6)


@pytest.mark.parametrize("text", EXACT)
def test_signs_of_rotations(text):
    """exp(-i t P / 2): RX(0.3) makes <Y> = -sin 0.3, RZ(0.3) on |+> makes <Y> = +sin 0.3, RY(0.3) makes <X> = +sin 0.3."""
    steps = (Step("rx", (0,), 0.3), Step("h", (1,)), Step("rz", (1,), 0.1, 0, 0.5), Step("ry", (2,), 0.0, 0, 0.75))
    job = Job(3, steps, "expectations", tuple(((p, 1.0),) for p in ("IIY", "IYI", "XII")), ((0.4,),))
    expected = np.sin(0.3) * np.array([[-1, 1, 1]])
    np.testing.assert_allclose(answered(text, job).values, expected, atol=1e-6)  # single precision included


@pytest.mark.parametrize(
    ("text", "precision"),
    [
        ("aer", "double"),
        ("aer:precision=single", "single"),
        ("aer:method=density_matrix,precision=single", "single"),
        ("aer:method=stabilizer", "bits"),
        ("exact", "double"),
        ("exact:precision=single", "single"),
        ("lightning", "double"),
        ("lightning:precision=single", "single"),
        ("qsim", "single"),
        ("quimb", "double"),
        ("qulacs", "double"),
        ("reference", "double"),
        ("tensorcircuit", "double"),
        ("tensorcircuit:precision=single", "single"),
    ],
)
def test_precision_is_observed(text, precision):
    job = Job(2, (Step("h", (0,)), Step("cx", (0, 1))), "expectations", ((("YY", 1.0),),))
    assert answered(text, job).precision == precision


@pytest.mark.parametrize("text", ["aer", "exact", "lightning", "reference", "tensorcircuit"])
def test_the_seed_of_counts(text):
    job = random_job(4, seed=3, task="counts")
    first, again, other = (answered(text, job._replace(seed=seed)).counts for seed in (1, 1, 2))
    assert first == again != other


# ---- what is refused, missing, or failed


@pytest.mark.parametrize(
    ("text", "job", "reason"),
    [
        ("aer:bond=4", random_job(2, 0), "bond takes 1 or more, and goes with method=matrix_product_state only"),
        ("aer:method=matrix_product_state,bond=0", random_job(2, 0), "bond takes 1 or more"),
        ("aer:method=matrix_product_state,precision=single", random_job(2, 0), "ignores precision=single"),
        ("aer:sampling=metropolis", random_job(2, 0), "sampling goes with method=extended_stabilizer only"),
        ("aer:method=stabilizer", random_job(2, 0), "aer:method=stabilizer does not take rx, ry, rz, t, tdg"),
        ("aer:method=extended_stabilizer", random_job(2, 0, clifford=True), "answers counts only, not expectations"),
        ("aer", random_job(2, 0, noise=True), "exact values with noise need method=density_matrix"),
        (
            "aer:method=matrix_product_state,path=transpiled",
            Job(100, (), "counts", shots=9),
            "transpiles for at most 63 qubits",
        ),
        ("exact", random_job(13, 0, noise=True), "exact sums over all outcomes where there is noise: at most 12 qubits"),
        ("qsim", relaxing(random_job(2, 0, task="counts")), "takes no relaxation"),
        ("qulacs:method=density_matrix", relaxing(random_job(2, 0)), "takes no relaxation"),
        ("pauli_prop", relaxing(random_job(2, 0)), "takes no relaxation"),
        ("quimb", random_job(2, 0, noise=True), "quimb takes no noise here"),
        ("quimb:bond=0", random_job(2, 0), "bond takes 1 or more"),
        ("ddsim", random_job(2, 0, task="gradient"), "ddsim answers expectations, counts only, not gradient"),
        ("ddsim", random_job(2, 0)._replace(threads=2), "ddsim runs on one thread"),
        ("qulacs", random_job(2, 0, noise=True), "takes no noise"),
        ("qulacs:method=density_matrix,device=GPU", random_job(2, 0), "density matrices run on the CPU only"),
        ("qsim:fused=9", random_job(2, 0), "fused lies between 1 and 6"),
        ("qsim", random_job(2, 0, noise=True), "no exact values with noise"),
        ("lightning", random_job(2, 0, noise=True), "takes no noise"),
        ("stim", random_job(2, 0), "takes Clifford gates only, not rx, ry, rz, t, tdg"),
        ("stim", random_job(2, 0, noise=True, clifford=True), "no exact values with noise"),
        ("stim", Job(2, (Step("measure", (0,)), Step("cx", (0, 1), condition=0)), "counts", shots=9), "control x, y, z only"),
        ("stim", random_job(2, 0, clifford=True)._replace(threads=2), "one thread"),
        ("pauli_prop", random_job(2, 0, task="counts"), "answers expectations, gradient only"),
        ("pauli_prop", Job(1, (Step("depolarize", (0,), 1.0),), "expectations", ((("Z", 1.0),),)), "below 1 only"),
        ("pauli_prop:terms=0", random_job(2, 0), "terms takes 1 or more"),
        ("tensorcircuit", random_job(2, 0, noise=True), "takes no noise"),
        (BASIC, random_job(2, 0), "qiskit answers counts only"),
        ("reference", Job(1, (Step("measure", (0,)),) * 9, "counts", shots=9), "at most 8 measurements midway, not 9"),
        (BASIC + ",optimization=7", Job(2, (), "counts", shots=9), "optimization lies between 0 and 3"),
    ],
)
def test_refusals(text, job, reason):
    assert reason in str(catalog.load(catalog.parse("adapters", text))().refusal(job))


@pytest.mark.parametrize("name", EXTRAS)
def test_a_missing_simulator_names_the_command_that_installs_it(name, monkeypatch):
    root = EXTRAS[name].partition(".")[0]
    for module in [m for m in sys.modules if m.partition(".")[0] == root] + [root, EXTRAS[name]]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingPart) as caught:
        catalog.load(catalog.parse("adapters", name))().load()
    extra = catalog.locate("adapters", name).constants["EXTRA"]
    assert f"Install it with: pip install 'hybrid-sandbox[{extra}]'" in str(caught.value)


@pytest.mark.parametrize("name", ["aer", "exact", "reference"])
def test_without_qiskit(name, monkeypatch):
    for module in ("qiskit", "qiskit.quantum_info", "qiskit_aer", "qiskit_aer.library"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingPart, match="pip install hybrid-sandbox$"):
        catalog.load(catalog.parse("adapters", name))().load()


@pytest.mark.parametrize("name", ["aer", "qulacs", "lightning", "qsim"])
def test_a_gpu_is_asked_for_or_missed(name):
    adapter(name)
    try:
        loaded = catalog.load(catalog.parse("adapters", f"{name}:device=GPU"))().load()
    except MissingPart as missing:
        assert "GPU" in str(missing) or "lightning.gpu" in str(missing)
        assert "pip install" in str(missing) or "Build it" in str(missing)
    else:
        assert loaded


def test_a_build_without_the_method():
    from qiskit_aer import AerSimulator

    if "tensor_network" in AerSimulator().available_methods():
        pytest.skip("this Aer has tensor networks")
    with pytest.raises(MissingPart, match="no method tensor_network"):
        catalog.load(catalog.parse("adapters", "aer:method=tensor_network"))().load()


def test_too_little_memory_is_a_memory_error():
    job = Job(45, (Step("h", (44,)),), "counts", shots=1)
    with pytest.raises(MemoryError, match="Aer"):
        answered("aer", job)


def test_a_failure_of_aer_is_not_an_answer():
    found = adapter("aer:method=matrix_product_state")
    native = found.translate(random_job(2, 0))
    native.circuit.save_stabilizer()  # which matrix product states do not have
    with pytest.raises(HybridError, match="Qiskit Aer failed"):
        found.compile(native, random_job(2, 0))()


def test_qubits_that_aer_leaves_out_are_noticed():
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer.library import SaveExpectationValue

    found = adapter("aer")
    job = Job(20, tuple(Step("h", (q,)) for q in range(20)), "expectations", ((("Z" * 20, 1.0),),))
    native = found.translate(job)
    native.circuit.data.pop()
    native.circuit.append(SaveExpectationValue(SparsePauliOp("ZZ"), "o0"), [0, 1])
    with pytest.raises(HybridError, match="2 of 20 qubits"):
        found.compile(native, job)()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("no.such:thing", "cannot import no.such"),
        ("qiskit.providers.basic_provider:Nothing", "has no 'Nothing'"),
        ("math:pi", "is not a BackendV2"),
        ("math", "write package.module:name"),
    ],
)
def test_objects_that_are_no_backend(given, message):
    with pytest.raises(UsageError, match=message):
        catalog.load(catalog.parse("adapters", f"qiskit:object={given}"))().load()


def test_a_backend_with_too_few_qubits_refuses():
    found = adapter("qiskit:object=test_adapters:chain")
    assert found.refusal(Job(5, (), "counts", shots=1)) is None
    assert "has 5 qubits" in str(found.refusal(Job(6, (), "counts", shots=1)))


def test_any_backend_is_transpiled_to():
    """A chain of five with CX and sx only: the circuit is routed, its counts are in the job's order."""
    job = random_job(4, seed=2, task="counts")
    counts = answered("qiskit:object=test_adapters:chain", job)
    assert judge_counts(job, counts, "L0", "dense", _dense.distribution(job)).right


def chain():
    from qiskit.providers.fake_provider import GenericBackendV2

    return GenericBackendV2(
        5, basis_gates=["cx", "rz", "sx", "x"], coupling_map=[[i, i + 1] for i in range(4)], noise_info=False
    )


# ---- what is known of the simulators


@pytest.mark.parametrize(
    ("simulator", "workload", "right"),
    [
        ("aer:method=matrix_product_state", "su4_brick:n=10,depth=10", True),
        ("aer:method=matrix_product_state,bond=2", "su4_brick:n=10,depth=10", False),
        ("aer:method=matrix_product_state,bond=8", "su4_brick:n=10,depth=10", False),
        ("aer:method=matrix_product_state,bond=2", "su4_brick:n=8,depth=8,task=counts,shots=4096", False),
        ("aer:method=matrix_product_state,bond=8", "mirror:n=16,depth=8", False),
        ("aer:method=matrix_product_state,bond=8", "tfim_trotter:n=16,steps=5", True),
        ("aer:method=extended_stabilizer,sampling=metropolis", "ghz:task=counts", True),
        ("aer:method=extended_stabilizer,sampling=metropolis", "clifford_t:shots=1024", False),
        ("aer:method=stabilizer", "clifford_brick:n=100", True),
        ("qsim", "su4_brick:n=10,depth=10", True),
        ("quimb:bond=8", "su4_brick:n=10,depth=10", False),
    ],
)
def test_the_fast_and_wrong_are_caught(simulator, workload, right):
    job, _, check = catalog.load(catalog.parse("workloads", workload))()
    assert check(answered(simulator, job)).right is right


def test_an_adapter_answers_in_an_interpreter_without_our_dependencies():
    """Standard library, NumPy and the simulator: here a stand-in for one, as an outside member would be."""
    code = """
import sys
import time
for name in ("qiskit", "qiskit_aer", "scipy", "jaxtyping", "typer", "threadpoolctl"):
    sys.modules[name] = None
from hybrid import catalog
from hybrid.base.errors import MissingPart
try:
    catalog.load(catalog.parse("adapters", "aer"))().load()
except MissingPart as missing:
    print(missing)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Install it with: pip install hybrid-sandbox" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workload", "winner", "loser", "least"),
    [
        ("clifford_brick:n=20,depth=20", "aer:method=stabilizer", "aer", 10),
        ("tfim_trotter:n=18,steps=3", "aer:method=matrix_product_state", "aer", 3),
        ("su4_brick:n=12,depth=12", "aer", "aer:method=matrix_product_state", 1.3),
        ("qaoa_3reg:n=12,points=2", "aer", "aer:method=matrix_product_state", 3),
    ],
)
def test_the_known_picture(workload, winner, loser, least):
    """Who wins where, by factors far above what a busy machine does to processor time (measured: 120, 34, 2.3 and 17)."""

    def seconds(text: str) -> float:
        found, (job, _, check) = adapter(text), catalog.load(catalog.parse("workloads", workload))()
        run = found.compile(found.translate(job), job)
        assert check(run()).right
        start = time.process_time()
        run()
        return time.process_time() - start

    assert seconds(loser) > least * seconds(winner)
