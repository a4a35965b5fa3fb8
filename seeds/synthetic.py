"""Makes the two synthetic tables of the worked examples; nothing in them is measured.

Run from the root of the checkout: python seeds/synthetic.py
"""

from datetime import date, timedelta
from pathlib import Path

import numpy as np

SEEDS = Path(__file__).parent
ASSETS = {  # drift and volatility of a year, invented
    "bank": (0.06, 0.16),
    "steel": (0.09, 0.30),
    "satellite": (0.12, 0.26),
    "logistics": (0.07, 0.20),
    "pharma": (0.08, 0.18),
    "power": (0.05, 0.14),
    "retail": (0.04, 0.22),
    "cloud": (0.13, 0.32),
}
LINES = """
Aubach Birkfeld 0.62
Aubach Clausen 0.48
Birkfeld Clausen 0.35
Birkfeld Dorfheim 0.27
Clausen Dorfheim 0.55
Dorfheim Eichen 0.18
Eichen Felsberg 0.71
Eichen Grund 0.44
Felsberg Grund 0.39
Felsberg Hofstett 0.52
Grund Hofstett 0.33
Aubach Hofstett 0.12
Clausen Eichen 0.15
"""
"""Eight invented substations and the gigawatts that flow between them on a winter evening."""


def prices() -> str:
    """Weekly closing prices of a year: correlated geometric Brownian motion, one market factor behind all."""
    rng = np.random.default_rng(np.random.SeedSequence(20261122))
    drift, volatility = np.array(list(ASSETS.values())).T
    market, own = rng.normal(size=(52, 1)), rng.normal(size=(52, len(ASSETS)))
    steps = (drift - volatility**2 / 2) / 52 + volatility / np.sqrt(52) * (np.sqrt(0.3) * market + np.sqrt(0.7) * own)
    table = np.vstack([np.full(len(ASSETS), 100.0), 100 * np.exp(np.cumsum(steps, axis=0))])
    days = [date(2025, 1, 3) + timedelta(weeks=week) for week in range(53)]
    rows = [f"{day},{','.join(f'{price:.2f}' for price in row)}" for day, row in zip(days, table, strict=True)]
    head = "# SYNTHETIC: drawn by seeds/synthetic.py from an invented model; no real asset, no advice\n"
    return f"{head}week,{','.join(ASSETS)}\n" + "\n".join(rows) + "\n"


def lines() -> str:
    """The network as a table."""
    head = "# SYNTHETIC: an invented regional network, gigawatts on each line on a winter evening\n"
    return f"{head}from,to,gigawatt\n" + "\n".join(line.replace(" ", ",") for line in LINES.split("\n") if line) + "\n"


def flows() -> str:
    """Connections: everyday ones are middling in size and rhythm; a beacon is small and regular, a leak large and irregular."""
    rng = np.random.default_rng(np.random.SeedSequence(20261123))
    centres = {"everyday": (4.6, 0.5), "beacon": (2.9, 0.15), "leak": (6.4, 0.8)}
    rows = []
    for kind, count in (("everyday", 80), ("beacon", 40), ("leak", 40)):
        size, rhythm = (np.array(centres[kind]) + rng.normal(size=(count, 2)) * (0.55, 0.12)).T
        label = "everyday" if kind == "everyday" else "suspicious"
        rows += [f"{s:.3f},{abs(r):.3f},{label}" for s, r in zip(size, rhythm, strict=True)]
    head = "# SYNTHETIC: drawn by seeds/synthetic.py from an invented model; no real traffic\n"
    return f"{head}log10_bytes,irregularity,verdict\n" + "\n".join(rng.permutation(rows).tolist()) + "\n"


if __name__ == "__main__":
    (SEEDS / "portfolio_prices.csv").write_text(prices(), encoding="utf-8")
    (SEEDS / "grid_lines.csv").write_text(lines(), encoding="utf-8")
    (SEEDS / "network_flows.csv").write_text(flows(), encoding="utf-8")
