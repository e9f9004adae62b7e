"""BentoML's service, in its way."""

import bentoml
import joblib
import pandas as pd


@bentoml.service(workers=1)
class Flowers:
    """Answers rows of flowers."""

    def __init__(self) -> None:
        self.model = joblib.load("regression.joblib")

    @bentoml.api(route="/v1/predict")
    def predict(self, rows: list[dict[str, float]]) -> dict:
        """Make a table and ask the model."""
        table = pd.DataFrame(rows)
        labels, shares = self.model.predict(table).tolist(), self.model.predict_proba(table).tolist()
        return {"labels": labels, "probabilities": shares}
