"""A plugin of pytest: the kernels of pages are forked from the server, so that they need not import what most pages import."""

import os

from jupyter_client import AsyncKernelManager

from tests.fork_server import FORKED_PYTHON


class ForkedKernel(AsyncKernelManager):
    """A kernel that the server forks."""

    def format_kernel_cmd(self, extra_arguments=None):
        _, *arguments = super().format_kernel_cmd(extra_arguments)
        return [*FORKED_PYTHON, *arguments, f"--IPKernelApp.parent_handle={os.getpid()}"]


def pytest_configure(config):
    """Set the kernels of all pages."""
    from iris_ml.template.pages import FreshPage  # only now, because pytest changes a plugin before its first import

    FreshPage.kernel = ForkedKernel
