"""The catalogue of changes: small projects, each with one edit.

«1 → 2» stands for the edit: the project is run with 1, and then with 2. A text is `steps.py`, or `steps.ipynb` with a cell
for each paragraph; what follows a line such as `# tools.py` is another file. `result`, and what it asks for, are steps.
"""

HELPERS = {
    "a helper": """
def helper(x): return x + «1 → 2»
def result() -> int: return helper(1)
""",
    "a helper's helper": """
def deep(x): return x + «1 → 2»
def helper(x): return deep(x)
def result() -> int: return helper(1)
""",
    "a helper in another module": """
from tools import helper
def result() -> int: return helper(1)
# tools.py
def helper(x): return x + «1 → 2»
""",
    "a helper as module.helper": """
import tools
def result() -> int: return tools.helper(1)
# tools.py
def helper(x): return x + «1 → 2»
""",
    "a helper as package.module.helper": """
import library.tools
def result() -> int: return library.tools.helper(1)
# library/__init__.py
# library/tools.py
def helper(x): return x + «1 → 2»
""",
    "a helper that a package passes on": """
from library import helper
def result() -> int: return helper(1)
# library/__init__.py
from library.tools import helper
# library/tools.py
from . import deeper
def helper(x): return deeper.FACTOR * x
# library/deeper.py
FACTOR = «1 → 2»
""",
    "a module under another name": """
import tools as t
also = t
def result() -> int: return also.helper(1)
# tools.py
def helper(x): return x + «1 → 2»
""",
    "a module in a local name": """
import tools
def result() -> int:
    mine = tools
    return mine.helper(1)
# tools.py
def helper(x): return x + «1 → 2»
""",
    "an import inside the function": """
def result() -> int:
    from tools import helper
    return helper(1)
# tools.py
def helper(x): return x + «1 → 2»
""",
    "a module imported inside the function": """
def result() -> int:
    import tools
    return tools.helper(1)
# tools.py
def helper(x): return x + «1 → 2»
""",
    "a submodule imported inside the function": """
def result() -> int:
    from library import tools
    return tools.helper(1)
# library/__init__.py
# library/tools.py
def helper(x): return x + «1 → 2»
""",
    "a package beside the submodule imported inside": """
def result() -> int:
    import library.tools
    return library.FACTOR
# library/__init__.py
FACTOR = «1 → 2»
# library/tools.py
""",
    "a relative import inside the function": """
from library.helpers import helper
def result() -> int: return helper()
# library/__init__.py
# library/helpers.py
def helper():
    from .tools import FACTOR
    return FACTOR
# library/tools.py
FACTOR = «1 → 2»
""",
    "from x import *": """
from tools import *
def result() -> int: return helper(1)
# tools.py
def helper(x): return x + «1 → 2»
""",
    "a conditional import": """
try:
    from fast import helper
except ImportError:
    from slow import helper
def result() -> int: return helper(1)
# slow.py
def helper(x): return x + 1
# fast.py
«raise ImportError → def helper(x): return x + 2»
""",
    "a module of the name of one of Python's": """
import statistics
def result() -> int: return statistics.mean(1)
# statistics.py
def mean(x): return x + «1 → 2»
""",
    "a helper that another name means": """
def one(x): return x + 1
def two(x): return x + 2
helper = «one → two»
def result() -> int: return helper(1)
""",
    "a helper put in its place": """
import tools
tools.helper = lambda x: x + «1 → 2»
def result() -> int: return tools.helper(1)
# tools.py
def helper(x): return x
""",
    "a helper among Python's own names": """
import builtins
def mine(x): return x + «1 → 2»
builtins.helper = mine
def result() -> int: return helper(1)
""",
    "two helpers that call each other": """
def even(n): return n == 0 or odd(n - 1)
def odd(n): return n != «0 → 1» and even(n - 1)
def result() -> bool: return odd(3)
""",
    "the last of three hundred helpers": """
import tools
def result() -> int: return tools.helper0()
# tools.py
FACTOR = «1 → 2»
for i in range(250):
    exec(f"def helper{i}(): return helper{i + 1}()")
def helper250(): return FACTOR
""",
}

FUNCTIONS = {
    "the step itself": """
def result() -> int: return «1 → 2»
""",
    "a default": """
def helper(x=«1 → 2»): return x
def result() -> int: return helper()
""",
    "the keyword of an argument": """
def helper(x=0, y=0): return x - y
def result() -> int: return helper(«x → y»=1)
""",
    "a keyword's default": """
def helper(*, x=«1 → 2»): return x
def result() -> int: return helper()
""",
    "a default that can be written into": """
def helper(x, seen=[«1 → 2»]): return [*seen, x]
def result() -> list: return helper(1)
""",
    "a default that is a helper": """
def one(x): return x + «1 → 2»
def helper(x, how=one): return how(x)
def result() -> int: return helper(1)
""",
    "a cell of a closure": """
def make(x):
    def helper(): return x
    return helper
helper = make(«1 → 2»)
def result() -> int: return helper()
""",
    "a helper in a closure": """
def inner(): return «1 → 2»
def make(how):
    return lambda: how()
helper = make(inner)
def result() -> int: return helper()
""",
    "a nested function": """
def helper(x):
    def inner(y):
        def innermost(z): return z + «1 → 2»
        return innermost(y)
    return inner(x)
def result() -> int: return helper(1)
""",
    "a name that only a nested function asks for": """
FACTOR = «1 → 2»
def result() -> list: return [(lambda y: y * FACTOR)(x) for x in range(3)]
""",
    "a lambda": """
helper = lambda x: x + «1 → 2»
def result() -> int: return helper(1)
""",
    "a lambda in a dictionary": """
helpers = {"one": lambda x: x + «1 → 2», "two": lambda x: x}
def result() -> int: return helpers["one"](1)
""",
    "a list of functions, reduced": """
from functools import reduce
def add(x): return x + «1 → 2»
def double(x): return 2 * x
PIPELINE = [add, double]
def result() -> int: return reduce(lambda x, f: f(x), PIPELINE, 1)
""",
    "the order of functions in a list": """
from functools import reduce
def add(x): return x + 1
def double(x): return 2 * x
PIPELINE = [«add, double → double, add»]
def result() -> int: return reduce(lambda x, f: f(x), PIPELINE, 1)
""",
    "a set of functions": """
def add(x): return x + «1 → 2»
def double(x): return 2 * x
ALL = {add, double}
def result() -> list: return sorted(f(1) for f in ALL)
""",
    "a partial": """
from functools import partial
def add(x, y): return x + y
helper = partial(add, «1 → 2»)
def result() -> int: return helper(1)
""",
    "the function in a partial": """
from functools import partial
def add(x, y): return x + y + «1 → 2»
helper = partial(add, y=1)
def result() -> int: return helper(1)
""",
    "a methodcaller": """
from operator import methodcaller
class Rows:
    def one(self): return 1
    def two(self): return 2
ROWS, helper = Rows(), methodcaller("«one → two»")
def result() -> int: return helper(ROWS)
""",
    "a decorator": """
def more(function):
    def wrapper(x): return function(x) + «1 → 2»
    return wrapper
@more
def helper(x): return x
def result() -> int: return helper(1)
""",
    "a function in a decorator": """
from functools import wraps
def plain(function):
    @wraps(function)
    def wrapper(*args, **kwargs): return function(*args, **kwargs)
    return wrapper
@plain
def helper(x): return x + «1 → 2»
def result() -> int: return helper(1)
""",
    "a chain of decorators": """
from functools import wraps
def times(n):
    def decorate(function):
        @wraps(function)
        def wrapper(*args): return n * function(*args)
        return wrapper
    return decorate
@times(2)
@times(«3 → 5»)
@times(7)
def helper(x): return x
def result() -> int: return helper(1)
""",
    "a decorator of the step": """
from functools import wraps
def more(function):
    @wraps(function)
    def wrapper(): return function() + «1 → 2»
    return wrapper
@more
def result() -> int: return 1
""",
    "a decorator from an installed package": """
from contextlib import contextmanager
@contextmanager
def helper(x):
    yield x + «1 → 2»
def result() -> int:
    with helper(1) as x:
        return x
""",
    "a cached function": """
from functools import lru_cache
@lru_cache(maxsize=3)
def helper(x): return x + «1 → 2»
def result() -> int: return helper(1)
""",
    "a singledispatch": """
from functools import singledispatch
@singledispatch
def helper(x): return 0
@helper.register
def _(x: int): return x + «1 → 2»
def result() -> int: return helper(1)
""",
    "a singledispatch's other kind": """
from functools import singledispatch
@singledispatch
def helper(x): return "other"
@helper.register(«float → int»)
def _(x): return "number"
def result() -> str: return helper(1)
""",
    "a singledispatch method": """
from functools import singledispatchmethod
class Rows:
    @singledispatchmethod
    def add(self, x): return 0
    @add.register
    def _(self, x: int): return x + «1 → 2»
def result() -> int: return Rows().add(1)
""",
    "a cached step": """
from functools import cache
@cache
def result() -> int: return «1 → 2»
""",
    "a step that Hamilton takes apart": """
from hamilton.function_modifiers import extract_fields
@extract_fields({"width": int, "length": int})
def rows() -> dict: return {"width": «1 → 2», "length": 3}
def result(width: int) -> int: return width
""",
    "a generator": """
def helper(n):
    for i in range(n):
        yield i + «1 → 2»
def result() -> list: return list(helper(3))
""",
    "a coroutine": """
import asyncio
async def deep(x): return x + «1 → 2»
async def helper(x): return await deep(x)
def result() -> int: return asyncio.run(helper(1))
""",
    "a walrus": """
def helper(rows): return [y for x in rows if (y := x * «1 → 2») > 1]
def result() -> list: return helper([1, 2, 3])
""",
    "a pattern": """
def helper(x):
    match x:
        case {"kind": "«one → two»", **rest}: return "known"
        case _: return "unknown"
def result() -> str: return helper({"kind": "two"})
""",
    "the kind of a comprehension": """
def result() -> int: return len(«[x → {x» for x in "aa"«] → }»)
""",
    "a format": """
def helper(x): return f"{x«!s → !r»}"
def result() -> str: return helper("a")
""",
    "a format's width": """
def helper(x): return f"{x:.«1 → 2»f}"
def result() -> str: return helper(0.25)
""",
    "an operator": """
def helper(x): return x «+ → -» 1
def result() -> int: return helper(1)
""",
    "an exception that is caught": """
def helper(x):
    try: return 1 / x
    except «ZeroDivisionError → ArithmeticError as error»: return «0 → 1»
def result() -> float: return helper(0)
""",
    "an attribute of a function": """
def helper(): return helper.factor
helper.factor = «1 → 2»
def result() -> int: return helper()
""",
    "an annotation that is asked for": """
def helper(x: «int → str»): return x
def result() -> str: return str(helper.__annotations__)
""",
    "a class in an annotation written as text": """
from __future__ import annotations
from typing import get_type_hints
class Schema:
    least = «1 → 2»
def result() -> int:
    def inner(): pass
    return get_type_hints(helper)["x"].least
def helper(x: Schema): return x
""",
}

VALUES = {
    "a global constant": """
LEAST = «1 → 2»
def result() -> int: return LEAST
""",
    "1 for True": """
FLAG = «1 → True»
def result() -> str: return str(FLAG)
""",
    "'1' for 1": """
FLAG = «1 → "1"»
def result() -> str: return str(FLAG)+str(type(FLAG))
""",
    "1 for True in the code": """
def result() -> str: return str(«1 → True»)
""",
    "zero and minus zero": """
ZERO = «0.0 → -0.0»
def result() -> str: return str(ZERO)
""",
    "a nested constant that can be written into": """
CONFIG = {"a": {"b": [1, {"c": «1 → 2»}]}}
def result() -> int: return CONFIG["a"]["b"][1]["c"]
""",
    "the order of a dictionary": """
CONFIG = {«"a": 1, "b": 2 → "b": 2, "a": 1»}
def result() -> list: return list(CONFIG)
""",
    "one row twice for two rows": """
GRID = «[[0, 0]] * 2 → [[0, 0], [0, 0]]»
def result() -> str:
    from copy import deepcopy
    grid = deepcopy(GRID)
    grid[0][0] = 1
    return str(grid)
""",
    "a very large number": """
LARGE = 10 ** 5000 + «1 → 2»
def result() -> int: return LARGE % 10
""",
    "a constant that was rebound as the module was imported": """
LEAST = 1
for LEAST in range(«1 → 2», 3):
    break
def result() -> int: return LEAST
""",
    "a module's __getattr__": """
import tools
def result() -> int: return tools.factor
# tools.py
def __getattr__(name):
    if name == "factor": return «1 → 2»
    raise AttributeError(name)
""",
    "the precision of decimals": """
import decimal
decimal.getcontext().prec = «3 → 5»
def result() -> str: return str(decimal.Decimal(1) / 7)
""",
    "a named tuple": """
from collections import namedtuple
Point = namedtuple("Point", "«x y → y x»")
def result() -> int: return Point(1, 2).x
""",
    "a regular expression": """
import re
WORD = re.compile("«a → b»")
def result() -> bool: return bool(WORD.match("a"))
""",
    "an array": """
import numpy as np
WEIGHTS = np.array([1.0, «2.0 → 3.0»])
def result() -> float: return float(WEIGHTS.sum())
""",
    "a vectorized function": """
import numpy as np
helper = np.vectorize(lambda x: x + «1 → 2»)
def result() -> list: return helper([1]).tolist()
""",
    "a table": """
import pandas as pd
TABLE = pd.DataFrame({"a": [1, «2 → 3»]})
def result() -> int: return int(TABLE.a.sum())
""",
}

CLASSES = {
    "a base class": """
class Base:
    def get(self): return «1 → 2»
class Derived(Base): pass
def result() -> int: return Derived().get()
""",
    "which base class": """
class One:
    def get(self): return 1
class Two:
    def get(self): return 2
class Derived(«One → Two»): pass
def result() -> int: return Derived().get()
""",
    "a method": """
class Rows:
    def get(self): return «1 → 2»
def result() -> int: return Rows().get()
""",
    "super()": """
class Base:
    def get(self): return «1 → 2»
class Derived(Base):
    def get(self): return super().get() + 1
def result() -> int: return Derived().get()
""",
    "a class attribute": """
class Config:
    least = «1 → 2»
def result() -> int: return Config.least
""",
    "the order of a class's attributes": """
class Rules:
    «first = "a"; second = "b" → second = "b"; first = "a"»
def result() -> list: return [rule for name, rule in vars(Rules).items() if not name.startswith("__")]
""",
    "a property": """
class Rows:
    @property
    def width(self): return «1 → 2»
def result() -> int: return Rows().width
""",
    "a cached property": """
from functools import cached_property
class Rows:
    @cached_property
    def width(self): return «1 → 2»
def result() -> int: return Rows().width
""",
    "a static method": """
class Rows:
    @staticmethod
    def get(): return «1 → 2»
def result() -> int: return Rows.get()
""",
    "an inherited class method": """
class Base:
    @classmethod
    def get(cls): return cls.factor() * «1 → 2»
class Derived(Base):
    @classmethod
    def factor(cls): return 3
def result() -> int: return Derived.get()
""",
    "a method in a name": """
class Rows:
    def __init__(self, width): self.width = width
    def get(self): return self.width
get = Rows(«1 → 2»).get
def result() -> int: return get()
""",
    "a data class's field": """
from dataclasses import dataclass
@dataclass
class Rows:
    width: int = «1 → 2»
def result() -> int: return Rows().width
""",
    "a data class's factory": """
from dataclasses import dataclass, field
@dataclass
class Rows:
    widths: list = field(default_factory=lambda: [«1 → 2»])
def result() -> list: return Rows().widths
""",
    "the order of a data class's fields": """
from dataclasses import dataclass, astuple
@dataclass
class Rows:
    «a: int; b: int → b: int; a: int»
def result() -> list: return [Rows(a=1, b=2).__dict__.get("a"), *astuple(Rows(a=1, b=2))]
""",
    "an enum": """
from enum import Enum
class Kind(Enum):
    SMALL = «1 → 2»
def result() -> int: return Kind.SMALL.value
""",
    "a member of an enum in a name": """
from enum import Enum
class Kind(Enum):
    SMALL, LARGE = 1, 2
kind = Kind.«SMALL → LARGE»
def result() -> int: return kind.value
""",
    "a typed tuple": """
from typing import NamedTuple
class Rows(NamedTuple):
    width: int = «1 → 2»
def result() -> int: return Rows().width
""",
    "a typed dictionary": """
from typing import TypedDict
class Rows(TypedDict):
    «width → length»: int
def result() -> list: return list(Rows.__annotations__)
""",
    "a protocol's method": """
from typing import Protocol
class Sized(Protocol):
    def size(self): return «1 → 2»
class Rows(Sized): pass
def result() -> int: return Rows().size()
""",
    "an abstract base class": """
from abc import ABC, abstractmethod
class Base(ABC):
    @abstractmethod
    def width(self): ...
    def area(self): return self.width() * «1 → 2»
class Rows(Base):
    def width(self): return 3
def result() -> int: return Rows().area()
""",
    "a pydantic model": """
from pydantic import BaseModel, field_validator
class Rows(BaseModel):
    width: int = 1
    @field_validator("width")
    @classmethod
    def _more(cls, width): return width + «1 → 2»
def result() -> int: return Rows(width=1).width
""",
    "a pydantic model's default": """
from pydantic import BaseModel
class Rows(BaseModel):
    width: int = «1 → 2»
def result() -> int: return Rows().width
""",
    "a class decorator": """
def with_width(cls):
    cls.width = lambda self: «1 → 2»
    return cls
@with_width
class Rows: pass
def result() -> int: return Rows().width()
""",
    "what registers with a class": """
from abc import ABC
class Base(ABC): pass
class One: pass
class Two: pass
Base.register(«One → Two»)
def result() -> bool: return isinstance(One(), Base)
""",
    "what registers with one of Python's classes": """
from collections.abc import Sequence
class One: pass
class Two: pass
Sequence.register(«One → Two»)
ROWS = One()
def result() -> bool: return isinstance(ROWS, Sequence)
""",
    "a subclass of an installed class": """
from collections import UserList
class Rows(UserList):
    def total(self): return sum(self) + «1 → 2»
def result() -> int: return Rows([1]).total()
""",
    "an order that Python completes": """
from functools import total_ordering
@total_ordering
class Row:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return self.x == other.x
    def __lt__(self, other): return self.x «< → >» other.x
def result() -> bool: return Row(1) >= Row(2)
""",
    "a partial method": """
from functools import partialmethod
class Rows:
    def add(self, x): return x + 1
    more = partialmethod(add, «1 → 2»)
def result() -> int: return Rows().more()
""",
    "a class with slots that is made by a decorator": """
from dataclasses import dataclass
@dataclass(frozen=True, slots=True)
class Rows:
    width: int = 1
    def more(self): return self.width + «1 → 2»
ROWS = Rows()
def result() -> int: return ROWS.more()
""",
    "an exception of the project's own": """
class Wrong(Exception):
    code = «1 → 2»
def helper(): raise Wrong
def result() -> int:
    try: helper()
    except Wrong as error: return error.code
""",
    "a flag of an enum": """
from enum import Flag, auto
class Kind(Flag):
    SMALL = auto()
    «LARGE → ROUND» = auto()
def result() -> str: return str(Kind(2))
""",
    "a metaclass": """
class Meta(type):
    def __len__(cls): return «1 → 2»
class Rows(metaclass=Meta): pass
def result() -> int: return len(Rows)
""",
    "__init_subclass__": """
class Base:
    def __init_subclass__(cls): cls.width = «1 → 2»
class Rows(Base): pass
def result() -> int: return Rows.width
""",
    "a descriptor": """
class Width:
    def __get__(self, rows, kind): return «1 → 2»
class Rows:
    width = Width()
def result() -> int: return Rows().width
""",
    "__slots__": """
class Rows:
    __slots__ = ("width",)
    def __init__(self, width): self.width = width
ROWS = Rows(«1 → 2»)
def result() -> int: return ROWS.width
""",
    "__getattr__ of a class": """
class Rows:
    def __getattr__(self, name): return «1 → 2»
def result() -> int: return Rows().width
""",
    "an instance that is called": """
class Add:
    def __init__(self, x): self.x = x
    def __call__(self, y): return self.x + y
helper = Add(«1 → 2»)
def result() -> int: return helper(1)
""",
    "an object in a module": """
class Rows:
    def __init__(self, width): self.width = width
ROWS = Rows(«1 → 2»)
def result() -> int: return ROWS.width
""",
    "an object that knows itself": """
class Rows:
    def get(self): return ROWS.width
ROWS = Rows()
ROWS.width = «1 → 2»
ROWS.itself = ROWS
def result() -> int: return ROWS.get()
""",
    "a function on an object": """
class Rows: pass
ROWS = Rows()
ROWS.get = lambda: «1 → 2»
def result() -> int: return ROWS.get()
""",
    "what an object hides from copies": """
class Rows:
    def __init__(self, width): self.width = width
    def __getstate__(self): return {"none": None}
ROWS = Rows(«1 → 2»)
def result() -> int: return ROWS.width
""",
    "what a list of one's own carries": """
class Rows(list): pass
ROWS = Rows([1])
ROWS.width = «1 → 2»
def result() -> int: return ROWS.width
""",
    "what an array of one's own carries": """
import numpy as np
class Lengths(np.ndarray): pass
LENGTHS = np.zeros(2).view(Lengths)
LENGTHS.unit = "«cm → mm»"
def result() -> str: return LENGTHS.unit
""",
    "a method put into an installed class": """
from sklearn.dummy import DummyClassifier
DummyClassifier.width = lambda self: «1 → 2»
def result() -> int: return DummyClassifier().width()
""",
}

# The first step makes what the second one gets; the second one's own code does not change.
TABLES = {
    title: f"""
import numpy as np
import pandas as pd
def rows() -> pd.DataFrame:
    table = pd.DataFrame({{"a": [1, 2, 3], "b": ["x", "y", None]}})
    return {edit}
def result(rows: pd.DataFrame) -> str:
    return repr((rows.columns, rows.index, list(rows.dtypes), rows.to_dict(), list(rows.get("b", []))))
"""
    for title, edit in {
        "a column renamed": 'table.rename(columns={"a": "«a → c»"})',
        "the order of columns": 'table[[«"a", "b" → "b", "a"»]]',
        "the order of rows": "table.iloc[::«1 → -1»].reset_index(drop=True)",
        "a type": 'table.astype({"a": "«int64 → int32»"})',
        "a type with gaps": 'table.astype({"a": "«int64 → Int64»"})',
        "1 to True": "table.assign(a=[«1 → True», 0, 0]).astype({'a': object})",
        "1 to '1'": """table.assign(a=[«1 → "1"», 0, 0]).astype({'a': object})""",
        "True to '1'": """table.assign(a=[«True → "1"», 0, 0]).astype({'a': object})""",
        "an index": "table.set_axis([0, 1, «2 → 3»])",
        "the kind of an index": "table.set_axis(«pd.RangeIndex(3) → pd.Index([0, 1, 2])»)",
        "an index's name": 'table.rename_axis("«row → line»")',
        "a category that no row has": 'table.assign(b=pd.Categorical(["x"] * 3, ["x", "«y → z»"]))',
        "the order of categories": 'table.assign(b=pd.Categorical(["x"] * 3, [«"x", "y" → "y", "x"»]))',
        "the kind of a missing value": "table.assign(b=pd.Series([1, «None → np.nan», 2], dtype=object))",
        "NA for a missing value": "table.assign(b=pd.Series([1, «None → pd.NA», 2], dtype=object))",
        "a cell": 'table.assign(b=["x", "y", "«z → Z»"])',
    }.items()
}
TABLES |= {
    "a text in a query": """
import pandas as pd
def result() -> int: return len(pd.DataFrame({"a": [1, 2, 3]}).query("a > «1 → 2»"))
""",
    "a name in a query": """
import pandas as pd
LEAST = «1 → 2»
def result() -> int: return len(pd.DataFrame({"a": [1, 2, 3]}).query("a > @LEAST"))
""",
    "a name in a query that is put together": """
import pandas as pd
LEAST = «1 → 2»
def helper(rows, text): return rows.query(text)
def result() -> int: return len(helper(pd.DataFrame({"a": [1, 2, 3]}), "a > @" + "LEAST"))
""",
    "a function in a pipe": """
import pandas as pd
def helper(rows): return rows + «1 → 2»
def result() -> int: return int(pd.DataFrame({"a": [1, 2, 3]}).pipe(helper).a.sum())
""",
    "an accessor of the project's own": """
import pandas as pd
import tools
def rows() -> pd.DataFrame: return pd.DataFrame({"a": [1, 2, 3]})
def result(rows: pd.DataFrame) -> int: return rows.petals.width()
# tools.py
import pandas as pd
@pd.api.extensions.register_dataframe_accessor("petals")
class Petals:
    def __init__(self, rows): self.rows = rows
    def width(self): return «1 → 2»
""",
    "a method put into tables": """
import pandas as pd
pd.Series.widened = lambda self: self + «1 → 2»
def rows() -> pd.DataFrame: return pd.DataFrame({"a": [1, 2, 3]})
def result(rows: pd.DataFrame) -> int: return int(rows.a.widened().sum())
""",
    "a kind of table of one's own": """
import pandas as pd
class Petals(pd.DataFrame):
    @property
    def _constructor(self): return Petals
    def width(self): return «1 → 2»
def result() -> int: return Petals({"a": [1]}).width()
""",
    "what a table of one's own carries": """
import pandas as pd
class Petals(pd.DataFrame):
    _metadata = ["unit"]
TABLE = Petals({"a": [1]})
TABLE.unit = "«cm → mm»"
def result() -> str: return TABLE.unit
""",
    "an option of pandas": """
import pandas as pd
pd.set_option("mode.string_storage", "«python → pyarrow»")
def result() -> str: return pd.Series(["a"]).dtype.storage
""",
    "a level of an index that no row uses": """
import pandas as pd
def rows() -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples([("x", 1), ("«y → z»", 2)], names=["k", "n"])
    return pd.DataFrame({"a": [1, 2]}, index=index).iloc[:1]
def result(rows: pd.DataFrame) -> list: return list(rows.index.levels[0])
""",
    "the holidays of an index": """
import pandas as pd
def rows() -> pd.DataFrame:
    days = pd.offsets.CustomBusinessDay(holidays=["2020-01-0«7 → 8»"])
    return pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2020-01-01", periods=2, freq=days))
def result(rows: pd.DataFrame) -> str: return str(rows.index[-1] + rows.index.freq * 3)
""",
    "the metadata of a dtype": """
import numpy as np
WIDTHS = np.array([1], dtype=np.dtype("i8", metadata={"unit": "«a → b»"}))
def result() -> str: return str(WIDTHS.dtype.metadata["unit"])
""",
    "a time zone's offset under one name": """
import pandas as pd
from datetime import timedelta, timezone
TIMES = pd.DatetimeIndex(["2020-01-01"], tz="UTC").tz_convert(timezone(timedelta(hours=«1 → 2»), "local"))
def result() -> list: return TIMES.hour.tolist()
""",
    "the number that a NaN carries": """
import struct
WIDTH = struct.unpack("<d", struct.pack("<Q", 0x7FF800000000000«1 → 2»))[0]
def result() -> str: return struct.pack("<d", WIDTH).hex()
""",
}

ESTIMATORS = {
    "an estimator's parameter": """
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
def classifier() -> BaseEstimator: return DummyClassifier(strategy="constant", constant=«1 → 2»)
def result(classifier: BaseEstimator) -> list: return classifier.fit([[0], [0]], [1, 2]).predict([[0]]).tolist()
""",
    "a nested estimator's parameter": """
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
CLASSIFIER = make_pipeline(StandardScaler(), DummyClassifier(strategy="constant", constant=1))
CLASSIFIER.set_params(dummyclassifier__constant=«1 → 2»)
def classifier() -> BaseEstimator: return CLASSIFIER
def result(classifier: BaseEstimator) -> list: return classifier.fit([[0], [0]], [1, 2]).predict([[0]]).tolist()
""",
    "a transformer of the project's own in a pipeline": """
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline
from tools import More
def pipeline() -> BaseEstimator: return make_pipeline(More())
def result(pipeline: BaseEstimator) -> list: return pipeline.fit([[0]]).transform([[0]])
# tools.py
from sklearn.base import BaseEstimator, TransformerMixin
class More(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.fitted_ = True
        return self
    def transform(self, X): return [[x + «1 → 2»] for (x,) in X]
""",
    "a function in a FunctionTransformer": """
from sklearn.base import BaseEstimator
from sklearn.preprocessing import FunctionTransformer
def more(X): return [[x + «1 → 2»] for (x,) in X]
def pipeline() -> BaseEstimator: return FunctionTransformer(more)
def result(pipeline: BaseEstimator) -> list: return pipeline.fit([[0]]).transform([[0]])
""",
    "a fitted estimator": """
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression
def model() -> BaseEstimator: return LinearRegression().fit([[0], [1]], [0, «1 → 2»])
def result(model: BaseEstimator) -> float: return round(float(model.predict([[1]])[0]), 6)
""",
    "the code of what a step is given": """
from tools import Model
def model() -> object: return Model()
def result(model: object) -> int: return model.predict()
# tools.py
class Model:
    def __repr__(self): return "a model"
    def predict(self): return «1 → 2»
""",
    "an option of scikit-learn": """
import pandas as pd
import sklearn
from sklearn.preprocessing import StandardScaler
sklearn.set_config(transform_output="«default → pandas»")
def result() -> str: return type(StandardScaler().fit_transform(pd.DataFrame({"a": [1.0]}))).__name__
""",
}

INPUTS = {
    "a flag that chooses a variant": """
from iris_ml.base.variants import when
@when(calibrated=False)
def result() -> int: return 1
@when(calibrated=True)
def result__other() -> int: return 2
# iris.toml
calibrated = «false → true»
""",
    "a setting": """
def result(target: str) -> str: return target
# iris.toml
target = "«species → kind»"
""",
    "the seed": """
def result(seed: int) -> int: return seed
# iris.toml
seed = «1 → 2»
""",
    "a flag": """
def result(progress: bool) -> str: return str(progress)
# iris.toml
progress = «true → false»
""",
    "a setting inside a list": """
def result(passthrough: tuple) -> str: return str(passthrough)
# iris.toml
passthrough = ["a", "«b → c»"]
""",
    "a data file, edited to the same size and time": """
from iris_ml.io.readers import raw
def result(raw: object) -> int: return int(raw.a.sum())
# iris.toml
source = "rows.csv"
# rows.csv
a
«1 → 2»
""",
    "another data file": """
from iris_ml.io.readers import raw
def result(raw: object) -> int: return int(raw.a.sum())
# iris.toml
source = "«one → two».csv"
# one.csv
a
1
# two.csv
a
2
""",
    "the version of a package": """
import fakelib
def result() -> str: return fakelib.answer()
# site-packages/fakelib/__init__.py
def answer(): return "«1 → 2»"
# site-packages/fakelib.dist-info/METADATA
Name: fakelib
Version: «1.0 → 1.1»
# site-packages/fakelib.dist-info/RECORD
fakelib/__init__.py,,
""",
    "the version of a package that a package requires": """
from fakelib import answer
def result() -> str: return answer()
# site-packages/fakelib/__init__.py
from deeplib import answer
# site-packages/fakelib.dist-info/METADATA
Name: fakelib
Version: 1.0
Requires-Dist: deep_lib>=1
# site-packages/fakelib.dist-info/RECORD
fakelib/__init__.py,,
# site-packages/deeplib.py
def answer(): return "«1 → 2»"
# site-packages/deep_lib.dist-info/METADATA
Name: deep-lib
Version: «1.0 → 1.1»
# site-packages/deep_lib.dist-info/RECORD
deeplib.py,,
""",
    "the version of a package imported inside": """
def result() -> str:
    import fakelib
    return fakelib.answer()
# site-packages/fakelib/__init__.py
def answer(): return "«1 → 2»"
# site-packages/fakelib.dist-info/METADATA
Name: fakelib
Version: «1.0 → 1.1»
# site-packages/fakelib.dist-info/RECORD
fakelib/__init__.py,,
""",
    "one of two packages that share a name": """
import shared.one
def result() -> str: return shared.one.answer()
# site-packages/shared/one.py
def answer(): return "«1 → 2»"
# site-packages/shared/two.py
# site-packages/shared_a.dist-info/METADATA
Name: shared-a
Version: 1.0
# site-packages/shared_a.dist-info/RECORD
shared/two.py,,
# site-packages/shared_b.dist-info/METADATA
Name: shared-b
Version: «1.0 → 1.1»
# site-packages/shared_b.dist-info/RECORD
shared/one.py,,
""",
    "a package installed from a folder once more": """
import fakelib
def result() -> str: return fakelib.answer()
# site-packages/fakelib/__init__.py
def answer(): return "«1 → 2»"
# site-packages/fakelib.dist-info/METADATA
Name: fakelib
Version: 1.0
# site-packages/fakelib.dist-info/RECORD
fakelib/__init__.py,sha256=«abc → abd»,25
# site-packages/fakelib.dist-info/direct_url.json
{"url": "file:///home/fakelib", "dir_info": {}}
""",
    "a package that nobody installed": """
import fakelib
def result() -> str: return fakelib.answer()
# site-packages/fakelib/__init__.py
def answer(): return "«1 → 2»"
""",
    "a function of one's own in an installed one": """
from fakelib import logged
@logged
def helper(x): return x + «1 → 2»
def result() -> int: return helper(1)
# site-packages/fakelib/__init__.py
from functools import wraps
def logged(function):
    @wraps(function)
    def wrapper(*args, **kwargs): return function(*args, **kwargs)
    return wrapper
# site-packages/fakelib.dist-info/METADATA
Name: fakelib
Version: 1.0
# site-packages/fakelib.dist-info/RECORD
fakelib/__init__.py,,
""",
}

# What cannot be read counts with all that it could be.
WHOLE = {
    "getattr(module, name)": """
import tools
def result() -> int: return getattr(tools, "hel" + "per")(1)
# tools.py
def helper(x): return x + «1 → 2»
""",
    "globals()[name]": """
def helper(x): return x + «1 → 2»
def result() -> int: return globals()["hel" + "per"](1)
""",
    "vars(module)[name]": """
import tools
def result() -> int: return vars(tools)["hel" + "per"](1)
# tools.py
def helper(x): return x + «1 → 2»
""",
    "all functions of a module in their order": """
import tools
def result() -> list: return [rule() for name, rule in vars(tools).items() if name.startswith("rule")]
# tools.py
def rule_«a → b»(): return "«a → b»"
def rule_«b → a»(): return "«b → a»"
""",
    "getattr(object, name)": """
class Rows:
    def get(self): return «1 → 2»
ROWS = Rows()
def result() -> int: return getattr(ROWS, "g" + "et")()
""",
    "attrgetter": """
from operator import attrgetter
import tools
def result() -> int: return attrgetter("hel" + "per")(tools)(1)
# tools.py
def helper(x): return x + «1 → 2»
""",
}

# What a step reads is observed while it computes.
OBSERVED = {
    title: f"""
import configparser
import fileinput
import glob
import os
import random
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pyarrow.csv
from sklearn.datasets import load_files
{text}
# number.csv
a
«1 → 2»
# settings.ini
[a]
x=«1 → 2»
# photos/flower/«one → two».txt
«1 → 2»
# «one → two».txt
"""
    for title, text in {
        "a file that a step opens": "def result() -> str:\n    with open('number.csv') as file: return file.read()",
        "a file that a step reads": "def result() -> str: return Path('number.csv').read_text()",
        "a file that a path opens": "def result() -> str:\n    with Path('number.csv').open() as file: return file.read()",
        "a file in another folder's name": "def result() -> str: return Path('photos/../number.csv').resolve().read_text()",
        "a table that a step reads": "def result() -> int: return int(pd.read_csv('number.csv').a.sum())",
        "a table that a helper reads": "from pandas import read_csv\ndef helper(): return read_csv('number.csv')\n"
        "def result() -> int: return int(helper().a.sum())",
        "a reader whose name is computed": "def result() -> int:"
        " return int(getattr(pd, 'read_' + 'csv'[:3])('number.csv').a.sum())",
        "a reader of a module in a local name": "def result() -> int:\n    lib = pd\n   "
        " return int(lib.read_csv('number.csv').a.sum())",
        "a compiled reader": "def result() -> str: return str(pyarrow.csv.read_csv('number.csv').to_pydict())",
        "a compiled reader of a mapped file": "def result() -> str:\n"
        "    with pyarrow.memory_map('number.csv') as file: return file.read().decode()",
        "an array that a step reads": "def result() -> float: return float(np.loadtxt('number.csv', skiprows=1))",
        "an array of a mapped file": "def result() -> list: return np.memmap('number.csv', np.uint8, 'r').tolist()",
        "settings in a file": "def result() -> str:\n    settings = configparser.ConfigParser()\n"
        "    settings.read('settings.ini')\n    return settings['a']['x']",
        "a file system of a package": "def result() -> str:\n    with fsspec.open('number.csv') as file:"
        " return file.read().decode()",
        "lines of a file": "def result() -> list: return [*fileinput.input('number.csv')]",
        "files of a folder": "def result() -> str: return str(load_files('photos').data)",
        "files that a pattern finds": "def result() -> list: return sorted(glob.glob('*.txt'))",
        "names in a folder": "def result() -> list: return sorted(os.listdir('photos/flower'))",
        "names in a folder that a compiled library lists": "import pyarrow.dataset\ndef result() -> list:"
        " return sorted(pyarrow.dataset.dataset('photos', format='csv').files)",
        "names that a database finds": "import duckdb\ndef result() -> str:"
        " return str(duckdb.connect().execute(\"select file from glob('photos/flower/*')\").fetchall())",
        "whether there is a file": "def result() -> bool: return Path('two.txt').exists()",
        "whether a name is of a file": "def result() -> bool: return os.path.isfile('two.txt')",
        "the size of a file": "def result() -> int: return Path('size.csv').stat().st_size\n# size.csv\n«1 → 22»",
        "the environment": "os.environ['WIDTH'] = '«1 → 2»'\ndef result() -> str: return os.environ['WIDTH']",
        "the environment by name": "os.environ['WIDTH'] = '«1 → 2»'\ndef result() -> str: return os.getenv('WIDTH')",
        "the environment in a path": "os.environ['WIDTH'] = '«1 → 2»'\ndef result() -> str: return os.path.expandvars('$WIDTH')",
        "Python's random numbers": "def result() -> float:\n    random.seed(«1 → 2»)\n    return random.random()",
        "NumPy's random numbers": "def result() -> float:"
        " return float(np.random.random() + np.random.default_rng().random() + «1 → 2»)",
    }.items()
}

# What a module does to others when it is imported.
OUTSIDE = {
    title: f"""
import copyreg
import copy
import csv
import json
import locale
import logging
import warnings
from abc import ABC
from functools import cache, singledispatch

import fakelib
import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionDtype, register_extension_dtype
from pandas.core.groupby import SeriesGroupBy
from sklearn.dummy import DummyClassifier
{text}
# site-packages/fakelib/__init__.py
WIDTH = 0
OPTIONS = {{"width": 0}}
REGISTRY = []
def width(): return WIDTH
def option(): return OPTIONS["width"]
def set_option(width): OPTIONS["width"] = width
def register(function):
    REGISTRY.append(function)
    return function
def registered(): return REGISTRY[-1]()
# site-packages/fakelib.dist-info/METADATA
Name: fakelib
Version: 1.0
# site-packages/fakelib.dist-info/RECORD
fakelib/__init__.py,,
"""
    for title, text in {
        "a constant of a package": "fakelib.WIDTH = «1 → 2»\ndef result() -> int: return fakelib.WIDTH",
        "a constant that a package reads": "fakelib.WIDTH = «1 → 2»\ndef result() -> int: return fakelib.width()",
        "a constant, set by name": "setattr(fakelib, 'WIDTH', «1 → 2»)\ndef result() -> int: return fakelib.width()",
        "a constant, set by a function": "def configure(): fakelib.WIDTH = «1 → 2»\nconfigure()\n"
        "def result() -> int: return fakelib.width()",
        "an entry of a dictionary": "fakelib.OPTIONS['width'] = «1 → 2»\ndef result() -> int: return fakelib.option()",
        "an option of a package": "fakelib.set_option(«1 → 2»)\ndef result() -> int: return fakelib.option()",
        "an option of a package, from inside a condition": "if True:\n    fakelib.set_option(«1 → 2»)\n"
        "def result() -> int: return fakelib.option()",
        "a registry of a package": "@fakelib.register\ndef width(): return «1 → 2»"
        "\ndef result() -> int: return fakelib.registered()",
        "a class that an abstract one accepts": "class Base(ABC): pass\nBase.register(«int → str»)\n"
        "def result() -> bool: return isinstance(1, Base)",
        "a method of an installed class": "SeriesGroupBy.mine = lambda self: «1 → 2»\n"
        "def result() -> int:"
        " return pd.DataFrame({{'a': [1], 'b': [1]}}).groupby('a').b.mine()".replace("{{", "{").replace("}}", "}"),
        "a static method of an installed class": "DummyClassifier.width = staticmethod(lambda: «1 → 2»)\n"
        "def result() -> int: return DummyClassifier().width()",
        "a property of an installed class": "DummyClassifier.width = property(lambda self: «1 → 2»)\n"
        "def result() -> int: return DummyClassifier().width",
        "a class of Python's own": "json.JSONEncoder.default = lambda self, value: «1 → 2»\n"
        "def result() -> str: return json.dumps(object())",
        "how a class is copied": "class Rows:\n    def __init__(self, width=0): self.width = width\n"
        "copyreg.pickle(Rows, lambda rows: (Rows, («1 → 2»,)))\ndef result() -> int: return copy.copy(Rows()).width",
        "a dtype of one's own by its name": "@register_extension_dtype\nclass Kind(ExtensionDtype):\n    name = 'mine'\n"
        "    type = float\n    na_value = «1.0 → 2.0»\n    @classmethod\n    def construct_from_string(cls, name):\n"
        "        if name == 'mine': return cls()\n        raise TypeError(name)\n"
        "def result() -> str: return str(pd.api.types.pandas_dtype('mine').na_value)",
        "how NumPy prints": "np.set_printoptions(precision=«2 → 4»)\ndef result() -> str: return str(np.array([1 / 3]))",
        "how NumPy treats errors": "OLD = np.seterr(divide=«'ignore' → 'raise'»)\ndef result() -> str: return str(np.geterr())",
        "how pandas prints": "pd.set_option('display.precision', «2 → 4»)"
        "\ndef result() -> str: return str(pd.DataFrame([1 / 3]))",
        "a dialect of CSV": "csv.register_dialect('mine', delimiter='«; → :»')"
        "\ndef result() -> list: return [*csv.reader(['1;2'], 'mine')]",
        "the level of a logger": "LOG = logging.getLogger('mine')\nLOG.setLevel(«10 → 20»)"
        "\ndef result() -> int: return LOG.level",
        "an attribute of a cached function": "@cache\ndef helper(): return helper.width\nhelper.width = «1 → 2»\n"
        "def result() -> int: return helper()",
        "an attribute of a singledispatch": "@singledispatch\ndef helper(x): return helper.width\nhelper.width = «1 → 2»\n"
        "def result() -> int: return helper(1)",
    }.items()
}

# What cannot be read and could be anything is never reused.
NEVER = {
    title: f"""
import builtins
import datetime
import importlib
import inspect
import os
import pickle
import random
import sys
import time
from contextvars import ContextVar
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
{text}
# tools.py
def helper(x): return x + «1 → 2»
# number.csv
a
«1 → 2»
"""
    for title, text in {
        "a file by its file descriptor": "def result() -> str:\n    file = os.open('number.csv', os.O_RDONLY)\n"
        "    return os.read(file, 100).decode()",
        "the files of a folder by its file descriptor": "def result() -> list:\n    folder = os.open('.', os.O_RDONLY)\n"
        "    return [name for name in sorted(os.listdir(folder)) if name.endswith('.csv')]",
        "a file of a folder by its file descriptor": "def result() -> int:\n    folder = os.open('.', os.O_RDONLY)\n"
        "    return os.stat('number.csv', dir_fd=folder).st_size",
        "the number of links to a file": "def result() -> int: return os.stat('number.csv').st_nlink",
        "arguments of the process": "import argparse\ndef result() -> str:\n    parser = argparse.ArgumentParser()\n"
        "    parser.add_argument('words', nargs='*')\n    return str(parser.parse_known_args()[0])",
        "the cores that the process may use": "def result() -> int: return len(os.sched_getaffinity(0))",
        "how deep calls may go": "def result() -> int: return sys.getrecursionlimit()",
        "what a signal does": "import signal\ndef result() -> str: return str(signal.getsignal(signal.SIGUSR1))",
        "a timeout of all sockets that a step sets": "import socket\ndef result() -> int:\n"
        "    socket.setdefaulttimeout(«1 → 2»)\n    return int(socket.getdefaulttimeout())",
        "a level of a logger that a step sets": "import logging\ndef result() -> int:\n"
        "    logging.getLogger('a').setLevel(«1 → 2»)\n    return logging.getLogger('a').level",
        "eval": "from tools import helper\ndef result() -> int: return eval('hel' + 'per')(1)",
        "exec": "from tools import helper\ndef result() -> int:\n    into = {}\n    exec('from tools import helper', into)"
        "\n    return into['helper'](1)",
        "import_module": "def result() -> int: return import_module('to' + 'ols').helper(1)",
        "importlib.import_module": "def result() -> int: return importlib.import_module('to' + 'ols').helper(1)",
        "importlib inside the function": "def result() -> int:\n    import importlib as i\n"
        "    return i.import_module('to' + 'ols').helper(1)",
        "import_module from inside": "def result() -> int:\n    from importlib import import_module as load\n"
        "    return load('to' + 'ols').helper(1)",
        "__import__": "def result() -> int: return __import__('to' + 'ols').helper(1)",
        "builtins handed on": "import tools\ndef result() -> int: return getattr(builtins, 'ev' + 'al')('tools').helper(1)",
        "sys.modules": "import tools\ndef result() -> int: return sys.modules['to' + 'ols'].helper(1)",
        "sys.modules from inside": "import tools\ndef result() -> int:\n    from sys import modules\n"
        "    return modules['to' + 'ols'].helper(1)",
        "sys inside the function": "import tools\ndef result() -> int:\n    import sys as s\n"
        "    return s.modules['to' + 'ols'].helper(1)",
        "the globals of a function": "from tools import helper\ndef result() -> int: return result.__globals__['hel' + 'per'](1)",
        "the globals of a frame": "from tools import helper\ndef result() -> int:\n"
        "    return inspect.currentframe().f_globals['hel' + 'per'](1)",
        "a pickle": "import tools\ndef result() -> int: return pickle.loads(b'ctools\\nhelper\\n.')(1)",
        "subclasses": "class Base: pass\nclass One(Base):\n    def get(self): return «1 → 2»\n"
        "def result() -> int: return Base.__subclasses__()[0]().get()",
        "a docstring that is asked for": "def helper():\n    '«1 → 2»'\ndef result() -> str: return helper.__doc__",
        "a ufunc of one's own": "import tools\nhelper = np.frompyfunc(tools.helper, 1, 1)\n"
        "def result() -> int: return int(helper(1))",
        "a context variable": "WIDTH = ContextVar('width', default=0)\nWIDTH.set(«1 → 2»)\n"
        "def result() -> int: return WIDTH.get()",
        "the clock": "def result() -> str: return str(datetime.datetime.now())[:0] + '«1 → 2»'",
        "the clock of a mail": "from email.utils import formatdate\ndef result() -> str: return formatdate()[:0] + '«1 → 2»'",
        "the clock of a database": "import duckdb\ndef result() -> str:"
        " return str(duckdb.connect().execute('select now()').fetchall())[:0] + '«1 → 2»'",
        "a random number of a database": "import sqlite3\ndef result() -> str:"
        " return str(sqlite3.connect(':memory:').execute('SELECT random()').fetchall())[:0] + '«1 → 2»'",
        "a random number of Arrow": "import pyarrow.compute as pc\ndef result() -> str: return str(pc.random(1))[:0] + '«1 → 2»'",
        "the status of a file by its number": "def result() -> int:\n    with open('number.csv') as file:"
        " return os.fstat(file.fileno())[6]",
        "the mask of new files": "def result() -> int:\n    before = os.umask(0)\n    os.umask(before)\n    return before",
        "a registry that a step fills": "import xml.etree.ElementTree as E\ndef result() -> str:\n"
        "    E.register_namespace('z«1 → 2»', 'u:z')\n    return E.tostring(E.fromstring('<a xmlns=\"u:z\"/>')).decode()",
        "a value nested too deeply": "DEEP = «1 → 2»\nfor _ in range(5000): DEEP = [DEEP]\ndef result() -> int:\n"
        "    deep = DEEP\n    while deep.__class__ is list: deep = deep[0]\n    return deep",
        "a global that a helper sets": "WIDTH = 0\ndef helper():\n    global WIDTH\n    WIDTH = «1 → 2»\n"
        "def result() -> int:\n    helper()\n    return WIDTH",
        "a setting of a module that a step changes": "import tools\ntools.width = 0\ndef result() -> int:\n"
        "    tools.width = «1 → 2»\n    return tools.width",
    }.items()
}

HARMLESS = {
    "a comment": """
def helper(x): return x + 1  # «one → more»
def result() -> int: return helper(1)
""",
    "a docstring": '''
def helper(x):
    """«One more. → More by one.»"""
    return x + 1
def result() -> int: return helper(1)
''',
    "a docstring that was not there": '''
def helper(x):
    « → """One more."""»
    return x + 1
def result() -> int:
    « → """Two."""»
    return helper(1)
''',
    "a docstring of a class": '''
class Rows:
    """«One. → Two.»"""
    width = 1
    def get(self):
        « → """Get it."""»
        return self.width
def result() -> int: return Rows().get()
''',
    "blank lines": """
def helper(x):
    y = x + 1
    « → #
    #
    #»
    return y
« → #
#
#»
def result() -> int: return helper(1)
""",
    "formatting": """
def helper(x, y): return [«x+y,'a' → x
    + y,  (
        "a"
    )»]
def result() -> list: return helper(1, 2)
""",
    "a trailing comma and brackets": """
def helper(x): return {"a": «x → (x)», "b": [1, 2«  → ,»]}
def result() -> dict: return helper(1)
""",
    "moved within the file": """
« → def helper(x): return x + 1»
def other(x): return x
«def helper(x): return x + 1 → »
def result() -> int: return helper(1)
""",
    "moved to another module": """
«def helper(x): return x + 1 → from tools import helper»
def result() -> int: return helper(1)
# tools.py
« → def helper(x): return x + 1»
""",
    "a constant moved to another module": """
«LEAST = [1, 2] → from tools import LEAST»
def result() -> list: return LEAST
# tools.py
« → LEAST = [1, 2]»
""",
    "a class moved to another module": """
from dataclasses import dataclass
«@dataclass → from tools import Rows»
«class Rows: → »
«    width: int = 1 → »
«    def more(self): return self.width + 1 → »
def result() -> int: return Rows().more()
# tools.py
« → from dataclasses import dataclass»
« → @dataclass»
« → class Rows:»
« →     width: int = 1»
« →     def more(self): return self.width + 1»
""",
    "an unrelated helper": """
def helper(x): return x + 1
def other(x): return x + «1 → 2»
def result() -> int: return helper(1)
""",
    "an unrelated helper in the same module": """
import tools
def result() -> int: return tools.helper(1)
# tools.py
def helper(x): return x + 1
def other(x): return x + «1 → 2»
""",
    "an unrelated import": """
« → import json»
def result() -> int: return 1
""",
    "an unrelated setting": """
def result(seed: int) -> int: return seed
# iris.toml
target = "«species → kind»"
""",
    "a data file renamed": """
from iris_ml.io.readers import raw
def result(raw: object) -> int: return int(raw.a.sum())
# iris.toml
source = "«one → two».csv"
# one.csv
a
1
# two.csv
a
1
""",
    "another way to the same result": """
def rows() -> list: return «[1, 2] → [*range(1, 3)]»
def result(rows: list) -> int: return sum(rows)
""",
}

# The second cell of a notebook changes what the first one made, in one process.
SESSIONS = {
    "a helper written anew": """
def helper(x): return x + 1
def result() -> int: return helper(1)

def helper(x): return x + 2
""",
    "a class written anew": """
class Rows:
    width = 1
def result() -> int: return Rows().width

class Rows:
    width = 2
""",
    "a constant bound anew": """
LEAST = 1
def result() -> int: return LEAST

LEAST = 2
""",
    "a name that was not there": """
def result() -> int: return LEAST if "LEAST" in globals() else 1

LEAST = 2
""",
    "a name that hides one of Python's": """
def result() -> int: return len("a")

def len(x): return 2
""",
    "a list written into": """
ROWS = [1, [2]]
def result() -> str: return str(ROWS)

ROWS[1].append(3)
""",
    "a table written into": """
import pandas as pd
TABLE = pd.DataFrame({"a": [1, 2]})
def result() -> int: return int(TABLE.a.sum())

TABLE.loc[0, "a"] = 3
""",
    "an array written into": """
import numpy as np
ROWS = np.array([1, 2])
def result() -> int: return int(ROWS.sum())

ROWS[0] = 3
""",
    "a default written into": """
def helper(x, seen=[]): return [*seen, x]
def result() -> list: return helper(1)

helper.__defaults__[0].append(2)
""",
    "a function's code put in its place": """
def helper(x): return x + 1
def result() -> int: return helper(1)

helper.__code__ = (lambda x: x + 2).__code__
""",
    "a function's default put in its place": """
def helper(x=1): return x
def result() -> int: return helper()

helper.__defaults__ = (2,)
""",
    "a keyword's default put in its place": """
def helper(*, x=1): return x
def result() -> int: return helper()

helper.__kwdefaults__["x"] = 2
""",
    "an attribute hung on a function": """
def helper(): return getattr(helper, "width", 1)
def result() -> int: return helper()

helper.width = 2
""",
    "the cell of a closure": """
def make():
    width = 1
    def helper(): return width
    def widen():
        nonlocal width
        width = 2
    return helper, widen
helper, widen = make()
def result() -> int: return helper()

widen()
""",
    "the keywords of a partial": """
from functools import partial
def add(x, y): return x + y
helper = partial(add, y=1)
def result() -> int: return helper(1)

helper.keywords["y"] = 2
""",
    "a list of functions": """
def add(x): return x + 1
def double(x): return 2 * x
ALL = [add]
def result() -> list: return [f(3) for f in ALL]

ALL[:] = [double]
""",
    "a class's attribute": """
class Rows:
    width = 1
def result() -> int: return Rows().width

Rows.width = 2
""",
    "a class's method": """
class Rows:
    def get(self): return 1
def result() -> int: return Rows().get()

Rows.get = lambda self: 2
""",
    "a class's base": """
class One:
    def get(self): return 1
class Two:
    def get(self): return 2
class Rows(One): pass
def result() -> int: return Rows().get()

Rows.__bases__ = (Two,)
""",
    "an object's attribute": """
class Rows: pass
ROWS = Rows()
ROWS.width = 1
def result() -> int: return ROWS.width

ROWS.width = 2
""",
    "an object's class": """
class One:
    def get(self): return 1
class Two:
    def get(self): return 2
ROWS = One()
def result() -> int: return ROWS.get()

ROWS.__class__ = Two
""",
    "another kind for a singledispatch": """
from functools import singledispatch
@singledispatch
def helper(x): return 1
def result() -> int: return helper("a")

@helper.register
def _(x: str): return 2
""",
    "an accessor registered again": """
import pandas as pd
@pd.api.extensions.register_series_accessor("petals")
class Petals:
    def __init__(self, rows): pass
    def width(self): return 1
def rows() -> pd.Series: return pd.Series([1])
def result(rows: pd.Series) -> int: return rows.petals.width()

import warnings
warnings.simplefilter("ignore")
@pd.api.extensions.register_series_accessor("petals")
class Petals:
    def __init__(self, rows): pass
    def width(self): return 2
""",
    "a method put into an installed class": """
from sklearn.dummy import DummyClassifier
def result() -> str: return str(DummyClassifier().get_params())

DummyClassifier.get_params = lambda self: "mine"
""",
    "an option of pandas": """
import pandas as pd
def result() -> str: return pd.Series(["a"]).dtype.storage

pd.set_option("mode.string_storage", "python")
""",
    "an option of scikit-learn": """
import sklearn
from sklearn.preprocessing import StandardScaler
def result() -> str: return type(StandardScaler().fit_transform([[1.0]])).__name__

sklearn.set_config(transform_output="pandas")
""",
    "a function of a module": """
import tools
def result() -> int: return tools.helper(1)

tools.helper = lambda x: x + 2
# tools.py
def helper(x): return x + 1
""",
    "a module loaded again": """
from pathlib import Path
import importlib, tools
def result() -> int: return tools.helper(1)

Path("tools.py").write_text("def helper(x): return x + 22")
importlib.reload(tools)
# tools.py
def helper(x): return x + 1
""",
    "a module that IPython loads again": """
%load_ext autoreload
%autoreload 2
import os
from pathlib import Path
from tools import helper
def result() -> int: return helper(1)

Path("tools.py").write_text("def helper(x): return x + 2")
os.utime("tools.py", (2e9, 2e9))
%autoreload now
# tools.py
def helper(x): return x + 1
""",
    "a module that was not there": """
from pathlib import Path
def result() -> int:
    try:
        import tools
    except ImportError:
        return 1
    return tools.WIDTH

Path("tools.py").write_text("WIDTH = 2")
""",
    "a data file": """
from pathlib import Path
from iris_ml.io.readers import raw
Path("rows.csv").write_text("a\\n1")
def result(raw: object) -> int: return int(raw.a.sum())

Path("rows.csv").write_text("a\\n2")
# iris.toml
source = "rows.csv"
""",
    "a function's name that is set": """
def h(): "a"
def result() -> str: return h.__name__

h.__name__ = "b"
""",
    "a function's full name that is set": """
def h(): "a"
def result() -> str: return h.__qualname__

h.__qualname__ = "b"
""",
    "a class's name that is set": """
class K: "a"
def result() -> str: return K.__name__

K.__name__ = "b"
""",
    "a class's full name that is set": """
class K: "a"
def result() -> str: return K.__qualname__

K.__qualname__ = "b"
""",
    "a field of a dataclass that is set": """
from dataclasses import dataclass, fields
@dataclass
class K:
    x: int = 1
def result() -> int: return fields(K)[0].default

K.__dataclass_fields__["x"].default = 2
""",
    "the metadata of a field, written into": """
from dataclasses import dataclass, fields, field
@dataclass
class K:
    x: int = field(default=1, metadata={"a": [1]})
def result() -> str: return str(fields(K)[0].metadata["a"])

K.__dataclass_fields__["x"].metadata["a"].append(2)
""",
    "a frozen dataclass that is set all the same": """
from dataclasses import dataclass
@dataclass(frozen=True)
class K:
    x: int = 1
N = K()
def result() -> int: return N.x

object.__setattr__(N, "x", 2)
""",
    "a frozen dataclass in a dictionary, set all the same": """
from dataclasses import dataclass
@dataclass(frozen=True)
class K:
    x: int = 1
N = {"k": K()}
def result() -> int: return N["k"].x

object.__setattr__(N["k"], "x", 2)
""",
    "an attribute of a tuple": """
class D(tuple): pass
R = D((1,)); R.x = 1
def result() -> int: return R.x

R.x = 2
""",
    "an attribute of a tuple in a list": """
class D(tuple): pass
R = [D((1,))]; R[0].x = 1
def result() -> int: return R[0].x

R[0].x = 2
""",
    "the list of slots, written into": """
class K:
    __slots__ = ["a"]
def result() -> str: return str(K.__slots__)

K.__slots__.append("b")
""",
    "a special attribute, written into": """
class K:
    __things__ = [1]
def result() -> int: return sum(K.__things__)

K.__things__.append(2)
""",
    "the annotations of a function, written into": """
def h(x: int): return x
def result() -> str: return str(h.__annotations__)

h.__annotations__["x"] = str
""",
    "the annotations of a base class, written into": """
import typing
class A:
    y: int
class K(A):
    x: int
def result() -> str: return str(typing.get_type_hints(K))

A.__annotations__["y"] = str
""",
    "the class of an object that is set": """
class K:
    x = 1
class L:
    x = 2
N = K()
def result() -> int: return N.x

N.__class__ = L
""",
    "the bases of a class that are set": """
class A:
    def f(self): return 1
class B:
    def f(self): return 2
class K(A): pass
def result() -> int: return K().f()

K.__bases__ = (B,)
""",
    "a method that is removed": """
class A:
    def f(self): return 2
class K(A):
    def f(self): return 1
def result() -> int: return K().f()

del K.f
""",
    "the value of an enumeration that is set": """
from enum import Enum
class E(Enum):
    A = 1
def result() -> int: return E.A.value

E.A._value_ = 2
""",
    "the default of a keyword, written into": """
def h(*, x=1): return x
def result() -> int: return h()

h.__kwdefaults__["x"] = 2
""",
    "the code of a function that is set": """
def h(): return 1
def g(): return 2
def result() -> int: return h()

h.__code__ = g.__code__
""",
    "a variable of a closure that is set": """
def mk():
    x = 1
    def h(): return x
    return h
h = mk()
def result() -> int: return h()

h.__closure__[0].cell_contents = 2
""",
    "an equal value of another type": """
D = {"a": 1}
def result() -> str: return repr(D)

D["a"] = True
""",
    "an equal key of another type": """
D = {1: "a"}
def result() -> str: return repr(D)

D.clear(); D[True] = "a"
""",
    "an order that is changed": """
from collections import OrderedDict
S = OrderedDict(a=1, b=2)
def result() -> str: return ", ".join(S)

S.move_to_end("a")
""",
    "a dictionary behind a read-only view": """
from types import MappingProxyType
B = {"a": 1}
R = MappingProxyType(B)
def result() -> int: return R["a"]

B["a"] = 2
""",
    "the default of a named tuple": """
from collections import namedtuple
P = namedtuple("P", "x", defaults=[1])
def result() -> int: return P().x

P.__new__.__defaults__ = (2,)
""",
    "a partial function that is set": """
from functools import partial
def h(x): return x
p = partial(h, 1)
def result() -> int: return p()

p.__setstate__((h, (2,), {}, {}))
""",
    "the object of a method in a list": """
class K:
    def __init__(self): self.x = 1
    def f(self): return self.x
k = K(); m = [k.f]
def result() -> int: return m[0]()

k.x = 2
""",
    "an attribute of a number in a list": """
class D(int): pass
R = [D(3)]; R[0].x = 1
def result() -> int: return R[0].x

R[0].x = 2
""",
    "what a method of a list gives": """
ROWS = [1]
copied = ROWS.copy
def result() -> list: return copied()

ROWS.append(2)
""",
    "the level of a logger": """
import logging
def result() -> bool: return logging.getLogger("mine").isEnabledFor(10)

logging.getLogger("mine").setLevel(10)
""",
    "the limit of recursion": """
import sys
def deep(n): return 0 if n == 0 else deep(n - 1)
def result() -> int:
    try: return deep(1500)
    except RecursionError: return -1

sys.setrecursionlimit(5000)
""",
    "a variable that a query of a database names": """
import duckdb, pandas as pd
D = pd.DataFrame({"a": [1]})
def result() -> str: return str(duckdb.execute("select sum(a) from D").fetchall())

D = pd.DataFrame({"a": [2]})
""",
}
