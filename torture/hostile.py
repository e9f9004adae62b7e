"""Model files that somebody made in order to do harm; each maker takes a sound file or archive, a file to touch, and chance."""

import io
import json
import pickle
import zipfile
import zlib
from hashlib import sha256
from itertools import cycle
from pathlib import Path

import numpy as np


def changed_archive(archive, change, packing=zipfile.ZIP_STORED):
    """An archive, each member of which was changed: name and content to name and content."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(made, "w", packing) as new:
        for name in old.namelist():
            for other, content in change(name, old.read(name)):
                new.writestr(other, content)
    return made.getvalue()


class Harm:
    """What a pickle can do."""

    def __init__(self, canary):
        self.canary = str(canary)

    def __reduce__(self):
        return Path.touch, (Path(self.canary),)


def a_pickle(good, canary, choose):
    """A pickle under the name of a model."""
    return pickle.dumps(Harm(canary))


def a_pickle_with_a_checksum(archive, canary, choose):
    """A pickle, and its right checksum."""
    return pickle.dumps(Harm(canary))


def an_added_type(archive, canary, choose):
    """The right archive, in which one type became another."""
    module, name = choose.choice(
        [("os", "system"), ("subprocess", "Popen"), ("builtins", "eval"), ("posix", "system"), ("pathlib", "Path"),
         ("builtins", "exec"), ("shutil", "rmtree"), ("runpy", "run_path"), ("importlib", "import_module")]
    )  # fmt: skip
    loader = choose.choice(["ObjectNode", "FunctionNode", "TypeNode", "MethodNode", "ReduceNode", "PartialNode"])

    def change(member, content):
        if member == "schema.json":
            schema = json.loads(content)
            schema["content"]["content"]["estimator"] |= {"__module__": module, "__class__": name, "__loader__": loader}
            content = json.dumps(schema).encode()
        return [(member, content)]

    return changed_archive(archive, change)


def a_tampered_array(archive, canary, choose):
    """The right archive with other numbers."""
    factor = choose.choice([0.0, -1.0, 1.001, 2.0, float("nan")])

    def change(member, content):
        if member.endswith(".npy"):
            array = np.load(io.BytesIO(content))
            if array.dtype.kind == "f" and array.size:
                content = io.BytesIO()
                np.save(content, array * factor)
                content = content.getvalue()
        return [(member, content)]

    return changed_archive(archive, change)


def an_array_that_is_a_pickle(archive, canary, choose):
    """The right archive with arrays of objects."""
    made = io.BytesIO()
    np.save(made, np.array([Harm(canary)], dtype=object), allow_pickle=True)
    return changed_archive(archive, lambda name, old: [(name, made.getvalue() if name.endswith(".npy") else old)])


def an_archive_that_unpacks_huge(archive, canary, choose):
    """A small archive of hundreds of megabytes."""
    zeros, size = choose.choice(["bomb", "schema.json"]), choose.choice([10, 200]) * 1_000_000
    padded = lambda name, old: [(name, old + b" " * size if name == zeros else old)]  # noqa: E731
    whole = changed_archive(archive, padded, zipfile.ZIP_DEFLATED)
    return whole if zeros == "schema.json" else _with(whole, "bomb", bytes(size))


def a_file_that_unpacks_huge(archive, canary, choose):
    """A hundred megabytes, compressed as model files are."""
    return zlib.compress(archive + bytes(100_000_000), 1)


def a_member_outside(archive, canary, choose):
    """A member that lies outside of the archive."""
    name = choose.choice(["../../canary", "/tmp/canary", "a/../../canary", "..\\canary", "~/canary"])
    return _with(archive, name, b"harm")


def a_truncation(archive, canary, choose):
    """A part of an archive, and its right checksum."""
    return archive[: choose.randrange(len(archive) - 30)]


def a_file_cut(good, canary, choose):
    """A part of a file."""
    return good[: choose.randrange(len(good))]


def _with(archive, name, content):
    made = io.BytesIO(archive)
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as members:
        members.writestr(name, content)
    return made.getvalue()


FILES = [a_pickle, a_file_cut]
ARCHIVES = [
    a_pickle_with_a_checksum, an_added_type, an_added_type, a_tampered_array, an_array_that_is_a_pickle,
    an_archive_that_unpacks_huge, a_file_that_unpacks_huge, a_member_outside, a_truncation,
]  # fmt: skip


def hostile_files(good, canary, choose):
    """Hostile files of all kinds, without end, made of a good one: the name of the kind, and the bytes."""
    _, about, packed = good.split(b"\n", 2)
    archive = zlib.decompress(packed)
    for kind in cycle(FILES + ARCHIVES):
        made = kind(good if kind in FILES else archive, canary, choose)
        yield kind.__name__, made if kind in FILES else _packed(made, json.loads(about)["answers"])


def _packed(archive, answers):
    content = json.dumps({"model": sha256(archive).hexdigest(), "answers": answers}).encode() + b"\n" + archive
    return b"iris_ml model 2 " + sha256(content).hexdigest().encode() + b"\n" + content
