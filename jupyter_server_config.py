"""What `make lab` adds to a person's own Jupyter: a notebook is cleaned before it is saved, and exported afterwards.

`nbdev_install_hooks` would write the first half into the home folder, for every project; this concerns one.
"""

import ast

import nbformat
from nbdev.clean import clean_jupyter
from nbdev.doclinks import nbdev_export


def export(os_path, model, contents_manager, **_):
    """Export a notebook that was saved; while a cell is half-written, its module stays as it was."""
    if model["type"] != "notebook":
        return
    try:
        for cell in nbformat.read(os_path, as_version=4).cells:
            if cell.source.startswith("#| export"):
                ast.parse(cell.source)
        nbdev_export(os_path)
    except Exception as error:
        contents_manager.log.error("%s is saved, but not exported: %s", os_path, error)


c.FileContentsManager.pre_save_hook = clean_jupyter  # noqa: F821 - Jupyter puts `c` here
c.FileContentsManager.post_save_hook = export  # noqa: F821
c.LabApp.default_url = "/lab/tree/nbs"  # noqa: F821
