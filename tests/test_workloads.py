"""Every workload: a right simulator passes its check, and every planted mistake is caught."""

import numpy as np
import planted_faults as mutation
import pytest

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.bench import judge
from hybrid.bench.adapters.reference import reference
from hybrid.bench.job import DYNAMIC, GATES, NOISE, Answer, Job, Step, Workload
from hybrid.bench.workloads import _dense, _trajectories

SMALL = (
    "adder:bits=2,spread=2",
    "clifford_brick:n=6,depth=6",
    "clifford_t:n=6,depth=8",
    "clifford_t:n=5,task=expectations",
    "dynamic:hops=2",
    "dynamic:hops=2,clifford=true",
    "ghz:n=6",
    "ghz:n=6,task=counts",
    "graph_state:n=6",
    "grover:n=3",
    "grover:n=4",
    "hea_depth:n=5",
    "mirror:n=5",
    "mirror:n=5,task=counts",
    "noisy_hea:n=4",
    "noisy_hea:n=4,task=expectations",
    "qaoa_3reg:n=6,p=2,points=3",
    "qft_basis:n=6",
    "stand_in:n=3,reps=1",
    "stand_in:n=3,reps=1,dephasing=quasistatic",
    "stand_in:n=2,reps=1,task=gradient",
    "stand_in:n=3,reps=1,task=counts,shots=100000",
    "su4_brick:n=5,depth=5",
    "su4_brick:n=5,depth=5,task=counts",
    "tfim_trotter:n=6",
    "vqe_loop:n=4,points=3",
    "vqe_loop:n=3,reps=2,task=gradient",
)


def workload(text: str) -> Workload:
    return catalog.load(catalog.parse("workloads", text))()


def answered(job: Job) -> Answer:
    """By Qiskit's own state vector and density matrix, which share no code with the references that judge."""
    adapter = reference()
    return adapter.compile(adapter.translate(job), job)()


def unseen(text: str) -> list[str]:
    constants = catalog.parse("workloads", text).signature.constants
    return constants.get("UNSEEN", {}).get(workload(text).job.task, [])


def test_every_workload_is_tried():
    assert {text.partition(":")[0] for text in SMALL} == set(catalog.names("workloads"))


@pytest.mark.parametrize("text", SMALL)
def test_a_right_answer_passes_and_no_planted_mistake_does(text):
    job, _, check = workload(text)
    right = answered(job)
    verdict = check(right)
    assert verdict.right
    assert verdict.metric <= verdict.tolerance
    assert verdict.tier in ("L1", "L2")
    mutants = {name: mutate(job) for name, mutate in mutation.JOBS.items()}
    answers = {name: answered(mutant) for name, mutant in mutants.items() if mutant not in (None, job)}
    answers |= {name: mutate(job, right) for name, mutate in mutation.ANSWERS.items()}
    passed = [name for name, answer in answers.items() if answer is not None and check(answer).right is not False]
    assert passed == unseen(text)
    assert len(answers) - list(answers.values()).count(None) >= 5


@pytest.mark.parametrize("text", SMALL)
def test_the_steps_are_the_common_ones(text):
    job = workload(text).job
    assert {step.name for step in job.steps} <= {*GATES, *NOISE, *DYNAMIC}
    assert {qubit for step in job.steps for qubit in step.qubits} == set(range(job.n_qubits))
    if job.task != "counts":  # a simulator may leave out what no observable sees
        seen = {q for terms in job.observables for pauli, _ in terms for q, p in enumerate(reversed(pauli)) if p != "I"}
        assert seen == set(range(job.n_qubits))
        assert any("Y" in pauli for terms in job.observables for pauli, _ in terms)


@pytest.mark.parametrize("text", [text for text in SMALL if "seed" in catalog.locate("workloads", text).options])
def test_the_seed_decides(text):
    again = workload(text).job
    assert again == workload(text).job
    assert again != workload(text + ("," if ":" in text else ":") + "seed=1").job


NONSENSE = (
    Answer(),
    Answer(values=np.array([[np.nan]]), counts={}),
    Answer(values=np.zeros((2, 9)), gradient=np.zeros(99), counts={1 << 200: 4096}),
    Answer(values=np.array(3.0), gradient=np.array(np.inf), counts={-1: 4096}),
    Answer(values=np.zeros((0, 0)), counts={0: 8192, 1: -4096}),
    Answer(values=np.zeros((1, 0)), counts={0: 1024, -5: 3072}),
)


@pytest.mark.parametrize("text", SMALL)
@pytest.mark.parametrize("answer", NONSENSE)
def test_nonsense_is_wrong_and_raises_nothing(text, answer):
    assert workload(text).check(answer).right is False


@pytest.mark.parametrize(
    "text",
    [
        "tfim_trotter:n=1000,steps=2",
        "clifford_brick:n=1000,depth=2",
        "ghz:n=1000",
        "graph_state:n=1000",
        "mirror:n=200,depth=1",
    ],
)
def test_structure_judges_at_any_width(text):
    job, _, check = workload(text)
    verdict = check(Answer(values=np.zeros((1, len(job.observables)))))
    assert (verdict.right, verdict.tier) == (False, "L2")


@pytest.mark.parametrize("text", ["su4_brick:n=21", "hea_depth:n=30", "qaoa_3reg:n=22", "clifford_t:n=21", "noisy_hea:n=15"])
def test_too_wide_for_a_reference_is_unverified(text):
    job, _, check = workload(text)
    verdict = check(Answer(values=np.zeros((1, 1)), counts={0: job.shots}))
    assert (verdict.right, verdict.tier) == (None, "L3")
    assert f"{job.n_qubits} qubits" in verdict.reference


@pytest.mark.parametrize(
    "text",
    [
        "noisy_hea:n=3,depth=4,p=0.1,task=expectations",
        "noisy_hea:n=4,depth=3,p=0.1,shots=4000",
        pytest.param("stand_in:n=5,dephasing=quasistatic", marks=pytest.mark.slow),
        pytest.param("stand_in:n=5,task=counts,shots=20000", marks=pytest.mark.slow),
    ],
)
def test_trajectories_judge_as_the_density_matrix_does(text, monkeypatch):
    """On few qubits, where both are there: within the resolution that is told, which sees a simulator without noise.

    Six standard errors of a fixed seed; every fault here moves the metric by more than the resolution.
    """
    monkeypatch.setattr(_trajectories, "SHOTS", 8192 if "stand_in" in text else 2048)
    job, _, _ = workload(text)
    check = _trajectories.check_of(job)

    def exactly(asked):
        if asked.task == "counts":
            return sampled(_dense.distribution(asked), asked.shots, np.random.default_rng(3))
        return Answer(values=_dense.values(asked))

    right = check(exactly(job))
    assert right.right and right.tier == "L1" and f"errors above {right.tolerance:.1g}" in right.reference
    for fault in (mutation.no_noise, mutation.reversed_qubits):
        wrong = check(exactly(fault(job)))
        assert wrong.right is False, fault
    assert check(Answer(values=np.zeros((9, 9)), counts={-1: job.shots})).right is False


def test_wide_noise_is_judged_by_trajectories(monkeypatch):
    """Above the width of the density matrix; here after few trajectories."""
    monkeypatch.setattr(_trajectories, "SHOTS", 256)
    job, _, check = workload("noisy_hea:n=13,depth=2,shots=1000")
    verdict = check(Answer(counts={0: job.shots}))
    assert (verdict.right, verdict.tier) == (False, "L1") and "256 trajectories by Qiskit Aer" in verdict.reference


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ghz:n=1", "workload 'ghz': n must lie between 2 and 1000, not 1."),
        ("qaoa_3reg:n=7", "workload 'qaoa_3reg': n must be even, not 7: every vertex has three edges."),
        ("clifford_t:n=2,depth=1,t=90", "more than the"),
        ("noisy_hea:p=1.5", "p is a probability, not 1.5"),
        ("mirror:n=21,task=counts", "counts are judged up to 20 qubits, not 21"),
        ("adder:bits=2,spread=3", "spread must lie between 0 and 2, not 3"),
        ("grover:n=2", "n must lie between 3 and 16"),
        ("su4_brick:shots=1", "shots must lie between 100"),
        ("dynamic:hops=0", "hops must lie between 1 and 100, not 0"),
        ("gzh", "Did you mean 'ghz'?"),
        ("ghz:task=gradient", "Allowed: counts, expectations."),
    ],
)
def test_bad_options(text, message):
    with pytest.raises(UsageError) as caught:
        workload(text)
    assert message in str(caught.value)


# ---- the judge


DISTRIBUTIONS = {
    "one outcome": np.array([0.0, 1.0, 0.0, 0.0]),
    "two outcomes": np.array([0.5, 0.0, 0.0, 0.5]),
    "uniform": np.full(64, 1 / 64),
    "exponential": np.random.default_rng(1).dirichlet(np.ones(512)),
}


def sampled(p: np.ndarray, shots: int, rng: np.random.Generator) -> Answer:
    drawn = rng.multinomial(shots, p)
    return Answer(counts={int(x): int(drawn[x]) for x in np.flatnonzero(drawn)})


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("shots", [100, 3000])
def test_the_bounds_on_counts_hold(monkeypatch, name, shots):
    """At a stated rate of 10 %, 400 draws of a right simulator raise at most 40 + 5 sigma = 70 alarms, whatever the law."""
    monkeypatch.setattr(judge, "FALSE_ALARM", 0.1)
    rng, p = np.random.default_rng(7), DISTRIBUTIONS[name]
    job = Job(9, (), "counts", shots=shots)
    alarms = sum(not judge.judge_counts(job, sampled(p, shots, rng), "L1", "", p).right for _ in range(400))
    assert alarms <= 70


def test_counts_of_a_nearly_right_state_are_caught():
    """Exponential weights as of a random state; a tenth of the shots from the uniform law is seen in 2^16 shots."""
    rng, p = np.random.default_rng(3), DISTRIBUTIONS["exponential"]
    job = Job(9, (), "counts", shots=2**16)
    assert judge.judge_counts(job, sampled(p, job.shots, rng), "L1", "", p).right
    assert judge.judge_counts(job, sampled(0.9 * p + 0.1 / 512, job.shots, rng), "L1", "", p).right is False


def test_sparse_and_full_distributions_judge_alike():
    job, answer = Job(2, (), "counts", shots=1000), Answer(counts={0: 480, 3: 510, 1: 10})
    full = judge.judge_counts(job, answer, "L1", "", np.array([0.5, 0, 0, 0.5]))
    assert full == judge.judge_counts(job, answer, "L1", "", {0: 0.5, 3: 0.5})
    assert full.metric == pytest.approx(0.02, abs=1e-12) or full.name.startswith("mean")


def test_values_are_held_to_their_own_precision():
    job = Job(1, tuple(Step("rx", (0,), 0.1) for _ in range(400)), "expectations", ((("Z", 2.0),),))
    off = Answer(values=np.array([[1 + 2 * 1.5e-5]]))
    assert judge.judge_values(job, off._replace(precision="single"), "L1", "", np.array([[1.0]])).right
    assert judge.judge_values(job, off, "L1", "", np.array([[1.0]])).right is False


def test_a_gradient_is_judged_in_units_of_what_its_parameter_turns():
    steps = (Step("rx", (0,), parameter=0, scale=10.0),)
    job = Job(1, steps, "gradient", ((("Z", 1.0),),), points=((0.1,),))
    exact = np.array([[np.cos(1.0)]]), np.array([-10 * np.sin(1.0)])
    answer = Answer(values=exact[0], gradient=exact[1] + 5e-6)
    verdict = judge.judge_values(job, answer, "L1", "", *exact)
    assert verdict.right
    assert verdict.metric == pytest.approx(5e-7, rel=1e-6)


def test_two_methods_agree_or_do_not():
    job = workload("hea_depth:n=30").job
    one, other = Answer(values=np.array([[0.3]])), Answer(values=np.array([[0.3 + 1e-6]]), precision="single")
    assert judge.agreement(job, one, other, "aer").right
    assert judge.agreement(job, one, other, "aer").tier == "L3"
    assert judge.agreement(job, one, Answer(values=np.array([[0.4]])), "aer").right is False
    assert judge.agreement(job._replace(task="counts"), one, other, "aer").right is None
