"""What a module of the project changes in a package counts for the steps that use the package, wherever it is imported."""

import json
import os
import subprocess
import sys
import warnings
from collections import Counter
from types import ModuleType, SimpleNamespace
from xml.etree import ElementTree

import pytest

from iris_ml.cache.import_effects import find_effects, module_source
from iris_ml.cache.keys import cache_key
from iris_ml.cache.observation import Observation

STEPS = """
import calendar as months
import math
import string
from xml.etree import ElementTree

import numpy as np
import pandas as pd
from iris_ml import Workflow

def ridge() -> float:
    from sklearn.linear_model import Ridge
    return float(Ridge().fit([[0.0], [1.0]], [1.0, 2.0]).predict([[0.0]])[0])

def inherited() -> float:
    from sklearn.linear_model import Lasso
    return float(Lasso().fit([[0.0], [1.0]], [1.0, 2.0]).predict([[0.0]])[0])

def week() -> list:
    return months.monthcalendar(2020, 1)[0]

def turn() -> float:
    return math.tau

def letters() -> str:
    return string.ascii_lowercase

def pixels() -> int:
    from PIL import Image
    return Image.MAX_IMAGE_PIXELS

def doubled() -> list:
    return pd.Series([1, 2]).doubled.twice.tolist()

def stored() -> int:
    import fsspec
    return fsspec.get_filesystem_class("mine").K

def total() -> float:
    return float(np.array([1.0, 2.0]).sum() + np.pi)

def shortened() -> str:
    import reprlib
    return reprlib.aRepr.repr([1, 2, 3, 4])

def marked() -> int:
    import yaml  # its distribution is called PyYAML
    return yaml.SafeLoader.mark

def tagged() -> str:
    return ElementTree.tostring(ElementTree.fromstring('<a xmlns="u:z"/>')).decode()

def plain() -> int:
    return 7

workflow = Workflow(
    ridge, inherited, week, turn, letters, pixels, doubled, stored, total, shortened, marked, tagged, plain
)
"""

CHANGES = """
import calendar, math, string
from xml.etree import ElementTree
import fsspec, numpy, pandas, yaml
from reprlib import aRepr
from PIL import Image
from sklearn.linear_model import Lasso, Ridge

Ridge.predict = lambda self, X: numpy.array([N])
Lasso.__mro__[2].predict = lambda self, X: numpy.array([N])
calendar.setfirstweekday(N)
math.tau = N
string.ascii_lowercase = "a" * N
Image.MAX_IMAGE_PIXELS = N

@pandas.api.extensions.register_series_accessor("doubled")
class Doubled:
    def __init__(self, series):
        self.twice = series * N

class Mine(fsspec.AbstractFileSystem):
    K = N

fsspec.register_implementation("mine", Mine, clobber=True)
numpy.pi = N
aRepr.maxlist = N
yaml.SafeLoader.mark = N

def register(tag):
    ElementTree.register_namespace(tag, "u:z")

register("zN")
"""

RUN = """
import json
import sys
{before}
from steps import workflow
run = workflow.run(progress=False)
truth = workflow.run(progress=False, checkpoints=False)
values = [{{name: each[name] for name in each}} for each in (run, truth)]
print(*(f"{{run.why(name)}} {{result.note}}" for name, result in run.results.items()), sep="; ", file=sys.stderr)
print(json.dumps([dict(run.table.how), *values], default=str))
"""

PLACES = {
    "the script": lambda changes: {"run.py": RUN.format(before=changes)},
    "a module that the script imports": lambda changes: {"changes.py": changes, "run.py": RUN.format(before="import changes")},
    "sitecustomize": lambda changes: {"sitecustomize.py": changes, "run.py": RUN.format(before="")},
}


@pytest.mark.parametrize("place", PLACES)
def test_what_another_module_changes_in_a_package_counts(tmp_path, place):
    def ran(number):
        for name, text in {"steps.py": STEPS, **PLACES[place](CHANGES.replace("N", number))}.items():
            (tmp_path / name).write_text(text)
        around = os.environ | {"PYTHONPATH": str(tmp_path)}
        done = subprocess.run([sys.executable, "-B", "run.py"], cwd=tmp_path, env=around, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        how, given, truth = json.loads(done.stdout)
        assert given == truth
        return how, given

    how, first = ran("1")
    assert {*how.values()} == {"computed"}
    how, again = ran("1")
    assert again == first
    assert {*how.values()} == {"reused"}
    how, second = ran("2")
    assert [name for name in first if first[name] == second[name]] == ["plain"]
    assert [name for name in how if how[name] == "reused"] == ["plain"]


TABLE = """
import logging, warnings
import numpy as np
import pandas as pd
from iris_ml import Workflow

def rows() -> pd.DataFrame:
    warnings.warn("of the step")
    logging.info("of the step")
    return pd.DataFrame({"a": np.arange(3)})

workflow = Workflow(rows)
"""
SHOWN = """
import logging, random, sys, warnings
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sklearn
warnings.filterwarnings("ignore")
logging.getLogger().setLevel(30)
pd.set_option("display.max_rows", 9)
pd.reset_option("display.max_rows")
plt.rcParams["figure.figsize"] = 3, 3
np.random.seed(3)
random.seed(3)
sys.path.append("elsewhere")
sklearn.set_config(display="text")
sklearn.set_config(display="diagram")
table = pd.DataFrame({"a": [1, 2]})
table["b"] = table.a * 2
table.insert(0, "c", 3)
table.loc[0, "a"] = 9
values = np.zeros(3)
values[1] = 2
"""


def test_a_script_that_sets_how_results_are_shown_reuses_them(tmp_path):
    (tmp_path / "steps.py").write_text(TABLE)
    run = "from steps import workflow\nprint(workflow.run(progress=False).results['rows'].how)\n"
    said = []
    for before in "", SHOWN:
        (tmp_path / "run.py").write_text(before + run)
        done = subprocess.run([sys.executable, "-B", "run.py"], cwd=tmp_path, capture_output=True, text=True)
        said.append(done.stdout.split()[-1])
    assert said == ["computed", "reused"]


@pytest.mark.parametrize("option", ["pd.set_option('display.max_rows', 9)", "np.set_printoptions(precision=3)"])
def test_options_of_printing_count_for_steps_of_ones_own_and_not_for_those_of_the_library(option, tmp_path):
    (tmp_path / "steps.py").write_text("""
import pandas as pd
from iris_ml.production import workflow
def noted(rows: pd.DataFrame) -> str: return f"{rows}"
workflow = workflow.add(noted)
""")
    run = "from steps import workflow\nrun = workflow.run(progress=False)\n"
    run += "print([name for name in run.results if run.results[name].how != 'reused'])\n"
    said = []
    for before in "", "", f"import numpy as np, pandas as pd\n{option}\n":
        (tmp_path / "run.py").write_text(before + run)
        done = subprocess.run([sys.executable, "-B", "run.py"], cwd=tmp_path, capture_output=True, text=True)
        said.append(done.stdout.splitlines()[-1])
    assert "model" in said[0]
    assert said[1:] == ["[]", "['noted']"]


BY_ARGUMENT = {
    "shapes.py": """
import abc, json, locale
from iris_ml import Workflow
class Shape(abc.ABC): pass
def is_shape() -> bool: return isinstance([], Shape)
def written() -> str: return json.dumps([1, 2])
def local() -> str: return locale.str(1.5)
workflow = Workflow(is_shape, written, local)
""",
    "run.py": """
import json, locale, sys
import shapes
if sys.argv[1:] == ["other"]:
    shapes.Shape.register(list)
    json._default_encoder.item_separator = ";"
    locale._override_localeconv = {"decimal_point": ","}
run = shapes.workflow.run(progress=False)
print(*run.table.how, run["is_shape"], run["written"], run["local"])
""",
}


def test_what_a_script_changes_where_it_is_asked_to_counts(tmp_path):
    for name, text in BY_ARGUMENT.items():
        (tmp_path / name).write_text(text)
    calls = [[sys.executable, "run.py", *words] for words in ([], ["other"], [])]
    said = [subprocess.check_output(call, cwd=tmp_path, text=True).split() for call in calls]
    assert said[0] == ["computed", "computed", "computed", "False", "[1,", "2]", "1.5"]
    assert said[1] == ["computed", "computed", "computed", "True", "[1;2]", "1,5"]
    assert said[2] == ["reused", "reused", "reused", *said[0][3:]]


SEARCHED = """
import sys
sys.path.insert(0, "/nowhere.zip")
import iris_ml.cache.observation, importlib_metadata
opened = []
sys.addaudithook(lambda event, arguments: opened.append(arguments[0]) if event == "open" else None)
importlib_metadata.version("numpy")
print(opened.count("/nowhere.zip"))
"""


def test_a_search_for_packages_that_opens_files_is_not_searched_for_again(tmp_path):
    ended = subprocess.run([sys.executable, "-c", SEARCHED], cwd=tmp_path, capture_output=True, text=True)
    assert int(ended.stdout) < 6, "whose code opens a file is asked of the packages, a search that may open files as well"


REGISTER = "E.register_namespace('z', 'u:z')"
IN_A_FUNCTION = f"def go(): {REGISTER}\n"
SHAPES = {
    "a call": (REGISTER, "xml"),
    "a function of the project": (f"{IN_A_FUNCTION}go()", "xml"),
    "a function that calls another": (f"{IN_A_FUNCTION}def run(): go()\nrun()", "xml"),
    "a result that has a name": (f"{IN_A_FUNCTION}done = go()", "xml"),
    "a class that is called": (f"class Tags:\n    def __init__(self): {REGISTER}\ntags = Tags()", "xml"),
    "a body of a class": (f"class Tags:\n    {REGISTER}", "xml"),
    "a case": (f"match 1:\n    case 1: {REGISTER}", "xml"),
    "an operator": (f"True and {REGISTER}", "xml"),
    "a comprehension": (f"[{REGISTER} for _ in 'z']", "xml"),
    "a walrus": (f"(tag := {REGISTER})", "xml"),
    "a default": (f"def tag(z={REGISTER}): pass", "xml"),
    "a module that a function imports": (
        "def go():\n    import xml.etree.ElementTree as T\n    T.register_namespace('z', 'u:z')\ngo()", "xml"
    ),
    "a condition": (f"if E.iselement(1) is False:\n    {REGISTER}", "xml"),
    "a block": (f"with open(__file__):\n    {REGISTER}", "xml"),
    "an element of a registry": ("import matplotlib.units as units\nunits.registry[int] = 1", "matplotlib"),
    "an element that a function sets": ("def go(): E._namespace_map['u:z'] = 'z'\ngo()", "xml"),
    "a class that a package is told of": ("import yaml\nclass Tag(yaml.YAMLObject): yaml_tag = '!tag'", "yaml"),
    "a method of a class": ("import numbers\nclass Mine: pass\nnumbers.Number.register(Mine)", "numbers"),
    "what is added": ("import mimetypes\nmimetypes.add_type('a/b', '.zzz')", "mimetypes"),
    "a setting of a database": ("import duckdb\nduckdb.execute(\"set default_null_order = 'nulls_last'\")", "duckdb"),
    "a function that sets an attribute": ("setattr(E, 'HTML_EMPTY', {'br'})", "xml"),
    "functions that call each other": (
        f"def go(n):\n    {REGISTER}\n    return n and back(n - 1)\ndef back(n): return n and go(n - 1)\ngo(2)", "xml"
    ),
    "an object of a package in a function": (
        "from reprlib import aRepr\ndef go(): aRepr.maxlist = 6\ngo()", "reprlib"
    ),
    "options in a function": ("import pandas as pd\ndef go(): pd.set_option('display.max_rows', 60)\ngo()", ""),
    "nothing": ("import numpy as np\nEDGES = np.linspace(0, 1, 5)\ndef sort(rows): return rows.set_index('a')\nSORT = sort", ""),
}


@pytest.mark.parametrize("is_script", [False, True], ids=["module", "script"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_change_of_a_package_is_found_in_every_shape(shape, is_script, tmp_path, monkeypatch):
    text, package = SHAPES[shape]
    path = tmp_path / "shapes_of_changes.py"
    path.write_text(f"import xml.etree.ElementTree as E\n{text}\n")
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, path.stem, module)
    monkeypatch.setattr(ElementTree, "_namespace_map", {})
    monkeypatch.setattr(ElementTree, "HTML_EMPTY", {"br"})
    exec(compile(path.read_text(), path, "exec"), vars(module))
    found = find_effects(path.read_text(), vars(module), is_script)
    assert {name for effect in found for name in effect.packages} == ({package} if package else set())


@pytest.fixture
def run_of_one(tmp_path):
    """Return a function that runs one step after the changes, in a new process, and says how it got its result."""

    def ran(step, changes, **variables):
        steps = STEPS.replace("\nworkflow = ", f"{ENCODED}\nworkflow = ")
        steps = steps.replace("plain\n)", "plain, encoded, cells, middle, plotted, found\n)")
        (tmp_path / "steps.py").write_text(steps)
        (tmp_path / "changes.py").write_text(changes)
        text = RUN.format(before="import changes").replace("progress=False", f"{step!r}, progress=False")
        (tmp_path / "run.py").write_text(text)
        around = os.environ | {"PYTHONPATH": str(tmp_path)} | variables
        done = subprocess.run([sys.executable, "-B", "run.py"], cwd=tmp_path, env=around, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        print(done.stderr)  # why it was computed, if the test fails
        how, given, truth = json.loads(done.stdout)
        assert given == truth
        return how[step]

    return ran


ENCODED = """
def encoded() -> str:
    return "\u00e9".encode("ascii", "mine").decode()  # the code names no module

def cells() -> pd.DataFrame:
    return pd.DataFrame({"a": [1.0, 2.0]})

def middle(cells):  # without a type
    return float(cells.describe().loc["mean", "a"])

def plotted() -> bool:
    import io
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    drawn = io.BytesIO()
    figure.savefig(drawn)
    plt.close(figure)
    return len(drawn.getvalue()) > 100

def found() -> list:
    import fsspec
    return sorted(fsspec.filesystem("file").glob("steps.py"))
"""
MEAN = """
import pandas
mean = pandas.Series.mean
pandas.Series.mean = lambda self, *rest, **options: mean(self, *rest, **options) * N
"""
TAGS = """
import os
from xml.etree import ElementTree as E
E.register_namespace(os.environ["TAG_OF_TEST"] + open("tag.txt").read(), "u:z")
"""


def test_what_the_arguments_of_a_change_read_counts(run_of_one, tmp_path):
    (tmp_path / "tag.txt").write_text("z1")
    assert [run_of_one("tagged", TAGS, TAG_OF_TEST=tag) for tag in "aab"] == ["computed", "reused", "computed"]
    (tmp_path / "tag.txt").write_text("z2")
    assert run_of_one("tagged", TAGS, TAG_OF_TEST="b") == "computed"


def test_a_change_within_pandas_counts_for_a_step_that_only_takes_a_table(run_of_one):
    assert [run_of_one("middle", MEAN.replace("N", number)) for number in "112"] == ["computed", "reused", "computed"]


@pytest.mark.parametrize("step", ["plotted", "found"])
def test_what_a_package_fills_when_it_is_used_first_is_no_change(step, run_of_one):
    assert [run_of_one(step, "", MPLBACKEND="agg") for _ in range(2)] == ["computed", "reused"]


def test_a_codec_counts_for_code_that_names_no_module(run_of_one):
    changes = "import codecs\ncodecs.register_error('mine', lambda error: ('{}', error.end))"
    assert [run_of_one("encoded", changes.format(number)) for number in "112"] == ["computed", "reused", "computed"]


def warned() -> bool:
    try:
        warnings.warn("rare", UserWarning, stacklevel=1)
    except UserWarning:
        return True
    return False


def test_a_filter_of_warnings_counts_for_code_that_warns_if_it_raises():
    before = cache_key("warned", warned, {}).key
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert cache_key("warned", warned, {}).key == before
        warnings.simplefilter("error")
        assert cache_key("warned", warned, {}).key != before
    assert cache_key("warned", warned, {}).key == before


def test_a_cell_is_read_once_however_many_run_after_it():
    read = Counter()

    def transform(cell):
        read[cell] += 1
        return cell.replace("%", "magic")

    notebook = ModuleType("__main__")
    shell = SimpleNamespace(input_transformer_manager=SimpleNamespace(transform_cell=transform))
    cells = ["", "a = 1", "% b", "no python", "c = %"]
    vars(notebook).update(get_ipython=lambda: shell, In=cells[:2])
    for cell in cells[2:]:
        notebook.In.append(cell)
        text = module_source(notebook)
    assert text.split() == ["a", "=", "1", "c", "=", "magic"]
    assert set(read.values()) == {1}


def test_filters_of_warnings_that_threads_leave_as_a_copy_are_no_change(monkeypatch):
    monkeypatch.setattr(warnings, "filters", warnings.filters)
    with Observation(packages={"warnings"}, reached=[warnings]) as watched:
        warnings.filters = [*warnings.filters]
    assert watched.obstacle == ""
