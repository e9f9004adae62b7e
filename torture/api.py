"""Harm done to a real server over a real socket: what is asked wrongly, too much of it, and models that go wrong.

Each campaign gives how many faults it made and how many of them came through, and takes its length, so that the tests can
run a short form.
"""

import asyncio
import json
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import requests

from iris_ml.base.atomic_files import replace_atomically
from iris_ml.models.model_file import model_version, save
from iris_ml.models.predictor import predict
from iris_ml.production import workflow
from iris_ml.steps.estimator import estimator

from .hostile import hostile_files
from .serving import asking, memory, request, served

FLOWER = {"sepal_length": 6.0, "sepal_width": 2.9, "petal_length": 4.9, "petal_width": 1.6}
ASKED = request(json.dumps({"rows": [FLOWER]}))


def trained(**swapped):
    """A model."""
    return workflow.swap(**swapped).run("model", progress=False, checkpoints=False)["model"]


@contextmanager
def folder():
    """A folder with a model, and nothing else."""
    with tempfile.TemporaryDirectory() as name:
        save(trained(), Path(name) / ".iris_ml" / "model.skops")
        yield Path(name)


def generated(cases):
    """Let Schemathesis make requests from the document, with all its checks."""
    with folder() as here, served(here) as server:
        each = max(1, cases // 2)  # of the two operations that take a body
        program = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.address}/openapi.json"]
        options = ["--checks", "all", "--max-examples", str(each), "--seed", "1", "--no-color"]
        done = subprocess.run([*program, *options], cwd=here, capture_output=True, text=True)
        found = re.search(r"(\d+) generated(?:, (\d+) found)?", done.stdout)
        if not found:
            raise RuntimeError(done.stdout + done.stderr)
        return int(found[1]), 0 if done.returncode == 0 else done.stdout.count("❌") or 1


def bad_bodies(choose):
    """Bodies that must not be accepted, without end."""
    good = json.dumps({"rows": [FLOWER]})
    numbers = ["NaN", "-NaN", "nan", "Infinity", "-Infinity", "1e400", "-1e999", "true", "false", "null", '"5"', "[]", "{}"]
    numbers += ["01", "+1", "1.", ".5", "0x10", "1_0", "1e", "--1", "1" + "0" * 400, '"NaN"', "5,", "1e16", '"\\ud800"']
    encodings = ["utf-16", "utf-32", "utf-16-le", "utf-8-sig", "cp500"]
    while True:
        name = choose.choice([*FLOWER])
        value = f'"{name}": {json.dumps(FLOWER[name])}'
        twice = name if choose.random() < 0.5 else f"\\u{ord(name[0]):04x}{name[1:]}"
        depth = choose.choice([10, 300, 5_000, 100_000])
        cut = choose.randrange(1, len(good) - 1)
        yield choose.choice(
            [
                good.replace(value, f'"{name}": {choose.choice(numbers)}').encode(),
                good.replace(value, f'{value}, "{twice}": {choose.choice([1, FLOWER[name]])}').encode(),
                good.replace('{"rows"', f'{{"rows": [], "{choose.choice(["rows", "colour", chr(233)])}"').encode(),
                good.replace(value, f'{value}, "{choose.choice(["colour", "id", "", name.upper()])}": 1').encode(),
                good.replace(f"{value}, ", "").replace(f", {value}", "").encode(),
                good.encode(choose.choice(encodings)),
                good.replace(name, f"{name}\\ud8{choose.randrange(16):x}0").encode(),
                good.encode().replace(name.encode(), bytes([choose.randrange(128, 256)]) + name.encode()),
                good[:cut].encode(),
                (good + choose.choice(["}", "]", "x", good, "\0"])).encode(),
                b"[" * depth + b"]" * depth,
                b'{"rows":' * depth + b"1" + b"}" * depth,
                choose.randbytes(choose.randrange(1, 200)),
                choose.choice([b"", b"null", b"[]", b"{}", b'{"rows": []}', b'{"rows": {}}', b'{"rows": [null]}', b'""']),
            ]
        )


def raw(bodies, seed=0):
    """Send bodies that are wrong in any way, to both routes, some of them as another type."""
    choose, failures = random.Random(seed), 0
    with folder() as here, served(here) as server, requests.Session() as session:
        for body, _ in zip(bad_bodies(choose), range(bodies), strict=False):
            path = choose.choice(["/v1/predict", "/v1/explain"])
            kind = choose.choice(["application/json"] * 9 + ["text/plain"])
            got = session.post(f"{server.address}{path}", data=body, headers={"content-type": kind}, timeout=60)
            told = got.headers["content-type"] == "application/problem+json"
            if got.status_code not in (413, 415, 422) or not told or str(here) in got.text or "Traceback" in got.text:
                failures += 1
                print(got.status_code, body[:200], got.text[:200], file=sys.stderr)
    return bodies, failures


def large(sizes=(1, 10, 100)):
    """Send bodies of many megabytes at once, in parts, and slowly; the memory and `/livez` are looked at all the while."""
    faults = failures = 0
    with folder() as here, served(here) as server:
        requests.post(f"{server.address}/v1/predict", json={"rows": [FLOWER] * 1000}, timeout=60)
        before, ended, lives = memory(server.process.pid)[0], threading.Event(), []

        def live():
            with requests.Session() as session:
                while not ended.wait(0.02):
                    start = time.perf_counter()
                    lives.append(session.get(f"{server.address}/livez", timeout=60).ok and time.perf_counter() - start < 5)

        watching = threading.Thread(target=live)
        watching.start()
        for size in sizes:
            body = b'{"rows": [' + b"1," * (size * 500_000 - 8) + b"1]}"
            for sent in body, _parts(body, 0), _parts(body[:200_000], 0.005):
                faults += 1
                got = requests.post(
                    f"{server.address}/v1/predict", data=sent, headers={"content-type": "application/json"}, timeout=60
                )
                slow_or_small = len(body) <= 1_000_000 or sent is not body
                failures += got.status_code not in ((413, 422) if slow_or_small else (413,))
        ended.set()
        watching.join()
        grown = memory(server.process.pid)[1] - before
    print(f"  memory grew by {grown:.0f} MB; {len(lives)} looks at /livez", file=sys.stderr)
    return faults, failures + lives.count(False) + (grown > 150)


def _parts(body, wait):
    for start in range(0, len(body), 4096 if wait else 65536):
        time.sleep(wait)
        yield body[start : start + (4096 if wait else 65536)]


def stopped(times, connections=16):
    """Stop the server while it is asked; all that it accepted must have been answered."""
    lost = 0
    with folder() as here:
        for turn in range(times):
            with served(here) as server:
                given = asyncio.run(_stopped_under_load(server, connections, 0.2 + 0.01 * (turn % 20)))
            accepted, unanswered = map(int, re.search(r"after (\d+) requests, (\d+)", server.log.read_text()).groups())
            lost += unanswered + abs(accepted - server.looks - given.count(200))
            lost += sum(status not in (200, None) for status in given)
    return times, lost


async def _stopped_under_load(server, connections, wait):
    until, given = asyncio.Event(), []
    load = asyncio.create_task(asking(server.port, ASKED, until, lambda status, *_: given.append(status), connections))
    await asyncio.sleep(wait)
    server.process.send_signal(signal.SIGTERM)
    await asyncio.to_thread(server.process.wait, 60)
    until.set()
    await load
    return given


def swapped(times, broken, connections=16):
    """Put other models in the place of the one that answers, some of them broken, while it is asked."""
    with folder() as here, served(here) as server:
        return times, asyncio.run(_swapped_under_load(server, here / ".iris_ml" / "model.skops", times, broken, connections))


async def _swapped_under_load(server, path, times, broken, connections):
    models = [trained(), trained(estimator=estimator().set_params(logisticregression__C=0.1))]
    files, known = [], {}
    for model in models:
        save(model, path.with_name("other"))
        files.append(path.with_name("other").read_bytes())
        shares = predict(pd.DataFrame([FLOWER]), model).filter(like="probability_").iloc[0].tolist()
        known[model_version(path.with_name("other"))] = shares
    names = [*known]
    known[model_version(path)] = known[names[0]]  # the model that the server started with
    wrong, latest, until = [], "", asyncio.Event()

    def told(status, _, body, __):
        nonlocal latest
        given = json.loads(body) if status == 200 else {}
        latest = given.get("model", "")
        if status != 200 or not np.allclose([*given["answers"][0]["probabilities"].values()], known[latest], rtol=0, atol=1e-9):
            wrong.append((status, body))

    load = asyncio.create_task(asking(server.port, ASKED, until, told, connections))
    bad, stands = set(random.Random(0).sample(range(1, times), broken)), 0  # the first is sound
    for turn in range(times):
        if load.done():
            load.result()
        stands = stands if turn in bad else 1 - stands
        content = files[1 - stands][: 1000 * turn + 10] if turn in bad else files[stands]
        with replace_atomically(path) as aside:
            aside.write_bytes(content)
        wrong += await _settled(server, turn in bad, names[stands], lambda: latest)
    until.set()
    await load
    for each in wrong[:5]:
        print(each, file=sys.stderr)
    return len(wrong)


async def _settled(server, bad, expected, latest):
    for _ in range(1200):
        await asyncio.sleep(0.05)
        ready = (await asyncio.to_thread(requests.get, f"{server.address}/readyz", timeout=60)).json()
        if bool(ready["refused"]) == bad and ready["model"] == expected and latest() == expected:
            return []
    return [("not settled", ready)]


def overloaded(seconds, connections=2560):
    """Ask ten times as much at once as the server takes; then it must be as before."""
    with folder() as here, served(here) as server:
        given = asyncio.run(_overloaded(server, seconds, connections))
        start, again = time.perf_counter(), []
        while time.perf_counter() - start < 2:
            got = requests.post(f"{server.address}/v1/predict", json={"rows": [FLOWER]}, timeout=60)
            again.append(got.status_code == 200)
    refused = sorted(seconds for status, _, seconds in given if status == 503)
    kinds = {status: sum(one == status for one, *_ in given) for status in {one for one, *_ in given}}
    late = refused[int(len(refused) * 0.99)] if refused else 0.0
    print(f"  answers by status: {kinds}; refused after {late:.2f} s (99 of 100)", file=sys.stderr)
    wrong = [one for one in given if one[0] not in (200, 503) or (one[0] == 503 and not one[1])]
    return len(given), len(wrong) + (not kinds.get(200)) + (not refused) + (not again[-1])


async def _overloaded(server, seconds, connections):
    until, given = asyncio.Event(), []

    def told(status, headers, _, took):
        if not given:  # the seconds begin with the first answer, for a slow machine may take as long to connect
            asyncio.get_running_loop().call_later(seconds, until.set)
        given.append((status, "retry-after" in headers, took))

    await asking(server.port, ASKED, until, told, connections)
    return given


def hostile(files, seed=0):
    """Put hostile model files where the model lies; the server must refuse each with a reason, and run none."""
    failures, choose = 0, random.Random(seed)
    with folder() as here, served(here) as server:
        path, canary = here / ".iris_ml" / "model.skops", here / "canary"
        good = path.read_bytes()
        version = requests.get(f"{server.address}/readyz", timeout=60).json()["model"]
        for (kind, content), _ in zip(hostile_files(good, canary, choose), range(files), strict=False):
            reason = ""
            for content_now, wanted in (good, False), (content, True):
                with replace_atomically(path) as aside:
                    aside.write_bytes(content_now)
                for _ in range(1200):
                    ready = requests.get(f"{server.address}/readyz", timeout=60).json()
                    reason = ready["refused"]
                    if bool(reason) == wanted:
                        break
                    time.sleep(0.05)
            if not reason or ready["model"] != version or canary.exists():
                failures += 1
                print(f"{kind} was not refused", file=sys.stderr)
        answered = requests.post(f"{server.address}/v1/predict", json={"rows": [FLOWER]}, timeout=60)
        failures += not answered.ok
    return files, failures


CAMPAIGNS = {
    "requests that Schemathesis makes": lambda: generated(2400),
    "bodies that are wrong": lambda: raw(500),
    "bodies of 1, 10 and 100 MB": large,
    "SIGTERM under load": lambda: stopped(50),
    "another model under load, every fifth broken": lambda: swapped(100, 20),
    "ten times too much for a minute": lambda: overloaded(60),
    "hostile model files": lambda: hostile(60),
}
