"""What tests of several windows, or on a cluster, share."""

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


@pytest.fixture(scope="module")
def cluster():
    """A client of a cluster of its own, which gives a killed worker all the time that a busy machine needs to come back."""
    import dask
    from distributed import Client, LocalCluster

    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "10 minutes"}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def client(cluster):
    """A client of two worker processes, also after another test has killed one."""
    cluster.wait_for_workers(2, timeout=300)
    return cluster
