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
    try:
        server.connect(os.environ["FORK_SERVER"] + os.environ.get("PYTHONHASHSEED", ""))
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


def become_fresh(arguments):
    os.execv(sys.executable, [sys.executable, *arguments])


main(sys.argv[1:])
