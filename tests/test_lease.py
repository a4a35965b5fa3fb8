"""The lease of an exclusive machine: never two jobs at once, whoever is killed, stopped or released by hand."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hybrid.base import slurm_jobs
from hybrid.base.errors import Interrupted, UsageError
from hybrid.base.lease import Lease, LeaseLost, is_gone, me
from hybrid.cli.doctor import machine
from hybrid.runs.run import run
from hybrid.runs.spec import Spec

SHORT = {"problem": "h2", "shots": 50, "max_iterations": 2}
MACHINE = '''"""A machine that takes one job at a time and says so; every job is two lines of its log."""

import os
import time
import uuid

from qiskit.providers import JobStatus, JobV1
from qiskit_aer import AerSimulator


class Logged(JobV1):
    """A job that takes a while."""

    def __init__(self, job, name):
        super().__init__(job.backend(), name)
        self._job = job

    def submit(self):
        """Sent already."""

    def status(self):
        return JobStatus.DONE

    def result(self):
        found = self._job.result()
        time.sleep(float(os.environ.get("MACHINE_SECONDS", "0.02")))
        say("end", self.job_id())
        return found


def say(*words):
    with open(os.environ["MACHINE_LOG"], "a") as log:
        log.write(f"{time.time():.6f} {os.getpid()} {' '.join(words)}\\n")


class One(AerSimulator):
    """One job at a time."""

    exclusive = True

    def __init__(self):
        super().__init__(max_parallel_threads=1)

    def run(self, circuits, **options):
        job = Logged(super().run(circuits, **options), uuid.uuid4().hex)
        say("begin", job.job_id())
        return job
'''


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A machine's file, its log, and leases in a folder of their own."""
    (tmp_path / "machine.py").write_text(MACHINE)
    monkeypatch.setenv("MACHINE_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def spec(place, **fields):
    return Spec(backend=f"qiskit:object={place}/machine.py:One", **SHORT | fields)


def jobs(log):
    """Begin and end of every job, and the process that sent it; a job whose process was killed has no end."""
    begun, ended, owner = {}, {}, {}
    for line in log.read_text().splitlines():
        when, pid, what, name = line.split()
        (begun if what == "begin" else ended)[name] = float(when)
        owner[name] = int(pid)
    return [(begun[name], ended.get(name), owner[name]) for name in begun]


def overlaps(found):
    ended = sorted((begin, end) for begin, end, _ in found if end is not None)
    return sum(later[0] < earlier[1] for earlier, later in zip(ended, ended[1:], strict=False))


def nothing():
    """Waits on."""


def test_in_turn_and_released_between_questions(place):
    found = run(spec(place), place / "r")  # two iterations of SPSA and the final value
    state = json.loads((place / "state" / "hybrid" / "qpu" / "aer_simulator.json").read_text())
    assert state["holder"] is None and state["leases"] == len(jobs(place / "log")) == 3 and state["fence"] == state["leases"]
    lines = [json.loads(line) for line in Path(found.record).read_text().splitlines()]
    sent = [line["meta"]["submitted"] for line in lines if "submitted" in line["meta"]]
    assert sent == [line["meta"]["job"] for line in lines if "job" in line["meta"]]
    assert "exclusive" not in spec(place).canonical()["backend"]
    assert os.stat(place / "state" / "hybrid" / "qpu" / "aer_simulator.json").st_mode & 0o777 == 0o600


def test_a_queue_in_the_order_of_asking(place):
    one, lease = me(), Lease("m")
    first = lease._take(one, 0.0)
    others = [me(), me()]
    assert first is not None and [lease._take(other, 0.0) for other in others] == [None, None]
    lease._free(first[0])
    assert lease._take(me(), 0.0) is None and lease._take(others[1], 0.0) is None
    second = lease._take(others[0], 0.0)
    assert second is not None and second[0] == first[0] + 1


def test_fencing(place):
    """Released by hand, the old number submits nothing; the next holder waits for the job that was left."""
    lease, submitted, finished = Lease("m"), [], []

    class Job:
        def job_id(self):
            return "j1"

    with lease.held(nothing, finished.append) as fence:
        assert lease.submit(fence, Job).job_id() == "j1"
        assert lease.release()["job"] == "j1"
        with pytest.raises(LeaseLost):
            lease.submit(fence, lambda: submitted.append(1))
        with lease.held(nothing, finished.append) as later:
            assert later > fence
    assert submitted == [] and finished == ["j1"]
    with pytest.raises(UsageError, match="nobody holds a lease"):
        lease.release()


def test_who_is_gone(monkeypatch):
    here = me()
    assert not is_gone(here)
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert is_gone(here | {"pid": ended.pid}) and is_gone(here | {"start": "1"}) and is_gone(here | {"boot": "another"})
    assert not is_gone(here | {"space": "pid:[1]", "pid": ended.pid})  # a container's process: nobody knows
    elsewhere = here | {"host": "node2", "slurm_job": "77"}
    assert not is_gone(elsewhere | {"slurm_job": None})
    for state, gone in (("JobState=RUNNING ", False), ("JobState=TIMEOUT ", True)):
        monkeypatch.setattr(slurm_jobs, "_asked", {})
        monkeypatch.setattr(slurm_jobs.shutil, "which", lambda name: name)
        done = subprocess.CompletedProcess([], 0, f"JobId=77 {state}", "")
        monkeypatch.setattr(slurm_jobs.subprocess, "run", lambda *words, done=done, **settings: done)
        assert is_gone(elsewhere) == gone


def test_waiting_is_interrupted(place):
    def stop():
        raise Interrupted("interrupted.")

    lease = Lease("m")
    with lease.held(nothing, nothing), pytest.raises(Interrupted), lease.held(stop, nothing):
        pass
    assert lease.state()["queue"] == []


def test_qpu_command(place, command):
    assert command("qpu", "list").out == "no exclusive machine has been used.\n"
    lease = Lease("m")
    with lease.held(nothing, nothing):
        shown = command("qpu", "list").out
        assert f"m: held by process {os.getpid()}" in shown and "idle 0.0 s while work waited" in shown
        assert "released: m from process" in command("qpu", "release", "m").out
    assert json.loads(command("qpu", "list", "--json").out)["machines"]["m"]["holder"] is None
    code, _, err = command("qpu", "release", "n")
    assert code == 2 and "unknown machine 'n'" in err


def started(place, folder, *words):
    line = [sys.executable, "-m", "hybrid", *words, "--backend", f"qiskit:object={place}/machine.py:One"]
    line += ["--shots", "50", "--results", place / folder, "--quiet"]
    return subprocess.Popen([*map(str, line)], stdout=subprocess.DEVNULL)


@pytest.mark.slow
def test_two_sweeps_at_once_and_owners_killed_and_stopped(place, monkeypatch, capsys):
    """Never two jobs at once; a killed owner's lease is taken over; a stopped one keeps its lease until it wakes."""
    monkeypatch.setenv("MACHINE_SECONDS", "0.1")
    words = ["sweep", "h2", "--max-iterations", "6", "--executor", "local:processes=2"]
    sweeps = [started(place, f"r{k}", *words, "--seed", f"{4 * k}..{4 * k + 3}") for k in (0, 1)]
    end = time.monotonic() + 240
    stopped, killed = [], []
    while any(one.poll() is None for one in sweeps):
        assert time.monotonic() < end
        time.sleep(0.2)
        holder = Lease("aer_simulator").state()["holder"]
        count = len(jobs(place / "log")) if (place / "log").exists() else 0
        if holder and count > 10 and not stopped:
            stopped.append(holder["pid"])
            os.kill(holder["pid"], signal.SIGSTOP)
            time.sleep(3)
            still = Lease("aer_simulator").state()["holder"]
            if still and still["pid"] == holder["pid"]:
                assert len(jobs(place / "log")) <= count + 1  # nobody submits meanwhile
            os.kill(holder["pid"], signal.SIGCONT)
        elif holder and count > 25 and not killed:
            killed.append((holder["pid"], time.time()))
            os.kill(holder["pid"], signal.SIGKILL)
    found = jobs(place / "log")
    assert [one.returncode for one in sweeps] == [0, 0] and stopped and killed
    assert overlaps(found) == 0 and len({owner for _, _, owner in found}) >= 4
    pid, when = killed[0]
    after = min(begin for begin, _, owner in found if begin > when and owner != pid)
    state = Lease("aer_simulator").state()
    idle, held = (f"{state[name]:.1f} s" for name in ("idle_s", "held_s"))
    with capsys.disabled():
        print(f"\ntaken over after {after - when:.2f} s; idle {idle} while work waited, held {held}")
    assert after - when < 60


def test_doctor_names_the_job_and_its_qpu(monkeypatch):
    """By Slurm's and QRMI's variables."""
    for name in ("SLURM_JOB_ID", "QRMI_JOB_QPU_RESOURCES", "SLURM_JOB_QPU_RESOURCES"):
        monkeypatch.delenv(name, raising=False)
    assert not [one for one in machine.look() if one.name in ("Slurm job", "QPU of the job")]
    for name, value in (("SLURM_JOB_ID", "7"), ("SLURM_NNODES", "2"), ("SLURM_NTASKS", "256")):
        monkeypatch.setenv(name, value)
    found = {one.name: one.text for one in machine.look()}
    assert found["Slurm job"] == "7, 2 nodes, 256 tasks" and found["QPU of the job"].startswith("none")
    monkeypatch.setenv("QRMI_JOB_QPU_RESOURCES", "aer_sandbox")
    monkeypatch.setenv("QRMI_JOB_QPU_TYPES", "aer-local")
    assert {one.name: one.text for one in machine.look()}["QPU of the job"] == "aer_sandbox (aer-local), by QRMI's variables"


def test_a_job_that_was_submitted_is_collected(place, monkeypatch):
    """A run is killed after it has submitted: the same run, continued, takes the result where the machine keeps jobs."""
    (place / "machine.py").write_text(MACHINE + KEEPING)
    one = Spec(backend=f"qiskit:object={place}/machine.py:Keeping", **SHORT)
    steady = run(one, place / "steady")
    sent = len(jobs(place / "log"))
    line = [sys.executable, "-m", "hybrid", "run", "h2", "--shots", "50", "--max-iterations", "2", "--results", place / "r"]
    environment = os.environ | {"MACHINE_DIES": "2"}
    done = subprocess.run([*map(str, line), "--backend", one.backend], env=environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL and len(jobs(place / "log")) == sent + 2
    again = run(one, place / "r")
    assert again.digest == steady.digest and len(jobs(place / "log")) == 2 * sent  # no job was sent twice


KEEPING = '''

class Keeping(One):
    """Keeps the results of its jobs in files; dies as often as MACHINE_DIES says, after a job was sent."""

    sent = 0

    def run(self, circuits, **options):
        import json

        name = uuid.uuid4().hex
        counts = super(One, self).run(circuits, **options).result()
        with open(os.path.join(os.path.dirname(__file__), name), "w") as file:
            json.dump(counts.to_dict(), file, default=str)
        say("begin", name)
        return self.retrieve_job(name)

    def retrieve_job(self, name):
        return Kept(self, name)


class Kept(JobV1):
    """A job that the machine has kept."""

    def submit(self):
        """Sent already."""

    def status(self):
        return JobStatus.DONE

    def result(self):
        import json
        import signal

        from qiskit.result import Result

        Keeping.sent += 1
        if str(Keeping.sent) == os.environ.get("MACHINE_DIES"):
            os.kill(os.getpid(), signal.SIGKILL)
        say("end", self.job_id())
        with open(os.path.join(os.path.dirname(__file__), self.job_id())) as file:
            return Result.from_dict(json.load(file))
'''
