"""A service under attack: connections that send nothing or too little, names of other hosts, and a log that is filled."""

import json
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path

import pytest
import requests

from tests.fork_server import FORKED_PYTHON
from torture.serving import request, served

FLOWER = {"sepal_length": 5.0, "sepal_width": 3.0, "petal_length": 1.4, "petal_width": 0.2}
PREDICT = request(json.dumps({"rows": [FLOWER]}))
FEW_FILES = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that may open 256 files."""
    folder = tmp_path_factory.mktemp("served")
    subprocess.run(
        [*FORKED_PYTHON, Path(sys.executable).with_name("iris_ml"), "run", "--quiet"], cwd=folder, check=True
    )
    with served(folder, before=FEW_FILES) as server:
        yield server


@pytest.fixture
def connect(server):
    """Open a connection, which is closed after the test."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))


def is_answered(connection):
    connection.sendall(PREDICT)
    response = HTTPResponse(connection)
    response.begin()
    return response.read() and response.status == 200


def closes(connection):
    try:
        return connection.recv(100) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST /v1/predict HTTP/1.1\r\nhost: 127.0.0.1\r\n", PREDICT[:-10]],
    ids=["nothing", "half of the headers", "half of the body"],
)
def test_many_connections_do_not_keep_others_from_an_answer(server, connect, sent):
    used = connect()
    assert is_answered(used)
    for _ in range(160):
        connect().sendall(sent)
    assert is_answered(connect())
    assert is_answered(connect())
    assert server.log.stat().st_size < 10_000


def test_whoever_asks_again_keeps_the_connection_while_others_send_nothing(connect):
    used = connect()
    for _ in range(30):
        assert is_answered(used)
        for _ in range(10):
            connect()


@pytest.fixture(scope="module")
def impatient(server):
    """A server that waits half a second for a request, and for a client to read."""
    short = "import iris_ml.api.connections as waits; waits.REQUEST_SECONDS = waits.READING_SECONDS = 0.5"
    with served(server.log.parent, before=short) as impatient:
        yield impatient


@pytest.mark.parametrize("first", [b"", PREDICT], ids=["the first request", "the second request"])
def test_a_connection_is_closed_if_its_headers_do_not_arrive(impatient, first):
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=60) as connection:
        if first:
            assert is_answered(connection)
            time.sleep(1)  # between two requests there is more time
        connection.sendall(b"GET /livez HTTP/1.1\r\n")
        assert closes(connection)


def test_a_client_that_does_not_read_is_not_waited_for(impatient):
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", impatient.port))
        connection.settimeout(20)
        many = request(json.dumps({"rows": [FLOWER] * 5_000}))
        with pytest.raises(ConnectionError):  # noqa: PT012 - any of them
            for _ in range(100):
                connection.sendall(many)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:8000", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("10.0.0.1", 421),
    ],
)
@pytest.mark.parametrize("path", ["/v1/model", "/readyz", "/docs"])
def test_a_request_for_another_host_is_refused(server, host, status, path):
    answer = requests.get(f"{server.address}{path}", headers={"host": host}, timeout=60)
    assert answer.status_code == status
    if status == 421:
        assert (
            answer.json()["detail"] == f"{host!r} is not a name of this service; add it to IRIS_API_HOSTS if it is one"
        )


def test_a_name_of_the_service_can_be_given(server):
    with served(server.log.parent, IRIS_API_HOSTS="iris.example") as named:
        assert requests.get(f"{named.address}/livez", headers={"host": "iris.example:80"}, timeout=60).ok


@pytest.mark.parametrize("path", ["/v1/model", "/v1/predict"])
def test_an_upgrade_to_a_websocket_is_answered_like_any_request(server, path):
    headers = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "eA==",
    }
    answer = requests.get(f"{server.address}{path}", headers=headers, timeout=60)
    assert answer.status_code == {"/v1/model": 200, "/v1/predict": 405}[path]


def test_what_is_no_http_does_not_fill_the_log(server, connect):
    before = server.log.stat().st_size
    for _ in range(1_000):
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(b"\x16\x03\x01\r\n\r\n")
            connection.recv(100)
    assert server.log.stat().st_size - before < 20_000
    assert is_answered(connect())
