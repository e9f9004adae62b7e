"""Starts Python processes quickly: it forks them from a server that has imported the heavy packages once.

A test types `[*FORKED_PYTHON, "-c", program]` instead of `[sys.executable, "-c", program]`. The process has its own folder,
environment, `sys.path`, arguments, streams, process group and random state. A fork hides what Python does when it starts,
and what `iris_ml` does once in a process. A test of either, or of any seed of hashes but a clean process's, uses
`sys.executable`. `FORK_SERVER= pytest` starts every process afresh.

Three processes take part:
- The client, `fork_client.py`, sends its arguments, folder, environment and streams to the server. It passes signals on to
  the process and ends as the process ends.
- The server belongs to one test session. It ends when the session ends, also when the session is killed. It has run the
  workflow once; for a process that imports another copy of `iris_ml`, there is a second server, which has imported none.
- The process is a child of the server. It is killed when the server ends or when its client is killed.
"""

import atexit
import ctypes
import functools
import gc
import json
import multiprocessing.process
import os
import runpy
import signal
import site
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
from contextlib import contextmanager, redirect_stderr, suppress
from importlib import import_module
from io import StringIO
from pathlib import Path
from select import select

PROJECT = Path(__file__).parents[1]
FORKED_PYTHON = [sys.executable, "-I", "-S", str(Path(__file__).with_name("fork_client.py"))]
if sys.platform != "linux":
    FORKED_PYTHON = [sys.executable]

# What lies beside the server's socket: the Python that a forked process starts as its own, which forks the programs by which
# `iris_ml` starts itself and the one that measures a model; and the command, for a test that puts this folder in its path.
FORKED_PROGRAMS = {
    "python": f"""#!/bin/sh
case "$*" in
"-c from iris_ml."*" import main; main()"* | "-P -c from iris_ml."*" import main; main()"* | "-c "*"from iris_ml.models."*)
    exec {" ".join(FORKED_PYTHON)} "$@";;
esac
exec {sys.executable} "$@"
""",
    "iris_ml": f"""#!/bin/sh
exec {" ".join(FORKED_PYTHON)} {Path(sys.executable).with_name("iris_ml")} "$@"
""",
}

# Not Matplotlib, which reads the environment when imported.
HEAVY = """pandas pyarrow.parquet pyarrow.dataset pyarrow.csv sklearn.pipeline sklearn.linear_model sklearn.ensemble
    sklearn.model_selection sklearn.dummy skops.io scipy.stats hamilton.driver pydantic joblib typer rich.progress
    ipykernel.kernelapp ipykernel.ipkernel altair streamlit fastapi.testclient fastapi_offline uvicorn
    prometheus_client mlflow.sklearn mlflow.store.tracking.sqlalchemy_store"""
# A process with one thread forks safely: OpenBLAS and Arrow's memory start none. Hamilton loads no extensions, as in `iris_ml`.
BEFORE_IMPORTS = {
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "HAMILTON_AUTOLOAD_EXTENSIONS": "0",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
}
# Python and the packages read these when they start. A client with values of its own gets a fresh Python.
READ_AT_START = ("PYTHON", "OMP_", "OPENBLAS_", "JE_ARROW_", "LD_", "LC_", "LANG", "TZ", "SKLEARN_")
CLEAN_SEED = "4001"  # with which `iris_ml` starts a clean process; there is a server for it as well
# The first is taken over, no virtual environment reads the second, and the third is for tracebacks of Python 3.13.
NOT_READ = "PYTHONPATH", "PYTHONUSERBASE", "PYTHON_COLORS"


def serve(listening, warm, session):
    """Fork a process for each client until the session ends; in the process, return the server and what its client sent."""
    started = read_at_start(BEFORE_IMPORTS | os.environ)
    wait_for_client(listening, warm, session)
    import_heavy()
    listening = in_two_servers(listening, warm)
    gc.collect()
    gc.freeze()  # so that collecting garbage in a process copies no memory of the server
    server, threads = os.getpid(), count_threads()
    processes = {}  # the number and the client of each process, by its descriptor
    while True:
        ready = {*select([listening, session, *processes, *(client for _, client in processes.values())], [], [])[0]}
        if session in ready:
            os._exit(0)
        for descriptor in ready & processes.keys():
            os.close(descriptor)
            report_end(*processes.pop(descriptor))
        for process, client in processes.values():
            if client in ready:  # it was killed: a client that waits sends nothing
                os.killpg(process, signal.SIGKILL)
        if listening in ready:
            client, streams, request = receive(listening)
            if not forks(request, started):
                client.sendall(b"0\n")
                client.close()
            elif process := fork(threads):
                os.setpgid(process, process)
                processes[os.pidfd_open(process)] = process, client
                client.sendall(f"{process}\n".encode())
            else:
                return server, request, streams
            for stream in streams:
                os.close(stream)


def wait_for_client(*descriptors):
    """Import nothing before there is a client, and end if the session ends without one."""
    if descriptors[-1] in select(descriptors, [], [])[0]:
        os._exit(0)


def import_heavy():
    os.environ.update(BEFORE_IMPORTS)
    for package in HEAVY.split():
        import_module(package)
    assert "iris_ml" not in sys.modules
    search_components_once()


def in_two_servers(plain, warm):
    """Fork the server that runs the workflow once, so that the code is traced; `iris_ml` looks whether what it knows holds."""
    server = os.getpid()
    if fork():
        return plain
    end_with(server)
    sys.path.insert(0, str(PROJECT))
    environment, folder = dict(os.environ), Path.cwd()
    os.environ["IRIS_ML_PROGRESS"] = "false"
    with tempfile.TemporaryDirectory() as temporary, redirect_stderr(StringIO()):
        os.chdir(temporary)
        import_module("iris_ml.production").workflow.run()
        os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path.remove(str(PROJECT))
    return warm


def search_components_once():
    """Let Streamlit search the installed packages for components once, and not at each start of the app."""
    from streamlit.components.v2 import manifest_scanner

    manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)
    manifest_scanner.scan_component_manifests()


def receive(listening):
    """Return a new client, its streams and its request."""
    client, _ = listening.accept()
    _, streams, _, _ = socket.recv_fds(client, 1, 3)
    return client, streams, json.loads(client.makefile().readline())


def forks(request, started):
    """Whether the process is a fork: it runs a program, with no option but `-P`, and with what Python reads at its start."""
    kind, *_ = [word for word in request["arguments"] if word != "-P"] or ["-"]
    given = BEFORE_IMPORTS | request["environment"]  # Snakemake sets the threads of OpenBLAS to the same number
    return read_at_start(given) == started and (kind in {"-c", "-m"} or not kind.startswith("-"))


def fork(threads=1):
    deadline = time.monotonic() + 5
    while count_threads() > threads and time.monotonic() < deadline:  # a thread that has returned takes a moment to end
        time.sleep(0.01)
    assert count_threads() == threads, "a process with other threads than those of Arrow does not fork safely"
    return os.fork()


def count_threads():  # after a workflow, two are Arrow's, which a forked process starts anew
    return len([*Path("/proc/self/task").iterdir()])


def report_end(process, client):
    """Send the client of a process how it ended."""
    _, status = os.waitpid(process, 0)
    with suppress(BrokenPipeError), client:
        client.sendall(f"{status}\n".encode())


def read_at_start(environment):
    return {name: text for name, text in environment.items() if name.startswith(READ_AT_START) and name not in NOT_READ}


def take_over(server, request, streams):
    """Give this process what its client was started with, and return a function that runs the program."""
    end_with(server)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.setpgid(0, 0)
    os.umask(request["umask"])
    os.chdir(request["folder"])
    multiprocessing.process.ORIGINAL_DIR = request["folder"]  # where spawned processes import from
    os.environ.clear()
    os.environ.update(request["environment"])
    tempfile.tempdir = None
    if executable := os.environ.get("FORK_SERVER"):
        sys.executable = str(Path(executable).with_name("python"))
    sys.modules["numpy"].random.seed()  # the fork itself seeds the generator of Python
    folders = os.environ.get("PYTHONPATH")
    sys.path[:1] = folders.split(os.pathsep) if folders else []
    site.removeduppaths()
    sys.modules.pop("sitecustomize", None)
    site.execsitecustomize()
    if "COVERAGE_PROCESS_CONFIG" in os.environ:
        import_module("coverage").process_startup()
    first, *arguments = request["arguments"]
    if is_safe := first == "-P":
        first, *arguments = arguments
    if first == "-c":
        program, *sys.argv[1:] = arguments
        sys.argv[0] = "-c"
        sys.path[:0] = [] if is_safe else [""]
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        return lambda: exec(compile(program, "<string>", "exec"), vars(main))
    if first == "-m":
        sys.argv[:] = arguments
        sys.path.insert(0, str(Path.cwd()))
        if arguments[0] == "ipykernel_launcher":
            sys.modules["pandas"].options.display.max_columns = 20  # as pandas sets it when a kernel imports it
        return lambda: runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    sys.argv[:] = first, *arguments
    sys.path.insert(0, str(Path(first).resolve().parent))
    return lambda: runpy.run_path(first, run_name="__main__")


def end_with(server):
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: the kernel kills this process when the server ends
    if os.getppid() != server:
        os._exit(1)


@contextmanager
def running_server():
    """Run servers for the clients that this process and its children start, and for their clean processes."""
    with tempfile.TemporaryDirectory() as folder:
        for program in Path(sys.executable).parent.iterdir():
            if program.name in FORKED_PROGRAMS:
                Path(folder, program.name).write_text(FORKED_PROGRAMS[program.name])
                Path(folder, program.name).chmod(0o755)
            else:
                Path(folder, program.name).symlink_to(program)
        session, held = os.pipe()
        address = f"{folder}/socket"
        seeds = dict.fromkeys([os.environ.get("PYTHONHASHSEED", ""), CLEAN_SEED])
        processes = [start_server(address + seed, seed, session) for seed in seeds]
        os.close(session)
        os.environ["FORK_SERVER"] = address
        yield processes[0]
        del os.environ["FORK_SERVER"]
        os.close(held)
        for process in processes:
            process.wait()


def start_server(address, seed, session):
    """Start a server that listens at an address, with a seed of hashes if there is one."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as warm:
        for each, name in (listening, address), (warm, f"{address}-warm"):
            each.bind(name)
            each.listen(100)
        numbers = [listening.fileno(), warm.fileno(), session]
        return subprocess.Popen(
            [sys.executable, __file__, *map(str, numbers)],
            pass_fds=numbers,
            env=environment | ({"PYTHONHASHSEED": seed} if seed else {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )


def run_and_exit(program):
    """Run the program and end as Python does, but take no modules apart: with those of the server this takes 0.16 s."""
    code = 0
    try:
        program()
    except SystemExit as error:
        code = error.code
        if code is not None and not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except Exception:
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    if vars(sys.modules["__main__"]) is not globals():  # but of a program that was given as text: so that its files are closed
        vars(sys.modules["__main__"]).clear()
    for stream in sys.stdout, sys.stderr:
        with suppress(AttributeError, OSError, ValueError):  # it is absent or closed, or nobody reads it
            stream.flush()
    os._exit((code or 0) & 0xFF)


if __name__ == "__main__":
    plain, warm, session = map(int, sys.argv[1:])
    run_and_exit(take_over(*serve(socket.socket(fileno=plain), socket.socket(fileno=warm), session)))
