"""README is short, shows the workflow as it is, and leads to the rest; `test_documents.py` types what it says."""

import re
from pathlib import Path

import typer

from iris_ml.cli.commands import application
from iris_ml.production import workflow
from iris_ml.workflow.drawing import draw

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_commands_is_complete():
    told = set(re.findall(r"^\| `iris_ml (\w+)", README, re.MULTILINE))
    assert told == set(typer.main.get_command(application).commands)


def test_readme_is_short_and_leads_to_every_how_to_concept_and_tutorial():
    assert len(README.splitlines()) <= 120
    linked = set(re.findall(r"\]\(([^)]+)\)", README))
    for folder in "docs/how_to", "nbs/concepts", "nbs/tutorials":
        assert {f"{folder}/{path.name}" for path in (PROJECT / folder).glob("[0-9]*")} <= linked
    assert [path for path in linked if not (PROJECT / path).exists()] == []


def test_the_picture_is_the_workflow(request):
    needs = {name: [needed for needed in workflow[name].inputs if needed in workflow] for name in workflow}
    picture = PROJECT / "docs" / "workflow.svg"
    if request.config.getoption("save"):
        picture.write_text(f"{draw(needs)}\n", encoding="utf-8")
    assert picture.read_text(encoding="utf-8") == f"{draw(needs)}\n", "draw it anew: pytest tests/test_readme.py --save"
