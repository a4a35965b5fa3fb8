"""Queries compiled to programs, and programs evaluated: values, standard errors, gradients, sensitivities, samples.

Imports `simulators`, `compilation` and the rooms below; `choices` needs the standard library alone. Offers `compile`,
`Program`, `sample`, when the pulses of a circuit start, the table of choices, and error mitigation.
"""
