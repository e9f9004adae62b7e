"""The trials as `explore` runs them: each a whole run, with everything kept."""

from trials import CLASSIFIERS, SEEDS

from iris_ml.production import workflow

table = workflow.explore(estimator=CLASSIFIERS, seed=SEEDS)
assert not table.error.any()
print(table.groupby("estimator").accuracy.mean())
