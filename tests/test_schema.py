"""`hybrid config schema`: an editor that checks by the schemas and the program agree, on files that are right and on mistakes.

The judge is the package `jsonschema`, which shares no code with this one.
"""

import json
import tomllib
from pathlib import Path
from re import fullmatch

import pytest
import test_device as profiles
from jsonschema import Draft202012Validator

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.catalog import patterns
from hybrid.device import naming
from hybrid.device.device import Device
from hybrid.device.schema import device_patterns, device_schema
from hybrid.runs.axes import OWN_KEYS, grid, read_sweep
from hybrid.runs.schema import experiment_schema, sweep_schema
from hybrid.runs.spec import Spec

ROOT = Path(__file__).parents[1]
KINDS = {"experiment": experiment_schema, "sweep": sweep_schema, "device": device_schema}


@pytest.fixture(scope="module")
def judges() -> dict[str, Draft202012Validator]:
    """One validator for every kind of file."""
    return {kind: Draft202012Validator(make()) for kind, make in KINDS.items()}


def wrong(judge: Draft202012Validator, table: dict) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in judge.iter_errors(table)]


# ---- what is printed


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_printed_is_the_schema_and_is_one(command, kind):
    done = command("config", "schema", kind)
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == KINDS[kind]()
    Draft202012Validator.check_schema(KINDS[kind]())


def test_the_experiment_is_the_default_and_another_word_is_refused(command):
    assert json.loads(command("config", "schema").out)["title"] == "Experiment of hybrid"
    done = command("config", "schema", "devise")
    assert (done.code, done.out) == (2, "") and "Did you mean 'device'?" in done.err


def test_every_field_is_there_with_its_words_and_default():
    for schema, own in ((experiment_schema(), ()), (sweep_schema(), OWN_KEYS)):
        found = schema["properties"]
        assert list(found) == [*Spec.__dataclass_fields__, *own]
        for name, field in Spec.__dataclass_fields__.items():
            assert found[name]["description"] == field.metadata["help"]
            assert found[name].get("default") == (field.default or None if field.default != 0 else 0)
    assert found["shots"]["default"] == 0


def test_every_member_is_offered_by_name_or_by_its_options():
    schema = experiment_schema()["properties"]
    for field, family in (("problem", "problems"), ("optimizer", "optimizers"), ("ansatz", "ansatze")):
        names, *ways = schema[field]["anyOf"]
        told = " ".join(way["pattern"] for way in ways)
        for name in catalog.names(family):
            required = any(option.required for option in catalog.locate(family, name).options.values())
            assert (name in names["enum"]) != required
            assert name in told
    assert schema["device"]["anyOf"][0]["enum"] == catalog.names("devices")


# ---- files that are right


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.toml")), ids=lambda path: path.name)
def test_every_example_is_valid(judges, path):
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    assert wrong(judges["experiment"], table) == []
    assert wrong(judges["sweep"], table) == []  # an experiment is a sweep of one run


PROFILES = sorted(catalog.folder("devices").glob("*.toml")) + [ROOT / "examples" / "benchmarks" / "meluxina-q-v1.toml"]


def test_every_toml_in_examples_is_looked_at():
    looked = {*(ROOT / "examples").glob("*.toml"), *PROFILES}
    assert {*(ROOT / "examples").rglob("*.toml")} <= looked


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.name)
def test_every_profile_is_valid(judges, path):
    assert wrong(judges["device"], tomllib.loads(path.read_text(encoding="utf-8"))) == []


MADE = {
    "lists": profiles.edited("coupling", '"chain"', "[[1, 0], [9, 4], [2, 1]]").replace(
        "value = 150\n", "value = [72, 100, 150]\n"
    ),
    "all to all": profiles.edited("coupling", '"chain"', '"all-to-all"').replace("value = 22\n", "value = inf\n"),
    "physical z": profiles.BARE + profiles.gate("rz", "0.1") + profiles.gate("sx") + profiles.gate("rxx", "3"),
    "rx with markov": profiles.MARKOV + profiles.VIRTUAL + profiles.gate("rx") + profiles.gate("cz"),
}
"""Profiles that the tests of devices make."""


@pytest.mark.parametrize("name", MADE)
def test_profiles_made_in_tests_are_valid(judges, tmp_path, name):
    assert Device.load(profiles.write(tmp_path, MADE[name])).noisy
    assert wrong(judges["device"], tomllib.loads(MADE[name])) == []


# ---- mistakes

PROBLEM = 'problem = "h2"\n'
EXPERIMENT_MISTAKES = {
    'optimiser = "adam"': ["optimiser", "Did you mean 'optimizer'?"],
    "shots = -1": ["shots", "at least 0"],
    'shots = "1000"': ["shots", "a whole number"],
    'gradient = "adjont"': ["gradient", "Did you mean 'adjoint'?"],
    'optimizer = "adm"': ["optimizer", "Did you mean 'adam'?"],
    'optimizer = "spsa:learning_rate=1"': ["optimizer", "'learning_rate'", "Allowed: "],
    'optimizer = "spsa:c=fast"': ["optimizer", "'fast'"],
    'device = "meluxina"': ["device", "Did you mean 'meluxina-q'?"],
    'device = "meluxina-q:drive=sideways"': ["device", "'sideways'"],
    'dephasing = "markow"': ["dephasing", "Did you mean 'markov'?"],
    'max_qpu = "30 hours"': ["max_qpu", "30min"],
    'mitigate = "readout+zme"': ["mitigate", "Did you mean 'zne'?"],
    "realizations = 1": ["realizations", "at least 2"],
    "initial_point = [0.1, true]": ["initial_point", "entry 1"],
}
"""A line beside `problem = "h2"` -> what the program says of it besides the file and the line."""


@pytest.mark.parametrize("line", EXPERIMENT_MISTAKES)
def test_mistakes_in_an_experiment_are_found_by_both(judges, tmp_path, line):
    text = f'{PROBLEM}device = "meluxina-q"\n{line}\n' if "device" not in line else f"{PROBLEM}\n{line}\n"
    (tmp_path / "mine.toml").write_text(text)
    assert wrong(judges["experiment"], tomllib.loads(text))
    with pytest.raises(UsageError) as caught:
        Spec.from_toml(tmp_path / "mine.toml")
    assert str(caught.value).startswith(f"{tmp_path / 'mine.toml'}:3: ")
    assert all(word in str(caught.value) for word in EXPERIMENT_MISTAKES[line])
    right = tomllib.loads(text)
    del right[line.partition(" ")[0]]
    assert wrong(judges["experiment"], right) == []  # it is this line that is refused


def test_a_file_without_a_problem_is_refused_by_both(judges, tmp_path):
    (tmp_path / "mine.toml").write_text("shots = 10\n")
    assert wrong(judges["experiment"], {"shots": 10}) == ["$: 'problem' is a required property"]
    with pytest.raises(UsageError, match=r"mine\.toml: no problem is named"):
        Spec.from_toml(tmp_path / "mine.toml")


SWEEP_MISTAKES = {
    'seeds = "0..9"': ["seeds", "Did you mean 'seed'?"],
    'seed = "0..x"': ["seed", "0..19"],
    'shots = [100, "many"]': ["shots", "many"],
    'optimizer = ["adam", "spas"]': ["optimizer", "Did you mean 'spsa'?"],
    'optimizer = "adam,spas"': ["optimizer", "Did you mean 'spsa'?"],
    'optimizer = "spsa:c=0.1,fast"': ["optimizer", "'fast'"],
    'grouping = "qwc,genral"': ["grouping", "Did you mean 'general'?"],
    "shots = []": ["shots", "an empty list"],
    'zip = "device"': ["zip", "lists of axes"],
    'executor = "slrum"': ["executor", "Did you mean 'slurm'?"],
    "label = 3": ["label", "takes a text"],
}


@pytest.mark.parametrize("line", SWEEP_MISTAKES)
def test_mistakes_in_a_sweep_are_found_by_both(judges, tmp_path, line):
    text = f'{PROBLEM}device = ["ideal", "meluxina-q"]\n{line}\n'
    (tmp_path / "mine.toml").write_text(text)
    assert wrong(judges["sweep"], tomllib.loads(text))
    with pytest.raises(UsageError) as caught:
        read_sweep(tmp_path / "mine.toml", tmp_path, {})
    assert str(caught.value).startswith(f"{tmp_path / 'mine.toml'}:3: ")
    assert all(word in str(caught.value) for word in SWEEP_MISTAKES[line])


BETWEEN_ENTRIES = {
    ("t1", 'mark = "HH"'),  # a letter for each entry of a list
    ("t1", "value = nan\n"),  # JSON has none
    ("t1", f"value = {10**400}\n"),  # nor a bound where infinity is allowed
    ("t1", "value = [22, 22]\n"),  # a list as long as there are qubits
    ("t2_star", "value = [14.1"),  # a range that holds the value
    ("t2_echo", "value = [13.9"),
    ("shot_cycle", "value = 11"),  # longer than the readout
    ("gates.sx.duration", "value = 40"),
    ("gates.cz.error", "value = [1.0, 1.0]"),
    ("coupling", "[[0, 1], [1, 10]]"),  # qubits that are there
    ("coupling", "[[0, 1], [1, 0]]"),
}
"""Mistakes of test_device.py that no schema can find: they compare entries, or are no JSON. The program alone finds them."""


@pytest.mark.parametrize(("section", "old", "new", "part", "says"), profiles.REFUSED)
def test_mistakes_in_a_profile_are_found_by_both(judges, section, old, new, part, says):
    """That the program refuses each, with file, line and key, is tested in test_device.py."""
    table = tomllib.loads(profiles.edited(section, old, new))
    assert bool(wrong(judges["device"], table)) != ((section, new) in BETWEEN_ENTRIES)


@pytest.mark.parametrize("names", [["sx"], ["cz"], ["sx", "rx", "cz"], ["sx", "cz", "rzz"], ["rx", "cz"]])
def test_sets_of_gates_that_no_device_has(judges, names):
    text = profiles.BARE + profiles.VIRTUAL + "".join(map(profiles.gate, names))
    assert wrong(judges["device"], tomllib.loads(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[billing.rule]\nvalue = ", '[billing.rule]\nvalue = "free" # '),
        ("[billing.job_floor]", "[billing.reference_gate]"),
        ("[variants.heating.", "[variants.drift."),
        ("[variants.heating.none.", "[variants.heating.default."),
        ("[variants.heating.none.", "[variants.heating.None."),
    ],
)
def test_other_tables_of_a_profile(judges, tmp_path, old, new):
    assert old in profiles.GOOD
    text = profiles.GOOD.replace(old, new)
    assert wrong(judges["device"], tomllib.loads(text))
    with pytest.raises(UsageError, match=r"mine\.toml:\d+: "):
        Device.load(profiles.write(tmp_path, text))


# ---- every option of every member

VALUES = (
    *("1", "-2", "+4", "1_000", "0.5", ".5", "5.", "1e-3", "1e", "_1", "1.5.2", "inf", "nan", " 3 ", ""),
    *("none", "None", "true", "FALSE", "x", "jordan_wigner", "echo"),
)
SAMPLE = {"int": "1", "float": "1", "bool": "true", "str": "x"}


@pytest.mark.parametrize("family", sorted(set(catalog.FAMILIES) - {"devices"}))
def test_the_expressions_accept_what_the_program_parses(family):
    """Every option of every member with each of the values: accepted by the expression if and only if by `parse`."""
    ways = {way.name: way.pattern for way in patterns.of_family(family) if way.name}
    assert list(ways) == catalog.names(family)
    for name, pattern in ways.items():
        options = catalog.locate(family, name).options
        needed = {key: (o.choices or (SAMPLE[o.type],))[0] for key, o in options.items() if o.required}
        texts = [name, f"{name}:", f"{name}:no_such=1", f"{name}:=", f"{name}x", f"{name}:,"]
        for key in options:
            for value in VALUES:
                given = needed | {key: value}
                texts.append(f"{name}:" + ",".join(f"{one}={what}" for one, what in given.items()))
        for text in texts:
            assert bool(fullmatch(pattern, text)) == parses(family, text), text


def parses(family: str, text: str) -> bool:
    try:
        catalog.parse(family, text)
    except UsageError:
        return False
    return True


@pytest.mark.parametrize("name", catalog.names("devices"))
def test_the_expressions_of_devices_accept_what_the_program_does(name):
    pattern = next(way.pattern for way in device_patterns() if way.name == name)
    offer = naming.options.offer(naming.read_toml(naming.device_file(name))[0])
    texts = [f"{name}:", f"{name}:dephasing=markov", f"{name}:dephasing=no", f"{name}:drift=ou,drift_time=10s"]
    texts += [f"{name}:drift=ou,drift_time={time}" for time in ("5ms", "1e-2min", "10", "10parsec", "x")]
    texts += [f"{name}:correlation={value}" for value in ("0.5", "-.5", "x", "")]
    texts += [f"{name}:{key}={value}" for key, choices in offer.variants.items() for value in (*choices, "other")]
    for text in texts:
        try:
            naming.device_text(text)
            accepted = True
        except UsageError as error:
            accepted = "needs dephasing=quasistatic" in str(error) or "only dephasing=markov" in str(
                error
            )  # two options at odds
        assert bool(fullmatch(pattern, text)) == accepted or "drift_time needs" in text, text


SWEEPS = (
    {"seed": "0..9"},
    {"seed": "1,2,5..7"},
    {"seed": [1, "3..4"]},
    {"problem": "h2:distance=0.4..2.6..0.2"},
    {"problem": "h2:distance=0.4..1,2"},
    {"problem": "h2, lih"},
    {"problem": "h2,tfim:n=2,3,j=0.5..1..0.25"},
    {"problem": ["h2", "tfim:n=2..4"]},
    {"device": "ideal,meluxina-q:drive=serial,parallel"},
    {"optimizer": "adam,spsa:c=0.1,0.2"},
    {"gradient": "adjoint,parameter-shift"},
    {"mitigate": "none,readout", "device": "meluxina-q"},
    {"mitigate": "readout+zne:factors=1/3,model=linear,richardson", "device": "meluxina-q"},
    {"max_qpu": "30min,1h"},
    {"max_qpu": [90, "2h"]},
    {"initial_point": [[0.1], [0.2]]},
)


@pytest.mark.parametrize("fields", SWEEPS, ids=str)
def test_what_a_sweep_may_hold(judges, fields):
    table = {"problem": "h2"} | fields
    assert len(grid(table).specs) > 1
    assert wrong(judges["sweep"], table) == []


@pytest.mark.parametrize("text", ["adam:" + "," * 60 + "x=", "scipy:" + "method=COBYLA," * 30 + "?", "a" * 5000])
def test_no_text_takes_long(judges, text):
    """An expression that tries every way to read a text would not come to an end here."""
    assert wrong(judges["experiment"], {"problem": "h2", "optimizer": text})
    assert wrong(judges["sweep"], {"problem": "h2", "optimizer": text})
