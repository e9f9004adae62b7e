"""An environment for each tool, made once: nothing that one tool needs slows another."""

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

PROJECT = Path(__file__).parent.parent
FOLDER = Path(__file__).parent / ".environments"
COPY = FOLDER / "project"  # of the project as it is now, to be edited


def environment(name: str) -> dict[str, str]:
    """The variables under which a tool's own commands are found, and nobody is called over the network."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("IRIS_ML_", "PYTHON"))}
    quiet = {"HAMILTON_TELEMETRY_ENABLED": "false", "DVC_NO_ANALYTICS": "true", "IRIS_ML_AUDIT": "0"}
    here = {"XDG_CACHE_HOME": str(FOLDER / "cache"), "DVC_SITE_CACHE_DIR": str(FOLDER / "cache" / "dvc")}
    return kept | quiet | here | {"PATH": f"{FOLDER / name / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def command(name: str, *words: str) -> list[str]:
    """A command of a tool's environment."""
    return [str(FOLDER / name / "bin" / words[0]), *words[1:]]


def _copy() -> None:
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(PROJECT / "iris_ml", COPY / "iris_ml", ignore=shutil.ignore_patterns("__pycache__"))
    for file in "README.md", "LICENSE", "pyproject.toml", "settings.ini", "setup.py":
        shutil.copy(PROJECT / file, COPY)


def make() -> None:
    """Make the environments that are missing, and copy the project as it is now."""
    _copy()
    for lock in sorted((PROJECT / "bench" / "requirements").glob("*.txt")):
        _make(lock.stem, lock)
    _make("ours", PROJECT / "requirements" / "run.txt", COPY / "settings.ini", COPY / "setup.py")


def make_tables() -> None:
    """Make the environment of the tables; the project is installed in it as a wheel, because a wheel can be promoted."""
    _copy()
    lock = PROJECT / "bench" / "requirements" / "tables" / "tables.txt"
    sources = sorted((COPY / "iris_ml").rglob("*.py"))
    _make("tables", lock, COPY / "settings.ini", COPY / "setup.py", *sources, editable=False)


def make_deciders() -> None:
    """Make the environments of the tools that decide, and one of a tool that needs another pandas."""
    for lock in sorted((PROJECT / "bench" / "requirements" / "decisions").glob("*.txt")):
        _make(lock.stem, lock)


def make_servers() -> set[str]:
    """Make the environments of servers; those that could be made."""
    _copy()
    locks = sorted((PROJECT / "bench" / "requirements" / "wire").glob("*.txt"))
    return {lock.stem for lock in locks if make_server(lock.stem)}


def make_server(name: str) -> bool:
    """Make the environment of a server; whether it could be made."""
    lock = PROJECT / "bench" / "requirements" / "wire" / f"{name}.txt"
    try:
        _make(name, lock, *([COPY / "settings.ini", COPY / "setup.py"] if name == "api" else []))
    except subprocess.CalledProcessError:
        print(f"{name} does not install here, and is left out", file=sys.stderr, flush=True)
        return False
    return True


def _make(name: str, lock: Path, *package: Path, editable: bool = True) -> None:
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / ".gitignore").write_text("*\n")
    made = FOLDER / name / "made"
    here = f"{FOLDER} {sys.version}".encode()  # an environment's scripts hold its folder
    state = sha256(here + b"".join(file.read_bytes() for file in (lock, *package))).hexdigest()
    if made.exists() and made.read_text() == state:
        return
    print(f"making the environment {name}", file=sys.stderr, flush=True)
    _uv("venv", "--clear", "--python", sys.executable, str(FOLDER / name))
    install = ["pip", "install", "--python", str(FOLDER / name)]
    _uv(*install, "--compile-bytecode", "--require-hashes", "--requirements", str(lock))
    if package:  # installed as `make run` does it
        _uv(*install, "--requirements", str(PROJECT / "requirements" / "bootstrap.txt"))
        _uv(*install, "--no-deps", "--no-build-isolation", *(["--editable"] if editable else []), str(COPY))
    made.write_text(state)


def _uv(*words: str) -> None:
    subprocess.run([str(Path(sys.executable).with_name("uv")), "--quiet", *words], check=True)
