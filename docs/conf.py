"""The site: README, the notebooks as they are saved, room by room, and a reference made from the code.

Sphinx reads the project's own folder, so a link between README, pages and files means the same here as in
the repository. nbdev's `nbdev_proc_nbs` has no part in it: it first downloads Quarto, and writes for Quarto.
"""

import json
from configparser import ConfigParser
from importlib import import_module
from itertools import groupby
from pathlib import Path

from fastcore.docments import docments

root = Path(__file__).parent.parent
settings = ConfigParser(delimiters=["="])
settings.read(root / "settings.ini", encoding="utf-8")

project = settings["DEFAULT"]["lib_name"]
author = settings["DEFAULT"]["author"]
release = settings["DEFAULT"]["version"]
copyright = settings["DEFAULT"]["copyright"]

extensions = ["myst_nb", "sphinx.ext.autodoc"]
root_doc = "README"
include_patterns = ["README.md", "CHANGELOG.md", "docs/*.md", "nbs/*.ipynb"]
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

# A page's first digit is its room.
rooms = {
    "0": "Vocabulary",
    "1": "Science",
    "2": "Memory",
    "3": "Workflow",
    "4": "Door",
    "5": "Windows",
    "6": "Front desk",
    "9": "Tutorials",
}


def contents():
    """A table of contents for each room that has pages, in reading order."""
    pages = sorted((root / "nbs").glob("[0-9]*.ipynb"))
    for digit, room in groupby(pages, key=lambda page: page.name[0]):
        yield toctree(rooms[digit], [f"nbs/{page.stem}" for page in room])
    yield toctree("More", ["docs/reference", "CHANGELOG"])


def toctree(caption, documents):
    """The directive that lists `documents` under `caption` in the sidebar."""
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *documents, "```", ""])


def reference():
    """The directive that documents every exported module, in the order of their pages."""
    for page in sorted((root / "nbs").glob("[0-9]*.ipynb")):
        name = page.stem.split("_", 1)[1]
        if (root / project / f"{name}.py").exists():
            # Imported before the first is documented: autodoc rewrites the annotations of pydantic's BaseModel.
            import_module(f"{project}.{name}")
            yield f"## {name}\n\n```{{eval-rst}}\n.. automodule:: {project}.{name}\n   :members:\n```\n"


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


def neighbours(page):
    """What each step on a page is made from and asked for by, with links to their pages."""
    steps = import_module(f"{project}.production").workflow
    pages = {name: Path(steps[name].place.partition(",")[0]).stem for name in steps}

    def links(names):
        return ", ".join(f"[{name}]({pages[name]}.ipynb)" for name in names) or "nothing else"

    for name in (name for name in steps if pages[name] == page):
        needs = [asked for asked in steps[name].inputs if asked in pages]
        asks = [other for other in steps if name in steps[other].inputs]
        yield f"The step **{name}** is made from {links(needs)}, and asked for by {links(asks)}.\n\n"


def complete(app, document, source):
    """Add to each document, as it is read, what its file leaves to this one."""
    if document.startswith("nbs/"):
        page = json.loads(source[0])
        page["cells"] = [cell for cell in map(shown, page["cells"]) if cell]
        if said := [*neighbours(Path(document).name)]:
            text = ["## In the workflow\n\n", *said]
            page["cells"].append({"cell_type": "markdown", "id": "in-the-workflow", "metadata": {}, "source": text})
        source[0] = json.dumps(page)
    elif document == root_doc:
        source[0] += "\n" + "\n".join(contents())
    elif document == "docs/reference":
        source[0] += "\n" + "\n".join(reference())


def describe_parameters(app, what, name, thing, options, lines):
    """Let the reference read the comments beside a function's parameters."""
    inherited = what in {"class", "exception"} and "__init__" not in vars(thing)
    if inherited or what not in {"class", "exception", "function", "method"}:
        return
    try:
        comments = docments(thing)
    except (OSError, TypeError):  # made by a decorator, without source and so without comments
        return
    fields = [(f":param {name}:", text) for name, text in comments.items() if name != "return"]
    fields.append((":returns:", comments.get("return")))
    lines += ["", *(f"{field} {' '.join(text.split())}" for field, text in fields if text), ""]


def begin_at_readme(app, exception):
    """Open the site with README."""
    if exception is None:
        (app.outdir / "index.html").write_bytes((app.outdir / f"{root_doc}.html").read_bytes())


def setup(app):
    app.connect("source-read", complete)
    app.connect("autodoc-process-docstring", describe_parameters)
    app.connect("build-finished", begin_at_readme)
