"""Fit the model that every server but iris_ml answers with."""

import sys

import joblib
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

table = pd.read_csv("iris.csv")
X, y = table.drop(columns="species"), table.species
forest = RandomForestClassifier(200, random_state=0)
joblib.dump(make_pipeline(SelectKBest(k=2), LogisticRegression(max_iter=1000)).fit(X, y), "regression.joblib")
joblib.dump(forest.fit(X, y), "forest.joblib")
if "mlflow" in sys.argv:
    import mlflow.sklearn

    trusted = ["sklearn.feature_selection._univariate_selection.f_classif"]
    made = joblib.load("regression.joblib")
    mlflow.sklearn.save_model(made, "model", pip_requirements=[], skops_trusted_types=trusted)
