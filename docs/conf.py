"""The site: documents of `docs/`, the notebooks as they are saved, and a reference made from the code.

Sphinx reads the project's own folder, so a link between documents, pages and files means the same here as in
the repository. nbdev's `nbdev_proc_nbs` has no part in it: it first downloads Quarto, and writes for Quarto.
"""

import json
import os
import re
from configparser import ConfigParser
from functools import cache
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from types import FunctionType

import typer
from coverage import Coverage
from docutils import nodes
from fastcore.docments import docments

from iris_ml.template.cell_coverage import cell_coverage

root = Path(__file__).parent.parent
settings = ConfigParser(delimiters=["="])
settings.read(root / "settings.ini", encoding="utf-8")

project = settings["DEFAULT"]["lib_name"]
author = settings["DEFAULT"]["author"]
release = settings["DEFAULT"]["version"]
copyright = settings["DEFAULT"]["copyright"]

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.linkcode", "iris_ml.template.site"]
root_doc = "docs/index"
include_patterns = ["CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "docs/**/*.md", "nbs/*.ipynb", "nbs/**/*.ipynb"]
exclude_patterns = [".*", "_*", "build", "**/.ipynb_checkpoints"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"
autodoc_typehints = "both"
autodoc_typehints_description_target = "documented"
python_maximum_signature_line_length = 90
default_role = "py:obj"  # a name in backticks, as docstrings have it, links to that name
autodoc_member_order = "bysource"
add_module_names = False

html_theme = "pydata_sphinx_theme"
html_title = project
html_favicon = "_static/icon.svg"
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_sidebars = {root_doc: [], "**": ["sidebar-nav-bs"]}
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "navbar_center": ["navbar-nav"],
    "navbar_persistent": [],
    "navbar_end": ["search-button-field", "theme-switcher"],
    "header_links_before_dropdown": 6,
    "collapse_navigation": True,  # a room shows its pages when it is open
    "navigation_depth": 3,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}

# What people search for, and the document that they look for; the search lists it first.
sought = {
    "calibration": "docs/how_to/09_read_a_report",
    "confusion matrix": "docs/how_to/09_read_a_report",
    "drift": "docs/how_to/09_read_a_report",
    "feature importance": "docs/how_to/09_read_a_report",
    "outliers": "docs/how_to/09_read_a_report",
    "roc": "docs/how_to/09_read_a_report",
    "cache": "nbs/concepts/04_key_and_checkpoint",
    "checkpoint": "nbs/concepts/04_key_and_checkpoint",
    "api key": "docs/how_to/04_serve_behind_a_key",
    "deploy": "docs/how_to/04_serve_behind_a_key",
    "docker": "docs/how_to/04_serve_behind_a_key",
    "http": "docs/how_to/04_serve_behind_a_key",
    "install": "docs/start",
    "csv": "docs/how_to/02_your_own_table",
    "metric": "docs/how_to/03_choose_a_metric",
    "cron": "docs/how_to/05_retrain_on_a_schedule",
    "retrain": "docs/how_to/05_retrain_on_a_schedule",
    "dask": "docs/how_to/06_use_a_cluster",
    "cluster": "docs/how_to/06_use_a_cluster",
    "code review": "docs/how_to/08_review_a_notebook",
    "promote": "nbs/concepts/06_gate",
    "rollback": "nbs/concepts/07_champion",
    "mlflow": "nbs/concepts/08_record",
}

# A folder is a room: its title and what it holds, each above those that it imports from.
rooms = {
    "base": ("Base", "errors, settings, atomic files, environment, progress, model archives"),
    "stats": ("Statistics", "intervals, metrics, types of columns, descriptions of columns, drift tests"),
    "cache": ("Cache", "hashing of code and values, keys, serializers, the store"),
    "io": ("Input and output", "locations, readers, batches, pieces in parallel, the schema of a table"),
    "tracking": ("Tracking", "records of runs, data versions, history"),
    "workflow": ("Workflow", "the graph of steps, runs, comparison, exploration"),
    "steps": ("Steps", "the application: the steps of the iris workflow, each with the data that led to it"),
    "models": ("Models", "model files, the predictor, gates, promotion, the champion, the request log"),
    "compiled": ("Compiled models", "models compiled to ONNX, with the certificate that their answers are the same"),
    "trust": ("Trust", "what shows whether a score can be relied on: leakage"),
    "batch": ("Batch", "scoring in batches, the report, the drift report"),
    "api": ("API", "the HTTP service"),
    "app": ("App", "the Streamlit app"),
    "template": ("A project of one's own", "the template of a project, its update, the tests of pages"),
    "cli": ("Command line", "the command, MLflow, the parity check"),
}
# Pages that lie in no folder follow these rooms.
loose = {"base": "package", "steps": "production"}


# Documents that are made when the site is


def pages_of(room):
    """The pages of a room in reading order, as paths below `nbs`."""
    found = [page.relative_to(root / "nbs") for page in sorted((root / "nbs" / room).glob("*.ipynb"))]
    return [*found, *(Path(f"{name}.ipynb") for name in [loose.get(room)] if name)]


def module_of(page):
    """The name of the module that a page exports, below the package; empty if it exports none."""
    name = ".".join([*page.parts[:-1], re.sub(r"^\d+_", "", page.stem)])
    return name if (root / project / f"{name.replace('.', '/')}.py").exists() else ""


@cache
def cells_of(path):
    """The cells of a notebook."""
    return json.loads((root / path).read_text(encoding="utf-8"))["cells"]


@cache
def opening(path):
    """The title of a document and its sentence, which stands below in a quotation."""
    text = (root / path).read_text(encoding="utf-8") if path.suffix == ".md" else "".join(cells_of(path)[0]["source"])
    title, _, rest = text.partition("\n")
    sentence = " ".join(line.lstrip("> ") for line in takewhile(str.strip, rest.lstrip("\n").splitlines()))
    return title.lstrip("# "), sentence if rest.lstrip("\n").startswith(">") else ""


def contents(paths, document):
    """A list of documents with their sentences, and the same for the sidebar."""
    links = {path: os.path.relpath(path, Path(document).parent) for path in paths}
    told = {path: opening(path) for path in paths}
    listed = [f"- [{told[path][0]}]({link})" + (f": {told[path][1]}" if told[path][1] else "") for path, link in links.items()]
    toctree = ["```{toctree}", ":hidden:", "", *(str(Path(link).with_suffix("")) for link in links.values()), "```"]
    return "\n".join([*listed, "", *toctree, ""])


def commands():
    """Every command, with its options, as its own help describes them."""
    program = typer.main.get_command(import_module(f"{project}.cli.commands").application)
    yield "# Command line\n\n> Every command and its options. An error is one sentence, with exit code 2.\n"
    for name, command in program.commands.items():
        context = typer.Context(command, info_name=f"{project} {name}")
        words = " ".join(command.collect_usage_pieces(context))
        yield f"## {project} {name}\n\n```text\n{project} {name} {words}\n```\n\n{command.help}\n"
        yield "\n".join(["```sh", *filter(None, command.epilog.splitlines()[1:]), "```\n"])
        for parameter in command.params:
            told = parameter.help if hasattr(parameter, "help") else ""
            names = ", ".join(parameter.opts) if parameter.param_type_name == "option" else parameter.name
            yield f"- `{names}`: {told}" if told else f"- `{names}`"
        yield ""


def options():
    """Every setting with its default."""
    defaults = (root / project / "data" / "defaults.toml").read_text(encoding="utf-8")
    yield "# Settings\n\n> Every setting with its default, as it ships with the package.\n"
    yield "`iris.toml` in the working folder overrides a default, and the environment (`IRIS_ML_SEED=3`) both."
    yield "`iris_ml settings` shows each value and its origin; the page [settings](../../nbs/base/03_settings.ipynb) says how."
    yield ""
    yield f"```toml\n{defaults}```\n"


@cache
def measured():
    """When the last `pytest nbs --cov` ended, and the lines of each exported cell; 0 and nothing if there was none."""
    coverage = Coverage()
    coverage.load()
    data = Path(coverage.get_data().data_filename())
    return data.stat().st_mtime if data.exists() else 0, cell_coverage(coverage)


def cells_run(page, name):
    """A line on the exported cells of a page that the examples run, if the module has not changed since it was measured."""
    ended, found = measured()
    cells = {place.rpartition(" ")[2]: lines for place, lines in found.items() if place.startswith(f"nbs/{page}, ")}
    if not cells or ended < (root / project / f"{name.replace('.', '/')}.py").stat().st_mtime:
        return
    codes = {cell["id"]: "".join(cell["source"]) for cell in cells_of(Path("nbs") / page)}
    partly = []
    for cell, (lines, missing) in cells.items():
        if missing:
            first = re.search(r"^(?:(?:async )?def |class )?(\w+)", codes[cell].partition("\n")[2], re.MULTILINE)
            link = f"{os.path.relpath(Path('nbs') / page, 'docs/reference')}#cell-{cell}"
            partly.append(f"[`{first[1]}`]({link}) ({len(missing)} of {len(lines)} lines do not run)")
    yield f"Cells: {len(cells) - len(partly)} of {len(cells)} run whole in the examples."
    if partly:
        yield f" In part: {', '.join(partly)}."
    yield "\n"


def module(page, name):
    """The directives that document a module, beside its page."""
    # Imported before the first is documented: autodoc rewrites the annotations of pydantic's BaseModel.
    exported = import_module(f"{project}.{name}")
    values = [each for each in exported.__all__ if not isinstance(getattr(exported, each), type | FunctionType)]
    left_out = ", ".join([*values, "model_config"])
    told = [f".. automodule:: {project}.{name}\n   :members:\n   :inherited-members:\n   :exclude-members: {left_out}\n"]
    told += [f".. autodata:: {project}.{name}.{each}\n   :no-value:\n" for each in values]
    home = os.path.relpath(Path("nbs") / page, "docs/reference")
    yield f"# {name}\n\n> {opening(Path('nbs') / page)[1]}\n"
    yield f"The page [{opening(Path('nbs') / page)[0]}]({home}) says why it is there, and shows it at work.\n"
    yield "".join(cells_run(page, name))
    yield "\n".join(["```{eval-rst}", *told, "```", ""])


def make_documents(app):
    """Write the reference, a document for each module, and one for each room, where Sphinx reads them."""
    made = {"reference/command_line": commands(), "reference/settings": options()}
    for room, (title, holds) in rooms.items():
        pages = [Path("nbs") / page for page in pages_of(room)]
        made[f"internals/{room}"] = [f"# {title}\n\n> {holds}\n", contents(pages, f"docs/internals/{room}")]
        made |= {f"reference/{name}": module(page, name) for page in pages_of(room) if (name := module_of(page))}
    for name in "reference", "internals":
        for path in (root / "docs" / name).glob("*.md"):
            if f"{name}/{path.stem}" not in made:
                path.unlink()
    for name, lines in made.items():
        path, text = root / "docs" / f"{name}.md", "\n".join(lines)
        path.parent.mkdir(exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def lists(document):
    """The documents that a section of the site lists, in their order."""
    folders = {"docs/how_to": ["docs/how_to"], "docs/concepts": ["nbs/concepts"], "docs/tutorials": ["nbs/tutorials"]}
    if document in folders:
        return [path.relative_to(root) for path in sorted((root / folders[document][0]).glob("[0-9]*.*"))]
    if document == "docs/internals":
        return [*(Path(f"docs/internals/{room}.md") for room in rooms), Path("CONTRIBUTING.md"), Path("CHANGELOG.md")]
    if document == "docs/reference":
        first = ["workflow", "steps", *(room for room in rooms if room not in {"workflow", "steps"})]
        modules = [name for room in first for page in pages_of(room) if (name := module_of(page))]
        ahead = ["workflow.workflow", "production", "command_line", "settings"]
        return [Path(f"docs/reference/{name}.md") for name in [*ahead, *(name for name in modules if name not in ahead)]]
    return []


# The notebooks and what is documented in them


def linkcode_resolve(domain, info):
    """The exported cell that a documented name is written in."""
    module = (root / info["module"].replace(".", "/")).with_suffix(".py").read_text(encoding="utf-8")
    for cell in re.split(r"\n# %% (?:\.\./)+nbs/", module)[1:]:
        place, _, code = cell.partition("\n")
        if re.search(rf"^(?:(?:async )?def |class )?{info['fullname'].partition('.')[0]}\b", code, re.MULTILINE):
            page, identity = place.split(".ipynb #")
            return f"../../nbs/{page}.html#cell-{identity}"
    return None


@cache
def examples(page):
    """Each name that a page exports, and the first cell below its definition that shows it at work."""
    found, waiting = {}, []
    for cell in cells_of(Path("nbs") / page):
        text = "".join(cell["source"])
        if re.match(r"#\|\s*export", text):
            waiting += re.findall(r"^(?:async )?(?:def|class) ([a-zA-Z]\w*)", text, re.MULTILINE)
        elif cell["cell_type"] == "code" and not text.startswith("#|"):
            for name in [name for name in waiting if re.search(rf"\b{name}\b", text)]:
                found[name] = cell
                waiting.remove(name)
    return found


def example(cell):
    """The lines that show a cell and what it prints."""
    yield from ["", ".. rubric:: Example", "", ".. code-block:: ipython3", ""]
    yield from (f"   {line}" for line in "".join(cell["source"]).splitlines())
    for output in cell["outputs"]:
        data = output.get("data", {"text/plain": output.get("text", [])})
        kind = "text/html" if "text/html" in data else "text/plain"
        if "".join(data[kind]).strip() and "image/png" not in data:
            yield from ["", ".. raw:: html" if kind == "text/html" else ".. code-block:: text", ""]
            yield from (f"   {line}" for line in "".join(data[kind]).splitlines())
    yield ""


# Where others describe their names: an inventory, by which Sphinx links otherwise, would have to be fetched.
elsewhere = {
    "numpy": "https://numpy.org/doc/stable/reference/generated/{0}.html",
    "pandas": "https://pandas.pydata.org/docs/reference/api/{0}.html",
    "sklearn": "https://scikit-learn.org/stable/modules/generated/{0}.html",
    "pathlib": "https://docs.python.org/3/library/pathlib.html#{0}",
    "collections": "https://docs.python.org/3/library/collections.abc.html#{0}",
    "typing": "https://docs.python.org/3/library/typing.html#{0}",
}


def leave(app, environment, node, shown):
    """Link a name to where it is described: on another page of the reference, or by another project."""
    target, python = node["reftarget"], environment.domains["py"]
    if len(ours := python.find_obj(environment, None, None, target, None, 1)) == 1:
        return python.resolve_xref(environment, node["refdoc"], app.builder, "obj", ours[0][0], node, shown)
    home, _, name = target.partition(".")
    if home in elsewhere and name:
        return nodes.reference("", "", shown, refuri=elsewhere[home].format(target), internal=False)
    return None


def neighbours(page):
    """What each step on a page is made from and asked for by, with links to their pages."""
    steps = import_module(f"{project}.production").workflow
    pages = {name: Path(steps[name].place.partition(",")[0]).with_suffix("") for name in steps}

    def links(names):
        return ", ".join(f"[{name}]({os.path.relpath(pages[name], page.parent)}.ipynb)" for name in names) or "nothing else"

    for name in (name for name in steps if pages[name] == page):
        needs = [asked for asked in steps[name].inputs if asked in pages]
        asks = [other for other in steps if name in steps[other].inputs]
        yield f"The step **{name}** is made from {links(needs)}, and asked for by {links(asks)}.\n\n"


def complete(app, document, source):
    """Add to each document, as it is read, what its file leaves to this one."""
    words = [word for word, place in sought.items() if place == document]
    index = "\n".join(["```{eval-rst}", ".. index::", *(f"   ! single: {word}" for word in words), "```"]) if words else ""
    if document.startswith("nbs/"):
        page = json.loads(source[0])
        first, *rest = page["cells"]
        below = [markdown("sought", index)] if index else []
        page["cells"] = [first, *below, *rest]
        if said := [*neighbours(Path(document))]:
            page["cells"].append(markdown("in-the-workflow", "".join(["## In the workflow\n\n", *said])))
        source[0] = json.dumps(page)
    else:
        title, _, rest = source[0].partition("\n")
        source[0] = f"{title}\n\n{index}\n{rest}" if index else source[0]
        if listed := lists(document):
            source[0] += f"\n{contents(listed, document)}"


def markdown(identity, text):
    """A cell of text."""
    return {"cell_type": "markdown", "id": identity, "metadata": {}, "source": text}


def describe(app, what, name, thing, options, lines):
    """Let the reference read the comments beside parameters, and show an example; of a value, not its class's words."""
    if what in {"data", "module"}:  # of a module, the document has them as its first sentence
        lines.clear()
    inherited = what in {"class", "exception"} and "__init__" not in vars(thing)
    if what in {"class", "exception", "function", "method"} and not inherited:
        try:
            comments = docments(thing, args_kwargs=True)
        except (OSError, TypeError):  # made by a decorator, without source and so without comments
            comments = {}
        fields = [(f":param {name}:", text) for name, text in comments.items() if name != "return"]
        fields.append((":returns:", comments.get("return")))
        lines += ["", *(f"{field} {' '.join(text.split())}" for field, text in fields if text), ""]
    if what in {"class", "exception", "function"}:
        module, _, short = name.removeprefix(f"{project}.").rpartition(".")
        pages = (page for room in rooms for page in pages_of(room) if module_of(page) == module)
        if cell := examples(next(pages)).get(short):
            lines += example(cell)


def leave_out(app, what, name, thing, skip, options):
    """Keep what a class inherits from others out of the reference, and let in what it inherits from our own."""
    made = getattr(thing, "fget", getattr(thing, "func", thing))
    home = getattr(made, "__module__", None) or ("" if callable(made) else project)
    return True if home.partition(".")[0] != project else None


def begin(app, exception):
    """Let the site's own address lead to its first page."""
    if exception is None:
        first = f"{root_doc}.html"
        head = f'<meta charset="utf-8"><title>{project}</title><meta http-equiv="refresh" content="0; url={first}">'
        head += '<link rel="icon" href="data:,">'  # else a browser that is slow to leave asks for one that is not there
        page = f'<!doctype html>{head}<a href="{first}">{project}</a>\n'
        (app.outdir / "index.html").write_text(page, encoding="utf-8")


def setup(app):
    app.connect("builder-inited", make_documents)
    app.connect("source-read", complete)
    app.connect("missing-reference", leave)
    app.connect("autodoc-process-docstring", describe)
    app.connect("autodoc-skip-member", leave_out)
    app.connect("build-finished", begin)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
