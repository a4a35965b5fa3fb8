"""Cells of one's own run: one question by one backend with a number of threads."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any, final

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.bench.cells import PATHS, cell_id
from hybrid.bench.job import Answer, Job, Verdict, decode_answer, encode_job
from hybrid.bench.mine.as_job import PlainRun, plain, simulators
from hybrid.bench.mine.judgement import SIGMAS, values_agree
from hybrid.bench.mine.questions import OwnRun, RunQuestion
from hybrid.runs.spec import Spec

VERSION = 1
PROCESS = "hybrid.bench.mine.process"
ANY = "exact"
"""The backend by which a run is named, whichever is measured."""
AUTOMATIC = "automatic"
"""A method of this name is one of the others."""
FREE = (("loss", 1.0),)
"""Stands where other jobs have an observable: the circuits and observables are those of the run."""


@final
@dataclass
class Judgements:
    """The verdict on each backend by its evidence, and the first right answer to each question, by which others are judged."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    answers: dict[str, tuple[str, Answer]] = field(default_factory=dict)


@final
@dataclass(frozen=True)
class OwnCell:
    """One question of a run by one backend; its `id` depends on the run's inputs, the question, the backend and the threads."""

    asked: OwnRun
    question: RunQuestion
    backend: catalog.Member
    backend_text: str
    threads: int
    judgements: Judgements = field(compare=False, repr=False)

    @property
    def spec(self) -> Spec:
        """The run by this backend."""
        return replace(self.asked.spec, backend=self.backend_text, threads=self.threads)

    @cached_property
    def plain(self) -> dict[str, Any]:
        """What the id covers, and sizes for reading; as of `hybrid.bench.cells.Cell`."""
        spec = self.asked.spec
        run = replace(spec, backend=ANY, threads=1).id
        covered = json.dumps([run, self.question.name, self.question.points])
        return {
            "workload": f"mine/{run[:8]}:n={self.asked.n_qubits},asks={self.question.name}",
            "version": VERSION,
            "circuit": hashlib.sha256(covered.encode()).hexdigest()[:16],
            "task": self.question.task,
            "backend": self.backend.text(defaults=False),
            "path": PATHS[0],
            "threads": self.threads,
            "n_qubits": self.asked.n_qubits,
            "n_steps": 0,
            "n_points": len(self.question.points),
            "shots": spec.shots,
        }

    @property
    def id(self) -> str:
        """Hash of run, question, backend and threads."""
        return cell_id(self.plain)

    @property
    def build_s(self) -> float:
        """Nothing is made beforehand."""
        return 0.0

    @property
    def foreign(self) -> bool:
        """Whether it is a simulator of the benchmark that `hybrid run` does not have."""
        return self.backend.family == "adapters"

    @property
    def plain_run(self) -> PlainRun:
        """What such a simulator is asked; UsageError where the run is no plain job."""
        return plain(self.asked.spec)

    @property
    def refusal(self) -> str:
        """Why such a simulator cannot be asked; else empty."""
        try:
            if self.foreign:
                plain(self.asked.spec)
        except UsageError as error:
            return str(error)
        return ""

    def request(self, *, repeat: bool) -> dict[str, Any]:
        """The question for a measuring process."""
        if self.foreign:
            job = encode_job(self.plain_run.job(self.question, self.threads))
            return {"job": job, "path": PATHS[0], "repeat": repeat}
        return self._process | {"job": self._job, "path": PATHS[0], "repeat": repeat}

    def evidence_request(self) -> dict[str, Any]:
        """What a process is asked that judges the backend and times nothing."""
        if self.foreign:
            return {"job": encode_job(self.plain_run.witness_job()), "path": PATHS[0], "repeat": False}
        return self._process | {"job": self._job, "evidence": True}

    @property
    def _process(self) -> dict[str, Any]:
        options = {"spec": self.spec.given()}
        return {"adapter": {"module": PROCESS, "file": "", "function": "run_questions", "options": options}}

    @property
    def _job(self) -> dict[str, Any]:
        seed, shots = self.asked.spec.seed, self.asked.spec.shots
        job = Job(self.asked.n_qubits, (), self.question.task, (FREE,), self.question.points, shots, seed, self.threads)
        return encode_job(job)

    def verdict(self, answers: Sequence[dict[str, Any]]) -> Verdict:
        """The backend's verdict by its evidence, if what was timed is the same as the first right answer to this question."""
        by_evidence = self.judgements.verdicts.get(self.plain["backend"])
        for answer in map(self._decoded, answers):
            wrong = self._wrong(answer)
            if wrong:
                return Verdict(False, math.inf, 0.0, wrong, "L0", "what was asked")
            if by_evidence is not None and by_evidence.right:
                first, right = self.judgements.answers.setdefault(self.plain["circuit"], (str(self), answer))
                if not values_agree(answer, right, self.asked.spec.shots):
                    name = f"differs by more than {SIGMAS:g} standard errors" if self.asked.spec.shots else "differs"
                    return Verdict(False, math.inf, 0.0, f"what was timed {name} from {first}", "L0", first)
        return by_evidence or Verdict(None, 0.0, 0.0, "probabilities", "L3", "none: it was not judged")

    def _decoded(self, plain: dict[str, Any]) -> Answer:
        """The answer with losses and standard errors; those of a foreign simulator are exact and lack the constant."""
        import numpy as np

        answer = decode_answer(plain)
        if not self.foreign or answer.values is None or np.ndim(answer.values) != 2:
            return answer
        losses = answer.values[:, 0] + self.plain_run.constant
        return answer._replace(values=np.stack([losses, np.zeros_like(losses)], axis=1))

    def _wrong(self, answer: Answer) -> str:
        """What is wrong with the form of an answer."""
        import numpy as np

        shape, p = (len(self.question.points), 2), len(self.question.points[0])
        if answer.values is None or np.shape(answer.values) != shape or not np.isfinite(answer.values).all():
            return "no finite values"
        if self.question.task == "gradient" and (answer.gradient is None or np.shape(answer.gradient) != (p,)):
            return "no gradient"
        return ""

    def __str__(self) -> str:
        threads = f", {self.threads} threads" if self.threads > 1 else ""
        return f"{self.question.name} by {self.backend.text(defaults=False)}{threads}"


def every_backend(extra: Sequence[str] = ()) -> list[str]:
    """Every member of the family backends with each of its methods and precisions, and those of one's own, as written.

    Members that choose among others, and those that need an option, are left out; a processor other than the default one is
    taken with the other options at their defaults.
    """
    texts = []
    for name in catalog.names("backends"):
        signature = catalog.locate("backends", name)
        if signature.constants.get("CHOOSES") or any(option.required for option in signature.options.values()):
            continue
        varied = {
            key: [choice for choice in option.choices if choice != AUTOMATIC]
            for key, option in signature.options.items()
            if key in ("method", "precision")
        }
        texts += [_written(name, dict(zip(varied, chosen, strict=True))) for chosen in product(*varied.values())]
        device = signature.options.get("device")
        others = () if device is None else [choice for choice in device.choices if choice != device.default]
        texts += [_written(name, {"device": choice}) for choice in others]
    return [*texts, *extra]


def _written(name: str, options: dict[str, str]) -> str:
    body = ",".join(f"{key}={value}" for key, value in options.items())
    return f"{name}:{body}" if body else name


def member(text: str) -> catalog.Member:
    """A backend of `hybrid run`, or a simulator of the benchmark that it does not have."""
    foreign = any(text.partition(":")[0] in (name, name.replace("_", "-")) for name in simulators())
    return catalog.parse("adapters" if foreign else "backends", text)


def cells(asked: OwnRun, backends: Sequence[str], threads: Sequence[int], judgements: Judgements) -> list[OwnCell]:
    """Every question by every backend; UsageError for a member that does not exist."""
    for text in backends:
        if not text:
            raise UsageError("--backend takes the name of a simulator: see hybrid list backends.")
    members = [(member(text), text) for text in backends]
    chosen = [
        OwnCell(asked, question, member, text, count, judgements)
        for question, (member, text), count in product(asked.questions, members, threads)
    ]
    return list({str(cell): cell for cell in chosen}.values())
