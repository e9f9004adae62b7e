"""LitServe's service, in its way."""

import sys

import joblib
import litserve
import pandas as pd


class Flowers(litserve.LitAPI):
    """Answers rows of flowers."""

    def setup(self, device):
        """Read the model."""
        self.model = joblib.load("regression.joblib")

    def predict(self, request):
        """Make a table and ask the model."""
        table = pd.DataFrame(request["rows"])
        return {"labels": self.model.predict(table).tolist(), "probabilities": self.model.predict_proba(table).tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Flowers(api_path="/v1/predict"), accelerator="cpu", workers_per_device=1)
    server.run(port=int(sys.argv[1]), num_api_servers=1, log_level="warning", generate_client_file=False)
