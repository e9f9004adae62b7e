"""Random programs of steps, edited at random, give no stale result; `make torture ONLY=programs` runs 2,000 of them."""

import random
from collections import Counter

import pytest

from torture import programs
from torture.edits import WEIGHTS, Edits
from torture.generator import Maker


@pytest.fixture(scope="module")
def servers():
    with programs.running(2) as servers:
        yield servers


def test_random_programs_give_no_stale_result(servers):
    trials = [*programs.trials(range(30), servers)]
    assert [trial.seed for trial in trials if [*trial.wrong] and programs.is_repeatable(trial, servers)] == []
    total = sum(map(programs.figures, trials), Counter())
    assert total["matters"] > 10
    assert total["reused"] > total["results"] / 2


def test_a_seed_makes_the_same_program_and_the_same_edit():
    for kind in WEIGHTS:
        (first, one), (again, other) = [made(kind) for _ in range(2)]
        assert first == again
        assert one == other


def made(kind):
    """A program, and what an edit of a kind makes of it."""
    program = Maker(choose := random.Random(1)).program()
    return program, getattr(Edits(choose), kind)(program)


def test_a_stale_result_is_found(servers):
    trial = programs.made(1, servers)
    programs.run_over_store(trial, servers)
    assert [*trial.wrong] == []
    trial.stages[1]["values"]["result"] = "another"
    assert [*trial.wrong] == [(2, "result")]
