import json
from pathlib import Path

import joblib
import pandas as pd
from sklearn.metrics import accuracy_score

test = pd.read_csv("test.csv")
answers = joblib.load("model.joblib").predict(test.drop(columns="species"))
Path("score.json").write_text(json.dumps({"accuracy": accuracy_score(test["species"], answers)}))
