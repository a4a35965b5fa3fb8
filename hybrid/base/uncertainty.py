"""Numbers as they are printed: values with their standard errors, shots, times."""

from math import floor, log10

LEAST = 1e-3
"""Smaller amounts are printed as below this."""


def with_uncertainty(value: float, stderr: float, digits: int = 9) -> str:
    """`-1.1368(12)`: the standard error's two leading digits in the last places; plain digits where there is none."""
    if not stderr > 0:
        return f"{value:.{digits}f}"
    places = max(0, 1 - floor(log10(stderr)))
    scaled = round(stderr * 10**places)
    if scaled >= 100:
        places, scaled = max(0, places - 1), round(stderr * 10 ** max(0, places - 1))
    return f"{value:.{places}f}({scaled})"


def shots_text(shots: int) -> str:
    """`1,000 shots`; without shots values are exact."""
    return f"{shots:,} shots" if shots else "exact values"


def amount(value: float, unit: str, digits: int = 3) -> str:
    """A number in words' company, `92.4 mHa`: so many significant digits, hartree as millihartree, what is tiny as a bound."""
    value, unit = (1000 * value, "mHa") if unit == "Ha" else (value, unit)
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.{digits}g}"
    text = f"less than {LEAST:g}" if 0 < abs(value) < LEAST else text
    return f"{text} {unit}".rstrip()


def percent(share: float) -> str:
    """`12.5 %`."""
    return f"{100 * share:.3g} %"


def time_text(seconds: float) -> str:
    """`0.2 ms` or `1.3 s`."""
    return f"{seconds:.2g} s" if seconds >= 0.1 else f"{1000 * seconds:.2g} ms"


def duration(seconds: float) -> str:
    """Seconds as text, from a minute on in minutes or hours."""
    if seconds < 59.95:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min"
