"""The worked example of the exact engine's description: plain NumPy and the engine give the numbers that are printed there."""

import doctest

import pytest

import hybrid.simulators.engine as engine


def test_the_worked_example_gives_the_numbers_that_it_shows():
    results = doctest.testmod(engine)
    assert results.attempted > 30
    assert results.failed == 0


@pytest.mark.parametrize("wrong", ["0.4500", "-0.7794", "0.7, 0.025"])
def test_a_wrong_number_in_it_is_found(wrong):
    assert engine.__doc__ is not None and engine.__doc__.count(wrong) == 2
    text = engine.__doc__.replace(wrong, "1")
    example = doctest.DocTestParser().get_doctest(text, {"Engine": engine.Engine}, "example", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(example, out=lambda _: None).failed == 2
