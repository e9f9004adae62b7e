"""Runs Python in a process that `fork_server.py` forks, and ends as that process ends.

It imports little, to start quickly. Without a server it becomes a fresh Python.
"""

import json
import os
import signal
import socket
import sys


def main(arguments):
    server = socket.socket(socket.AF_UNIX)
    warm = "" if "COVERAGE_PROCESS_CONFIG" in os.environ or imports_another(arguments) else "-warm"
    try:
        server.connect(os.environ["FORK_SERVER"] + os.environ.get("PYTHONHASHSEED", "") + warm)
    except (KeyError, OSError):
        become_fresh(arguments)
    os.umask(umask := os.umask(0))
    folder = os.getcwd()  # noqa: PTH109, pathlib is slow to import
    request = {"arguments": arguments, "folder": folder, "environment": dict(os.environ), "umask": umask}
    socket.send_fds(server, [b" "], [0, 1, 2])
    server.sendall(f"{json.dumps(request)}\n".encode())
    answers = server.makefile()
    process = int(answers.readline() or 0)
    if not process:
        become_fresh(arguments)
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, lambda number, frame: os.kill(process, number))
    code = os.waitstatus_to_exitcode(int(answers.readline() or signal.SIGKILL))
    if code < 0:  # a signal ended the process, and now ends this one
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def imports_another(arguments):
    """Whether the process finds another copy of `iris_ml` than the one beside these tests."""
    scripts = [os.path.realpath(word) for word in arguments[:1] if not word.startswith("-")]
    places = [".", *os.environ.get("PYTHONPATH", "").split(os.pathsep), *(script.rpartition("/")[0] for script in scripts)]
    own = os.path.realpath(f"{__file__}/../../iris_ml")
    return any(os.path.isdir(path := f"{place}/iris_ml") and os.path.realpath(path) != own for place in places)  # noqa: PTH112


def become_fresh(arguments):
    os.execv(sys.executable, [sys.executable, *arguments])


main(sys.argv[1:])
