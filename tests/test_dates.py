"""Dates of price tables, in the writings of banks, spreadsheets and programs: the oldest row comes first, or is asked for."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid.base.errors import UsageError
from hybrid.catalog.problems._dates import FORMATS, check_oldest_first
from hybrid.catalog.problems.portfolio import _from_prices

DATED = [form for form in FORMATS if "%d" in form and "%y" not in form]
"""Formats of a day, with all digits of its year."""


def check(*cells: str) -> None:
    check_oldest_first(cells, [f"prices.csv:{line}" for line in range(2, len(cells) + 2)])


@pytest.mark.parametrize(
    "cells",
    [
        ("2024-01-15", "2024-02-05"),
        ("15/01/2024", "05/02/2024"),
        ("15.01.2024", "5.2.2024", "12.11.2024"),
        ("01/15/2024", "02/05/2024"),
        ("1/2/2024", "2/2/2024"),  # 1 and 2 February or 2 January and 2 February: the same order
        ("15 Jan 2024", "05 Feb 2024"),
        ("Jan 15, 2024", "Feb 05, 2024"),
        ("2024-01-15 09:30", "2024-01-15 10:00:00"),
        ("2024-01-15T09:30:00+02:00", "2024-01-15T09:30:00+01:00", "2024-01-15T09:00:00Z"),
        ("20240115", "20240205"),
        ("2024-11", "2024-12", "2025-01"),
        ("2023Q4", "2024Q1"),
        ("9", "10", "11"),
        ("0.5", "1.5", "12"),
    ],
)
def test_oldest_first(cells):
    check(*cells)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (("2024-02-05", "2024-01-15"), r"prices.csv:3: '2024-01-15' follows '2024-02-05'; write the oldest row first"),
        (("05/08/2024", "29/07/2024", "22/07/2024"), r"prices.csv:3: '29/07/2024' follows"),
        (("15/02/2024", "22/01/2024"), r"prices.csv:3: '22/01/2024' follows"),  # rises as text
        (("01/02/2024", "02/01/2024"), r"prices.csv:2: '01/02/2024' .* may begin with the day or with the month"),
        (("2024-01-15", "2024-01-15"), r"prices.csv:3: .* follows"),
        (("10", "9"), r"prices.csv:3: '9' follows '10'"),
        (("2024-01-15", "22/01/2024"), r"prices.csv:3: '22/01/2024' is no date as '2024-01-15' is; write 2024-01-31"),
        (("Monday", "Tuesday"), r"prices.csv:2: 'Monday' is no date; write 2024-01-31"),
        (("2024-02-29", "2024-02-30"), r"prices.csv:3: '2024-02-30' is no date"),
    ],
)
def test_refusals(cells, message):
    with pytest.raises(UsageError, match=message):
        check(*cells)


@given(
    first=st.dates(date(1990, 1, 1), date(2030, 1, 1)),
    steps=st.lists(st.integers(1, 400), min_size=40, max_size=60),
    form=st.sampled_from(DATED),
)
def test_every_writing_of_rising_dates_is_read_and_turned_round_refused(first, steps, form):
    """Forty days or more show by one above the twelfth which number is the month, unless all steps are alike."""
    days = [first + timedelta(sum(steps[:i])) for i in range(len(steps) + 1)]
    written = [day.strftime(form) for day in days]
    assert [datetime.strptime(text, form).date() for text in written] == days
    check(*written)
    with pytest.raises(UsageError, match="oldest row first"):
        check(*reversed(written))


@given(
    prices=st.lists(st.lists(st.integers(50, 200), min_size=2, max_size=2), min_size=45, max_size=50),
    form=st.sampled_from(DATED),
    separator=st.sampled_from(",;\t"),
)
@settings(max_examples=20)
def test_tables_are_read_as_pandas_reads_them(prices, form, separator, tmp_path_factory):
    """Mean and covariance of the changes from row to row, whatever the writing of the dates and the separator."""
    pandas = pytest.importorskip("pandas", reason="pip install pandas")
    days = [date(2024, 1, 1) + timedelta(9 * i) for i in range(len(prices))]
    table = pandas.DataFrame(prices, columns=["A", "B"])
    table.insert(0, "Date", [day.strftime(form) for day in days])
    path = tmp_path_factory.mktemp("prices") / "prices.csv"
    table.to_csv(path, index=False, sep=separator)
    names, returns, covariance = _from_prices(str(path))
    changes = pandas.read_csv(path, sep=separator)[["A", "B"]].pct_change().dropna()
    assert names == ["A", "B"]
    assert returns == pytest.approx(changes.mean().to_numpy(), abs=1e-12)
    assert covariance == pytest.approx(changes.cov().to_numpy(), abs=1e-12)
