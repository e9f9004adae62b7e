"""The campaign that changes behaviour finds what a page shows, and its sample is repeatable."""

from dataclasses import replace

import pytest

from torture import mutants


@pytest.fixture(scope="module")
def changes():
    return {str(mutant): mutant for mutant in mutants.mutants("base/02_variants")}


def test_a_change_of_behaviour_is_found_and_a_change_of_nothing_survives(changes, monkeypatch):
    behaviour = next(mutant for mutant in changes.values() if mutant.kind == "and, or")
    nothing = replace(behaviour, changed=f"{behaviour.definition}  # nothing")
    monkeypatch.setattr(mutants, "belonging", lambda mutant, folder: [f"nbs/{mutant.page}.ipynb"])
    assert mutants.surviving([behaviour, nothing], workers=1) == [nothing]


def test_a_sample_is_the_same_for_the_same_seed_and_holds_all_kinds():
    first, again, other = (mutants.sample(20, seed, rooms=["io"]) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert {mutant.kind for mutant in first} == {
        "comparison", "bound", "guard", "argument", "constant", "early return", "and, or",
    }  # fmt: skip
