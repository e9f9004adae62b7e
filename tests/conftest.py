"""What tests of several windows share."""

import os
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
expect.set_options(timeout=90_000)  # a busy machine takes its time


@pytest.fixture(scope="module")
def browser():
    """Chromium without a screen."""
    if BROWSER is None and os.environ.get("CI") != "true":
        pytest.skip("there is no Chromium on this machine")
    assert BROWSER, "there is no Chromium on this machine"
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=BROWSER, args=arguments)
        yield browser
        browser.close()
