"""What the test rows tell a model is found, with the step or the column that tells it; a clean workflow raises no alarm."""

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from iris_ml.base.errors import DataError
from iris_ml.cli.commands import application
from iris_ml.trust.leakage import leakage_gate
from torture.leakage import CLEAN, DAYS, KNOWN, LEAKING, PEOPLE, centered, leaks, of

DUE = PEOPLE.assign(day=DAYS, due=DAYS + pd.Timedelta("9D"))


def doubled(raw):
    return pd.concat([raw, raw], ignore_index=True)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", LEAKING)
def test_a_leak_is_found_with_its_step_or_column(kind):
    make, check, where = LEAKING[kind]
    found = leaks(make())
    assert where in found[check], found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_workflow_raises_no_alarm(name):
    assert not leaks(CLEAN[name](), KNOWN.get(name, ()))


def test_a_leak_closes_the_gate_of_promotion(monkeypatch):
    assert leakage_gate(Path("candidate")).is_open
    monkeypatch.setattr("iris_ml.trust.leakage.find_workflow", lambda address: of(features=centered))
    gate = leakage_gate(Path("candidate"))
    assert not gate.is_open
    assert gate.message.startswith("features of the test rows: step 'features' depends on them")
    monkeypatch.setattr("iris_ml.trust.leakage.find_workflow", lambda address: of(rows=doubled))
    gate = leakage_gate(Path("candidate"))
    assert not gate.is_open
    assert gate.message == "rows that a step adds: step 'rows' adds 200 before the split; add them in a function after 'train'"


def test_a_step_that_fails_when_the_test_rows_change_closes_the_gate_and_is_named(monkeypatch):
    def rows(raw):
        assert raw.age.is_unique
        return raw

    monkeypatch.setattr("iris_ml.trust.leakage.find_workflow", lambda address: of(rows=rows))
    gate = leakage_gate(Path("candidate"))
    assert not gate.is_open
    assert gate.message.startswith("not checked: step 'rows': it fails when the test rows change")


def test_the_command_names_the_leak_and_exits_with_1(monkeypatch):
    assert CliRunner().invoke(application, ["check", "leakage"]).exit_code == 0
    monkeypatch.setattr("iris_ml.workflow.workflow.find_workflow", lambda address: of(features=centered))
    ended = CliRunner().invoke(application, ["check", "leakage"])
    assert ended.exit_code == 1
    assert "step 'features' depends on them" in " ".join(ended.output.split())


def test_a_column_that_is_known_in_advance_is_not_named(tmp_path):
    DUE.to_csv("orders.csv", index=False)
    settings = 'source = "orders.csv"\ntarget = "ill"\nsplit_by = "time: day"\n'
    (tmp_path / "iris.toml").write_text(settings)
    assert "'due'" in CliRunner().invoke(application, ["check", "leakage"]).output
    (tmp_path / "iris.toml").write_text(f'{settings}known_in_advance = ["due"]\n')
    assert CliRunner().invoke(application, ["check", "leakage"]).exit_code == 0


def test_a_column_known_in_advance_that_is_none_is_refused(tmp_path):
    DUE.to_csv("orders.csv", index=False)
    settings = 'source = "orders.csv"\ntarget = "ill"\nsplit_by = "time: day"\nknown_in_advance = ["duo"]\n'
    (tmp_path / "iris.toml").write_text(settings)
    ended = CliRunner().invoke(application, ["check", "leakage"])
    assert isinstance(ended.exception, DataError)
    assert str(ended.exception) == "the setting 'known_in_advance': no column is called 'duo'; did you mean 'due'?"
