"""What README says can be typed as it stands."""

import json
import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import typer

from iris_ml.base.settings import read_settings
from iris_ml.cli.commands import application
from iris_ml.io.readers import raw
from iris_ml.models.model_file import save
from iris_ml.production import workflow
from iris_ml.workflow.drawing import draw
from tests.fork_server import FORKED_PYTHON
from torture.serving import served

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    """The blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder with new flowers, and a table of wines."""
    monkeypatch.chdir(tmp_path)
    raw("package:iris.csv").drop(columns="species").to_csv("flowers.csv", index=False)
    return tmp_path


def typed(program, folder):
    return subprocess.run([*FORKED_PYTHON, "-c", program], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_the_python_examples_run_in_their_order(folder):
    explored, swapped, trained, predicted, _ = blocks("python")
    typed(explored + swapped, folder)
    assert "accuracy" in typed(trained, folder)
    answers = typed(f"import pandas\npandas.set_option('display.width', 200, 'display.max_columns', 9)\n{predicted}", folder)
    for species in "setosa", "versicolor", "virginica":
        assert f"probability_{species}" in answers


def test_the_settings_example_is_valid(folder):
    Path("iris.toml").write_text(blocks("toml")[0])
    assert read_settings(environment={}).passthrough == ("Id",)


def test_the_table_of_commands_is_complete():
    told = set(re.findall(r"^\| `iris_ml (\w+)", README, re.MULTILINE))
    assert told == set(typer.main.get_command(application).commands)


def test_the_picture_is_the_workflow(request):
    needs = {name: [needed for needed in workflow[name].inputs if needed in workflow] for name in workflow}
    drawn = draw(needs).replace("<svg ", '<svg color="#7d8590" ', 1)  # to be read on white and on black
    picture = PROJECT / "docs" / "workflow.svg"
    if request.config.getoption("save"):
        picture.write_text(f"{drawn}\n", encoding="utf-8")
    assert picture.read_text(encoding="utf-8") == f"{drawn}\n", "draw it anew: pytest tests/test_readme.py --save"


def test_the_swapped_workflows_differ_from_production_as_said(folder):
    names = {}
    exec(blocks("python")[1], names)
    three, network = (names[name].run("model", progress=False)["model"] for name in ("three", "network"))
    assert three.estimator[0].k == 3
    assert network.estimator.random_state == 0
    pd.DataFrame({"alcohol": range(20), "quality": [3, 4] * 10}).to_csv("wine.csv", index=False)
    assert names["other"].run("model", progress=False)["model"].columns == ["alcohol"]


def test_the_examples_of_the_api_answer(folder):
    save(workflow.run("model", progress=False, checkpoints=False)["model"], folder / ".iris_ml" / "model.skops")
    with served(folder) as server:
        curl, asked = (example.replace("8000", str(server.port)) for example in (blocks("sh")[0], blocks("python")[4]))
        shell = subprocess.run(["sh", "-ec", curl], check=True, capture_output=True, text=True)
        assert json.loads(shell.stdout)["answers"][0]["label"] == "setosa"
        answer, *moves = typed(asked, folder).splitlines()
        assert answer.endswith(" virginica")
        assert [move.split()[3] for move in moves] == ["sepal_length:", "sepal_width:", "petal_length:", "petal_width:"]
