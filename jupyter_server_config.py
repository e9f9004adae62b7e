"""What `make lab` adds to a person's own Jupyter: `nbs/template/02_lab.ipynb` says what and why."""

from iris_ml.template.lab import configure

configure(c)  # noqa: F821 - Jupyter puts `c` here
