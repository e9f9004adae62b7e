"""A notebook that was just cloned is not trusted, and JupyterLab shows its drawings nevertheless."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from iris_ml.production import workflow
from iris_ml.workflow.drawing import Drawing


@pytest.fixture
def lab(tmp_path):
    """JupyterLab on a free port of this machine, with a notebook that somebody else has run."""
    outputs = [workflow._repr_html_(), '<svg xmlns="http://www.w3.org/2000/svg"><text>inline</text></svg>']
    cells = [
        nbformat.v4.new_code_cell("made elsewhere", outputs=[nbformat.v4.new_output("display_data", {"text/html": html})])
        for html in outputs
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "cloned.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {"ip": "127.0.0.1", "port": port, "open_browser": False, "allow_root": True, "root_dir": tmp_path}
    words = [f"--ServerApp.{name}={value}" for name, value in options.items()]
    home = os.environ | {"HOME": str(tmp_path), "JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "JUPYTER_TOKEN": "cloned"}
    program = [sys.executable, "-m", "jupyterlab", *words]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(program, cwd=tmp_path, env=home, stdout=log, stderr=log)
    try:
        for _ in range(1200):
            assert server.poll() is None, (tmp_path / "log").read_text()
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/doc/tree/cloned.ipynb?token=cloned"
    finally:
        server.kill()  # it takes long to end its extensions when it is asked to
        server.wait(timeout=60)


def test_jupyterlab_shows_the_drawing_of_a_notebook_that_is_not_trusted(browser, lab, tmp_path):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(lab)
    drawing = page.get_by_alt_text("The workflow: raw, rows")
    expect(drawing).to_be_visible(timeout=60_000)
    assert drawing.evaluate("image => image.decode().then(() => image.naturalWidth)") > 1000
    assert page.locator(".jp-OutputArea svg text").count() == 0, "no SVG in HTML is shown"
    assert "Notebook cloned.ipynb is not trusted" in (tmp_path / "log").read_text()
    page.close()


def test_the_plot_of_a_comparison_and_every_drawing_are_images():
    assert Drawing("<svg></svg>", 'a "plot"')._repr_html_().startswith('<img src="data:image/svg+xml;base64,')
    pages = (Path(__file__).parents[1] / "nbs").rglob("*.ipynb")
    outputs = [
        "".join(html)
        for page in pages
        for cell in nbformat.read(page, 4).cells
        for output in cell.get("outputs", [])
        for html in [output.get("data", {}).get("text/html", "")]
    ]
    assert any('alt="The workflow: raw, rows' in html for html in outputs)
    assert [html[:200] for html in outputs if "<svg" in html and "workflow" in html] == []
