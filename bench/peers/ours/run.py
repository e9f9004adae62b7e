"""The shortest program: it runs the workflow and prints the scores."""

from iris_ml.production import workflow

print(workflow.run()["scores"])
