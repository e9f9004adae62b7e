"""Every word of a function counts in its digest: code that Python compiles to something else has another digest."""

import ast
import inspect
import io
import keyword
import tokenize
from importlib import import_module
from pathlib import Path
from types import CodeType

import pytest

import iris_ml
from iris_ml.cache.bytecode import normalize

MODULES = sorted(
    ".".join(path.relative_to(Path(iris_ml.__path__[0])).with_suffix("").parts)
    for path in Path(iris_ml.__path__[0]).rglob("*.py")
    if path.parent.name in {"base", "cache", "io", "stats", "steps"} and path.stem != "__init__"
)
SWAPPED = dict(zip("+-*/<>|&", "-+/*><&|", strict=True)) | {"<=": ">", ">=": "<", "==": "!=", "!=": "=="}
RICH = '''
def rich(rows, *others, least=1, **named):
    """Use what Python has."""
    first, *rest = (row for row in rows if row is not None and row not in others)
    lines = [f"{row.name!r:>10} {least:.2f}" for row in rest]
    found = {name: call(first, other=value, **named) for name, value in named.items()}
    match first:
        case {"length": length, **more} if length > 3:
            found |= more
        case Point(x=0, y=height):
            found["height"] = height
        case [1, "two", *_]:
            return None
    with opened(path="file", mode="r") as file, other(file):
        found["text"] = file.read(10)[1:-1:2]
    try:
        assert least, "nothing"
        result = rows[least](lines, key=lambda each: each.size, reverse=not least)
    except (KeyError, ValueError) as error:
        raise TypeError("wrong") from error
    else:
        del found["text"]
    finally:
        others[0].done = True
    while (step := least) < 10 or found:
        if step == 5:
            continue
        break
    yield result if least else rest
    return lambda a, /, b, *, c=(2, 3.5, -1j, b"bytes"): (a + b) ** c // ~a
'''


def changed_words(source):
    """Yield the source with one word changed: a name, a number, a text or an operator."""
    words = [*tokenize.generate_tokens(io.StringIO(source).readline)]
    lines = source.splitlines(keepends=True)
    for word in words:
        match word.type:
            case tokenize.NAME if not keyword.iskeyword(word.string):
                new = f"{word.string}_"
            case tokenize.NAME if word.string in {"True", "False"}:
                new = str(word.string != "True")
            case tokenize.NUMBER:
                new = f"1{word.string}"
            case tokenize.STRING if "{" not in word.string:
                new = word.string[:-1] + "+" + word.string[-1] if not word.string.endswith('"""') else word.string
            case tokenize.OP if word.string in SWAPPED:
                new = SWAPPED[word.string]
            case _:
                continue
        (row, start), (last, end) = word.start, word.end
        if row == last:
            changed = lines[row - 1][:start] + new + lines[row - 1][end:]
            yield word, "".join([*lines[: row - 1], changed, *lines[row:]])


def compiled(source):
    """The code of the function in a source; none if Python refuses it."""
    try:
        return next(each for each in compile(source, "page", "exec").co_consts if isinstance(each, CodeType))
    except (SyntaxError, ValueError, StopIteration):
        return None


def meaning(code):
    """What Python runs, without where it is written; the text of documentation is left out."""
    parts = [meaning(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts]
    names = code.co_name, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    return code.co_code, code.co_exceptiontable, names, counts, parts


def unseen_words(source):
    """The words whose change alters the compiled function and not its digest."""
    before = compiled(source)
    for word, changed in changed_words(source):
        after = compiled(changed)
        if after is not None and meaning(after) != meaning(before) and normalize(after).digest == normalize(before).digest:
            yield f"{word.string!r} in {word.line.strip()!r}"


def test_every_word_of_rich_code_counts():
    assert [*unseen_words(RICH)] == []
    assert len([*changed_words(RICH)]) > 100


@pytest.mark.parametrize("part", range(4))
def test_every_word_of_the_library_counts(part):
    unseen = []
    for name in MODULES[part::4]:
        module = import_module(f"iris_ml.{name}")
        for node in ast.parse(Path(inspect.getfile(module)).read_text()).body:
            if isinstance(node, ast.FunctionDef) and len(ast.dump(node)) < 6_000:
                node.decorator_list = []
                unseen += [f"{name}.{node.name}: {word}" for word in unseen_words(ast.unparse(node))]
    assert unseen == []
