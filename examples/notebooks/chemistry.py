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
# # From a molecule to a rehearsal
#
# The hydrogen molecule: its energy without noise, with the noise of a stand-in for MeluXina-Q, where the error comes from, what
# error mitigation buys, and at last the question whether the experiment is worth time on a machine.
#
# Everything is computed on this computer. The stand-in holds figures that were published for other spin qubits, the rest is
# derived or assumed: it is **not a prediction** of the machine.

# %%
from hybrid import Device, Spec, explain, mitigate, progress_line, rehearse, run, sweep

RESULTS = "results"

# %% [markdown]
# ## Without noise
#
# VQE (Peruzzo et al., Nature Communications 5, 4213, 2014) varies the angles of a circuit until the energy is least. The first
# angles are drawn at random, from a seed; the energies are exact here, without shots.

# %%
ideal = run(Spec(problem="h2", max_iterations=60), RESULTS)
ideal

# %%
ideal.plot()

# %% [markdown]
# ## The bond
#
# The same at several distances of the two atoms, in angstrom. A sweep is many runs; each is a record, and what is finished is
# not measured again.

# %%
bond = sweep(problem="h2:distance=0.5,0.8,1.1,1.5", max_iterations=40, results=RESULTS, executor="local:processes=1")
bond

# %%
bond.plot()

# %% [markdown]
# ## On the stand-in
#
# Its coherence times, and the errors of its gates and of its readout. The run on it takes 1000 shots for every energy.

# %%
Device.load("meluxina-q")

# %%
noisy_spec = Spec(problem="h2", device="meluxina-q", shots=1000, max_evals=60)
noisy = run(noisy_spec, RESULTS, watcher=progress_line())
noisy

# %%
noisy.plot()

# %% [markdown]
# Every value of the loop, as columns: `pandas.DataFrame(noisy.history)`.

# %%
{name: column[:4] for name, column in noisy.history.items()}

# %% [markdown]
# ## Where the error comes from
#
# The energy at the run's last angles, computed again without each part of the noise in turn.

# %%
budget = explain(noisy.id, results=RESULTS, realizations=16)
budget

# %%
budget.plot()

# %% [markdown]
# ## What mitigation buys
#
# The usual methods, and those that are named here, each in the same machine time. Less bias mostly costs more scatter; the
# error counts both.

# %%
ledger = mitigate(noisy.id, methods=["readout", "trex", "trex+twirl+zne:factors=1/3"], results=RESULTS, realizations=16)
ledger

# %%
ledger.plot()

# %% [markdown]
# ## Is it worth the machine?
#
# A rehearsal plays the experiment and asks of each device: does it fit, is enough signal left, is the answer exact enough,
# better than guessing and affordable, and would another device of this kind end the same? `binding` is the first answer that
# is no, and the sentence says the smallest change that helps.

# %%
rehearsal = rehearse(Spec(problem="h2", shots=1000, max_evals=20), devices=["meluxina-q"], results=RESULTS)
rehearsal

# %%
rehearsal.plot()
