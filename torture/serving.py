"""A real server over a real socket, and people who ask it."""

import asyncio
import os
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import requests

from tests.fork_server import FORKED_PYTHON

PROJECT = Path(__file__).parents[1]


@contextmanager
def served(folder, *words, before="pass", **environment):
    """Serve the model of a folder on a free port; gives the address, the process, and what it wrote at its end.

    `before` is a statement that the process runs first.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = f"{before}; from iris_ml.cli.entry import main; main()"
    log = open(Path(folder) / "log", "w+")  # noqa: SIM115
    server = subprocess.Popen(
        [*FORKED_PYTHON, "-c", start, "serve", "--port", str(port), *words],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(PROJECT)} | environment, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        looks = _looks_until_ready(server, address)
        yield SimpleNamespace(address=address, port=port, process=server, log=Path(folder) / "log", looks=looks)
    finally:
        server.terminate()
        try:
            server.wait(timeout=60)
        finally:
            server.kill()
            log.close()


def _looks_until_ready(server, address):
    looks = 0
    for _ in range(2400):
        if server.poll() is not None:
            raise RuntimeError("the server ended")
        try:
            looks += 1
            if requests.get(f"{address}/readyz", timeout=60).ok:
                return looks
        except requests.ConnectionError:
            looks -= 1
        time.sleep(0.05)
    raise RuntimeError("the server does not get ready")


def request(body, path="/v1/predict", kind="application/json", method="POST"):
    """The bytes of a request."""
    body = body if isinstance(body, bytes) else body.encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def answer(reader):
    """Read a response: its status, its headers and its body."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    return int(first.split()[1]), headers, await reader.readexactly(int(headers.get("content-length", 0)))


async def asking(port, asked, until, told, connections=16):
    """Ask the same again and again over many connections, which are opened anew when the server closes them.

    `told` is called with status, headers, body and seconds; `None` for the status of a request that the server closed
    its connection on. A connection that is refused was never accepted.
    """

    async def one():
        while not until.is_set():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            try:
                while not until.is_set():
                    start = time.perf_counter()
                    writer.write(asked)
                    status, headers, body = await answer(reader)
                    told(status, headers, body, time.perf_counter() - start)
                    if headers.get("connection") == "close":
                        break
            except (OSError, asyncio.IncompleteReadError):
                told(None, {}, b"", 0.0)
            finally:
                writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))


def memory(pid):
    """MB that a process holds, and the most that it held."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return tuple(int(status[name].split()[0]) / 1000 for name in ("VmRSS", "VmHWM"))
