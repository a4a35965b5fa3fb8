"""The catalogue reads names, options and files without importing members, and refuses what it does not know."""

import pytest

from hybrid import catalog
from hybrid.base.errors import OTHER_NAMES, UsageError


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        ("tfim", "tfim", "tfim:n=4,j=1.0,h=1.0,rows=1,periodic=false"),
        ("tfim:h=1", "tfim", "tfim:n=4,j=1.0,h=1.0,rows=1,periodic=false"),
        ("tfim:h=2,n=6", "tfim:n=6,h=2.0", "tfim:n=6,j=1.0,h=2.0,rows=1,periodic=false"),
        ("tfim: n = 6 ", "tfim:n=6", "tfim:n=6,j=1.0,h=1.0,rows=1,periodic=false"),
    ],
)
def test_canonical_text(text, short, long):
    member = catalog.parse("problems", text)
    assert member.text(defaults=False) == short
    assert member.text(defaults=True) == long
    assert catalog.parse("problems", long).options == member.options


@pytest.mark.parametrize("family", sorted(set(catalog.FAMILIES) - {"devices"}))
def test_every_member_round_trips(family):
    for name in catalog.names(family):
        if any(option.required for option in catalog.locate(family, name).options.values()):
            continue
        member = catalog.parse(family, name)
        assert catalog.parse(family, member.text(defaults=True)).options == member.options
        assert member.text(defaults=False, as_first=True) == name


@pytest.mark.parametrize(
    ("family", "text", "message"),
    [
        ("optimizers", "adma", "Did you mean 'adam'"),
        ("optimizers", "adam:learning_rat=1", "Did you mean 'learning_rate'"),
        ("optimizers", "adam:learning_rate", "key=value"),
        ("optimizers", "adam:learning_rate=fast", "takes a number, not 'fast'"),
        ("optimizers", "adam:learning_rate=nan", "finite number"),
        ("optimizers", "adam:learning_rate=1,learning_rate=2", "given twice"),
        ("optimizers", "nelder_mead:adaptive=maybe", "true or false"),
        ("problems", "tfim:n=2.5", "whole number"),
        ("algorithms", "vqe:r=1", "has no options"),
        ("problems", "pauli", "needs file"),
        ("problems", "graph.abc", "no problem reads files ending in '.abc'"),
        ("backends", "aer:method=statevektor", "Did you mean 'statevector'"),
        ("optimizers", "nowhere.module:thing", "no such module"),
        ("optimizers", "./nowhere.py:thing", "no such file"),
        ("optimizers", "./nowhere.py", "name the function too"),
    ],
)
def test_refusals(family, text, message):
    with pytest.raises(UsageError, match=message):
        catalog.parse(family, text)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def mine(x, rng, *, a: list = []): pass", "option 'a' has type list"),
        ("def mine(x, rng, *, a=1): pass", "option 'a' has type none"),
        ("def other(x): pass", "Did you mean|unknown function"),
        ("def mine(x:", "not valid Python"),
    ],
)
def test_outside_members_are_read_with_care(tmp_path, source, message):
    path = tmp_path / "mine.py"
    path.write_text(source)
    with pytest.raises(UsageError, match=message):
        catalog.parse("optimizers", f"{path}:mine")


def test_outside_member_is_known_by_its_code(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def mine(x, rng, *, rate: float = 1):\n    yield\n")
    before = catalog.parse("optimizers", f"{path}:mine:rate=2").text(defaults=False)
    assert before.startswith("mine.py#")
    assert before.endswith(":mine:rate=2.0")
    path.write_text("def mine(x, rng, *, rate: float = 1):\n    return x\n    yield\n")
    assert catalog.parse("optimizers", f"{path}:mine:rate=2").text(defaults=False) != before


@pytest.mark.parametrize(("word", "folder"), [("optimizer", "optimizers"), ("optimizers", "optimizers"), ("ansatz", "ansatze")])
def test_family_words(word, folder):
    assert catalog.family_of(word) == folder
    with pytest.raises(UsageError, match="Did you mean"):
        catalog.family_of(word[:-1] + "x")


@pytest.mark.parametrize(("kind", "value"), OTHER_NAMES, ids=lambda key: str(key))
def test_what_other_programs_call_something_leads_to_its_name_here(kind, value, command):
    """And each name that is proposed exists."""
    words = {"option": ("h2", value, "x"), "problem": (value,)}.get(kind, ("h2", f"--{kind}", value))
    code, _, err = command("run", *words)
    assert code == 2 and f"Did you mean '{OTHER_NAMES[kind, value]}'?" in err
    for proposed in OTHER_NAMES[kind, value].split("' or '"):
        if kind == "option":
            assert "unknown option" not in command("run", "h2", proposed, "x", "--max-evals", "x").err
        else:
            catalog.parse({"ansatz": "ansatze"}.get(kind, f"{kind}s"), proposed)
