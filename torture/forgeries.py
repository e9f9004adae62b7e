"""What somebody can forge in a place: each maker takes the place, whose store is sound, and chance, and names the uses to try."""

import io
import json
import os
import pickle
import shutil
import zipfile
from base64 import b64encode
from collections import defaultdict
from contextlib import suppress
from functools import cache, partial
from hashlib import sha256
from itertools import islice
from operator import methodcaller
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.sparse
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import FeatureAgglomeration
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from iris_ml.cli.manifest import current_state
from iris_ml.models.model_file import load

from .hostile import Harm, changed_archive, hostile_files

CACHE = "../outside/cache"  # of joblib, with a pickle that does harm
CONTROL = "\x1b[2J\x1b]0;harm\x07\r\x08\x9b31m\u202e"
LARGE = 640_000_000  # bytes that a bomb unpacks to
PLAIN = make_pipeline(StandardScaler(), LogisticRegression())
STORE = ["run", "iris_ml run", "iris_ml store", "iris_ml store --prune"]
RECORDS = ["iris_ml runs", "runs ID", "iris_ml data", "data VERSION", "sent", "iris_ml run"]


# Estimators that read files when they are fitted, and what they can hide in.
def _reading(choose):
    pipeline = Pipeline([("scale", StandardScaler()), ("fit", LogisticRegression())], memory=CACHE)
    union = FeatureUnion([("a", FeatureAgglomeration(1, memory=CACHE))])
    vectorizers = TfidfVectorizer(input="filename"), CountVectorizer(input="file"), TfidfVectorizer(input=np.str_("filename"))
    return choose.choice([pipeline, pipeline, pipeline, make_pipeline(union, LogisticRegression()), *vectorizers])


HIDING = [
    lambda part: ColumnTransformer([("a", part, [0, 1])]), lambda part: VotingClassifier([("a", part)]),
    lambda part: GridSearchCV(part, {}), lambda part: CalibratedClassifierCV(part), lambda part: BaggingClassifier(part),
    lambda part: StackingClassifier([("a", part)]), lambda part: Pipeline([("a", "passthrough"), ("b", part)]),
    lambda part: {"a": part}, lambda part: [part, None], lambda part: (part,), lambda part: np.array([part, None], object),
    lambda part: {1: {"b": part}}, lambda part: FunctionTransformer(kw_args={"a": part}),
    lambda part: defaultdict(list, a=part), lambda part: np.array([[part, 1], [2, 3]], object),
]  # fmt: skip


def a_parameter_that_reads(place, choose):
    """An estimator that unpickles or reads files, alone or deep inside of others."""
    value = _reading(choose)
    for _ in range(choose.randrange(3)):
        value = choose.choice(HIDING)(value)
    return place.plant(value, choose)


def a_search_that_sets_it(place, choose):
    """A search among parameters, one of which reads."""
    name, depth = "memory", choose.randrange(3)
    value = Pipeline([("scale", StandardScaler()), ("fit", LogisticRegression())])
    for _ in range(depth):
        value, name = Pipeline([("inner", value)]), f"inner__{name}"
    choices = choose.choice([[CACHE], (CACHE, None), np.array([CACHE]), np.array([CACHE], object)])
    grid = choose.choice([{name: choices}, [{name: choices}], [{}, {name: choices}]])
    return place.plant(GridSearchCV(value, grid, cv=2), choose)


def _nodes(part):
    """Every node of a schema."""
    if isinstance(part, dict):
        yield from [part] if "__loader__" in part else []
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _nodes(each)


def _schema(change, archive):
    def changed(name, content):
        if name == "schema.json":
            schema = json.loads(content)
            change(schema)
            content = json.dumps(schema).encode()
        return [(name, content)]

    return changed_archive(archive, changed)


def _put(schema, name, value):
    """Put another node under a name, wherever it is."""
    for node in _nodes(schema):
        if isinstance(node.get("content"), dict) and name in node["content"]:
            node["content"][name] = value


def _list(kind, parts):
    return {"__class__": kind, "__module__": "builtins", "__loader__": f"{kind.title()}Node", "content": parts}


def _json(value):
    return {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": json.dumps(value)}


def state_in_one_text(place, choose):
    """An estimator whose state, or a part of it, is one text of JSON."""
    if choose.random() < 0.5:
        search = GridSearchCV(Pipeline([("scale", StandardScaler()), ("fit", LogisticRegression())]), {}, cv=2)
        grid = _json({"memory": [CACHE]})
        return place.plant(search, choose, partial(_schema, lambda schema: _put(schema, "param_grid", grid)))
    kind = choose.choice([TfidfVectorizer(input="filename"), FeatureAgglomeration(1, memory=CACHE)])
    state = {name: value for name, value in vars(kind).items() if isinstance(value, str | int | float | None)}

    def change(schema):
        node = next(node for node in _nodes(schema) if node["__class__"] == type(kind).__name__)
        node["content"] = _json(state)

    return place.plant(make_pipeline(kind, LogisticRegression()), choose, partial(_schema, change))


def a_number_of_another_node(place, choose):
    """A parameter that looks empty, and has the number of a node that is not."""
    pipeline, number = Pipeline([("scale", StandardScaler()), ("fit", LogisticRegression())]), choose.randrange(1, 10**6)

    def change(schema):
        for node in _nodes(schema):
            if isinstance(names := node.get("content"), dict) and "memory" in names:
                names = {"lure": {**_json(CACHE), "__id__": number}, **names}
                node["content"] = {**names, "memory": {**_json(None), "__id__": number}}
                node["key_types"]["content"].insert(0, node["key_types"]["content"][0])

    return place.plant(pipeline, choose, partial(_schema, change))


def a_function_by_name(place, choose):
    """An estimator that calls a function."""
    function = choose.choice(
        [os.system, shutil.rmtree, pd.read_pickle, joblib.load, np.savetxt, np.load, os.unlink, eval, exec, open, Path.touch]
    )
    calls = partial(function, "../outside/canary"), methodcaller("touch"), np.zeros(3).tofile, function, os.path.join
    hidden = FunctionTransformer(choose.choice(calls)), TfidfVectorizer(preprocessor=choose.choice(calls))
    return place.plant(make_pipeline(choose.choice(hidden), LogisticRegression()), choose)


def a_class_that_acts(place, choose):
    """A class of this package or of others that does something when it is made."""
    outside = str(place.outside)
    kind, *words = choose.choice(
        [
            ("iris_ml.cache.store.Checkpoints", outside), ("iris_ml.tracking.records.Records", outside),
            ("iris_ml.batch.writers.PredictionWriter", f"{outside}/harm.csv"), ("iris_ml.batch.writers.PartsFolder", outside),
            ("iris_ml.models.request_log.RequestLog", outside, 10), ("iris_ml.models.live_model.ModelWatcher", outside),
            ("iris_ml.base.background_sync.SyncLock", outside), ("numpy.memmap", f"{outside}/harm", "uint8", "w+", 0, [5]),
            ("numpy.lib.npyio.NpzFile", outside), ("sklearn.utils.Bunch", 1), ("joblib.Memory", outside),
        ]
    )  # fmt: skip
    home, _, name = kind.rpartition(".")
    made = {"__class__": name, "__module__": home, "__loader__": "ConstructorFromReduceNode"}
    made["content"] = _list("tuple", [*map(_json, words)])
    return place.plant(PLAIN, choose, partial(_schema, lambda schema: _put(schema, "with_mean", made)))


def nodes_of_another_kind(place, choose):
    """The right archive, in which nodes have other loaders, types and numbers, or lack something."""

    def change(schema):
        nodes = [*_nodes(schema)]
        for _ in range(choose.randrange(1, 4)):
            node, other = choose.sample(nodes, 2)
            name = choose.choice([*node])
            node[name] = choose.choice([other.get(name), None, 5, "x", [], {}, "os", "system", "Pipeline", "sklearn.pipeline"])

    return place.plant(PLAIN, choose, partial(_schema, change))


def hostile_model_files(place, choose):
    """The model files of the campaign against the server."""
    files = hostile_files(place.outside.joinpath("sound.skops").read_bytes(), place.canary, choose)
    _, content = next(islice(files, choose.randrange(11), None))
    place.store.joinpath("model.skops").write_bytes(content)
    return ["load", "iris_ml predict flowers.csv"]


# Bombs.
@cache
def _bomb(method, name="bomb.bin"):
    """An archive with a member of zeros."""
    made, packing = io.BytesIO(), getattr(zipfile, f"ZIP_{method}")
    with zipfile.ZipFile(made, "w", packing, compresslevel=1) as members, members.open(name, "w") as file:
        for _ in range(LARGE // 10**7):
            file.write(bytes(10**7))
    return made.getvalue()


def an_archive_bomb(place, choose):
    """A small archive of gigabytes, whose header may lie."""
    bomb, declared = _bomb(choose.choice(["DEFLATED"] * 4 + METHODS)), choose.choice([LARGE, 100, 100])

    def change(archive):
        made = io.BytesIO(bomb.replace(LARGE.to_bytes(4, "little"), declared.to_bytes(4, "little")))
        with zipfile.ZipFile(made, "a") as members, zipfile.ZipFile(io.BytesIO(archive)) as old:
            for name in old.namelist():
                members.writestr(name, old.read(name))
        return made.getvalue()

    return place.plant(PLAIN, choose, change)


METHODS = ["BZIP2", "LZMA"]


def an_archive_in_the_archive(place, choose):
    """A sparse matrix, which is an archive of its own, of gigabytes."""
    inside, declared = io.BytesIO(), choose.choice([LARGE, 100])
    parts = {"indices": np.zeros(0, "int32"), "indptr": np.array([0, 0], "int32"), "data": np.broadcast_to(0.0, LARGE // 8)}
    np.savez_compressed(inside, format=np.array(b"csr"), shape=np.array([1, LARGE]), **parts)
    bomb = inside.getvalue().replace((LARGE + 128).to_bytes(4, "little"), declared.to_bytes(4, "little"))
    archive = partial(changed_archive, change=lambda name, old: [(name, bomb if name.endswith(".npz") else old)])
    return place.plant(FunctionTransformer(kw_args={"a": scipy.sparse.csr_matrix(np.eye(3))}), choose, archive)


def an_array_read_again_and_again(place, choose):
    """An archive with one array, which thousands of nodes read."""
    names = [f"{number}" for number in range(choose.randrange(400, 1000))]

    def change(schema):
        node = next(node for node in _nodes(schema) if node["__class__"] == "ndarray")
        copies = [{**node, "__id__": number} for number, _ in enumerate(names, 1)]
        _put(schema, "kw_args", _list("list", copies))

    return place.plant(FunctionTransformer(kw_args={"a": np.zeros(250_000)}), choose, partial(_schema, change))


def _header(shape, kind="<f8"):
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    return b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + text.ljust(117).encode() + b"\n"


def an_array_of_another_size(place, choose):
    """An array whose header declares more than there is, objects, or cells of no size."""
    pickled = io.BytesIO()
    np.save(pickled, np.array([Harm(place.canary)], object), allow_pickle=True)
    shapes = [_header((10**9,)), _header((10**15,)), _header((-1,)), _header((10**8,), "|V0") , _header((1 << 62, 1 << 62))]
    content = choose.choice([*shapes, pickled.getvalue(), pickled.getvalue(), _bomb("DEFLATED", "a.npy"), b"", b"\x93NUMPY"])
    if choose.random() < 0.5:
        place.forge_value("grid", content, "npy")
        return ["run"]
    change = partial(changed_archive, change=lambda name, old: [(name, content if name.endswith(".npy") else old)])
    return place.plant(FunctionTransformer(kw_args={"a": np.zeros(25)}), choose, change)


def a_table_bomb(place, choose):
    """A table that is small in its file and large in memory."""
    count, zeros = LARGE // 8, np.zeros(LARGE // 8)
    how, options = choose.choice(["zstd", "lz4", "null", "struct", "runs", "index"]), None
    columns, metadata = {"length": zeros}, {"kind": "DataFrame"}
    if how in ("zstd", "lz4"):
        options = pa.ipc.IpcWriteOptions(compression=how)
    elif how == "null":
        columns = {name: pa.nulls(count) for name in ("length", "width")}
    elif how == "struct":
        columns = {"length": pa.StructArray.from_buffers(pa.struct([]), count // 20, [None])}
    elif how == "runs":
        columns = {"length": pa.RunEndEncodedArray.from_arrays(pa.array([count], pa.int32()), pa.array([0.5]))}
    else:
        columns = {"length": pa.nulls(count // 8, pa.null()), "width": pa.nulls(count // 8)}
    table, made = pa.table(columns).replace_schema_metadata(metadata), pa.BufferOutputStream()
    with pa.ipc.new_file(made, table.schema, options=options) as file:
        file.write_table(table)
    place.forge_value(choose.choice(["table", "table", "raw"]), made.getvalue().to_pybytes(), "arrow")
    return ["run", "iris_ml run"]


def a_table_that_is_not_valid(place, choose):
    """A table whose text, metadata or types are wrong."""
    text, offsets = pa.array(["mine.txt"] * 60), np.arange(0, 488, 8, "int32").tobytes()
    wrong_offsets = np.array([0, *[choose.choice([-5, 7, 10**9])] * 60], "int32").tobytes()
    wrong = pa.DictionaryArray.from_arrays(pa.array([0, 9] * 30), ["a"], safe=False)
    extension = pa.field("length", pa.float64(), metadata={
        "ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": pickle.dumps(Harm(place.canary)),
    })  # fmt: skip
    numbers, made = np.random.default_rng(0).random(60), pa.BufferOutputStream()
    names = {"name": "(" * 90 + ")" * 90, "field_name": "length", "pandas_type": "datetimetz"}
    names["metadata"] = {"timezone": "../../x"}
    about = {"columns": [{**names, "numpy_type": "datetime64[ns, ../../x]"}], "column_indexes": [names] * 2}
    about["index_columns"] = [{"kind": "range", "start": 0, "stop": 10**12, "step": 1}]
    pandas = choose.choice(["[]", "5", "[" * 50_000, json.dumps(about)])
    fields = [extension, pa.field("width", pa.float64()), pa.field("text", text.type), pa.field("label", wrong.type)]
    frame = {"kind": "DataFrame"}
    metadata = choose.choice([frame, {"kind": "Series"}, {}, {**frame, "pandas": pandas}, {**frame, "utc": "x"}])
    table = pa.Table.from_arrays([pa.array(numbers), pa.array(numbers), text, wrong], schema=pa.schema(fields, metadata))
    with pa.ipc.new_file(made, table.schema) as file:
        file.write_table(table)
    place.forge_value("table", made.getvalue().to_pybytes().replace(offsets, wrong_offsets), "arrow")
    return ["run"]


TEXTS = [
    b"", b"[]", b"5", b"null", b'"x"', b"{", b"{}", b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 100_000, b"NaN", b"1" * 5_000,
    b'{"cache_key": {}}', b'{"id": "a", "id": "b"}', b'[{"rows": 1}]', b"\0" * 100, b'"\\ud800"', b'{"model": 5}',
    b'{"model": []}', b'{"total": NaN}', b'{"total": 1e999}', b'{"total": 1, "total": 2}',
]  # fmt: skip
VALUES = [
    None, 5, -1, 1e300, 10**400, float("nan"), float("inf"), [], {}, [[]], "", "x", CONTROL, "\0", "a" * 100_000, True,
    "../../..", "../../../outside/mine.txt", "\ud800", {"a": CONTROL}, [CONTROL], ["file /dev/zero"],
]  # fmt: skip


def a_value_of_json(place, choose):
    """A value of JSON that is nested deeply, holds no numbers, or is no text."""
    place.forge_value("total", choose.choice(TEXTS), "json")
    return ["run"]


def a_value_of_another_format(place, choose):
    """A value under the name of another format."""
    step, content = choose.choice(["table", "grid", "total", "recipe", "fitted"]), choose.choice(TEXTS)
    content = choose.choice([content, pickle.dumps(Harm(place.canary)), place.archive(), _header((3,)) + bytes(24)])
    place.forge_value(step, content, choose.choice(["pickle", "skops", "npy", "arrow", "json", "", "../x"]))
    return ["run"]


def an_entry_with_other_fields(place, choose):
    """An entry whose fields have other types, or paths that lead outside."""
    step = choose.choice("table grid total recipe fitted raw train model scores estimator".split())
    name = choose.choice("result format file size seconds summary inline_data dependencies cache_key more".split())
    value = choose.choice([*VALUES, str(place.outside / "mine.txt")])
    if name == "dependencies":
        many = [f"variable {number}" for number in range(10_000)]
        value = choose.choice([value, ["file /dev/zero"], ["file /dev/tty"], many, ["x" * 10_000], [5], "abc"])
    fields = {"inline_data": ""} if name == "file" else {}
    place.forge_entry(step, **fields, **{name: value})
    return STORE


def a_key_with_other_fields(place, choose):
    """An entry whose key has other types, or a step that is a path."""
    step = choose.choice(["table", "total", "recipe", "model", "model", "scores", "estimator"])
    key = place.entry(step)[1]["cache_key"]
    name = choose.choice([*key, "step", "step"])
    value = choose.choice([*VALUES, str(place.outside), "../../../../outside", "../../../../outside/new"])
    fields = choose.choice([{}, {"file": "", "inline_data": "", "size": 0}, {"result": "0" * 64}])
    place.forge_entry(step, cache_key={**key, name: value}, **fields)
    return [*STORE, "audited"]


def an_entry_that_is_no_entry(place, choose):
    """An entry with its right digest that is nested deeply, no object, or no text."""
    path, _ = place.entry(choose.choice(["table", "grid", "total", "recipe", "raw", "model"]))
    place.write_digested(path, choose.choice(TEXTS))
    return STORE


# Links, and what else a path can be.
PLACES = [
    "", "checkpoints", "checkpoints/entries", "checkpoints/entries/table", "checkpoints/entries/model", "checkpoints/values",
    "checkpoints/damaged", "records", "records/aside", "records/data", "records/environments", "records/figures", "models",
    "asked", "checkpoints/entries/table/*", "checkpoints/entries/model/*", "checkpoints/values/*", "records/index",
    "records/*.json", "manifest", "model.skops", "champion", "sending.lock", "sending.more", "sending.log",
]  # fmt: skip


def a_link(place, choose):
    """A symbolic link to a folder or a file outside, in which everything lies, or nothing, or what cannot be read."""
    name = choose.choice(PLACES)
    path = next(iter(sorted(place.store.glob(name))), place.store / name) if name else place.store
    target = place.outside / "target"
    shutil.copytree(place.outside, target, ignore=lambda *_: ["target"])
    if path.is_dir():
        shutil.copytree(path, target, dirs_exist_ok=True, symlinks=True)
        shutil.rmtree(path)
    elif path.is_file():
        target = choose.choice([target, target / "file", target / "missing", target / "mine.txt"])
        if target.name == "file":
            path.rename(target)
        path.unlink(missing_ok=True)
    for old in [target, *target.rglob("*")]:
        with suppress(OSError):
            os.utime(old, (1e9, 1e9))
    if choose.random() < 0.3 and "values" in name:  # so that what is behind it is taken for damaged
        for file in target.glob("*") if target.is_dir() else [target]:
            file.is_file() and file.write_bytes(b"damaged")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(choose.choice([target, os.path.relpath(target, path.parent)]))
    return [*STORE, "iris_ml runs", "recorded", "sending", "logged"]


def a_path_of_another_kind(place, choose):
    """A folder, a pipe or a device in place of a file, a file in place of a folder."""
    name = choose.choice([name for name in PLACES if name])
    path = next(iter(sorted(place.store.glob(name))), place.store / name)
    is_folder = path.is_dir()
    shutil.rmtree(path) if is_folder else path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if is_folder:
        path.write_text("a file")
    else:
        others = path.mkdir, lambda: os.mkfifo(path), lambda: path.symlink_to("/dev/zero"), lambda: path.symlink_to(path)
        choose.choice(others)()
    return [*STORE, "iris_ml runs", "runs ID", "iris_ml data", "load", "rollback"]


# Records, manifests and champions.
def a_record_with_other_fields(place, choose):
    """A record whose fields have other types, paths that lead outside, or control characters."""
    path = choose.choice(sorted(place.records.glob("*.json")))
    record = json.loads(path.read_text())
    part = choose.choice([record, record, record, record["model"], *record["steps"].values(), *record["data"].values()])
    name, value = choose.choice([*part, "more"]), choose.choice(VALUES)
    part[name] = choose.choice([value, {"a": value}, [value], {"a": {"how": value}}])
    if choose.random() < 0.3:
        mine = place.outside / "mine.txt"
        record["figures"] = {"figure": choose.choice(["../../../../outside/mine.txt", str(mine), CONTROL, "a/../../x"])}
    if choose.random() < 0.3:
        record["id"] = choose.choice(["../../../outside/new", str(place.outside / "new"), CONTROL, path.stem[:-1] + "0"])
    path.write_text(json.dumps(record))
    place.records.joinpath("index").unlink(missing_ok=True)
    return [*RECORDS, "recorded"]


def a_record_that_is_no_record(place, choose):
    """A record, a table or an environment that is nested deeply, no object, or no text, or has a name of control characters."""
    path = choose.choice([*sorted(place.records.rglob("*.json"))])
    place.records.joinpath("index").unlink(missing_ok=True)
    if choose.random() < 0.2:
        path.rename(path.with_name(f"{choose.choice([CONTROL, 'x', path.stem + ' '])}.json".replace("/", "")))
    else:
        path.write_bytes(choose.choice(TEXTS))
    return RECORDS


def a_description_with_other_fields(place, choose):
    """A table or an environment that a record names, with other fields."""
    path = choose.choice([*sorted(place.records.glob("data/*.json")), *sorted(place.records.glob("environments/*.json"))])
    described = json.loads(path.read_text())
    name = choose.choice([*described])
    value = choose.choice(VALUES)
    column = dict.fromkeys(("type", "missing", "counts", "twentieths"), value)
    described[name] = choose.choice([value, {"a": value}, {"a": column}])
    path.write_text(json.dumps(described))
    return RECORDS


def an_index_with_other_lines(place, choose):
    """An index of records whose lines have other types."""
    index = place.records / "index"
    lines = index.read_bytes().splitlines()
    line = json.loads(choose.choice(lines))
    line[choose.choice([*line])] = choose.choice(VALUES)
    index.write_bytes(b"\n".join([*lines, choose.choice([*TEXTS, json.dumps(line).encode()]), json.dumps(line).encode()]) + b"\n")
    return RECORDS


def a_manifest(place, choose):
    """A manifest that names the right state, and answers, names or measures something else."""
    content = {"state": current_state(), "files": {"flowers.csv": sha256(Path("flowers.csv").read_bytes()).hexdigest()}}
    content |= {"answer": CONTROL, "record": "", "keys": [], "audit": 0.0}
    record = json.loads(min(place.records.glob("*.json")).read_text())
    record["settings"] |= {"store": str(place.outside), "tracking": f"sqlite:///{place.outside}/harm.db"}
    min(place.records.glob("*.json")).write_text(json.dumps(record))
    content["record"] = choose.choice([record["id"], "../../../outside/mine", "", *VALUES])
    name = choose.choice([*content])
    content[name] = choose.choice([content[name], *VALUES])
    place.write_digested(place.store / "manifest", choose.choice([json.dumps(content).encode()] * 4 + TEXTS))
    place.claims = True
    return ["iris_ml run"]


def a_champion(place, choose):
    """A champion file whose fields have other types, paths that lead outside, or control characters."""
    path = place.store / "champion"
    champion = json.loads(path.read_bytes().partition(b"\n")[2])
    part = choose.choice([champion, champion, *champion["history"]])
    name = choose.choice([*part, "model", "model", "previous", "more"])
    part[name] = choose.choice([*VALUES, "../../x", "/etc/passwd", "../../x/y/z"])
    if choose.random() < 0.2:
        champion["history"] = [champion["history"]]
    kind = choose.choice([b"iris_ml champion 2 ", b"iris_ml champion 2 ", b"iris_ml champion 1 "])
    place.write_file(path, kind, choose.choice([json.dumps(champion).encode()] * 4 + TEXTS))
    return ["rollback", "predict with the champion", "iris_ml run with the champion"]


def a_header(place, choose):
    """A model file whose second line has other fields."""
    header = json.loads(place.outside.joinpath("sound.skops").read_bytes().split(b"\n", 2)[1])
    name = choose.choice([*header, "row_dependent", "steps", "golden"])
    value = choose.choice([*VALUES, {"raw": CONTROL, CONTROL: "x"}, [["setosa", 1.0]], [[]], [[["x"]]] * 12])
    place.forge_model(place.archive(), **{name: value})
    if choose.random() < 0.3:
        text = choose.choice(TEXTS).replace(b"\n", b"")
        place.write_file(place.store / "model.skops", b"iris_ml model 4 ", text + b"\n" + place.archive())
    return ["load", "iris_ml predict flowers.csv", "iris_ml store --prune", "iris_ml runs", "iris_ml run"]


def a_profile(place, choose):
    """A model whose profile and rows have other types, or rows that unpack to gigabytes."""
    model = load(place.outside / "sound.skops")
    table, made = pa.table({"length": np.zeros(LARGE // 8)}), pa.BufferOutputStream()
    with pa.ipc.new_stream(made, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as file:
        file.write_table(table)
    golden = b64encode(made.getvalue().to_pybytes()).decode()
    name = choose.choice(["golden", "golden", *vars(model.profile)])
    vars(model.profile)[name] = choose.choice([golden] * 9 * (name == "golden") + VALUES)
    with suppress(Exception):
        place.forge_model(skops.io.dumps(model))
    return ["load", "iris_ml predict flowers.csv"]


FORGERIES = [
    a_parameter_that_reads, a_search_that_sets_it, state_in_one_text, a_number_of_another_node, a_function_by_name,
    a_class_that_acts, nodes_of_another_kind, hostile_model_files, an_archive_bomb, an_archive_in_the_archive,
    an_array_read_again_and_again,
    an_array_of_another_size, a_table_bomb, a_table_that_is_not_valid, a_value_of_json, a_value_of_another_format,
    an_entry_with_other_fields, a_key_with_other_fields, an_entry_that_is_no_entry, a_link, a_path_of_another_kind,
    a_record_with_other_fields, a_record_that_is_no_record, a_description_with_other_fields, an_index_with_other_lines,
    a_manifest, a_champion, a_header, a_profile,
]  # fmt: skip
MANY = [a_link] * 3 + [an_entry_with_other_fields] * 2
MANY += [a_key_with_other_fields, a_record_with_other_fields, a_path_of_another_kind]
