import joblib
import pandas as pd
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

train = pd.read_csv("train.csv")
estimator = make_pipeline(SelectKBest(k=2), LogisticRegression(max_iter=1000))
joblib.dump(estimator.fit(train.drop(columns="species"), train["species"]), "model.joblib")
