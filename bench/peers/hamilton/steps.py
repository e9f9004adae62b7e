"""The work as Hamilton's functions."""

from time import sleep

import pandas as pd
from hamilton.function_modifiers import extract_fields
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline


def flowers(path: str) -> pd.DataFrame:
    sleep(0)
    return pd.read_csv(path)


@extract_fields({"train": pd.DataFrame, "test": pd.DataFrame})
def split(flowers: pd.DataFrame) -> dict:
    train, test = train_test_split(flowers, test_size=0.3, random_state=0, stratify=flowers["species"])
    return {"train": train, "test": test}


def estimator() -> BaseEstimator:
    return make_pipeline(SelectKBest(k=2), LogisticRegression(max_iter=1000))


def model(estimator: BaseEstimator, train: pd.DataFrame) -> BaseEstimator:
    return estimator.fit(train.drop(columns="species"), train["species"])


def score(model: BaseEstimator, test: pd.DataFrame) -> float:
    return accuracy_score(test["species"], model.predict(test.drop(columns="species")))
