"""Thirty tables from elsewhere, each through every command, and the default beside what people begin with."""

import json
import shutil
import socket
import subprocess
import tempfile
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep

from .environments import PROJECT, command, environment, make_tables
from .timing import show

TITLE = """\
Tables from elsewhere, each with at most four lines of settings, taken through run, predict, report, monitor, promote, explore and
serve. `default` is the estimator that a table gets; the others learn the same rows: boosted trees, a scaled linear model, and
skrub's. Scores of the test rows: ROC AUC of classes, R² of numbers. ok: nothing failed, and the default is the best of the four,
or at most 0.01 below it. The seconds are those of `iris_ml run`."""
COMMANDS = {
    "run": ("run", "--quiet"),
    "predict": ("predict", "new.csv", "--to", "answers.csv"),
    "report": ("report", "table.csv"),
    "monitor": ("monitor", "table.csv"),
    "promote": ("promote", "--because", "a trial"),
}
PEERS = ("boosting", "linear", "skrub")


def compare(*chosen: str) -> None:
    """Take the tables through the commands, and print a line for each."""
    make_tables()
    names = chosen or json.loads(_do(Path.cwd(), "python", str(PROJECT / "bench/peers/tables/catalogue.py")).stdout)
    rows, ok = [], 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(PROJECT / "bench" / "peers" / "tables", folder, dirs_exist_ok=True)
            line, is_ok = _through(name, Path(folder))
        rows.append(line)
        ok += is_ok
        print(*line, sep="  ", flush=True)
    show(TITLE, ["table", "rows", "columns", "default", *PEERS, "ok", "seconds", "what failed"], rows)
    print(f"\n  {ok} of {len(rows)} are ok")


def _through(name: str, folder: Path) -> tuple[list[str], bool]:
    size, failed = json.loads(_do(folder, "python", "catalogue.py", name).stdout), []
    seconds = {}
    for each, words in COMMANDS.items():
        start = perf_counter()
        ended = _do(folder, "iris_ml", *words)
        seconds[each] = perf_counter() - start
        drifted = each == "monitor" and ended.returncode == 1  # a split by time or group is one
        if ended.returncode and not drifted:
            failed.append(f"{each}: {(ended.stderr.strip() or ended.stdout.strip()).splitlines()[-1]}")
    scored = _do(folder, "python", "scored.py", "explore")
    found = json.loads(scored.stdout.splitlines()[-1]) if not scored.returncode else {}
    if not found.get("explored"):
        failed.append(f"explore: {(scored.stderr.strip().splitlines() or ['an error'])[-1]}")
    if wrong := _served(folder):
        failed.append(f"serve: {wrong}")
    scores = [found.get(each, float("nan")) for each in ("default", *PEERS)]
    is_ok = not failed and scores[0] >= max(scores) - 0.01
    figures = [*(f"{score:.3f}" for score in scores), "ok" if is_ok else "", f"{seconds['run']:.1f}", "; ".join(failed)]
    return [name, str(size["rows"]), str(size["columns"]), *figures], is_ok


def _do(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    around = environment("tables") | {"IRIS_ML_PROGRESS": "false", "COLUMNS": "200"}
    return subprocess.run(command("tables", *words), cwd=folder, env=around, capture_output=True, text=True)


def _served(folder: Path) -> str:
    """What is wrong with the answers of the service; nothing if they are those of `predict`."""
    asked = "import json, pandas as pd; print(pd.read_csv('new.csv').head(3).to_json(orient='records'))"
    rows = json.loads(_do(folder, "python", "-c", asked).stdout)
    said = "import json, pandas as pd; print(json.dumps([str(each) for each in pd.read_csv('answers.csv').iloc[:3][TARGET]]))"
    target = (folder / "iris.toml").read_text().split("target = ")[1].split('"')[1]
    told = _do(folder, "python", "-c", said.replace("TARGET", repr(target)))
    if told.returncode:
        return "there are no answers to compare with"
    with _service(folder) as address:
        body = json.dumps({"rows": rows}).encode()
        request = urllib.request.Request(f"{address}/v1/predict", body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                given = [str(each["label"]) for each in json.load(answer)["answers"]]
        except urllib.error.HTTPError as error:
            return error.read().decode()[:200]
    same = [one == other or _near(one, other) for one, other in zip(given, json.loads(told.stdout), strict=True)]
    return "" if all(same) else f"{given} is not {told.stdout.strip()}"


def _near(one: str, other: str) -> bool:
    try:
        return abs(float(one) - float(other)) <= 1e-9 * max(1.0, abs(float(one)))
    except ValueError:
        return False


@contextmanager
def _service(folder: Path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    around = environment("tables") | {"IRIS_ML_PROGRESS": "false"}
    words = command("tables", "iris_ml", "serve", "--port", str(port))
    server = subprocess.Popen(words, cwd=folder, env=around, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
                break
            except OSError:
                sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()
