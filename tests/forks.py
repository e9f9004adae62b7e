"""Forks Python processes from one that has imported the heavy packages once, in place of starting each afresh.

`Popen` here is `subprocess.Popen` that forks `python -c …`, `python -m …` and the command `iris_ml` from a server. The
child gets its own folder, environment, path, streams and session. Whatever else it is given, a process starts as usual:
another Python, another option, or an environment that Python and the numeric libraries read only when they start.
"""

import gc
import json
import os
import random
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import types
from contextlib import suppress
from importlib import import_module
from pathlib import Path

# iris_ml is not among them, since tests run changed copies of it.
HEAVY = """pandas pyarrow.parquet pyarrow.dataset pyarrow.csv sklearn.pipeline sklearn.linear_model sklearn.ensemble
    sklearn.model_selection sklearn.dummy skops.io scipy.stats hamilton.driver ipykernel.kernelapp ipykernel.ipkernel
    typer rich.progress pydantic joblib""".split()
# What is read when Python or a library starts: a process that needs another value is started afresh.
AT_START = ("PYTHON", "OMP_", "OPENBLAS_", "MKL_", "ARROW_", "LD_", "LC_", "LANG", "TZ", "MALLOC_", "SKLEARN_", "SCIPY_", "COVERAGE")
SCRIPT = Path(sys.executable).with_name("iris_ml")
STARTED = dict(os.environ)


def read_at_start(environment):
    return {name: text for name, text in environment.items() if name.startswith(AT_START) and name != "PYTHONPATH"}


class Popen(subprocess.Popen):
    """A process, forked where a fork hides nothing."""

    enabled = True  # a test that needs fresh processes sets it to False
    server = None

    def _execute_child(self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *others):
        words = [] if isinstance(args, (str, bytes, os.PathLike)) else [os.fsdecode(word) for word in args]
        python = words[:1] == [sys.executable] and len(words) > 2 and words[1] in {"-c", "-m"}
        environment = {os.fsdecode(name): os.fsdecode(text) for name, text in (os.environ if env is None else env).items()}
        _, _, shell, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, _, gid, gids, uid, umask, session, *_ = others
        plain = executable in {None, sys.executable} and not (preexec_fn or pass_fds or shell) and {gid, gids, uid} == {None}
        same = read_at_start(environment) == read_at_start(STARTED) and umask == -1
        self.answers = None
        if not (self.enabled and plain and same and (python or words[:1] == [str(SCRIPT)])):
            return super()._execute_child(args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *others)
        folder = os.fsdecode(cwd or Path.cwd())
        if not Path(folder).is_dir():
            raise FileNotFoundError(2, "No such file or directory", folder)
        self.answers, theirs = socket.socketpair()
        streams = [given if given != -1 else own for own, given in enumerate([p2cread, c2pwrite, errwrite])]
        request = json.dumps({"words": words, "environment": environment, "folder": folder, "session": bool(session)})
        with theirs:
            socket.send_fds(running_server(), [request.encode()], [theirs.fileno(), *streams])
        self.pid = int(self.answers.makefile().readline())
        self._child_created = True
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)

    def _try_wait(self, flags):
        if self.answers is None:
            return super()._try_wait(flags)
        if flags & os.WNOHANG and not select.select([self.answers], [], [], 0)[0]:
            return 0, 0
        return self.pid, int(self.answers.recv(20) or signal.SIGKILL)

    def _internal_poll(self, *others, **options):
        if self.answers is None:
            return super()._internal_poll(*others, **options)
        if self.returncode is None and self._waitpid_lock.acquire(False):
            try:
                pid, status = self._try_wait(os.WNOHANG)
                if pid:
                    self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode


def running_server():
    """The connection to the server of this process, which ends with it."""
    if Popen.server is None:
        Popen.server, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in Popen.server, theirs:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        with theirs:
            command = [sys.executable, __file__, str(theirs.fileno())]
            Popen.process = ORIGINAL(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=STARTED, cwd="/")
    return Popen.server


ORIGINAL = subprocess.Popen


def install():
    """Fork the processes of this session's tests, and Jupyter's kernels."""
    subprocess.Popen = import_module("jupyter_client.launcher").Popen = Popen


def serve(requests):
    """Fork a keeper for each request, which forks the process and reports how it ended; only the process returns."""
    for package in HEAVY:
        import_module(package)
    gc.collect()
    gc.freeze()  # so that no fork copies what it does not touch
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        text, opened, *_ = socket.recv_fds(requests, 1 << 20, 4)
        if not text:
            os._exit(0)
        if os.fork() == 0:
            break
        for number in opened:
            os.close(number)
    requests.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if child := os.fork():
        keep(child, *opened)
    request = json.loads(text)
    if request["session"]:
        os.setsid()  # before anyone has its number, and asks for its group
    with socket.socket(fileno=opened[0]) as answers:
        answers.sendall(f"{os.getpid()}\n".encode())
    return request, opened[1:]


def keep(child, answers, *streams):
    """Report how a process ended to whoever started it, and end."""
    for number in streams:
        os.close(number)
    for number in range(3):
        os.dup2(os.open(os.devnull, os.O_RDWR), number)
    # A signal to the whole group is meant for the process: its end is still reported.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    status = os.waitpid(child, 0)[1]
    with suppress(BrokenPipeError):  # nobody waits for it
        os.write(answers, str(status).encode())
    os._exit(0)


def become(request, opened):
    """Make this fork what a fresh Python would be, and return the program that it runs."""
    for number, stream in enumerate(opened):
        os.dup2(stream, number)
    for stream in opened:
        if stream > 2:
            os.close(stream)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    if "JPY_PARENT_PID" in os.environ:
        os.environ["JPY_PARENT_PID"] = str(os.getppid())
    time.tzset()
    sys.stdin = sys.__stdin__ = os.fdopen(0, closefd=False)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    tempfile.tempdir = None
    random.seed()
    sys.modules["numpy"].random.seed()
    places = [place for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place]
    theirs = {Path(place).resolve() for place in STARTED.get("PYTHONPATH", "").split(os.pathsep)} | {Path(__file__).parent}
    sys.path[:] = [*places, *(place for place in sys.path if Path(place).resolve() not in theirs)]
    for customized in (Path(place, "sitecustomize.py") for place in places):
        if customized.is_file():
            runpy.run_path(str(customized))
    first, *words = request["words"]
    if first != sys.executable:
        sys.argv = [first, *words]
        return lambda: runpy.run_path(first, run_name="__main__")
    kind, program, *words = words
    sys.argv = [program if kind == "-m" else kind, *words]
    sys.path.insert(0, request["folder"] if kind == "-m" else "")
    if kind == "-m":
        return lambda: runpy.run_module(program, run_name="__main__", alter_sys=True)
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    return lambda: exec(compile(program, "<string>", "exec"), vars(main))


if __name__ == "__main__":
    become(*serve(socket.socket(fileno=int(sys.argv[1]))))()
