"""The same script with `joblib.Memory` around its functions."""

from time import sleep

import joblib
import pandas as pd
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

memory = joblib.Memory("cache", verbose=0)


@memory.cache
def load(path):
    sleep(0)
    return pd.read_csv(path)


@memory.cache
def split(flowers):
    return train_test_split(flowers, test_size=0.3, random_state=0, stratify=flowers["species"])


def estimator():
    return make_pipeline(SelectKBest(k=2), LogisticRegression(max_iter=1000))


@memory.cache
def fit(estimator, train):
    return estimator.fit(train.drop(columns="species"), train["species"])


@memory.cache
def score(model, test):
    return accuracy_score(test["species"], model.predict(test.drop(columns="species")))


train, test = split(load("iris.csv"))
model = fit(estimator(), train)
print(score(model, test))
joblib.dump(model, "model.joblib")
