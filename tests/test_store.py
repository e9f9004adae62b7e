"""The store of checkpoints gives true results after every fault; `make torture` runs the same at full length."""

import pytest

from torture import checkpoints


def test_a_process_killed_at_random_moments_leaves_nothing_wrong():
    died, failures = checkpoints.killed_at_random(10)
    assert died > 0
    assert failures == 0


@pytest.mark.parametrize("harm", [checkpoints.kill, checkpoints.disk_full], ids=lambda harm: harm.__name__)
def test_harm_before_each_write_and_rename_leaves_nothing_wrong(harm):
    moments, failures = checkpoints.at_each_write(harm)
    assert moments > 10
    assert failures == 0


@pytest.mark.parametrize("damage", checkpoints.DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_file_is_noticed_and_computed_again(damage):
    assert checkpoints.damaged(damage, 25) == (25, 0)


def test_eight_processes_share_a_store():
    assert checkpoints.many_at_once(3) == (3, 0)


def test_a_damaged_file_is_named_in_a_warning_and_set_aside(tmp_path):
    checkpoints.project(tmp_path).run()
    value = next(path for path in tmp_path.glob("checkpoints/values/*"))
    value.write_bytes(b"not what it was")
    run = checkpoints.project(tmp_path).run()
    with pytest.warns(UserWarning, match=f"damaged.*{value.name}"):
        checkpoints.values(run)
    assert (tmp_path / "checkpoints" / "damaged" / value.name).read_bytes() == b"not what it was"


def test_what_is_reused_is_not_loaded_until_somebody_looks(tmp_path):
    checkpoints.project(tmp_path).run()
    for value in tmp_path.glob("checkpoints/values/*"):
        value.write_bytes(b"unreadable")
    run = checkpoints.project(tmp_path).run()
    assert {result.how for result in run.results.values()} == {"reused"}


def test_a_step_that_writes_into_its_input_spoils_nobody_elses(tmp_path):
    def first(rows: checkpoints.pd.DataFrame) -> float:
        rows["length"] = 0.0
        return float(rows.length.sum())

    def second(rows: checkpoints.pd.DataFrame) -> float:
        return float(rows.length.sum())

    settings = checkpoints.changed(checkpoints.read_settings(environment={}), store=tmp_path, progress=False)
    run = checkpoints.Workflow(checkpoints.rows, first, second, settings=lambda: settings).run()
    assert run["first"] == 0.0
    assert run["second"] > 0.0
    assert run["rows"].length.sum() == run["second"]
