"""FastAPI that takes and gives the same typed bodies, and does nothing; and the handler that people write."""

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict


class Row(BaseModel):
    """A flower."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    sepal_length: float
    sepal_width: float
    petal_length: float
    petal_width: float


class Rows(BaseModel):
    """Flowers."""

    model_config = ConfigDict(extra="forbid", strict=True)
    rows: list[Row]


class Answer(BaseModel):
    """What one is taken for."""

    label: str
    probabilities: dict[str, float]
    out_of_domain: list[str] = []


class Answers(BaseModel):
    """What they are taken for."""

    id: str
    model: str
    answers: list[Answer]


nothing, regression, forest = FastAPI(), FastAPI(), FastAPI()


@nothing.post("/v1/predict")
async def constant(body: Rows) -> Answers:
    """Answer without a look."""
    shares = {"setosa": 0.97, "versicolor": 0.02, "virginica": 0.01}
    return Answers(id="0", model="0", answers=[Answer(label="setosa", probabilities=shares) for _ in body.rows])


def _answering(application: FastAPI, file: str) -> None:
    model = joblib.load(file)

    @application.post("/v1/predict")
    async def predict(body: Rows) -> Answers:
        """Make a table and ask the model."""
        table = pd.DataFrame([row.model_dump() for row in body.rows])
        labels, shares = model.predict(table), model.predict_proba(table)
        answers = [
            Answer(label=label, probabilities=dict(zip(model.classes_, share, strict=True)))
            for label, share in zip(labels, shares, strict=True)
        ]
        return Answers(id="0", model="0", answers=answers)


_answering(forest, "forest.joblib")
_answering(regression, "regression.joblib")
