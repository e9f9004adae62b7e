"""Each cell that exports nothing is a test of its own, and a failure names the notebook and the cell."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

pytest_plugins = ["pytester"]

DEFINITION = "#| export\nfrom pathlib import Path\ndef doubled(number):\n    return 2 * number"
# A cell that leaves a mark each time it runs.
MARK = "with Path('marks').open('a') as marks:\n    print({!r}, file=marks)"


@pytest.fixture
def pages(pytester):
    """An empty folder of pages beside our own collector."""
    shutil.copy(Path(__file__).parent.parent / "conftest.py", pytester.path)
    return pytester


def page(pages, *cells, name="70_doubles.ipynb"):
    """Write a page: a text is prose where it has a heading and else code, a pair is code with the line that it shows."""
    written = []
    for cell in cells:
        source, output = cell if isinstance(cell, tuple) else (cell, "")
        if source.startswith("# "):
            written.append(new_markdown_cell(source))
        else:
            outputs = [new_output("stream", name="stdout", text=output + "\n")] if output else []
            written.append(new_code_cell(source, outputs=outputs))
    nbformat.write(new_notebook(cells=written), pages.path / name)


def marks(pages):
    return (pages.path / "marks").read_text().split()


def failures(result):
    """The sentence of each failure, in order."""
    return [line for line in result.outlines if line.startswith("70_doubles.ipynb: ")]


@pytest.fixture
def broken(pages):
    """A page whose second example shows another number, whose third raises, and whose fourth would be right."""
    page(
        pages,
        "# Doubles",
        DEFINITION,
        ("print(doubled(1))", "2"),
        "# By hand",
        ("print(doubled(2))", "5"),
        "#| export\ndef halved(number):\n    return number / 0",
        "halved(4)",
        ("print('never')", "never"),
    )
    return pages


def test_a_failure_names_the_notebook_and_the_cell(broken):
    result = broken.runpytest("--color=no")
    result.assert_outcomes(passed=1, failed=3)
    assert failures(result) == [
        "70_doubles.ipynb: cell 3 does not show what the page shows; if that is right, type: make pages",
        "70_doubles.ipynb: cell 5 failed: An error occurred while executing the following cell:",
        "70_doubles.ipynb: cell 6 is not run, since cell 5 failed",
    ]
    result.stdout.fnmatch_lines(["-stdout: 5", "+stdout: 4", "*ZeroDivisionError*"])
    result.stdout.fnmatch_lines(["FAILED 70_doubles.ipynb::cell-03 By hand*", "FAILED 70_doubles.ipynb::cell-05 By hand*"])


@pytest.mark.parametrize(
    "left",
    ["<<<<<<< REMOTE CELL DELETED >>>>>>>\nsides = 2", '# Sides\n\n<span style="color:red"><b><<<<<<< local</b></span>'],
    ids=["code", "prose"],
)
def test_a_mark_that_a_merge_has_left_fails_the_page(pages, left):
    page(pages, "first = 1", left, "first")
    result = pages.runpytest("--color=no")
    assert not result.parseoutcomes().get("passed")
    assert failures(result)[0].startswith("70_doubles.ipynb: a cell holds the mark of a conflict, ")


def test_the_number_of_a_cell_is_the_one_in_its_traceback(broken):
    result = broken.runpytest("--color=no", "-k", "cell-05")
    assert "In[5]" in result.stdout.str().replace("\x1b[32m", "").replace("\x1b[39m", "")


def test_the_first_failure_can_be_the_last(broken):
    broken.runpytest("-x").assert_outcomes(passed=1, failed=1)


def test_a_definition_that_raises_or_speaks_fails_the_example_below(pages):
    page(pages, "first = 1", "#| export\nprint(first)", "second = 2", "#| export\n1 / 0", "third = 3")
    result = pages.runpytest("--color=no")
    result.assert_outcomes(passed=1, failed=2)
    assert failures(result)[0] .startswith("70_doubles.ipynb: cell 2 does not show what the page shows; ")
    assert failures(result)[1].startswith("70_doubles.ipynb: cell 4 failed")


def test_a_definition_at_the_end_is_run_too(pages):
    page(pages, "number = 1", "#| export\n1 / 0")
    pages.runpytest().assert_outcomes(passed=1, failed=1)


def test_a_line_that_a_slow_kernel_sends_in_pieces_is_one_line(pages):
    page(pages, ("import time\nprint('half', end='', flush=True)\ntime.sleep(0.5)\nprint(' and half')", "half and half"))
    pages.runpytest().assert_outcomes(passed=1)


def test_what_is_printed_before_and_after_a_figure_stays_there(pages):
    page(pages, "from IPython.display import display\nprint('before')\ndisplay(1)\nprint('after')")
    assert pages.runpytest("--save").ret == 0
    (cell,) = json.loads((pages.path / "70_doubles.ipynb").read_text())["cells"]
    assert [output.get("text") for output in cell["outputs"]] == [["before\n"], None, ["after\n"]]


@pytest.mark.parametrize("words", ["70_doubles and cell-04", "hand", "THIRD", "not first and not second"])
def test_a_cell_is_chosen_by_page_number_heading_or_code(pages, words):
    examples = [MARK.format(name) for name in ("first", "second", "third")]
    page(pages, "# Doubles", DEFINITION, *examples[:2], "# By hand", examples[2])
    page(pages, "first = 1", name="71_other.ipynb")
    result = pages.runpytest("-k", words, "-v")
    result.assert_outcomes(passed=1, deselected=3)
    result.stdout.fnmatch_lines(["70_doubles.ipynb::cell-04 By hand PASSED*"])
    assert marks(pages) == ["first", "second", "third"], "the cells above run too, each once"


def test_each_cell_runs_once_in_whatever_order_it_is_asked_for(pages):
    page(pages, DEFINITION, MARK.format("first"), MARK.format("second"))
    result = pages.runpytest("70_doubles.ipynb::cell-03", "70_doubles.ipynb::cell-02")
    result.assert_outcomes(passed=2)
    assert marks(pages) == ["first", "second"]


def test_cells_that_may_fail_or_may_not_run_keep_their_meaning(pages):
    page(pages, "#| eval: false\n1 / 0", "", "%matplotlib inline")
    result = pages.runpytest("-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["70_doubles.ipynb::cell-01 PASSED*"])


@pytest.mark.parametrize("options", [[], ["-k", "cell-02"]])
def test_saving_keeps_what_the_whole_page_shows(pages, options):
    page(pages, DEFINITION, "print(doubled(1))", ("print(doubled(2))", "5"))
    assert pages.runpytest("--save", *options).ret == 0
    cells = json.loads((pages.path / "70_doubles.ipynb").read_text())["cells"]
    assert [cell["outputs"][0]["text"] for cell in cells[1:]] == [["2\n"], ["4\n"]]
    assert all(cell["execution_count"] is None and cell["metadata"] == {} for cell in cells)
    assert pages.runpytest().ret == 0


def test_a_page_that_fails_is_not_saved(broken):
    before = (broken.path / "70_doubles.ipynb").read_bytes()
    broken.runpytest("--save").assert_outcomes(passed=2, failed=2)
    assert (broken.path / "70_doubles.ipynb").read_bytes() == before


def test_the_checks_that_an_absent_program_leaves_out_are_named_in_one_line(pages, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PATH", "")
    shutil.copy(Path(__file__).with_name("conftest.py"), pages.mkdir("browsing"))
    test = "def test_{0}_window(browser): pass\n"
    (pages.path / "browsing" / "test_windows.py").write_text(test.format("one") + test.format("another"))
    result = pages.runpytest()
    result.assert_outcomes(skipped=2)
    left = "Left out: the checks that need Chromium; on Debian this brings them: apt-get install chromium"
    assert [line for line in result.outlines if "apt-get" in line] == [left]


def test_an_example_that_depends_on_something_hidden_fails_alone(pages):
    page(
        pages,
        "# Doubles",
        DEFINITION,
        "numbers = [1, 2]\nothers = numbers",
        ("print(doubled(len(numbers)))", "4"),
        "others.append(3)",
        ("print(doubled(len(numbers)))", "6"),
        ("numbers.append(4)\nprint(doubled(numbers[-1]))", "8"),
    )
    pages.runpytest().assert_outcomes(passed=5)
    result = pages.runpytest("--alone")
    result.assert_outcomes(passed=4, failed=1)
    (said,) = failures(result)
    assert "cell 5 depends on more than the names that it uses, which are from the cells above: 1, 2" in said


MEASURED = """
[tool.coverage.run]
source = ["doubles"]
patch = ["subprocess"]
"""


def test_an_exported_cell_is_measured_as_the_examples_below_it_run_it(pages, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    definition = "#| export\ndef parity(number):\n    if number % 2:\n        return 'odd'\n    return 'even'"
    page(pages, "#| default_exp signs", definition, ("print(parity(2))", "even"))
    cells = json.loads((pages.path / "70_doubles.ipynb").read_text())["cells"]
    module = pages.mkpydir("doubles") / "signs.py"
    module.write_text(definition.replace("#| export", f"# %% ../70_doubles.ipynb #{cells[1]['id']}"))
    (pages.path / "settings.ini").write_text("[DEFAULT]\nlib_name = doubles\n")
    pages.makepyprojecttoml(MEASURED)
    result = pages.runpytest_subprocess("--cov", "--color=no")
    result.assert_outcomes(passed=1)
    assert f"70_doubles.ipynb, cell {cells[1]['id']}: 1 of 4 lines did not run" in result.outlines
