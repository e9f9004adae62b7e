"""The program that README shows."""

from iris_ml.models.model_file import save
from iris_ml.production import workflow

run = workflow.run()
save(run["model"], "model.skops")
print(run["scores"])
