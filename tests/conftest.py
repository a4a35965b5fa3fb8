"""Shapes in the annotations are checked while the tests run; nothing of this is there in production."""

from jaxtyping import install_import_hook

CHECKED = (
    *("angles", "compilation", "counts", "decoupling", "detuning", "estimate", "execution", "infidelity"),
    *("loop", "measure", "mitigation", "noise", "optimizers", "program", "randomness", "resources", "transpile"),
)
install_import_hook([f"hybrid.{name}" for name in CHECKED], "beartype.beartype")
