# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Noise in 90 minutes
#
# For students who know what a qubit and a gate are. Four parts of about twenty minutes: chance in every measurement, gates and
# readout, dephasing and echo, an algorithm with noise. Each part ends with an exercise; its solution is in the cell below it.
#
# All devices are simulated. `meluxina-q` is a stand-in of published and assumed figures, **not a prediction** of a machine.

# %%
from dataclasses import replace
from math import sqrt

from hybrid import Device, Spec, characterize, run, sample

RESULTS = "results"

# %% [markdown]
# ## 1. Chance: a perfect device
#
# A GHZ state on three qubits gives 000 or 111, each with probability 1/2. Even a perfect device gives no exact half: the
# standard error of a share *p* in *N* shots is √(*p* (1 − *p*) / *N*).
#
# The fidelity, (∑ √(*p* *q*))² of the measured shares *p* and the ideal probabilities *q*, is 1 where they are equal; chance
# alone leaves it a little below.

# %%
perfect = sample("ghz:n=3", device="ideal", shots=200)
perfect

# %%
perfect.plot(title="A GHZ state, 200 shots")

# %% [markdown]
# **Exercise 1.** How many shots make the standard error of a share of one half smaller than 1 %? Check it.

# %%
# Solution 1: sqrt(0.25 / N) < 0.01, so N > 2500.
shots = 2501
share = sample("ghz:n=3", device="ideal", shots=shots).counts["000"] / shots
print(f"share of 000: {share:.3f}, standard error {sqrt(0.25 / shots):.6f}")
assert sqrt(0.25 / shots) < 0.01

# %% [markdown]
# ## 2. The stand-in: gates and readout
#
# Its numbers, each with its source: `hybrid show device meluxina-q`.

# %%
device = Device.load("meluxina-q")
device

# %%
device.plot()

# %%
noisy = sample("ghz:n=3", device="meluxina-q", shots=2000)
noisy

# %%
noisy.plot(title="A GHZ state on the stand-in")

# %% [markdown]
# **Exercise 2.** How does the fidelity fall with the number of qubits? Is it faster or slower than a constant factor per qubit?

# %%
# Solution 2: the fidelity of GHZ states of 2 to 6 qubits, and its ratio from one to the next. Within their
# standard error of about 0.01 the ratios are equal: every further qubit costs the same factor, that of one
# more two-qubit gate and of one more qubit to initialise and to read.
fidelity = {n: sample(f"ghz:n={n}", device="meluxina-q", shots=2000).fidelity for n in range(2, 7)}
for n, value in fidelity.items():
    before = fidelity.get(n - 1)
    print(n, f"{value:.3f}", "" if before is None else f"ratio {value / before:.3f}")
ratios = [fidelity[n] / fidelity[n - 1] for n in range(3, 7)]
assert max(ratios) < 1 and max(ratios) - min(ratios) < 0.04

# %% [markdown]
# ## 3. Dephasing, and the echo that undoes some of it
#
# The frequency of a spin qubit differs a little from shot to shot and is constant within one: quasi-static noise. In a Ramsey
# experiment its phase is lost as exp(−(*t* / *T*₂\*)²). A Hahn echo turns the qubit halfway, and the phase of the second half
# undoes that of the first (Hahn, Physical Review 80, 580, 1950). `spin-sige-6q` is a profile of six qubits in silicon, each
# with a *T*₂\* of its own.

# %%
tested = characterize("spin-sige-6q", only=["ramsey", "echo"], shots=200, backend="exact")
tested

# %%
tested.plot()

# %% [markdown]
# **Exercise 3.** By how much does the echo prolong the coherence of each qubit?

# %%
# Solution 3: the ratio of the two times, qubit by qubit.
times_s = {(row.experiment, row.qubits): row.value for row in tested.rows if row.unit == "s"}
for (experiment, qubits), t2_s in times_s.items():
    if experiment == "echo":
        ratio = t2_s / times_s["ramsey", qubits]
        print(f"qubit {qubits[0]}: {1e6 * t2_s:.1f} us, {ratio:.1f} times as long as without echo")

# %% [markdown]
# ## 4. An algorithm on a noisy device
#
# The best angles without noise, then the same angles with shots on a perfect device, on the stand-in and on a profile of
# superconducting qubits: the energy of H2 rises, for noise mixes in other states.

# %%
ideal = run(Spec(problem="h2", ansatz="real_amplitudes:reps=1", max_iterations=40), RESULTS)
ideal

# %%
at_its_end = Spec(problem="h2", ansatz=ideal.ansatz, shots=2000, max_evals=0, initial_point=ideal.x)
there = {}
for name in ("ideal", "meluxina-q", "iqm-star-24"):
    there[name] = result = run(replace(at_its_end, device=name), RESULTS, force=True)
    print(f"{name:12} {result.value:.4f} ± {result.stderr:.4f} Ha")

# %% [markdown]
# **Exercise 4.** Can the difference between the perfect device and the stand-in be chance? Compare it with the standard errors,
# and say what ten times as many shots would change.

# %%
# Solution 4: it is more than four standard errors, so hardly chance. Ten times as many shots make the error bar
# smaller by a factor of about three, and leave the difference, which is noise.
difference = there["meluxina-q"].value - there["ideal"].value
error = sqrt(there["meluxina-q"].stderr ** 2 + there["ideal"].stderr ** 2)
print(f"difference {difference:.4f} ± {error:.4f} Ha, or {difference / error:.1f} standard errors")
assert difference > 4 * error
