"""The images and what is started from them, as far as it can be proved without a container engine."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[1]
PROGRAMS = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
COMPOSE = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: about for name, about in COMPOSE["services"].items() if "build" in about}


def stages():
    """The stages of the Containerfile: name -> the stage or image it begins from, and its instructions."""
    text = re.sub(r"^#.*\n", "", (PROJECT / "Containerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = {}
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            start, _, name = rest.partition(" AS ")
            found[name] = start, []
        elif word and word != "ARG":
            found[name][1].append((word, rest))
    return found


STAGES = stages()


def instructions(stage):
    """The instructions that make a stage, those of the stages below it first."""
    start, own = STAGES[stage]
    return [*(instructions(start) if start in STAGES else []), *own]


def last(stage, word):
    """What the last instruction of a kind says in a stage."""
    return [rest for name, rest in instructions(stage) if name == word][-1]


def typed(*words, **options):
    return subprocess.run([*map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


@pytest.mark.parametrize(
    "command", ["hadolint Containerfile", "check-jsonschema --builtin-schema vendor.compose-spec compose.yaml"]
)
def test_the_files_keep_to_their_specifications(command):
    done = typed(shutil.which(command.split()[0], path=PROGRAMS), *command.split()[1:], cwd=PROJECT)
    assert done.returncode == 0, done.stdout


def test_what_is_copied_is_there_and_is_sent_to_the_engine():
    ignored = [line for line in (PROJECT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    sent = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    lines = [rest.split() for _, own in STAGES.values() for word, rest in own if word == "COPY" and "--from" not in rest]
    copied = [name for *names, _ in lines for name in names]
    assert len(copied) > 8
    assert [name for name in copied if not (PROJECT / name).exists()] == []
    assert [name for name in copied if not any(fnmatch(name, pattern) for pattern in sent)] == []


@pytest.mark.parametrize("stage", ["job", "api"])
def test_no_image_runs_as_root(stage):
    assert int(last(stage, "USER")) > 0


@pytest.mark.parametrize("lock", ["bootstrap", "run", "services"])
def test_an_image_holds_what_is_tested(lock):
    def pinned(name):
        text = (PROJECT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        assert len(re.findall(r"^\S+==", text, re.MULTILINE)) <= text.count("--hash=sha256:")
        return {re.sub(r"[-_.]+", "-", name): version for name, version in re.findall(r"^(\S+?)==(\S+)", text, re.MULTILINE)}

    tested = pinned("bootstrap") | pinned("dev")
    assert pinned(lock)
    assert {name: version for name, version in pinned(lock).items() if tested.get(name) != version} == {}


def started():
    """Every command that an image or a service starts, as words."""
    entry = json.loads(last("job", "ENTRYPOINT"))
    for stage in "job", "api":
        yield pytest.param([*entry, *json.loads(last(stage, "CMD"))], id=stage)
    for name, service in OURS.items():
        yield pytest.param([*service.get("entrypoint", entry), *service["command"]], id=f"service {name}")


@pytest.mark.parametrize("words", [*started()])
def test_every_command_that_is_started_is_understood(words):
    program = shutil.which(words[0], path=PROGRAMS)
    done = typed(program, *words[1:], "--help")
    assert done.returncode == 0, done.stdout
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    assert [option for option in ["Usage", *options] if not re.search(rf"{option.replace('no-', '')}\b", done.stdout)] == []


def test_services_ask_for_others_that_are_there_and_can_be_ready():
    for about in COMPOSE["services"].values():
        for name, asked in about.get("depends_on", {}).items():
            ends = asked["condition"] == "service_completed_successfully"
            assert ends == (COMPOSE["services"][name].get("restart") is None)
            assert ends or "test" in COMPOSE["services"][name]["healthcheck"]


def test_no_port_is_open_to_other_machines():
    ports = [port for about in COMPOSE["services"].values() for port in about.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """What the build stages leave in /opt/iris_ml: their steps, run in an empty folder."""
    folder = tmp_path_factory.mktemp("image")
    work, prefix = folder / "build", folder / "opt"
    work.mkdir()
    for word, rest in instructions("build-services"):
        if word == "COPY":
            *sources, target = rest.split()
            for source in sources:
                place = work / target / ("" if (PROJECT / source).is_dir() else Path(source).name)
                place.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if (PROJECT / source).is_dir() else shutil.copy)(PROJECT / source, place)
        elif word == "RUN":
            step = rest.replace("/opt/iris_ml", str(prefix)).replace("python -m venv", f"{sys.executable} -m venv")
            done = typed("sh", "-ec", step, cwd=work)
            assert done.returncode == 0, f"{rest}\n{done.stdout}"
    return prefix


def test_the_steps_of_the_build_make_an_image_that_trains_answers_and_is_well(prefix, tmp_path):
    clean = {"PATH": f"{prefix / 'bin'}{os.pathsep}/usr/bin:/bin", "HOME": str(tmp_path)}
    trained = typed(prefix / "bin" / "iris_ml", "run", cwd=tmp_path, env=clean)
    assert "accuracy" in trained.stdout, trained.stdout
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = [prefix / "bin" / "iris_ml", *json.loads(last("api", "CMD")), "--port", port]
    server = subprocess.Popen([*map(str, words)], cwd=tmp_path, env=clean | {"IRIS_API_KEY": "secret"})
    well = json.loads(last("api", "HEALTHCHECK").replace("8000", port).partition("CMD ")[2])
    try:
        for _ in range(1200):
            if (asked := typed(*well, env=clean)).returncode == 0:
                break
            time.sleep(0.1)
        assert asked.returncode == 0, asked.stdout
    finally:
        server.terminate()
        server.wait(timeout=60)
    assert typed(*well, env=clean).returncode != 0
