"""Seconds, bytes and ratios as short texts."""


def duration(seconds: float | None) -> str:
    """Three digits and a unit: `3.21 ms`."""
    if seconds is None:
        return "-"
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= 0.9995 * scale:
            return f"{seconds / scale:#.3g}".rstrip(".") + f" {unit}"
    return f"{seconds / 1e-9:.0f} ns"


def size(n_bytes: float | None) -> str:
    """Two or three digits and a unit: `16 MB`."""
    if n_bytes is None:
        return "-"
    value, units = float(max(0, n_bytes)), ["B", "kB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.3g} {units[0]}"


def multiple(ratio: float, low: float = 0.0, high: float = 0.0) -> str:
    """Two or three digits, with an interval unless its lower end is 0: `1.34x (1.28-1.41)`, `11x (10-12)`, `3,748x`."""
    decimals = 2 if ratio < 1.995 else 1 if ratio < 9.95 else 0
    parts = [f"{value:,.{decimals}f}" for value in (ratio, low, high)]
    return f"{parts[0]}x ({parts[1]}-{parts[2]})" if low > 0 else f"{parts[0]}x"
