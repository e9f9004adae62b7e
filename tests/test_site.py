"""The site: every page opens in a browser, every link leads somewhere, and nothing comes from another host."""

import os
import re
import runpy
import shlex
import subprocess
import sys
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from inspect import getmembers, isfunction
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import pytest
from coverage import CoverageData
from playwright.sync_api import expect

PROJECT = Path(__file__).parents[1]
LAYERS = [
    *("base", "stats", "cache", "io", "tracking", "workflow", "steps", "models"),
    *("compiled", "trust", "batch", "api", "app", "template", "cli"),
]


def measured(path):
    """Write what `pytest nbs --cov` would measure if the examples ran all lines of a module but its last."""
    module = PROJECT / "iris_ml" / "steps" / "rows.py"
    data = CoverageData(str(path))
    data.add_lines({str(module): range(1, len(module.read_text(encoding="utf-8").splitlines()))})
    data.write()
    return path


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make docs` builds it."""
    (words,) = re.findall(r"sphinx-build (.*) _docs/html$", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    folder = tmp_path_factory.mktemp("site") / "html"
    command = [sys.executable, "-m", "sphinx", *shlex.split(words), str(folder)]
    around = os.environ | {"COVERAGE_FILE": str(measured(folder.with_name("coverage")))}
    built = subprocess.run(command, cwd=PROJECT, env=around, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert built.returncode == 0, built.stdout
    return folder


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def address(site):
    """The site, served on a free port of this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def pages(site):
    """The paths of all pages, below the site."""
    return sorted(str(path.relative_to(site)) for path in site.rglob("*.html") if "_static" not in path.parts)


def test_every_page_opens_without_an_error_and_asks_no_other_host(browser, site, address):
    page, found = browser.new_page(), []
    page.on("console", lambda said: found.append((page.url, said.text)) if said.type == "error" else None)
    page.on("pageerror", lambda error: found.append((page.url, str(error))))
    page.on("request", lambda request: None if _is_here(request.url, address) else found.append((page.url, request.url)))
    modules = {path.name.partition(".")[0]: path for path in (site / "docs" / "reference").glob("*.*.html")}  # one of each room
    made = {path.relative_to(site).as_posix() for path in modules.values()}
    for path in [path for path in pages(site) if path in made or not re.match(r"docs/reference/\w+\.", path)]:
        page.goto(f"{address}/{path}")
        if path == "index.html":  # it leads to the first page by itself
            page.wait_for_url(f"{address}/docs/index.html")
    assert found == []


def _is_here(url, address):
    return url.startswith((f"{address}/", "data:", "blob:"))


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("confusion matrix", "docs/how_to/09_read_a_report.html"),
        ("calibration", "docs/how_to/09_read_a_report.html"),
        ("feature importance", "docs/how_to/09_read_a_report.html"),
        ("cache", "nbs/concepts/04_key_and_checkpoint.html"),
        ("deploy", "docs/how_to/04_serve_behind_a_key.html"),
        ("Workflow.swap", "docs/reference/workflow.workflow.html"),
    ],
)
def test_the_search_finds_the_right_page_first(browser, address, words, path):
    page = browser.new_page()
    page.goto(f"{address}/search.html?q={words}")
    expect(page.locator("#search-results")).to_contain_text("Search finished")
    assert path in page.locator("#search-results li a").first.evaluate("link => link.href")
    page.close()


PATHS = "docs/index", "docs/start", "nbs/steps/05_estimator", "nbs/tutorials/06_there_and_back", "docs/reference/batch.report"
CUT_OFF = "[...document.querySelectorAll('pre')].filter(each => each.scrollWidth > each.clientWidth).map(each => each.innerText)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 400])
def test_a_page_fits_the_window_has_its_colours_and_cuts_no_code_off(browser, address, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    for path in PATHS:
        page.goto(f"{address}/{path}.html")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path} is too wide"
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        assert page.evaluate(CUT_OFF) == [], path
    page.close()


def test_the_first_page_leads_through_three_doors_and_to_six_parts(browser, address):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(address)
    page.wait_for_url("**/docs/index.html")
    assert page.locator(".door a").all_inner_texts() == ["Try it", "Explore", "Serve"]
    parts = page.locator(".bd-header .navbar-nav > .nav-item > a.nav-link")
    assert parts.all_inner_texts() == ["Start", "How-to", "Concepts", "Tutorials", "Reference", "Internals"]
    for picture in page.locator("article img").all():
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("image => image.naturalWidth") > 600
    page.close()


class Links(HTMLParser):
    """What a page leads to, and the places in it that others may lead to."""

    def __init__(self, page):
        super().__init__()
        self.links, self.places = [], {""}
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.places |= {given.get("id"), given.get("name") if tag == "a" else None}
        self.links += [given[name] for name in ("href", "src") if given.get(name)]


def broken(site):
    """The links within the site that lead nowhere, page by page."""
    known = {path.resolve(): Links(path) for path in site.rglob("*.html") if "_static" not in path.parts}
    for path, page in known.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file() or (target in known and unquote(parts.fragment) not in known[target].places):
                yield f"{path.relative_to(site.resolve())}: {link}"


def test_every_link_leads_to_a_page_and_a_place_that_are_there(site):
    assert sorted(set(broken(site))) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "one.html").write_text('<h1 id="top"><a href="two.html#top">a</a> <a href="#there">b</a> <img src="no.png">')
    (tmp_path / "two.html").write_text('<a href="one.html#top">c</a> <a href="https://example.org/no">d</a>')
    assert sorted(broken(tmp_path)) == ["one.html: #there", "one.html: no.png", "one.html: two.html#top"]


def listed(site, document):
    """The documents that one of the site lists in its text, in their order."""
    article = re.search(r"<article.*?</article>", (site / f"{document}.html").read_text(encoding="utf-8"), re.DOTALL)[0]
    folder = (site / document).parent
    links = re.findall(r'<li><p><a class="reference internal" href="([^"#]+)\.html', article)
    return [(folder / link).resolve().relative_to(site.resolve()).as_posix() for link in links]


def test_every_page_is_listed_in_reading_order(site):
    written = {path.relative_to(PROJECT).with_suffix("").as_posix() for path in (PROJECT / "nbs").rglob("*.ipynb")}
    rooms = [path for path in listed(site, "docs/internals") if path.startswith("docs/")]
    assert rooms == [f"docs/internals/{room}" for room in LAYERS]
    found = {room: listed(site, f"docs/internals/{room}") for room in LAYERS}
    found |= {"concepts": listed(site, "docs/concepts"), "tutorials": listed(site, "docs/tutorials")}
    assert {path for paths in found.values() for path in paths} == written
    assert found["steps"].pop() == "nbs/production"
    assert found["base"].pop() == "nbs/package"
    for room, paths in found.items():
        assert paths == sorted(path for path in written if path.startswith(f"nbs/{room}/"))


def test_the_reference_begins_with_the_workflow(site):
    assert listed(site, "docs/reference")[:2] == ["docs/reference/workflow.workflow", "docs/reference/production"]


def test_a_documented_name_leads_to_the_cell_that_exports_it():
    resolve = runpy.run_path(str(PROJECT / "docs" / "conf.py"))["linkcode_resolve"]
    for module, name, page in [
        ("iris_ml.workflow.workflow", "Workflow.swap", "workflow/08_workflow"),
        ("iris_ml.production", "workflow", "production"),
    ]:
        assert re.fullmatch(rf"../../nbs/{page}\.html#cell-\w+", resolve("py", {"module": module, "fullname": name}))


def test_the_page_of_a_step_leads_to_the_steps_around_it():
    neighbours = runpy.run_path(str(PROJECT / "docs" / "conf.py"))["neighbours"]
    (said,) = neighbours(Path("nbs/steps/02_features"))
    assert "[rows](01_rows.ipynb)" in said
    assert "[split](03_split.ipynb)" in said


def test_every_exported_name_and_every_method_is_in_the_reference(site):
    places = {place for path in (site / "docs" / "reference").glob("*.html") for place in Links(path).places}
    names = set()
    for path in sorted((PROJECT / "iris_ml").rglob("[!_]*.py")):
        module = ".".join(path.relative_to(PROJECT / "iris_ml").with_suffix("").parts)
        for name in import_module(f"iris_ml.{module}").__all__:
            exported = getattr(import_module(f"iris_ml.{module}"), name)
            methods = [each for each, _ in getmembers(exported, _is_ours)] if isinstance(exported, type) else []
            names |= {f"iris_ml.{module}.{name}", *(f"iris_ml.{module}.{name}.{each}" for each in methods if each[0] != "_")}
    assert "iris_ml.workflow.workflow.Workflow.swap" in names
    assert sorted(names - places) == []


def test_the_reference_has_types_the_comments_beside_parameters_and_examples(site):
    page = (site / "docs" / "reference" / "workflow.workflow.html").read_text(encoding="utf-8")
    text = " ".join(re.sub(r"<[^>]+>", "", page).split())
    for name, said in ("functions", "each replaces the step"), ("others", "name -&gt; a workflow to compare"):
        assert re.search(rf"{name} \([^)]+\) . {said}", text), name
    assert "find_workflow(address: str) &#x2192; Workflow" in text
    assert 'find_workflow("iris_ml.production:workflow")' in text.replace("&quot;", '"'), "an example from the page"


def test_the_reference_names_the_cells_that_the_examples_run_in_part_where_they_are_measured(site):
    page, other = (site / "docs" / "reference" / f"{name}.html" for name in ("steps.rows", "workflow.workflow"))
    text = " ".join(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")).split())
    assert re.search(r"Cells: (\d+) of (?!\1)\d+ run whole in the examples. In part: \w+ \(1 of \d+ lines do not run\)\.", text)
    assert [link for link in Links(page).links if re.search(r"01_rows\.html#cell-\w+$", link)]
    assert "run whole in the examples" not in other.read_text(encoding="utf-8")


def _is_ours(member):
    return isfunction(member) and member.__module__.startswith("iris_ml.")
