"""The grammar of random programs: definitions, each with the expressions that use it; expressions; and steps.

A production is a paragraph. `=>` begins an expression that uses what it defines, and `~>` one that only a step may use, since its
value is fixed while a step runs and not before. `+` begins a file. In a production stands

- NAME for a new name, INT for a small number, POS for one above zero, WORD for a word, the same one everywhere;
- OP and CMP for an operator, and <a|b> for a or b;
- NOW for an expression that is evaluated on import, and EXPR for one that may be evaluated later, both of earlier definitions;
- INSIDE for imports at the start of a function.

Every expression is an integer, so that each fits anywhere.
"""

import re
from dataclasses import dataclass, field

EXPRESSIONS = """
(EXPR OP EXPR)
(EXPR OP INT)
max(EXPR, INT)
(EXPR if EXPR CMP EXPR else INT)
[EXPR, INT][EXPR CMP INT]
{"WORD": EXPR, "b": INT}["<WORD|b>"]
(lambda k, j=INT: k OP j)(EXPR)
sum(k * INT for k in range(INT))
sum([k OP INT for k in (INT, EXPR) if k CMP INT])
sum({k: j OP INT for k, j in enumerate((INT, EXPR))}.values())
len({k % POS for k in range(EXPR % POS)})
len((lambda k: f"{k}WORD{k % POS:03d}")(EXPR))
int((lambda k: f"{k:05d}")(EXPR % 1000)[::-1])
sorted((INT, EXPR, INT), key=lambda k: -k)[1]
crc32(b"WORD") % 1INT
divmod(EXPR, POS)[1]
int(not EXPR CMP INT)
abs(-EXPR)
sum(map(lambda k: k OP INT, [EXPR, INT]))
""".strip().splitlines()

# What a step returns, by the type of its result; IN is a number that is made of an input or of a setting.
STEPS = {
    "int": """
return IN OP EXPR

x = IN
for k in range(INT):
    x = x OP EXPR
return x + EXPR

NAMEseen.append(IN)
return sum(NAMEseen) + EXPR
+ before
NAMEseen = [INT]

NAMEState.width = IN OP INT
return EXPR
+ before
class NAMEState:
    width = INT

setattr(NAMEState, "width", IN)
return NAMEState.width + EXPR
+ before
class NAMEState:
    width = INT

random.seed(INT)
return int(random.random() * 1000) + IN OP EXPR

return int(np.random.default_rng(INT).integers(1000)) + IN OP EXPR

return int(np.random.random() * 1000) + int(random.random() * 1000) + IN + EXPR

with open("out/NAME.txt", "w") as file:
    file.write(str(IN OP INT))
return len(open("out/NAME.txt").read()) + EXPR
+ out/keep

return int(re.sub("[^0-9]", "", str(pd.Series([IN % 7, INT]).describe()))[:9]) OP EXPR

np.set_printoptions(precision=INT)
return len(str(np.array([1 / 3, IN % 7]))) + EXPR
""",
    "float": """
return IN / 8 + EXPR

return float(np.mean([IN % 1000, EXPR % 1000, INT]))

return round(math.sqrt(abs(IN)), INT) + EXPR
""",
    "str": """
x, y = IN, EXPR
return f"{x}WORD{y!r:>INT}"

return "WORD".join([str(IN), str(EXPR)])

return str({"WORD": IN, INT: EXPR})
""",
    "list": """
return [IN, EXPR, INT]

return sorted([IN, EXPR, INT])[:INT]

return [k OP INT for k in (IN, EXPR, INT)]
""",
    "dict": """
return {"WORD": IN, "b": EXPR}

made = {"a": EXPR}
made["b"] = IN
made |= {"WORD": INT}
return made
""",
    "pd.DataFrame": """
table = pd.DataFrame({"a": [INT, IN % 1000, EXPR % 1000], "b": ["x", "WORD", None]})
table["c"] = table.a OP INT
return table

return pd.DataFrame({"a": range(INT), "b": "WORD"}).assign(c=lambda table: table.a OP (EXPR % 100) + IN % 100)

table = pd.DataFrame({"a": [INT, INT, INT], "b": pd.Categorical(["x", "y", "x"], ["x", "y", "WORD"])})
return table.groupby("b", observed=False).a.sum().reset_index().assign(c=EXPR % 1000 + IN % 1000)

return pd.DataFrame({"a": [IN % 1000]}, index=pd.Index([INT], name="WORD")).assign(b=EXPR % 1000)

return pd.DataFrame({"a": [IN % 1000, EXPR % 1000]}).astype({"a": "int32"}).rename(columns={"a": "WORD"})
""",
    "np.ndarray": """
return np.array([IN % 1000, EXPR % 1000, INT]) OP INT

return np.outer(np.arange(POS), [IN % 1000, EXPR % 1000])

return np.random.default_rng(INT).normal(size=POS) + IN % 1000 + EXPR % 1000
""",
    "BaseEstimator": """
return DummyClassifier(strategy="<prior|most_frequent>", random_state=IN % 1000 + EXPR % 1000)

return make_pipeline(StandardScaler(with_mean=IN CMP EXPR), LinearRegression(fit_intercept=EXPR CMP INT))

return LinearRegression().fit([[INT], [INT], [12]], [IN % 1000, EXPR % 1000, INT])

return DummyRegressor(strategy="constant", constant=INT).fit([[0]], [IN % 1000]).set_params(constant=EXPR % 1000)
""",
    "object": """
return NAMEModel(IN, EXPR)
+ before
@dataclass
class NAMEModel:
    width: int
    length: int = INT
    def area(self): return self.width OP self.length + EXPR
    def __int__(self): return self.area() % 10007
""",
}

# How a step makes a number of an input of each type.
INPUTS = {
    "int": "ARG",
    "float": "int(ARG * INT)",
    "str": "crc32(ARG.encode())\nlen(ARG)",
    "list": "sum(ARG)\n(ARG.append(INT), sum(ARG))[1]",
    "dict": "sum(ARG.values())\ncrc32(str(ARG).encode())",
    "pd.DataFrame": "int(ARG.iloc[:, 0].count() + ARG.shape[1])\ncrc32(ARG.to_csv().encode())\n"
    'int(ARG.assign(n=INT).n.sum())\nint(ARG.pipe(lambda table: table.select_dtypes("number").sum().sum() * INT))\n'
    '(ARG.insert(0, "NAME", INT), crc32(ARG.to_csv().encode()))[1]',
    "np.ndarray": "int(ARG.sum())\ncrc32(ARG.tobytes())\nint((ARG OP INT).max())",
    "BaseEstimator": "crc32(str(ARG.get_params()).encode()) % 1000\n"
    "int(clone(ARG).fit([[1], [2], [3]], [INT, 2, 2]).predict([[2]])[0])",
    "object": "int(ARG)\nARG.area()",
    "seed": "ARG",
    "target": "len(ARG)",
}

# Where a name comes from that a production uses without a definition.
IMPORTS = {
    name: line
    for line in """
from abc import ABC, abstractmethod
import array
import asyncio
import builtins
import calendar
import codecs
import configparser
import copy
import copyreg
import csv
import enum
import fakelib
import gc
import glob
import inspect
import json
import logging
import linecache
import locale
import math
import mimetypes
import operator
import os
import pickle
import random
import re
import sklearn
import socket
import statistics
import sys
import threading
import tomllib
import warnings
import weakref
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, defaultdict, deque, namedtuple
from collections.abc import Sequence
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import asdict, astuple, dataclass, field, fields, make_dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, Inexact, getcontext, localcontext
from enum import Enum, Flag, IntEnum, auto
from fractions import Fraction
from functools import cache, cached_property, lru_cache, partial, partialmethod, reduce
from functools import singledispatch, singledispatchmethod, total_ordering, wraps
from itertools import accumulate, chain, count, islice
from operator import attrgetter, itemgetter, methodcaller
from pathlib import Path
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from types import MappingProxyType, SimpleNamespace
from typing import Annotated, Any, ClassVar, Generic, Literal, NamedTuple, Protocol, TypedDict, TypeVar, get_type_hints
from zlib import crc32
""".strip().splitlines()
    for name in re.sub(r".*import ", "", line).split(", ")
} | {"np": "import numpy as np", "pd": "import pandas as pd"}

# An installed package, which a program may change.
PACKAGE = {
    "site-packages/fakelib/__init__.py": """
WIDTH = 3
OPTIONS = {}
REGISTRY = {}
class Reader:
    unit = 1
    def read(self): return self.unit + extra()
def extra(): return 0
def width(): return WIDTH
def option(name): return OPTIONS.get(name, 0)
def set_option(name, value): OPTIONS[name] = value
def register(function):
    REGISTRY[function.__name__] = function
    return function
def registered(name): return REGISTRY[name]()
def times(n):
    def decorate(function):
        return lambda *args: function(*args) * n
    return decorate
""",
    "site-packages/fakelib.dist-info/METADATA": "Name: fakelib\nVersion: 1.0\n",
    "site-packages/fakelib.dist-info/RECORD": "fakelib/__init__.py,,\n",
}


@dataclass
class Production:
    """Definitions, the expressions that use them, and the files that they read."""

    text: str
    uses: list[str]
    files: dict[str, str] = field(default_factory=dict)
    only_inside: bool = False  # whether only a step may use it


def productions(text):
    """The productions in a text."""
    for paragraph in text.strip("\n").split("\n\n"):
        body, *files = re.split(r"^\+ (\S+)\n", f"{paragraph}\n", flags=re.MULTILINE)
        lines = body.splitlines()
        uses = [line[3:] for line in lines if line.startswith(("=> ", "~> "))]
        defined = "\n".join(line for line in lines if not line.startswith(("=> ", "~> ")))
        yield Production(defined, uses, dict(zip(files[::2], files[1::2], strict=True)), "\n~> " in body)


DEFINITIONS = r"""
NAME = INT
=> NAME

NAME: int = NOW
=> NAME

NAME = INT.5
=> int(NAME * INT)

NAME = INT CMP INT
=> NAME + INT
=> len(str(NAME))

NAME = [INT, INT, NOW]
=> sum(NAME)
=> NAME[0] OP NAME[-1]

NAME = [INT, INT, INT]
NAME.append(NOW)
NAME[0] += INT
=> sum(NAME[1:])

NAME = [NOW for _ in range(INT)] + [k OP INT for k in range(INT)]
=> sum(NAME)

NAME = {"WORD": INT, "b": NOW}
=> sum(NAME.values())
=> crc32(str(NAME).encode())

NAME = {}
for k in range(INT):
    NAME[f"WORD{k}"] = k OP INT
NAME.update(a=NOW)
=> sum(NAME.values())

NAME = {"a": {"b": [INT, {"c": NOW}]}}
=> NAME["a"]["b"][1]["c"] OP NAME["a"]["b"][0]

NAME = {INT, INT, NOW}
=> sum(sorted(NAME))

NAME = frozenset({INT, (INT, INT), "WORD"})
=> len(NAME)

NAME = (INT, (INT, NOW))
=> NAME[1][1] OP NAME[0]

NAME, (NAMEother, *NAMErest) = INT, (INT, INT, NOW)
=> NAME
def NAMEall(): return NAME OP NAMEother + sum(NAMErest)

NAME = deque([INT, INT, INT, NOW], maxlen=INT)
=> sum(NAME)

NAME = Counter("WORDWORD")
=> NAME.most_common(1)[0][1] + len(NAME)

NAME = defaultdict(lambda: INT, {"WORD": NOW})
=> NAME["WORD"] + NAME.get("b", INT)

NAME = OrderedDict(b=INT, a=INT, c=NOW)
=> [*NAME.values()][INT % 3]

NAME = ChainMap({"a": INT}, {"a": INT, "b": NOW})
=> NAME["a"] * NAME["b"]

NAME = SimpleNamespace(a=INT, b=NOW)
=> NAME.a OP NAME.b

NAME = MappingProxyType({"a": NOW})
=> NAME["a"]

NAME = Fraction(INT, 7) + INT
=> NAME.numerator OP NAME.denominator

NAME = Decimal("INT.INT0")
=> crc32(str(NAME).encode())

NAME = date(2020, 1, POS) + timedelta(days=INT)
=> NAME.toordinal()
=> int((lambda k: f"{k:%d}")(NAME))

NAME = range(INT, 2INT)
=> sum(NAME)

NAME = slice(0, INT)
=> sum([1, 2, 3, 4, 5, 6][NAME])

NAME = b"WORD"
=> sum(NAME)

NAME = "WORD"
=> crc32(NAME.encode())
=> len(NAME.title() + "WORD")

NAMEn = NOW
NAME = f"{INT}WORD{NAMEn}{NAMEn % POS:02d}"
=> len(NAME)
=> crc32(NAME.encode())

NAME = re.compile("(WORD|[a-f]+|INT)")
=> len(NAME.sub("x", "WORDWORD INT"))
=> len(NAME.findall("WORD efaced INT"))

NAME = re.compile("b", re.<I|A>).sub
=> len(NAME("WORD", "aBbc"))

NAME = Path("WORD") / "WORD"
=> crc32(str(NAME).encode())

NAME = array.array("<i|l>", [INT, INT])
=> sum(NAME) + NAME.itemsize

NAME = np.array([INT, INT, NOW % 1000])
=> int(NAME.sum())
=> int(NAME[1] OP NAME.max())

NAME = np.arange(POS) * INT.5
NAME[0] = INT
=> int(NAME.sum() * INT)

NAME = np.array([INT, INT], dtype="<i2|i8|f4>")
=> crc32(NAME.tobytes()) + NAME.itemsize

NAME = np.vectorize(lambda x: x OP INT + EXPR % 10)
=> int(NAME([INT, INT]).sum())

NAME = np.random.default_rng(INT).integers(0, 100, POS)
=> int(NAME.sum())

NAME = pd.DataFrame({"a": [INT, INT, NOW % 1000], "b": ["x", "WORD", None]})
=> int(NAME.query("a > INT").a.sum())
=> crc32(NAME.to_csv().encode())
=> int(NAME.a.map(lambda k: k OP INT).sum())

NAME = pd.Series([INT, INT, INT], index=["x", "y", "WORD"], name="WORD")
=> crc32(NAME.to_csv().encode())

NAME = pd.Categorical(["x", "y"], categories=["y", "x", "WORD"], ordered=INT CMP INT)
=> crc32(str((NAME.categories.tolist(), NAME.ordered)).encode())

NAME = pd.date_range("2020-01-0POS", periods=INT, freq="<D|W|h>")
=> int(NAME.dayofweek.to_numpy().sum())

NAME = pd.Timestamp("2020-01-0POS") + pd.Timedelta(days=INT)
=> NAME.day_of_year

NAME = pd.MultiIndex.from_product([["x", "WORD"], range(INT)], names=["k", "WORD"])
=> crc32(str(NAME.tolist()).encode()) + len(NAME.names[1])

NAME = partial(max, INT, key=lambda k: k OP INT)
=> NAME(EXPR)

def NAMEadd(x, y, z=INT): return x OP y + z + EXPR
NAME = partial(NAMEadd, y=NOW)
=> NAME(EXPR)

NAME = "{:.INTf}".format
=> len(NAME(1.25))

NAME = itemgetter(INT % 3)
=> NAME([INT, INT, EXPR])

NAME = methodcaller("count", "a")
=> NAME("banana WORD")

NAME = attrgetter("real")
=> NAME(EXPR)

NAME = "WORDWORD".count
=> NAME("a")

class NAMEBox:
    def __init__(self, n): self.n = n
    def get(self, x=INT): return self.n OP x + EXPR
NAME = NAMEBox(NOW).get
=> NAME()

def NAMEmake(n):
    m = n OP INT
    def inner(x): return x + n * m + EXPR
    return inner
NAME = NAMEmake(NOW)
=> NAME(EXPR)

def NAMEmake(f, n): return lambda x, *, k=INT: f(x) OP n + k
NAME = NAMEmake(lambda x: x OP EXPR, NOW)
=> NAME(EXPR)

def NAMEmake():
    n = INT
    def step(x):
        nonlocal n
        n += INT
        return x OP n
    return step
NAME = NAMEmake()
~> NAME(EXPR)

NAME = {"one": lambda x: x OP INT, "two": lambda x: EXPR}
=> NAME["one"](EXPR) + NAME["two"](INT)

NAME = [lambda x, y=INT: x OP y, lambda x: x - EXPR]
=> reduce(lambda x, f: f(x), NAME, EXPR)

NAME = (k OP INT for k in range(INT))
~> next(NAME, INT)

NAME = lambda x, y=INT: x OP y + EXPR
=> NAME(EXPR)

def NAMEone(x): return x OP INT
def NAMEtwo(x): return x OP EXPR
NAME = NAMEone if NOW CMP INT else NAMEtwo
=> NAME(EXPR)

def NAMEone(x): return x OP INT
def NAMEtwo(x): return x OP EXPR
NAME = [NAMEone, NAMEtwo, abs]
=> sum(f(INT) for f in NAME)
=> reduce(lambda x, f: f(x), NAME, EXPR)

def NAME(x):
    INSIDE
    return x OP EXPR
=> NAME(EXPR)
=> NAME(x=EXPR)

def NAME(x, y=INT, *, z=NOW):
    INSIDE
    total = x OP y
    total += z
    return total OP EXPR
=> NAME(EXPR)
=> NAME(EXPR, z=EXPR)
=> NAME(EXPR, INT)

def NAME(*numbers, start=INT, **named):
    total = start + EXPR
    for number in numbers:
        total = total OP number
    return total + sum(named.values())
=> NAME(EXPR, INT, a=INT)

def NAME(n):
    if n CMP INT or n < 1 or n > 20:
        return EXPR
    return NAME(n - 1) OP INT
=> NAME(INT)

def NAME(n):
    if n > 0: return NAMEother(n - 1) + INT
    return EXPR
def NAMEother(n):
    return NAME(n - 1) OP INT if n > INT else EXPR
=> NAME(INT)

def NAME(n):
    INSIDE
    for i in range(n):
        if i CMP INT:
            continue
        yield i OP EXPR
=> sum(NAME(INT))

def NAME(rows):
    return [y for x in rows if (y := x OP INT) CMP INT]
=> sum(NAME([INT, INT, EXPR]))

def NAME(x):
    match x:
        case {"kind": "WORD", "n": n}: return n OP INT
        case [a, b, *rest]: return a OP b + len(rest)
        case int(n) if n CMP INT: return EXPR
        case _: return INT
=> NAME(EXPR)
=> NAME([EXPR, INT, INT])
=> NAME({"kind": "WORD", "n": EXPR})

def NAME(x):
    try:
        return INT // (x % 3) + EXPR
    except ZeroDivisionError:
        return EXPR
    finally:
        x += INT
=> NAME(EXPR)

def NAME(x):
    '''Return a number.'''
    n, total = x % 7, INT
    while n > 0:
        n, total = n - 1, total OP n
    else:
        total += EXPR
    return total
=> NAME(EXPR)

def NAME(x):
    INSIDE
    def inner(y):
        def innermost(z): return z OP INT
        return innermost(y) + x
    return inner(EXPR)
=> NAME(EXPR)

@contextmanager
def NAMEcontext(x):
    yield x OP INT
def NAME(x):
    with NAMEcontext(x) as y, suppress(KeyError):
        return y + EXPR
=> NAME(EXPR)

async def NAMElater(x): return x OP EXPR
def NAME(x): return asyncio.run(NAMElater(x))
~> NAME(INT)

def NAME(a: int, b: "Literal['WORD']" = INT) -> Annotated[int, INT]: return a
=> len(str(NAME.__annotations__))
=> crc32(str(get_type_hints(NAME, include_extras=True)).encode())

def NAME(x, seen=[INT]):
    return sum(seen) OP x
=> NAME(EXPR)

def NAME(x, seen=[INT]):
    seen.append(x)
    return len(seen)
~> NAME(EXPR)

def NAME(x, how=lambda x: x OP INT): return how(x) + EXPR
=> NAME(EXPR)

def NAME(): return NAME.factor OP EXPR
NAME.factor = NOW
=> NAME()

def NAME(a, b=INT, *c, d: int = INT, **e): return a
=> len(inspect.signature(NAME).parameters)
=> crc32(str(inspect.signature(NAME)).encode())

def NAME(text): return [*text.split("WORD"), "x" * INT]
=> len(NAME("aWORDbWORDc"))

def NAME(x): return x OP INT
def NAME(x): return x OP EXPR
=> NAME(EXPR)

if NOW CMP INT:
    def NAME(x): return x OP INT
else:
    def NAME(x): return x OP EXPR
=> NAME(EXPR)

try:
    from missing import NAME
except ImportError:
    NAME = NOW
=> NAME

exec("NAME = INT OP INT")
=> NAME

globals().update(NAME=NOW)
=> NAME

NAMEseen = []
def NAME(x):
    NAMEseen.append(x)
    return sum(NAMEseen) % 1000 OP INT
~> NAME(EXPR)

NAMEcount = INT
def NAME(x):
    global NAMEcount
    NAMEcount += INT
    return x OP NAMEcount
~> NAME(EXPR)

NAMEknown = {}
def NAME(x):
    if x not in NAMEknown:
        NAMEknown[x] = x OP EXPR
    return NAMEknown[x]
=> NAME(EXPR)

def NAMEmore(function):
    def wrapper(x): return function(x) OP INT
    return wrapper
@NAMEmore
def NAME(x): return x OP EXPR
=> NAME(EXPR)

def NAMEmore(function):
    @wraps(function)
    def wrapper(*args, **kwargs): return function(*args, **kwargs) OP EXPR
    return wrapper
@NAMEmore
def NAME(x, y=INT): return x OP y
=> NAME(EXPR)
=> NAME(EXPR, y=INT)

def NAMEtimes(n, m=INT):
    def decorate(function):
        @wraps(function)
        def wrapper(*args): return n * function(*args) OP m
        return wrapper
    return decorate
@NAMEtimes(NOW)
@NAMEtimes(INT, m=INT)
def NAME(x): return x OP EXPR
=> NAME(EXPR)

class NAMEMore:
    def __init__(self, function): self.function, self.calls = function, INT
    def __call__(self, x): return self.function(x) OP self.calls
@NAMEMore
def NAME(x): return x OP EXPR
=> NAME(EXPR)

NAMEALL = {}
def NAMErule(name):
    def add(function):
        NAMEALL[name] = function
        return function
    return add
@NAMErule("WORD")
def NAMEone(x): return x OP INT
@NAMErule("other")
def NAMEtwo(x): return x OP EXPR
def NAME(x): return sum(rule(x) for rule in NAMEALL.values())
=> NAME(EXPR)

@lru_cache(maxsize=INT)
def NAME(x): return x OP EXPR
=> NAME(EXPR)
=> NAME(INT) + (NAME.cache_info().maxsize or 0)

@cache
def NAME(x, y=INT): return x OP y OP EXPR
=> NAME(EXPR)

@fakelib.times(NOW)
def NAME(x): return x OP EXPR
=> NAME(EXPR)

@singledispatch
def NAME(x): return INT
@NAME.register
def _(x: int): return x OP EXPR
@NAME.register(str)
def _(x): return len(x) + INT
=> NAME(EXPR)
=> NAME("WORD") OP NAME(None)

@dataclass
class NAME:
    a: int = INT
    b: int = NOW
    c: list = field(default_factory=lambda: [INT])
    def total(self): return self.a OP self.b + sum(self.c)
=> NAME(EXPR).total()
=> sum(value for value in astuple(NAME(b=EXPR))[:2])
=> len(fields(NAME)) + replace(NAME(), a=INT).a

@dataclass(frozen=True, slots=True, order=True)
class NAME:
    a: int = INT
    def more(self): return self.a OP EXPR
=> NAME(EXPR).more()
=> max(NAME(INT), NAME()).a

@dataclass
class NAMERow:
    a: int
    b: int = INT
NAME = NAMERow(NOW, b=INT)
=> NAME.a OP NAME.b
=> sum(asdict(NAME).values())

NAME = make_dataclass("NAME", [("unit", int, NOW)])
=> NAME().unit

class NAME(Enum):
    SMALL = INT
    LARGE = NOW
    @property
    def double(self): return self.value OP INT
=> NAME.SMALL.value OP NAME.LARGE.value
=> NAME.SMALL.double
=> len(NAME)

class NAMEKind(Flag):
    A = auto()
    B = auto()
    C = A | B
NAME = NAMEKind.A
=> NAME.value + len(NAME.name)

class NAME(IntEnum):
    ONE = INT
    @classmethod
    def _missing_(cls, value): return cls.ONE
=> NAME(EXPR) + INT

class NAME(NamedTuple):
    a: int = INT
    b: int = NOW
=> sum(NAME(EXPR))
=> NAME().b OP NAME().a

NAME = namedtuple("NAME", "x y")(INT, NOW)
=> NAME.x OP NAME.y

class NAME(TypedDict):
    a: int
    WORD: str
=> len(str(get_type_hints(NAME)))

NAME = TypeVar("NAME", bound=int)
=> len(NAME.__bound__.__name__)

class NAMEBase:
    factor = INT
    def get(self, x): return x OP self.factor
class NAME(NAMEBase):
    def get(self, x): return super().get(x) OP EXPR
=> NAME().get(EXPR)
=> NAME.factor + INT

class NAMEOne:
    def get(self): return [INT]
class NAMETwo:
    def get(self): return [EXPR]
class NAME(NAMEOne, NAMETwo):
    def all(self): return [*super().get(), len(type(self).__mro__)]
=> sum(NAME().all())

class NAME:
    width = INT
    def __init__(self, x=INT): self.x = x
    @property
    def area(self): return self.x OP self.width
    @cached_property
    def size(self): return self.area OP EXPR
    @staticmethod
    def unit(x=INT): return x OP EXPR
    @classmethod
    def make(cls, x): return cls(x OP cls.width)
=> NAME().area
=> NAME(EXPR).size
=> NAME.unit()
=> NAME.make(EXPR).size
=> NAME.width

class NAMEClass:
    def __init__(self, x): self.x = x
    def get(self): return self.x OP EXPR
NAME = NAMEClass(NOW)
=> NAME.get()
=> NAME.x

class NAMEMeta(type):
    factor = INT
    def __len__(cls): return INT
    def __call__(cls, *args): return super().__call__(*args) if args else EXPR
class NAME(metaclass=NAMEMeta):
    def __init__(self, x): self.x = x OP INT
=> len(NAME) OP NAME.factor
=> NAME(EXPR).x
=> NAME()

class NAMEField:
    def __init__(self, v): self.v = v
    def __set_name__(self, owner, name): self.name = name
    def __get__(self, instance, owner): return self.v OP len(self.name)
class NAME:
    WORDx = NAMEField(NOW)
    @classmethod
    def get(cls): return sum(getattr(cls, name) for name in dir(cls) if name.endswith("x"))
=> NAME.get()

class NAME:
    __slots__ = ("x", "y")
    def __init__(self, x, y=INT): self.x, self.y = x, y
    def __add__(self, other): return self.x OP other + self.y
    def __radd__(self, other): return self + other
=> NAME(EXPR) + INT
=> INT + NAME(EXPR)

class NAMESlots:
    __slots__ = ("x", "y")
    def __init__(self, x, y=INT): self.x, self.y = x, y
NAME = NAMESlots(NOW)
=> NAME.x OP NAME.y

class NAME:
    def __getattr__(self, name): return len(name) OP INT
    def __getitem__(self, key): return key OP EXPR
    def __contains__(self, key): return key CMP INT
    def __iter__(self): yield from (INT, EXPR)
    def __len__(self): return INT
    def __bool__(self): return INT CMP INT
    def __format__(self, spec): return "WORD" * INT
=> NAME().WORD
=> NAME()[EXPR]
=> (EXPR in NAME()) + sum(NAME())
=> INT if NAME() else EXPR
=> len((lambda k: f"{k}")(NAME()))
=> len(NAME())

class NAMEBase:
    kinds = []
    def __init_subclass__(cls, width=INT): cls.kinds.append(width)
class NAMEOne(NAMEBase, width=NOW): pass
class NAMETwo(NAMEBase): pass
NAME = NAMEBase.kinds
=> sum(NAME)

class NAME(dict):
    def __missing__(self, key): return key OP INT
=> NAME()[EXPR]

class NAME(list):
    def total(self): return sum(self) OP EXPR
=> NAME([INT, EXPR]).total()

class NAME(UserDict):
    def __setitem__(self, key, value): super().__setitem__(key, value OP INT)
=> NAME(a=EXPR)["a"]

class NAME(ABC):
    @abstractmethod
    def width(self): ...
    def area(self): return self.width() OP INT
    @staticmethod
    def make(): return NAMEReal()
class NAMEReal(NAME):
    def width(self): return EXPR
=> NAME.make().area()

class NAMEBase(ABC): pass
class NAMEOne: pass
class NAMETwo: pass
NAMEBase.register(NAMEOne)
def NAME(): return isinstance(NAMEOne(), NAMEBase) + INT * isinstance(NAMETwo(), NAMEBase)
=> NAME()

class NAMEOne: pass
Sequence.register(NAMEOne)
def NAME(): return INT if isinstance(NAMEOne(), Sequence) else EXPR
=> NAME()

class NAME(Generic[TypeVar("T")]):
    size: ClassVar[int] = INT
    def __class_getitem__(cls, key): return INT OP key
=> NAME[EXPR]
=> NAME.size

@total_ordering
class NAME:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return self.x == other.x
    def __lt__(self, other): return self.x CMP other.x
    __hash__ = None
=> INT * (NAME(EXPR) >= NAME(INT)) + (NAME(INT) > NAME(EXPR))

class NAME:
    def add(self, x, y): return x OP y
    more = partialmethod(add, NOW)
=> NAME().more(EXPR)

class NAME(Exception):
    code = INT
    def __init__(self, more): self.more = more OP EXPR
def NAMEtry(x):
    try: raise NAME(x)
    except NAME as error: return error.code + error.more
NAME.attempt = staticmethod(NAMEtry)
=> NAME.attempt(EXPR)

def NAMEwith(cls):
    cls.width = lambda self: INT OP EXPR
    return cls
@NAMEwith
class NAME: pass
=> NAME().width()

class NAME:
    for i in range(INT): last = i OP INT
    names = [f"WORD{i}" for i in range(INT)]
    class Inner:
        depth = NOW
=> NAME.last + len(NAME.names)
=> NAME.Inner.depth

class NAME:
    def __new__(cls, x): return x OP INT
=> NAME(EXPR)

class NAME:
    def __enter__(self): return INT OP EXPR
    def __exit__(self, *error): return INT CMP INT
    @classmethod
    def go(cls):
        with cls() as x: return x
        return INT
=> NAME.go()

class NAMEPlain: pass
NAME = NAMEPlain()
NAME.get = lambda x=INT: x OP EXPR
setattr(NAME, "WORD", NOW)
=> NAME.get()
=> len(vars(NAME)) OP sum(value for value in vars(NAME).values() if isinstance(value, int))

class NAME(BaseEstimator, TransformerMixin):
    def __init__(self, more=INT): self.more = more
    def fit(self, X, y=None):
        self.fitted_ = EXPR
        return self
    def transform(self, X): return [[x OP self.more + self.fitted_] for (x,) in X]
=> NAME().fit_transform([[EXPR]])[0][0]
=> make_pipeline(NAME(INT)).fit([[1]]).transform([[INT]])[0][0]
=> clone(NAME(EXPR)).set_params(more=INT).more

NAME = make_pipeline(StandardScaler(with_std=INT CMP INT), DummyRegressor(strategy="constant", constant=NOW % 1000))
=> int(clone(NAME).fit([[1], [2]], [INT, INT]).predict([[INT]])[0])
=> NAME[-1].constant

def NAMEmore(X): return [[x OP INT + EXPR] for (x,) in X]
NAME = FunctionTransformer(NAMEmore)
=> NAME.fit_transform([[INT]])[0][0]

NAME = LinearRegression().fit([[0], [1], [2]], [INT, INT, NOW % 1000])
=> round(float(NAME.predict([[INT]])[0]))

def NAME(): return int(Path("data/NAME.txt").read_text().split()[INT % 3]) OP INT
=> NAME()
+ data/NAME.txt
INT INT INT

def NAME():
    with open("data/NAME.txt") as file: return len(file.read()) OP EXPR
=> NAME()
+ data/NAME.txt
WORD INT

NAME = open("data/NAME.txt").read()
=> len(NAME)
=> crc32(NAME.encode())
+ data/NAME.txt
WORD INT

NAME = json.loads((Path(__file__).parent / "NAME.json").read_text())
=> NAME["a"]
=> sum(NAME["b"])
+ HERE/NAME.json
{"a": INT, "b": [INT, INT]}

def NAME(name="a"):
    with open("data/NAME.json") as file: return json.load(file)[name]
=> NAME()
=> NAME("b")
+ data/NAME.json
{"a": INT, "b": INT}

def NAME(): return int(pd.read_csv("data/NAME.csv").a.sum()) OP EXPR
=> NAME()
+ data/NAME.csv
a,b
INT,WORD
INT,WORD

NAME = pd.read_csv("data/NAME.csv", index_col="b")
=> int(NAME.a.sum())
=> crc32(NAME.to_csv().encode())
+ data/NAME.csv
a,b
INT,WORD
INT,WORD

def NAME():
    with open("data/NAME.csv", newline="") as file: return sum(int(row["a"]) for row in csv.DictReader(file))
=> NAME()
+ data/NAME.csv
a,b
INT,WORD
INT,WORD

def NAME(key="a"):
    with open("data/NAME.toml", "rb") as file: return tomllib.load(file)[key] OP INT
=> NAME()
=> NAME(key="b")
+ data/NAME.toml
a = INT
b = INT

def NAME():
    parser = configparser.ConfigParser()
    parser.read("data/NAME.ini")
    return parser.getint("x", "a") OP INT
=> NAME()
+ data/NAME.ini
[x]
a = INT

def NAME(): return sum(pickle.loads(Path("data/NAME.pkl").read_bytes()))
=> NAME()
+ data/NAME.pkl
(lp0
IINT
aIINT
a.

NAME = sum(pickle.load(open("data/NAME.pkl", "rb")))
=> NAME
+ data/NAME.pkl
(lp0
IINT
aIINT
a.

def NAME(): return int(np.loadtxt("data/NAME.txt").sum()) OP INT
=> NAME()
+ data/NAME.txt
INT INT
INT INT

def NAME(): return len(os.listdir("data/NAME")) OP INT
=> NAME()
+ data/NAME/WORD.txt
INT

def NAME(): return crc32(str(sorted(path.name for path in Path("data/NAME").iterdir())).encode())
=> NAME()
+ data/NAME/WORD.txt
INT

def NAME(): return sum(int(open(path).read()) for path in sorted(glob.glob("data/NAME/*.txt")))
=> NAME()
+ data/NAME/aWORD.txt
INT
+ data/NAME/bWORD.txt
INT

def NAME(): return sum(len(files) for _, _, files in os.walk("data/NAME"))
=> NAME() OP INT
+ data/NAME/WORD.txt
INT
+ data/NAME/inner/WORD.txt
INT

def NAME(): return Path("data/NAME.txt").stat().st_size OP EXPR
=> NAME()
+ data/NAME.txt
WORD

def NAME(): return int(os.path.getmtime("data/NAME.txt")) OP INT
=> NAME()
+ data/NAME.txt
WORD

def NAME(): return os.path.exists("data/NAME.txt") + INT * Path("data/NAMEother.txt").is_file()
=> NAME()
+ data/NAME.txt
INT

@cache
def NAME(): return int(Path("data/NAME.txt").read_text()) OP EXPR
=> NAME()
+ data/NAME.txt
INT

def NAME(): return len(linecache.getline("data/NAME.txt", INT))
=> NAME() OP INT
+ data/NAME.txt
WORD INT
WORD

NAMEFILE = "data/NAME.txt"
class NAME:
    def __init__(self, path=NAMEFILE): self.path = path
    def rows(self): return [int(line) OP INT for line in Path(self.path).read_text().split()]
    @classmethod
    def total(cls): return sum(cls().rows())
=> NAME.total()
+ data/NAME.txt
INT
INT

def NAME(): return int(os.environ["NAME"]) OP EXPR
=> NAME()
+ environment
NAME=INT

def NAME(): return len(os.getenv("NAME", "WORD")) OP int(os.getenv("NAMEabsent", "INT"))
=> NAME()
+ environment
NAME=WORD

NAME = int(os.environ.get("NAME", "INT")) OP INT
=> NAME
+ environment
NAME=INT

NAME = {name: len(value) for name, value in os.environ.items() if name.startswith("NAME")}
=> sum(NAME.values()) + INT
+ environment
NAME1=WORD
NAME2=WORD

os.environ["NAME"] = str(NOW)
def NAME(): return int(os.environ["NAME"]) OP INT
=> NAME()

np.set_printoptions(precision=INT)
def NAME(): return len(str(np.array([1 / 3, 2 / 7])))
=> NAME() OP INT

np.seterr(divide="<ignore|warn>", over="<ignore|print|warn>")
def NAME(): return crc32(str(np.geterr()).encode()) OP EXPR
=> NAME()

pd.set_option("display.max_colwidth", 1INT)
pd.options.display.precision = POS
def NAME(): return crc32(str(pd.DataFrame({"a": [1 / 3, EXPR % 100], "b": "WORD" * 9})).encode())
=> NAME()

getcontext().prec = 1INT
def NAME(): return len(str(Decimal(EXPR % 5 + 1) / 7))
=> NAME()

def NAME():
    with localcontext() as context:
        context.prec = POS
        return len(str(Decimal(1) / 7)) OP INT
=> NAME()

warnings.filterwarnings("ignore", "NAME")
def NAME():
    with warnings.catch_warnings(record=True) as caught:
        warnings.warn("NAME WORD")
    return len(caught) OP INT
=> NAME()

warnings.simplefilter("ignore", ResourceWarning)
def NAME(): return sum(kind == "ignore" for kind, *_ in warnings.filters) OP INT
=> NAME()

logging.getLogger("NAME").setLevel(INT * 10)
def NAME(): return logging.getLogger("NAME").level OP INT
=> NAME()

csv.register_dialect("NAME", delimiter=";")
def NAME(): return len(next(csv.reader(["INT;2,3;4"], "NAME"))) OP INT
=> NAME()

calendar.setfirstweekday(INT % 7)
def NAME(): return crc32(calendar.weekheader(3).encode())
=> NAME()

sklearn.set_config(display="<text|diagram>", print_changed_only=INT CMP INT)
def NAME(): return len(repr(DummyRegressor(constant=INT))) + len(str(sklearn.get_config()["print_changed_only"]))
=> NAME()

def NAMEsearch(name):
    if name == "NAME":
        return codecs.CodecInfo(lambda text, errors="strict": (b"WORD", len(text)), None, name="NAME")
codecs.register(NAMEsearch)
def NAME(): return sum("a".encode("NAME")) OP INT
=> NAME()

codecs.register_error("NAME", lambda error: ("WORD" * INT, error.end))
def NAME(): return len(chr(233).encode("ascii", errors="NAME")) OP INT
=> NAME()

class NAMERows:
    def __init__(self, width=INT): self.width = width
copyreg.pickle(NAMERows, lambda rows: (NAMERows, (rows.width OP INT,)))
def NAME(): return copy.copy(NAMERows(EXPR)).width
=> NAME()

@pd.api.extensions.register_series_accessor("NAME")
class NAMEAccessor:
    def __init__(self, rows): self.rows = rows
    def width(self): return int(self.rows.sum()) OP INT
def NAME(x): return pd.Series([x % 1000, INT]).NAME.width()
=> NAME(EXPR)

pd.Series.NAME = lambda self: int(self.sum()) OP EXPR
NAME = INT
=> pd.Series([INT]).NAME() + NAME

json.JSONEncoder.default = lambda self, value: INT
def NAME(): return int(json.dumps(object())) OP INT
=> NAME()

math.NAME = NOW
def NAME(): return math.NAME OP INT
=> NAME()

fakelib.WIDTH = NOW
def NAME(): return fakelib.width() OP INT
=> NAME()

fakelib.WIDTH += INT
NAME = INT
=> NAME OP fakelib.width()

fakelib.OPTIONS["NAME"] = NOW
NAME = INT
=> NAME OP fakelib.option("NAME")

fakelib.set_option("NAME", NOW)
def NAME(): return fakelib.option("NAME") OP INT
=> NAME()

@fakelib.register
def NAME(): return INT OP EXPR
=> fakelib.registered(NAME.__name__)

fakelib.Reader.NAME = lambda self, x: x OP INT + self.unit
def NAME(x): return fakelib.Reader().NAME(x) + fakelib.Reader().read()
=> NAME(EXPR)

def NAMEextra(): return INT OP EXPR
fakelib.extra = NAMEextra
def NAME(): return fakelib.Reader().read() OP INT
=> NAME()

class NAMEReader(fakelib.Reader):
    unit = NOW
    def read(self): return super().read() OP INT
NAME = NAMEReader()
=> NAME.read()

NAME = ContextVar("NAME", default=NOW)
=> NAME.get() OP INT

def NAME(): return int(random.Random(INT).random() * 100) OP EXPR
=> NAME()

def NAME(): return int(np.random.default_rng(INT).normal() * 100) OP EXPR
=> NAME()

def NAME(): return int(random.random() * 100) OP EXPR
~> NAME()

def NAME():
    np.random.seed(INT)
    return int(np.random.random() * 100) OP EXPR
~> NAME()

def NAME(): return statistics.mean([INT, INT, EXPR % 1000]) > INT
=> NAME() + INT

def NAME(n=INT): return sum(islice(accumulate(chain([INT], count(INT)), lambda x, y: x + y), n))
=> NAME()

class NAME:
    count = INT
    @classmethod
    def more(cls):
        cls.count += INT
        return cls.count OP EXPR
~> NAME.more()
~> NAME.count OP INT

class NAMECounter:
    def __init__(self): self.n = INT
    def more(self, x=INT):
        self.n = self.n OP x
        return self.n
NAME = NAMECounter()
~> NAME.more()
~> NAME.n OP INT

def NAME(x=INT):
    NAME.calls += x
    return NAME.calls OP EXPR
NAME.calls = INT
~> NAME()
~> NAME.calls

NAME = count(INT)
~> next(NAME)

NAME = iter([INT, INT, INT, INT])
~> next(NAME, INT)

NAMEdeque = deque([INT, INT, NOW])
def NAME(n=INT):
    NAMEdeque.rotate(n)
    return NAMEdeque[0]
~> NAME()

NAME = random.Random(INT)
~> int(NAME.random() * 100)

NAME = np.random.default_rng(INT)
~> int(NAME.integers(100)) OP INT

NAMEstate = {"a": INT}
def NAME(x=None):
    if x is not None:
        NAMEstate["a"] = x
    return NAMEstate["a"] OP INT
~> NAME(EXPR)
~> NAME()

NAMEstack = [INT, INT, INT, INT, INT, INT]
def NAME(): return NAMEstack.pop() if NAMEstack else EXPR
~> NAME()

NAMEvariable = ContextVar("NAME", default=INT)
def NAME(x=None):
    if x is not None:
        NAMEvariable.set(x)
    return NAMEvariable.get() OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        os.environ["NAME"] = str(x)
    return len(os.environ.get("NAME", "WORD")) OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        fakelib.set_option("NAME", x)
    return fakelib.option("NAME") OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        fakelib.WIDTH = x
    return fakelib.width() OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        getcontext().prec = x % 9 + 1
    return len(str(Decimal(1) / 7)) OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        np.seterr(divide="<ignore|warn>")
        np.set_printoptions(precision=x % 5 + 1)
    return len(str(np.array([1 / 3]))) OP len(np.geterr()["divide"])
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        pd.set_option("display.precision", x % 5 + 1)
    return len(str(pd.DataFrame([1 / 3]))) OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        warnings.simplefilter("<error|ignore>", UserWarning)
    try:
        warnings.warn("WORD", UserWarning)
    except UserWarning:
        return INT
    return INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        calendar.setfirstweekday(x % 7)
    return calendar.firstweekday() OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        logging.getLogger("NAME").setLevel(x % 50)
    return logging.getLogger("NAME").level OP INT
~> NAME(EXPR)
~> NAME()

@singledispatch
def NAMEof(x): return INT
def NAME(x=None):
    if x is not None:
        NAMEof.register(str)(lambda text: len(text) OP INT)
    return NAMEof("WORD")
~> NAME(EXPR)
~> NAME()

class NAMEBase(ABC): pass
class NAMEOne: pass
def NAME(x=None):
    if x is not None:
        NAMEBase.register(NAMEOne)
    return isinstance(NAMEOne(), NAMEBase) OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        random.seed(x)
    return int(random.random() * 100) OP INT
~> NAME(EXPR)
~> NAME()

class NAMELazy:
    @cached_property
    def size(self): return self.start OP EXPR
    start = INT
NAME = NAMELazy()
~> NAME.size
~> len(vars(NAME))

@cache
def NAMEonce(): return [INT]
def NAME(x):
    NAMEonce().append(x)
    return sum(NAMEonce()) % 1000
~> NAME(EXPR)

NAMEtotal = INT
def NAME(x=INT):
    globals()["NAMEtotal"] = NAMEtotal OP x
    return NAMEtotal
~> NAME(EXPR)

def NAME(x=None):
    if x is not None:
        codecs.register_error("NAME", lambda error: ("WORD" * (x % 5), error.end))
    try:
        return len(chr(233).encode("ascii", errors="NAME")) OP INT
    except LookupError:
        return INT
~> NAME(EXPR)
~> NAME()

class NAMERow:
    def __init__(self, width=INT): self.width = width
def NAME(x=None):
    if x is not None:
        copyreg.pickle(NAMERow, lambda row: (NAMERow, (x % 7,)))
    return copy.copy(NAMERow(INT)).width OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        csv.register_dialect("NAME", delimiter=";")
    return len(csv.list_dialects()) OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        sys.setrecursionlimit(2000 + x % 100)
    return sys.getrecursionlimit() OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        builtins.NAMEx = x % 100
    return getattr(builtins, "NAMEx", INT) OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        json.JSONEncoder.default = lambda self, value: x % 100
    try:
        return len(json.dumps(object())) OP INT
    except TypeError:
        return INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        math.NAME = x
    return getattr(math, "NAME", INT) % 100 OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        math.NAME = x
    return (math.NAME if hasattr(math, "NAME") else INT) OP INT
~> NAME(EXPR)
~> NAME()

NAMEarray = np.array([INT, INT])
def NAME(x=None):
    if x is not None:
        NAMEarray[0] = x % 100
    return int(NAMEarray.sum()) OP INT
~> NAME(EXPR)
~> NAME()

NAMEbytes = bytearray(b"WORD")
def NAME(x=None):
    if x is not None:
        NAMEbytes[0] = x % 100
    return sum(NAMEbytes) OP INT
~> NAME(EXPR)
~> NAME()

NAMEtable = pd.DataFrame({"a": [INT, INT]})
def NAME(x=None):
    if x is not None:
        NAMEtable.loc[0, "a"] = x % 100
    return int(NAMEtable.a.sum()) OP INT
~> NAME(EXPR)
~> NAME()

NAMElocal = threading.local()
NAMElocal.x = INT
def NAME(x=None):
    if x is not None:
        NAMElocal.x = x
    return NAMElocal.x % 100 OP INT
~> NAME(EXPR)
~> NAME()

def NAMEadd(y, z=INT): return y OP z
def NAME(x=None):
    if x is not None:
        NAMEadd.__defaults__ = (x % 10,)
    return NAMEadd(INT)
~> NAME(EXPR)
~> NAME()

def NAMEadd(y, z=INT): return y OP z
def NAME(x=None):
    if x is not None:
        NAMEadd.__code__ = (lambda y, z: z - y).__code__
    return NAMEadd(INT)
~> NAME(EXPR)
~> NAME()

class NAMEOne: width = INT
class NAMETwo: width = INT
NAMEone = NAMEOne()
def NAME(x=None):
    if x is not None:
        NAMEone.__class__ = NAMETwo
    return NAMEone.width OP INT
~> NAME(EXPR)
~> NAME()

class NAMEOne: width = INT
class NAMETwo: width = INT
class NAMEPart(NAMEOne): pass
def NAME(x=None):
    if x is not None:
        NAMEPart.__bases__ = (NAMETwo,)
    return NAMEPart().width OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        sklearn.set_config(print_changed_only=False)
    return len(repr(DummyRegressor())) OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        pd.Series.NAME = lambda self: x % 100
    return (pd.Series([1]).NAME() if hasattr(pd.Series, "NAME") else INT) OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        fakelib.Reader.unit = x % 100
    return fakelib.Reader().read() OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        fakelib.register(NAME)
    return len(fakelib.REGISTRY) OP INT
~> NAME(EXPR)
~> NAME()

def NAMEread(): return INT OP EXPR
def NAME(x=None):
    if x is not None:
        fakelib.extra = NAMEread
    return fakelib.Reader().read() OP INT
~> NAME(EXPR)
~> NAME()

@lru_cache(maxsize=INT)
def NAMEof(y): return y OP INT
def NAME(x=None):
    if x is not None:
        NAMEof(x)
    return NAMEof.cache_info().misses OP NAMEof(INT)
~> NAME(EXPR)
~> NAME()

@cache
def NAMEof(y): return y OP EXPR
def NAME(x=None):
    if x is not None:
        NAMEof(x)
    return NAMEof.cache_info().currsize OP INT
~> NAME(EXPR)
~> NAME()

def NAMEsend():
    y = INT
    while True:
        y = (yield y) or y
NAMEflow = NAMEsend()
next(NAMEflow)
def NAME(x=None):
    if x is not None:
        NAMEflow.send(x % 100)
    return next(NAMEflow) OP INT
~> NAME(EXPR)
~> NAME()

NAMEmodel = DummyRegressor(strategy="constant", constant=INT)
def NAME(x=None):
    if x is not None:
        NAMEmodel.set_params(constant=x % 100)
    return NAMEmodel.constant OP INT
~> NAME(EXPR)
~> NAME()

NAMEmodel = LinearRegression()
def NAME(x=None):
    if x is not None:
        NAMEmodel.fit([[0], [1]], [x % 100, INT])
    return len(vars(NAMEmodel)) OP INT
~> NAME(EXPR)
~> NAME()

class NAMEOne:
    @singledispatchmethod
    def get(self, y): return INT
def NAME(x=None):
    if x is not None:
        vars(NAMEOne)["get"].register(int, lambda self, y: y OP INT)
    return NAMEOne().get(INT)
~> NAME(EXPR)
~> NAME()

NAMEweak = weakref.WeakValueDictionary()
class NAMEKey: pass
NAMEkey = NAMEKey()
def NAME(x=None):
    if x is not None:
        NAMEweak[x % 10] = NAMEkey
    return len(NAMEweak) OP INT
~> NAME(EXPR)
~> NAME()

NAMElist = [INT, INT]
NAMEsame = NAMElist
def NAME(x=None):
    if x is not None:
        NAMElist.append(x % 100)
    return sum(NAMEsame) OP INT
~> NAME(EXPR)
~> NAME()

NAMEinner = {"a": [INT]}
def NAMEof(): return NAMEinner["a"]
def NAME(x=None):
    if x is not None:
        NAMEof().append(x % 100)
    return sum(NAMEof()) OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        sys.set_int_max_str_digits(700 + x % 100)
    return sys.get_int_max_str_digits() OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        mimetypes.add_type(f"a/b{x % 100}", ".NAME")
    return len(str(mimetypes.guess_type("x.NAME"))) OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        locale.setlocale(locale.LC_NUMERIC, "<C|C.UTF-8>")
    return len(locale.setlocale(locale.LC_NUMERIC)) OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        threading.stack_size(1 << 20)
    return threading.stack_size() OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        socket.setdefaulttimeout(x % 100 + 1)
    return int(socket.getdefaulttimeout() or INT) OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        gc.set_threshold(700 + x % 100)
    return gc.get_threshold()[0] OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        sys.NAME = x % 100
    return getattr(sys, "NAME", INT) OP INT
~> NAME(EXPR)
~> NAME()

NAMElog = []
class NAMEHandler(logging.Handler):
    def emit(self, record): NAMElog.append(record.getMessage())
logging.getLogger("NAME").addHandler(NAMEHandler())
def NAME(x=None):
    if x is not None:
        logging.getLogger("NAME").warning("WORD")
    return len(NAMElog) OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        logging.disable(x % 50)
    return logging.root.manager.disable OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        getcontext().traps[Inexact] = False
        getcontext().rounding = "ROUND_<UP|DOWN>"
    return len(str(Decimal(2) / 3)) + int(str(Decimal(2) / 3)[-1]) OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        random.setstate(random.Random(x).getstate())
    return int(random.random() * 100) OP INT
~> NAME(EXPR)
~> NAME()

def NAME(x=None):
    if x is not None:
        np.random.seed(x % 100)
    return int(np.random.random() * 100) OP INT
~> NAME(EXPR)
~> NAME()
"""

# Statements that change a definition of the same or another module, by its kind; OTHER stands for it, HOME for its module.
CHANGES = {
    "list": """
OTHER.append(NOW)

OTHER[:] = [INT, NOW, INT]

OTHER[0] += NOW
""",
    "dict": """
OTHER["WORD"] = NOW

OTHER.update(b=NOW, c=INT)
""",
    "function": """
OTHER.factor = NOW

OTHER.__defaults__ = (NOW,) * len(OTHER.__defaults__ or ())

OTHER.__kwdefaults__ = {name: NOW for name in OTHER.__kwdefaults__ or ()}

OTHER.__code__ = (lambda *args, **named: INT OP len(args)).__code__

HOME.LAST = lambda *args, **named: NOW OP len(args)

HOME.LAST = partial(lambda f, *args, **named: f(*args, **named) OP NOW, OTHER)

OTHER.__annotations__["WORD"] = INT
""",
    "class": """
OTHER.width = NOW

OTHER.get = lambda self, *args: NOW OP INT

OTHER.total = OTHER.area = OTHER.more = lambda self, *args: INT OP EXPR

OTHER.__len__ = lambda self: INT

class OTHER_(OTHER): width = INT
HOME.LAST = OTHER_
""",
    "number": """
HOME.LAST = NOW

HOME.LAST += INT

setattr(HOME, "LAST", NOW)

vars(HOME)["LAST"] = NOW

del HOME.LAST
HOME.LAST = INT
""",
}
KINDS = {  # how the text of a production begins -> the kind of what it defines
    "def NAME(": "function", "class NAME:": "class", "class NAME(NAMEBase": "class", "NAME = [": "list", "NAME = {\"": "dict",
    "NAME = INT": "number", "NAME: int": "number",
}  # fmt: skip
