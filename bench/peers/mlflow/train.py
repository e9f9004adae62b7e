"""The work as one script that tells MLflow what it did: by hand, or with the word `autolog` by itself."""

import sys

import mlflow
import mlflow.sklearn
import pandas as pd
from mlflow.models import infer_signature
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

mlflow.set_tracking_uri("sqlite:///runs.db")
by_itself = "autolog" in sys.argv
if by_itself:
    mlflow.sklearn.autolog(serialization_format="cloudpickle")
flowers = pd.read_csv("iris.csv")
train, test = train_test_split(flowers, test_size=0.3, random_state=0, stratify=flowers["species"])
with mlflow.start_run():
    model = make_pipeline(SelectKBest(k=2), LogisticRegression(max_iter=1000))
    model.fit(train.drop(columns="species"), train["species"])
    accuracy = accuracy_score(test["species"], model.predict(test.drop(columns="species")))
    if not by_itself:
        mlflow.log_params({"k": 2, "max_iter": 1000, "seed": 0})
        mlflow.log_metric("accuracy", accuracy)
        example = train.drop(columns="species").head()
        mlflow.sklearn.log_model(
            model,
            name="model",
            input_example=example,
            signature=infer_signature(example, model.predict(example)),
            pip_requirements=["scikit-learn"],
            serialization_format="cloudpickle",
        )
print(accuracy)
