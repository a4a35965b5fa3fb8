"""LP files as modelling packages write them: names with brackets, fixed variables, complaints in one line, a clean stdout."""

import itertools
import json
import subprocess
import sys
from importlib.util import find_spec

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hybrid import catalog
from hybrid.base.errors import UsageError

pytestmark = pytest.mark.skipif(find_spec("highspy") is None, reason="the extra 'lp' is not installed")

MAXIMUM = "Maximize\n obj: 3 x + 5 y + 8 z\nSubject To\n c: x + y + z <= 2\nBinary\n x y z\nEnd\n"


def problem(text: str):
    return catalog.load(catalog.parse("problems", text))()


@given(
    objective=st.lists(st.integers(-9, 9), min_size=2, max_size=5),
    limits=st.data(),
    style=st.sampled_from(["x{}", "x[{}]", "x[{},a]", "flow.out[{}]"]),
    maximize=st.booleans(),
)
@settings(max_examples=30)
def test_the_optimum_is_that_of_all_choices(objective, limits, style, maximize, tmp_path_factory):
    """Whatever the names: one inequality and one product, beside trying all choices here; one variable may be fixed."""
    n = len(objective)
    row = limits.draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n))
    bound, product = limits.draw(st.integers(-2, 4)), limits.draw(st.integers(-5, 5))
    fixed = limits.draw(st.sampled_from([None, 0, 1]))
    choices = [x for x in itertools.product((0, 1), repeat=n) if sum(a * b for a, b in zip(row, x, strict=True)) <= bound]
    choices = [x for x in choices if fixed is None or x[0] == fixed]
    assume(choices and any(row) and (any(objective) or product))
    values = [sum(a * b for a, b in zip(objective, x, strict=True)) + product * x[0] * x[1] for x in choices]
    names = [style.format(i) for i in range(n)]

    def terms(numbers: list[int]) -> str:
        return " ".join(f"{a:+d} {name}" for a, name in zip(numbers, names, strict=True))

    path = tmp_path_factory.mktemp("lp") / "own.lp"
    path.write_text(
        f"{'Maximize' if maximize else 'Minimize'}\n"
        f" obj: {terms(objective)} + [ {2 * product:+d} {names[0]} * {names[1]} ] / 2\n"
        f"Subject To\n c[1]: {terms(row)} <= {bound}\n"
        + (f"Bounds\n {names[0]} = {fixed}\n" if fixed is not None else "")
        + f"Binary\n {' '.join(names)}\nEnd\n"
    )
    assert problem(str(path)).exact == (max(values) if maximize else min(values))


def test_names_are_those_of_the_file(tmp_path):
    path = tmp_path / "own.lp"
    path.write_text(MAXIMUM.replace("x", "x[0,1]").replace("Max[0,1]", "Max"))
    decode = problem(str(path)).decode
    assert decode is not None and decode(0b111) == "objective 16: x[0,1] y z = 1 BREAKS c"


def test_a_complaint_is_one_line_with_the_place(tmp_path):
    path = tmp_path / "own.lp"
    path.write_text(MAXIMUM.replace("<= 2", "<= Binary"))
    with pytest.raises(UsageError) as error:
        problem(str(path))
    assert f"{path}:4: HiGHS cannot read this as an LP file: " in str(error.value)
    assert "\n" not in str(error.value) and "\\n" not in str(error.value)


def test_stdout_is_one_json_object(tmp_path):
    """HiGHS greets on the file descriptor, past Python's stdout: in a process of its own."""
    path = tmp_path / "own.lp"
    path.write_text(MAXIMUM)
    words = ["run", str(path), "--max-evals", "1", "--json", "--results", str(tmp_path)]
    done = subprocess.run([sys.executable, "-m", "hybrid", *words], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["exact"] == 13
