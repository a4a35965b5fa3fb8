"""Where a sweep is done: Slurm's job script and a real one-node Slurm, a Dask cluster with TLS, somebody's own executor."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from documents import BIN
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from readme import PAGES, ROOT, blocks
from test_lease import MACHINE, jobs, overlaps

import hybrid
from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.locks import lock, not_shared
from hybrid.runs.account import account
from hybrid.runs.executors import dask, slurm
from hybrid.runs.results_index import entries
from hybrid.runs.spec import Spec
from hybrid.runs.worklist import SweepWatcher, Worklist

SHORT = {"problem": "h2", "shots": 100, "max_evals": 6, "backend": "exact"}
NEEDED = "account=p200000,qos=default,partition=cpu,time=30min,nodes=1"
RUNS = 600
"""Of the sweep that Slurm does, as many as of the sweep in local processes."""
UP, DOWN = (Path(os.environ.get("HYBRID_SLURM", "no scripts")) / name for name in ("up.sh", "down.sh"))
"""Start and stop a Slurm of one node on loopback; see the guide's page `sweeps`."""


def made(text):
    return catalog.load(catalog.parse("executors", text))()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("slurm", "needs account, qos, partition, time, nodes: write slurm:account=..."),
        (f"slurm:{NEEDED},cores=0", "nodes and cores must be at least 1"),
        ("slurm:account=p;rm,qos=a,partition=b,time=2h,nodes=1", "account takes a name of letters"),
        ("slurm:account=p,qos=a,partition=b,time=soon,nodes=1", "time takes 30min, 2h or 1-12:00:00, not 'soon'"),
        ("slurm:account=p,qos=a,partition=b,time=60s,nodes=1", "time must be at least 240 s, not '60s'"),
        (f"slurm:{NEEDED},setup=no.sh", "setup: no.sh: no such file"),
        (f"slurm:{NEEDED},gres=qpu;1", "gres takes a resource"),
        ("local:processes=0", "processes must be at least 1"),
        ("dask:scheduler_file=no.json", "no.json: no such file"),
        ("lokal", "unknown executor 'lokal'. Did you mean 'local'"),
    ],
)
def test_bad_executors(text, message):
    with pytest.raises(UsageError) as refused:
        made(text)
    assert message in str(refused.value)


@pytest.mark.parametrize(("text", "found"), [("30min", "0:30:00"), ("2h", "2:00:00"), ("1-12:00:05", "36:00:05")])
def test_time_limits(text, found):
    assert slurm.slurm(account="p", qos="a", partition="b", time=text, nodes=1).time == found


def test_job_script(tmp_path):
    """Whole nodes; a worker per core that the threads leave, no more of them than runs; the shell accepts it."""
    (tmp_path / "setup.sh").write_text("module load Python\n")
    named = {"account": "p200000", "qos": "short", "partition": "cpu", "time": "2h"}
    there = slurm.slurm(**named, nodes=2, setup=f"{tmp_path}/setup.sh", gres="qpu:1")
    work = Worklist(specs=tuple(Spec(**SHORT, seed=seed, threads=4) for seed in range(100)), results=tmp_path / "r")
    script = there.script(work)
    lines = script.splitlines()
    for line in ("account=p200000", "qos=short", "partition=cpu", "time=2:00:00", "nodes=2", "ntasks-per-node=32", "exclusive"):
        assert f"#SBATCH --{line}" in lines
    assert "#SBATCH --cpus-per-task=4" in lines and "#SBATCH --signal=TERM@120" in lines and "#SBATCH --gres=qpu:1" in lines
    assert f"source {tmp_path}/setup.sh" in lines and "export OMP_NUM_THREADS=4" in script
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
    (saved,) = (tmp_path / "r" / ".sweeps").glob("*.json")
    assert str(saved) in lines[-1] and os.stat(saved).st_mode & 0o777 == 0o600
    assert Worklist.from_json(json.loads(saved.read_text())).ids == work.ids
    few = Worklist(specs=work.specs[:5], results=tmp_path / "r")
    assert "#SBATCH --ntasks-per-node=3" in there.script(few)
    with pytest.raises(UsageError, match="runs with 256 threads do not fit on 128 cores"):
        there.script(Worklist(specs=(Spec(**SHORT, threads=256),), results=tmp_path / "r"))


def test_without_slurm(command, monkeypatch, tmp_path):
    monkeypatch.setattr(slurm.shutil, "which", lambda name: None)
    code, _, err = command("sweep", "h2", "--seed", "0..3", "--executor", f"slurm:{NEEDED}", "--results", tmp_path)
    assert code == 69 and "there is no Slurm here: sbatch is not found" in err
    code, script, _ = command(
        "sweep", "h2", "--seed", "0..3", "--executor", f"slurm:{NEEDED}", "--results", tmp_path, "--write-only"
    )
    assert code == 0 and script.startswith("#!/bin/bash\n#SBATCH")
    code, _, err = command("sweep", "h2", "--write-only", "--results", tmp_path)
    assert code == 2 and "--write-only is for executors that write a job script" in err


def answering(queue, submitted=()):
    """Slurm's commands as they answer; what sbatch gets is kept in `submitted`."""

    def run(words, **settings):
        if words[0] == "sbatch":
            submitted.append(settings["input"])
            return subprocess.CompletedProcess(words, 0, f"{10 + len(submitted)}\n", "")
        return subprocess.CompletedProcess(words, 1 if queue is None else 0, queue, "no slurmctld")

    return run


def test_runs_that_a_job_has_are_left_to_it(command, monkeypatch, tmp_path):
    """A second submission while the first waits or runs: only what is in no job's list is submitted, and words say so."""
    monkeypatch.setattr(slurm.shutil, "which", lambda name: name)
    submitted, words = [], ["sweep", "h2", "--executor", f"slurm:{NEEDED}", "--results", tmp_path]
    monkeypatch.setattr(slurm.subprocess, "run", answering("7|RUNNING|else\n", submitted))
    assert "submitted as Slurm job 11;" in command(*words, "--seed", "0..3").out
    name = submitted[0].partition("--job-name=")[2].splitlines()[0]
    monkeypatch.setattr(slurm.subprocess, "run", answering(f"11|PENDING|{name}\n", submitted))
    again = command(*words, "--seed", "0..3")
    assert again.code == 0 and len(submitted) == 1
    assert "4 of the runs are in Slurm job 11 already (pending). Nothing was submitted; scancel 11" in " ".join(
        again.out.split()
    )
    more = command(*words, "--seed", "2..5")
    assert "submitted as Slurm job 12;" in more.out and "2 of the runs are in Slurm job 11 already" in more.out
    list_of_second = Path(submitted[1].split("--worker ")[1].strip())
    assert [spec["seed"] for spec in json.loads(list_of_second.read_text())["specs"]] == [4, 5]
    monkeypatch.setattr(slurm.subprocess, "run", answering(f"11|COMPLETING|{name}\n", submitted))
    assert "submitted as Slurm job 13;" in command(*words, "--seed", "0..3").out  # that one does no more
    monkeypatch.setattr(slurm.subprocess, "run", answering(None, submitted))
    code, _, err = command(*words, "--seed", "0..3")
    assert code == 1 and "squeue does not answer (no slurmctld); nothing was submitted" in err
    with (tmp_path / ".sweeps" / "submitting.lock").open("w") as file:
        lock(file.fileno())
        assert "another process is submitting runs" in command(*words, "--seed", "0..3").err


@pytest.mark.parametrize(
    ("kind", "options", "why"),
    [
        ("nfs4", "rw,vers=4.2", ""),
        ("nfs", "rw,nolock", "nfs without locks between hosts"),
        ("nfs4", "rw,local_lock=all", "nfs4 without locks between hosts"),
        ("lustre", "rw,flock", ""),
        ("lustre", "rw,localflock", "Lustre without locks between hosts"),
        ("lustre", "rw", "Lustre without locks between hosts"),
        ("tmpfs", "rw", "of this host alone"),
        ("ext4", "rw", ""),
    ],
)
def test_locks_between_hosts(tmp_path, kind, options, why):
    """nfs(5): local_lock, nolock; mount.lustre(8): without flock no lock at all, with localflock one of this host."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path} {kind} {options} 0 0\n")
    assert (not_shared(tmp_path / "r", mounts) == "") if not why else (why in not_shared(tmp_path / "r", mounts))


def test_workers_on_several_nodes_need_locks_between_them(tmp_path, monkeypatch, command):
    (tmp_path / "sweep.toml").write_text('problem = "h2"\nseed = "0..3"\n')
    monkeypatch.setenv("SLURM_NNODES", "2")
    monkeypatch.setattr("hybrid.cli.sweep.not_shared", lambda path: "/x is nfs without locks between hosts")
    code, _, err = command("sweep", "--worker", tmp_path / "sweep.toml", "--results", tmp_path / "r")
    assert code == 2 and "nfs without locks between hosts, and workers on several nodes need them" in err


@pytest.mark.parametrize(
    ("address", "more", "message"),
    [
        ("tcp://10.0.0.3:8786", "", "without TLS any user of the host can run code as you"),
        ("tcp://10.0.0.3:8786", ",insecure=true", "for the loopback interface alone"),
        ("tcp://127.0.0.1:8786", "", "without TLS any user of the host can run code as you"),
        ("tls://10.0.0.3:8786", ",resource=QPU", "speaks TLS; give ca and certificate"),
        ("tls://10.0.0.3:8786", ",ca={folder}/ca.pem,certificate={folder}/open.pem", "others can read this key"),
    ],
)
def test_no_cluster_that_others_can_use(tmp_path, address, more, message):
    (tmp_path / "s.json").write_text(json.dumps({"address": address}))
    for name in ("ca.pem", "open.pem"):
        (tmp_path / name).write_text("a key")
    with pytest.raises(UsageError) as refused:
        made(f"dask:scheduler_file={tmp_path}/s.json{more.format(folder=tmp_path)}")
    assert message in str(refused.value)


def test_which_runs_need_a_worker_with_a_machine(tmp_path, monkeypatch):
    """Those whose backend is exclusive, by option or attribute; leases must be seen by the hosts of all workers."""
    (tmp_path / "machine.py").write_text(MACHINE)
    texts = [f"qiskit:object={tmp_path}/machine.py:One", "exact", f"qiskit:object={tmp_path}/machine.py:{{}},exclusive=true"]
    texts[2] = texts[2].format("AerSimulator")
    specs = tuple(Spec(problem="h2", shots=50, backend=text) for text in texts)
    assert dask._exclusive(Worklist(specs=specs)) == [True, False, True]
    monkeypatch.setattr(dask, "not_shared", lambda path: "/x is tmpfs, with locks and files of this host alone")
    dask._check_hosts({"a": {"host": "10.0.0.1"}, "b": {"host": "10.0.0.1"}})
    with pytest.raises(UsageError, match="set XDG_STATE_HOME to a folder that the workers' hosts share"):
        dask._check_hosts({"a": {"host": "10.0.0.1"}, "b": {"host": "10.0.0.2"}})


def test_an_executor_of_ones_own(tmp_path):
    """A file with a function of the executor's name; it takes the list and the watcher."""
    (tmp_path / "mine.py").write_text(
        "from hybrid.runs.worker import walk\n\n\nclass Backwards:\n    def execute(self, work, watcher):\n"
        "        walk(work, watcher, begin=len(work.specs) - 1)\n        return 'done by mine'\n\n\n"
        "def backwards():\n    return Backwards()\n"
    )
    found = hybrid.sweep(results=tmp_path / "r", executor=f"{tmp_path}/mine.py:backwards", **SHORT, seed="0,1")
    assert found.counts["finished"] == 2 and found.handed_over == "done by mine"


@pytest.fixture(scope="module")
def real_slurm():
    """A Slurm of one node, started here and stopped again."""
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("slurmctld") is None or not UP.exists():
        pytest.skip(
            "needs root, apt-get install slurm-wlm munge, and in HYBRID_SLURM the folder of up.sh and down.sh for one node"
        )
    mine = subprocess.run(["timeout", "5", "sinfo"], capture_output=True, check=False).returncode != 0
    if mine:
        cores = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}  # nproc reads it
        subprocess.run(["timeout", "60", "bash", UP], check=True, capture_output=True, env=cores)
    yield
    if mine:
        subprocess.run(["timeout", "30", "bash", DOWN], check=False, capture_output=True)


def slurm_says(*words):
    return subprocess.run(["timeout", "20", *words], capture_output=True, text=True, check=False).stdout


def workers_in(folder):
    """Processes of the job's workers, told by their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if b"python" in words[0] and b"--worker" in words and any(str(folder).encode() in word for word in words):
                found.append(int(path.parent.name))
    return found


def state_of(job):
    return slurm_says("scontrol", "show", "job", job, "-o").partition("JobState=")[2].partition(" ")[0]


@pytest.mark.slow
def test_workers_killed_and_the_job_requeued(real_slurm, tmp_path):
    """Every digest, and what the account sums, as without Slurm; the job ends with all runs done. A worker is killed before
    the requeue and one after it; the second submission of the same sweep joins the first."""
    fields: dict[str, Any] = SHORT | {"device": "meluxina-q", "seed": f"0..{RUNS - 1}", "max_evals": 20}
    fields |= {"options": {"force": True, "device_interval": False}}
    there = f"slurm:{NEEDED},cores={os.cpu_count()}"
    handed = hybrid.sweep(results=tmp_path / "r", executor=there, label="slurm", **fields)
    job = handed.handed_over.split("Slurm job ")[1].split(";")[0]
    again = hybrid.sweep(results=tmp_path / "r", executor=there, label="slurm", **fields)
    assert f"are in Slurm job {job} already" in again.handed_over and "Nothing was submitted" in again.handed_over
    killed, requeued, end = 0, False, time.monotonic() + 400
    while (state := state_of(job)) not in ("COMPLETED", "FAILED"):  # failed where a worker was killed, by srun's exit code
        assert time.monotonic() < end and state != "CANCELLED", state
        stopped = sum(b'"kind":"stop"' in path.read_bytes() for path in (tmp_path / "r").glob("*.jsonl"))
        if (killed, requeued) in ((0, False), (1, True)) and stopped >= 4 + 16 * killed and (workers := workers_in(tmp_path)):
            os.kill(workers[-1], 9)
            killed += 1
        if killed and not requeued and stopped >= 12:
            slurm_says("scontrol", "requeue", job)
            requeued = True
        if requeued and state == "PENDING":
            slurm_says("scontrol", "update", f"jobid={job}", "StartTime=now")
        time.sleep(0.5)
    assert killed == 2 and requeued
    assert sum(b'"kind":"stop"' in path.read_bytes() for path in (tmp_path / "r").glob("*.jsonl")) == RUNS
    serial = hybrid.sweep(results=tmp_path / "serial", executor="local:processes=1", **fields)
    found = hybrid.sweep(results=tmp_path / "r", **fields)
    assert [one.digest for one in found.results] == [one.digest for one in serial.results] and len(found.results) == RUNS
    sums = [account(entries(tmp_path / name))[-1] for name in ("r", "serial")]
    same = [(one.runs, one.finished, one.shots, one.qpu_hours, one.billed_hours, one.jobs) for one in sums]
    assert same[0] == same[1] and same[0][0] == same[0][1] == RUNS and min(same[0][2:5]) > 0
    starts = [path.read_text().splitlines()[0] for path in (tmp_path / "r").glob("*.jsonl")]
    assert all(json.loads(line)["meta"]["slurm_job"] == job for line in starts)


@pytest.mark.slow
def test_a_job_ends_cleanly_before_its_limit(real_slurm, tmp_path, monkeypatch):
    """SIGTERM after some seconds: everything saved, no failure; the same command goes on from there."""
    fields = SHORT | {"seed": "0,1", "max_evals": 100_000}
    there = f"slurm:{NEEDED},cores=2"
    handed = hybrid.sweep(results=tmp_path / "r", executor=there, **fields)
    job = handed.handed_over.split("Slurm job ")[1].split(";")[0]
    end = time.monotonic() + 120
    while len([path for path in (tmp_path / "r").glob("*.jsonl") if path.stat().st_size > 4000]) < 2:
        assert time.monotonic() < end
        time.sleep(0.5)
    slurm_says("scancel", "--signal=TERM", job)
    while state_of(job) in ("RUNNING", "COMPLETING"):
        assert time.monotonic() < end
        time.sleep(0.5)
    log = next((tmp_path / "r").glob("slurm-*.log")).read_text()
    assert "the same command continues" in log and "Traceback" not in log
    assert not [*(tmp_path / "r").glob("*.failed")]


CERTIFICATES = """
import os, sys
from distributed.security import Security
made = Security.temporary()
for name, text in (("ca.pem", made.tls_ca_file), ("own.pem", made.tls_client_key + made.tls_client_cert)):
    with os.fdopen(os.open(f"{sys.argv[1]}/{name}", os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write(text)
"""


@pytest.fixture
def cluster(tmp_path, request):
    """A scheduler with TLS and two workers on loopback, as the guide starts them; a third with the arguments of a parameter."""
    pytest.importorskip("distributed", reason="pip install 'hybrid-sandbox[hpc]'")
    folder = tmp_path / "dask"
    folder.mkdir(mode=0o700)
    environment = os.environ | {"XDG_STATE_HOME": str(folder), "MACHINE_LOG": str(folder / "log.jobs")}
    subprocess.run([sys.executable, "-c", CERTIFICATES, folder], check=True)
    tls = ["--tls-ca-file", f"{folder}/ca.pem", "--tls-cert", f"{folder}/own.pem", "--tls-key", f"{folder}/own.pem"]
    common = ["--scheduler-file", f"{folder}/s.json", "--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0", *tls]
    with (folder / "log").open("w") as log:
        scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--protocol", "tls", "--port", "0", *common]
        worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1", "--nworkers", "1"]
        worker += ["--death-timeout", "60", "--local-directory", str(folder), *common]
        third = [[*worker, *request.param]] if hasattr(request, "param") else []
        started = [
            subprocess.Popen(words, stdout=log, stderr=log, env=environment) for words in (scheduler, worker, worker, *third)
        ]
    end = time.monotonic() + 60
    while not (folder / "s.json").exists():
        assert time.monotonic() < end
        time.sleep(0.2)
    yield folder, started
    for process in started:
        process.terminate()
    for process in started:
        process.wait()


@pytest.mark.slow
def test_a_dask_cluster_with_tls(cluster, tmp_path):
    """A worker is killed in the middle: its run is done again, and every digest is the serial one."""
    folder, started = cluster
    there = f"dask:scheduler_file={folder}/s.json,ca={folder}/ca.pem,certificate={folder}/own.pem"
    fields = SHORT | {"seed": "0..9", "max_evals": 60}
    killed = []

    def event(one):
        if one.what == "finished" and not killed:
            killed.append(one)
            nanny = started[2].pid
            (child,) = Path(f"/proc/{nanny}/task/{nanny}/children").read_text().split()[-1:]
            os.kill(int(child), 9)

    watcher = SweepWatcher(event)
    found = hybrid.sweep(results=tmp_path / "r", executor=there, watcher=watcher, **fields)
    serial = hybrid.sweep(results=tmp_path / "serial", executor="local:processes=1", **fields)
    assert killed and [one.digest for one in found.results] == [one.digest for one in serial.results]


@pytest.mark.slow
@pytest.mark.parametrize("cluster", [["--resources", "QPU=1"]], indirect=True)
def test_runs_on_an_exclusive_machine_go_where_it_is_declared(cluster, tmp_path, monkeypatch):
    """All jobs come from the worker that declares a QPU, one at a time by the lease; the others do the other runs."""
    folder, started = cluster
    (tmp_path / "machine.py").write_text(MACHINE)
    there = f"dask:scheduler_file={folder}/s.json,ca={folder}/ca.pem,certificate={folder}/own.pem,resource=QPU"
    machine = f"qiskit:object={tmp_path}/machine.py:One"
    fields = {"problem": "h2", "shots": 50, "max_iterations": 2, "seed": "0..3"}
    words = {"results": tmp_path / "r", "executor": there, "backend": [machine, "exact"], **fields}
    found = hybrid.sweep(**words)
    assert found.counts["finished"] == 8, found.failed
    sent = (folder / "log.jobs").read_text().splitlines()
    parents = {Path(f"/proc/{line.split()[1]}/stat").read_text().rpartition(")")[2].split()[1] for line in sent}
    assert parents == {str(started[3].pid)} and overlaps(jobs(folder / "log.jobs")) == 0


KNOCK = """
import socket, ssl
host, _, port = {address!r}.partition("://")[2].rpartition(":")
line = socket.create_connection((host, int(port)), timeout=5)
if {tls}:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    line = context.wrap_socket(line)
line.sendall(bytes(64))
print("answer" if line.recv(1) else "closed")
"""
REFUSED = ("closed", "SSLError", "SSLEOFError", "ConnectionResetError", "TimeoutError")
"""A client without a certificate: the other end closes, or the handshake fails."""


@pytest.mark.slow
def test_another_user_reads_no_record_and_runs_no_code(cluster):
    """The user nobody, by a Python of the system: files are closed to it, and so is the scheduler without a certificate."""
    if os.geteuid() != 0 or not Path("/usr/bin/python3").exists():
        pytest.skip("needs root, to be another user, and /usr/bin/python3")
    folder, _ = cluster
    address = json.loads((folder / "s.json").read_text())["address"]
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        found = hybrid.sweep(results=Path(place, "r"), executor="local:processes=1", **SHORT)
        work = Worklist(specs=(Spec(**SHORT),), results=Path(place))  # in a folder that others can enter
        files = [found.results[0].record, str(work.save()), str(shutil.copy(folder / "own.pem", place))]
        Path(place, "open").write_text("for all")
        assert as_nobody(f"open({place + '/open'!r})") == ""
        assert [as_nobody(f"open({path!r})") for path in files] == ["PermissionError"] * 3
    for tls in (True, False):
        assert as_nobody(KNOCK.format(address=address, tls=tls)) in REFUSED


def as_nobody(code):
    """What the code prints for the user nobody, or the name of the error that ends it."""
    program = f"try:\n    exec({code!r})\nexcept BaseException as error:\n    print(type(error).__name__)\n"
    words = [
        "setpriv",
        "--reuid=nobody",
        "--regid=nogroup",
        "--clear-groups",
        "/usr/bin/python3",
        "-W",
        "ignore",
        "-c",
        program,
    ]
    return subprocess.run(words, capture_output=True, text=True, check=True, cwd="/").stdout.strip()


# --- What the page `sweeps` says -----------------------------------------------------------------------------------------

CLUSTER = ROOT / "examples" / "cluster"


def job_script():
    """The page's script to paste: the last block that is one."""
    texts = [block.text for path in PAGES if path.stem == "sweeps" for block in blocks(path)]
    return [text for text in texts if text.startswith("#!/bin/bash")][-1]


def pinned():
    lines = (line for line in (CLUSTER / "constraints.txt").read_text().splitlines() if not line.startswith("#"))
    return dict(line.split("==") for line in lines)


def test_constraints_pin_what_the_package_needs():
    """Every dependency of it and of the extras that the page installs, within its bounds; and all that those need here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for text in (*project["dependencies"], *extras["hpc"], *extras["plot"]):
        needed = Requirement(text)
        assert needed.specifier.contains(pinned()[needed.name]), text
    for name in pinned():
        with suppress(metadata.PackageNotFoundError):
            for text in metadata.requires(name) or ():
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                    assert canonicalize_name(needed.name) in pinned(), (name, text)


def test_the_recipe_copies_what_is_there():
    lines = (CLUSTER / "hybrid.def").read_text().partition("%files\n")[2].partition("\n\n")[0].splitlines()
    assert len(lines) == 5 and all((ROOT / line.split()[0]).exists() for line in lines)
    assert "-c /opt/hybrid/constraints.txt '/opt/hybrid[hpc,plot]'" in (CLUSTER / "hybrid.def").read_text()


@pytest.mark.slow
def test_the_job_script_of_the_page(real_slurm, tmp_path):
    """Pasted, on a node of two cores and without modules: accepted, and every run is done."""
    script = job_script().replace("--ntasks-per-node=128", "--ntasks-per-node=2").replace("=02:00:00", "=00:30:00")
    script = script.replace("module load Python", "").replace("source ~/hybrid-env/bin/activate", f"export PATH={BIN}:$PATH")
    (tmp_path / "sweep.toml").write_text('problem = "h2"\nshots = 50\nmax_evals = 6\nbackend = "exact"\nseed = "0..5"\n')
    words = ["timeout", "20", "sbatch", "--parsable"]
    job = subprocess.run(words, input=script, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()
    end = time.monotonic() + 120
    while state_of(job) in ("PENDING", "RUNNING", "COMPLETING", "CONFIGURING"):
        assert time.monotonic() < end
        time.sleep(0.5)
    assert state_of(job) == "COMPLETED"
    assert sum(b'"kind":"stop"' in path.read_bytes() for path in (tmp_path / "results").glob("*.jsonl")) == 6


@pytest.mark.slow
def test_an_environment_without_internet(tmp_path):
    """The page's commands: wheels of what is pinned, then an environment from those alone."""
    words = [sys.executable, "-m", "pip", "wheel", "-q", "-w", tmp_path / "wheels", "-c", CLUSTER / "constraints.txt"]
    done = subprocess.run([*words, f"{ROOT}[hpc,plot]"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no package index: {done.stderr[-200:]}")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    words = [tmp_path / "env" / "bin" / "pip", "install", "-q", "--no-index", "--find-links", tmp_path / "wheels"]
    subprocess.run([*words, "hybrid-sandbox[hpc,plot]"], check=True)
    sweep = [tmp_path / "env" / "bin" / "hybrid", "sweep", "h2", "--seed", "0,1", "--max-evals", "2"]
    done = subprocess.run(sweep, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "2 runs: 2 finished" in done.stdout
