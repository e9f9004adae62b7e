"""Model files that somebody made in order to do harm; each maker takes a sound archive, a file to touch, and chance."""

import io
import json
import pickle
import zipfile
from hashlib import sha256
from itertools import cycle
from pathlib import Path

import numpy as np


def packed(archive):
    """A model file with the right checksum, whatever the archive is."""
    return b"iris_ml model 1 " + sha256(archive).hexdigest().encode() + b"\n" + archive


def changed_archive(archive, change):
    """An archive, each member of which was changed: name and content to name and content."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
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


def a_pickle(archive, canary, choose):
    """A pickle under the name of a model."""
    return pickle.dumps(Harm(canary))


def a_pickle_with_a_checksum(archive, canary, choose):
    """A pickle, and its right checksum."""
    return packed(pickle.dumps(Harm(canary)))


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

    return packed(changed_archive(archive, change))


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

    return packed(changed_archive(archive, change))


def an_array_that_is_a_pickle(archive, canary, choose):
    """The right archive with arrays of objects."""
    made = io.BytesIO()
    np.save(made, np.array([Harm(canary)], dtype=object), allow_pickle=True)
    return packed(changed_archive(archive, lambda name, old: [(name, made.getvalue() if name.endswith(".npy") else old)]))


def an_archive_that_unpacks_huge(archive, canary, choose):
    """A small archive of hundreds of megabytes."""
    zeros, size = choose.choice(["bomb", "schema.json"]), choose.choice([10, 200]) * 1_000_000
    whole = changed_archive(archive, lambda name, old: [(name, old + b" " * size if name == zeros else old)])
    return packed(whole if zeros == "schema.json" else _with(whole, "bomb", bytes(size)))


def a_member_outside(archive, canary, choose):
    """A member that lies outside of the archive."""
    name = choose.choice(["../../canary", "/tmp/canary", "a/../../canary", "..\\canary", "~/canary"])
    return packed(_with(archive, name, b"harm"))


def a_truncation(archive, canary, choose):
    """A part of an archive, and its right checksum."""
    return packed(archive[: choose.randrange(len(archive) - 30)])


def a_file_cut(archive, canary, choose):
    """A part of a file."""
    whole = packed(archive)
    return whole[: choose.randrange(len(whole))]


def _with(archive, name, content):
    made = io.BytesIO(archive)
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as members:
        members.writestr(name, content)
    return made.getvalue()


KINDS = [
    a_pickle, a_pickle_with_a_checksum, an_added_type, an_added_type, a_tampered_array, an_array_that_is_a_pickle,
    an_archive_that_unpacks_huge, a_member_outside, a_truncation, a_file_cut,
]  # fmt: skip


def hostile_files(archive, canary, choose):
    """Hostile files of all kinds, without end: the name of the kind, and the bytes."""
    for kind in cycle(KINDS):
        yield kind.__name__, kind(archive, canary, choose)
