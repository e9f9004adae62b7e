"""The site: README, the notebooks as they are saved, room by room, and a reference made from the code.

Sphinx reads the project's own folder, so a link between README, pages and files means the same here as in
the repository. nbdev's `nbdev_proc_nbs` has no part in it: it first downloads Quarto, and writes for Quarto.
"""

import json
import os
import re
from configparser import ConfigParser
from importlib import import_module
from pathlib import Path
from types import FunctionType

from docutils import nodes
from fastcore.docments import docments

root = Path(__file__).parent.parent
settings = ConfigParser(delimiters=["="])
settings.read(root / "settings.ini", encoding="utf-8")

project = settings["DEFAULT"]["lib_name"]
author = settings["DEFAULT"]["author"]
release = settings["DEFAULT"]["version"]
copyright = settings["DEFAULT"]["copyright"]

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.linkcode"]
root_doc = "README"
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "nbs/*.ipynb", "nbs/**/*.ipynb"]
exclude_patterns = [".*", "_*", "build", "**/.ipynb_checkpoints"]
myst_heading_anchors = 3
nb_execution_mode = "off"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
default_role = "py:obj"  # a name in backticks, as docstrings have it, links to that name
autodoc_member_order = "bysource"
add_module_names = False

html_theme = "pydata_sphinx_theme"
html_title = project
html_favicon = "_static/icon.svg"
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
templates_path = ["_templates"]
html_css_files = ["site.css"]
html_sidebars = {"**": ["pages.html"]}
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "navbar_center": [],
    "navbar_persistent": [],
    "navbar_end": ["search-button-field", "theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}

# A folder is a room. Whoever is new begins with the tutorials; then come the rooms, each above those that it imports from.
rooms = {
    "tutorials": "Tutorials",
    "base": "Base",
    "stats": "Statistics",
    "cache": "Cache",
    "io": "Input and output",
    "tracking": "Tracking",
    "workflow": "Workflow",
    "steps": "Steps",
    "models": "Models",
    "trust": "Trust",
    "batch": "Batch",
    "api": "API",
    "app": "App",
    "template": "A project of one's own",
    "cli": "Command line",
}


def book():
    """The pages in reading order, as paths below `nbs`; the declared workflow follows its steps."""
    for room in rooms:
        if room == "base":
            yield Path("package.ipynb")
        yield from (page.relative_to(root / "nbs") for page in sorted((root / "nbs" / room).glob("*.ipynb")))
        if room == "steps":
            yield Path("production.ipynb")


def room_of(page):
    """The folder in which a page lies."""
    return {"package.ipynb": "base", "production.ipynb": "steps"}.get(str(page), page.parent.name)


def contents():
    """A table of contents for each room that has pages, in reading order."""
    for room, caption in rooms.items():
        yield toctree(caption, [f"nbs/{page.with_suffix('')}" for page in book() if room_of(page) == room])
    yield toctree("More", ["docs/reference", "CONTRIBUTING", "CHANGELOG"])


def toctree(caption, documents):
    """The directive that lists `documents` under `caption` in the sidebar."""
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *documents, "```", ""])


def reference():
    """The directives that document every exported module, in the order of their pages."""
    for page in book():
        name = ".".join([*page.parts[:-1], re.sub(r"^\d+_", "", page.stem)])
        if (root / project / f"{name.replace('.', '/')}.py").exists():
            # Imported before the first is documented: autodoc rewrites the annotations of pydantic's BaseModel.
            module = import_module(f"{project}.{name}")
            values = [each for each in module.__all__ if not isinstance(getattr(module, each), type | FunctionType)]
            left_out = ", ".join([*values, "model_config"])
            options = f":members:\n   :inherited-members:\n   :exclude-members: {left_out}"
            told = [f".. automodule:: {project}.{name}\n   {options}\n"]
            told += [f".. autodata:: {project}.{name}.{each}\n   :no-value:\n" for each in values]
            yield f"## {name}\n\nThe page: [{page.stem}](../nbs/{page})\n"
            yield "\n".join(["```{eval-rst}", *told, "```", ""])


def linkcode_resolve(domain, info):
    """The exported cell that a documented name is written in."""
    module = (root / info["module"].replace(".", "/")).with_suffix(".py").read_text(encoding="utf-8")
    for cell in re.split(r"\n# %% (?:\.\./)+nbs/", module)[1:]:
        place, _, code = cell.partition("\n")
        if re.search(rf"^(?:(?:async )?def |class )?{info['fullname'].partition('.')[0]}\b", code, re.MULTILINE):
            page, identity = place.split(".ipynb #")
            return f"../nbs/{page}.html#cell-{identity}"
    return None


def shown(cell):
    """The cell as the site shows it, nbdev's directives turned into tags; None where it is left out."""
    lines = "".join(cell["source"]).splitlines(keepends=True)
    directives = {line[2:].strip() for line in lines if line.startswith("#|")}
    code = [line for line in lines if not line.startswith("#|")]
    if directives & {"hide"} or not code:
        return None
    tags = {"export": "exported", "echo: false": "remove-input", "output: false": "remove-output"}
    cell["source"] = code
    cell["metadata"]["tags"] = [tags[directive] for directive in directives & tags.keys()]
    return cell


def anchor(cell):
    """A place before an exported cell, to which the reference leads."""
    if "exported" in cell["metadata"].get("tags", []):
        yield {"cell_type": "markdown", "id": f"to-{cell['id']}", "metadata": {}, "source": f"(cell-{cell['id']})="}


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
    if document.startswith("nbs/"):
        page = json.loads(source[0])
        page["cells"] = [each for cell in map(shown, page["cells"]) if cell for each in [*anchor(cell), cell]]
        if said := [*neighbours(Path(document))]:
            text = ["## In the workflow\n\n", *said]
            page["cells"].append({"cell_type": "markdown", "id": "in-the-workflow", "metadata": {}, "source": text})
        source[0] = json.dumps(page)
    elif document == root_doc:
        source[0] += "\n" + "\n".join(contents())
    elif document == "docs/reference":
        source[0] += "\n" + "\n".join(reference())


def describe_parameters(app, what, name, thing, options, lines):
    """Let the reference read the comments beside a function's parameters; of a value, not its class's words."""
    if what == "data":
        lines.clear()
    inherited = what in {"class", "exception"} and "__init__" not in vars(thing)
    if inherited or what not in {"class", "exception", "function", "method"}:
        return
    try:
        comments = docments(thing, args_kwargs=True)
    except (OSError, TypeError):  # made by a decorator, without source and so without comments
        return
    fields = [(f":param {name}:", text) for name, text in comments.items() if name != "return"]
    fields.append((":returns:", comments.get("return")))
    lines += ["", *(f"{field} {' '.join(text.split())}" for field, text in fields if text), ""]


def leave_out(app, what, name, thing, skip, options):
    """Keep what a class inherits from others out of the reference, and let in what it inherits from our own."""
    made = getattr(thing, "fget", getattr(thing, "func", thing))
    home = getattr(made, "__module__", None) or ("" if callable(made) else project)
    return True if home.partition(".")[0] != project else None


def begin_at_readme(app, exception):
    """Open the site with README."""
    if exception is None:
        (app.outdir / "index.html").write_bytes((app.outdir / f"{root_doc}.html").read_bytes())


def setup(app):
    app.connect("source-read", complete)
    app.connect("missing-reference", leave)
    app.connect("autodoc-process-docstring", describe_parameters)
    app.connect("autodoc-skip-member", leave_out)
    app.connect("build-finished", begin_at_readme)
