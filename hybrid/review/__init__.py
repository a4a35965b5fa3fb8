"""What one does with finished runs: replay, difference, error budget, export, published checks.

Imports `runs` and the rooms below it. Offers `replay`, `difference`, `explain`, `export_circuits` and `published_checks`.
"""
