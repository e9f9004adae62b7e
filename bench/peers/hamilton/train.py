"""Run the steps with Hamilton's own cache."""

import joblib
import steps
from hamilton import driver

workflow = driver.Builder().with_modules(steps).with_cache(path="cache").build()
results = workflow.execute(["model", "score"], inputs={"path": "iris.csv"})
print(results["score"])
joblib.dump(results["model"], "model.joblib")
