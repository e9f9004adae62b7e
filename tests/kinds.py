"""Kinds of change, beside the catalogue: small modules, each with one edit, of which no result may be stale.

The texts are written like those of the catalogue, but run as modules only: before the edit twice, and after it twice.
"""

FAKELIB = """
# site-packages/fakelib/__init__.py
WIDTH = 0
def width(): return WIDTH
# site-packages/fakelib.dist-info/METADATA
Name: fakelib
Version: 1.0
# site-packages/fakelib.dist-info/RECORD
fakelib/__init__.py,,
"""

KINDS = {
    "module __getattr__ of installed": """
import fakelib
fakelib.__getattr__ = lambda n: «1 → 2»
def result() -> int: return fakelib.zzz
# site-packages/fakelib/__init__.py
A=1
# site-packages/fakelib.dist-info/METADATA
Name: fakelib
Version: 1.0
# site-packages/fakelib.dist-info/RECORD
fakelib/__init__.py,,
""",
    "global dict mutated in function at import": """
import tools
tools.fill(«1 → 2»)
def result() -> int: return tools.D['a']
# tools.py
D={}
def fill(x): D['a']=x
""",
    "contextvar": """
from contextvars import ContextVar
W=ContextVar('w',default=«1 → 2»)
def result() -> int: return W.get()
""",
    "threading.local": """
import threading
L=threading.local()
L.x=«1 → 2»
def result() -> int: return L.x
""",
    "weakref dict": """
import weakref
class A: pass
K=A()
W=weakref.WeakKeyDictionary()
W[K]=«1 → 2»
def result() -> int: return W[K]
""",
    "deque maxlen": """
from collections import deque
D=deque([1,2,3],maxlen=«5 → 6»)
def result() -> int: return D.maxlen
""",
    "OrderedDict order": """
from collections import OrderedDict
D=OrderedDict(«a=1,b=2 → b=2,a=1»)
def result() -> list: return list(D)
""",
    "Counter": """
from collections import Counter
D=Counter(«'aab' → 'abb'»)
def result() -> list: return D.most_common(1)
""",
    "defaultdict factory": """
from collections import defaultdict
D=defaultdict(«int → list»)
def result() -> str: return str(D['x'])
""",
    "ChainMap": """
from collections import ChainMap
D=ChainMap({'a':«1 → 2»},{})
def result() -> int: return D['a']
""",
    "SimpleNamespace": """
from types import SimpleNamespace
D=SimpleNamespace(a=«1 → 2»)
def result() -> int: return D.a
""",
    "MappingProxy": """
from types import MappingProxyType
D=MappingProxyType({'a':«1 → 2»})
def result() -> int: return D['a']
""",
    "Fraction": """
from fractions import Fraction
D=Fraction(«1 → 2»,3)
def result() -> str: return str(D)
""",
    "Decimal exponent": """
from decimal import Decimal
D=Decimal('«1.0 → 1.00»')
def result() -> str: return str(D)
""",
    "datetime fold": """
import datetime
D=datetime.datetime(2020,10,25,2,30,fold=«0 → 1»)
def result() -> int: return D.fold
""",
    "range": """
D=range(0,«10 → 11»)
def result() -> int: return len(D)
""",
    "slice": """
D=slice(0,«1 → 2»)
def result() -> list: return [1,2,3][D]
""",
    "memoryview": """
D=memoryview(b'«1 → 2»')
def result() -> str: return D.tobytes().decode()
""",
    "array.array typecode": """
import array
D=array.array('«i → l»',[1])
def result() -> str: return D.typecode
""",
    "re flags": """
import re
D=re.compile('a', re.«A → I»)
def result() -> bool: return bool(D.match('A'))
""",
    "bound method builtin": """
F='{:.«1 → 2»f}'.format
def result() -> str: return F(1.234)
""",
    "re sub bound": """
import re
F=re.compile('«a → b»').sub
def result() -> str: return F('x','ab')
""",
    "itemgetter": """
from operator import itemgetter
F=itemgetter(«0 → 1»)
def result() -> int: return F([5,6])
""",
    "methodcaller": """
from operator import methodcaller
F=methodcaller('«upper → lower»')
def result() -> str: return F('aB')
""",
    "partialmethod": """
from functools import partialmethod
class A:
    def f(self,x): return x
    g=partialmethod(f,«1 → 2»)
def result() -> int: return A().g()
""",
    "total_ordering": """
from functools import total_ordering
@total_ordering
class A:
    def __init__(s,x): s.x=x
    def __eq__(s,o): return s.x==o.x
    def __lt__(s,o): return s.x«< → >»o.x
def result() -> bool: return A(1)<A(2)
""",
    "enum auto": """
from enum import Enum
class K(Enum):
    A=«1 → 2»
def result() -> int: return K.A.value
""",
    "enum flag": """
from enum import Flag,auto
class K(Flag):
    A=auto()
    B=auto()
    C=A|«A → B»
def result() -> int: return K.C.value
""",
    "namedtuple defaults": """
from typing import NamedTuple
class K(NamedTuple):
    a:int=«1 → 2»
def result() -> int: return K().a
""",
    "typeddict": """
from typing import TypedDict, get_type_hints
class K(TypedDict):
    a: «int → str»
def result() -> str: return str(get_type_hints(K))
""",
    "TypeVar bound": """
from typing import TypeVar
T=TypeVar('T',bound=«int → str»)
def result() -> str: return str(T.__bound__)
""",
    "NewType": """
from typing import NewType
T=NewType('T',«int → str»)
def result() -> str: return str(T.__supertype__)
""",
    "Generic alias": """
from typing import List
T=list[«int → str»]
def result() -> str: return str(T)
""",
    "Literal": """
from typing import Literal
T=Literal[«1 → 2»]
def result() -> str: return str(T)
""",
    "Annotated": """
from typing import Annotated
T=Annotated[int,«1 → 2»]
def result() -> str: return str(T.__metadata__)
""",
    "slots getstate": """
class A:
    __slots__=('x',)
    def __init__(s,x): s.x=x
    def __getstate__(s): return None
    def __setstate__(s,st): pass
K=A(«1 → 2»)
def result() -> int: return K.x
""",
    "reduce hides": """
class A:
    def __init__(s,x): s.x=x
    def __reduce__(s): return (A,(0,))
K=A(«1 → 2»)
def result() -> int: return K.x
""",
    "metaclass attr": """
class M(type):
    w=«1 → 2»
class A(metaclass=M): pass
def result() -> int: return A.w
""",
    "metaclass call": """
class M(type):
    def __call__(c): return «1 → 2»
class A(metaclass=M): pass
def result() -> int: return A()
""",
    "init_subclass": """
R=[]
class B:
    def __init_subclass__(c): R.append(c.w)
class A(B):
    w=«1 → 2»
def result() -> list: return list(R)
""",
    "set_name": """
class D:
    def __set_name__(s,o,n): s.n=n
    def __get__(s,i,o): return s.n
class A:
    «x → y»=D()
def result() -> str: return A.«x → y»
""",
    "descriptor state": """
class D:
    def __init__(s,v): s.v=v
    def __get__(s,i,o): return s.v
class A:
    x=D(«1 → 2»)
def result() -> int: return A.x
""",
    "class_getitem": """
class A:
    def __class_getitem__(c,k): return k+«1 → 2»
def result() -> int: return A[1]
""",
    "__missing__": """
class A(dict):
    def __missing__(s,k): return «1 → 2»
K=A()
def result() -> int: return K['q']
""",
    "__format__": """
class A:
    def __format__(s,f): return '«1 → 2»'
K=A()
def result() -> str: return f'{K}'
""",
    "__bool__": """
class A:
    def __bool__(s): return «True → False»
K=A()
def result() -> int: return 1 if K else 2
""",
    "__enter__": """
class A:
    def __enter__(s): return «1 → 2»
    def __exit__(s,*a): pass
def result() -> int:
    with A() as x: return x
""",
    "__iter__": """
class A:
    def __iter__(s): yield «1 → 2»
def result() -> list: return [*A()]
""",
    "__add__ on value": """
class A:
    def __add__(s,o): return «1 → 2»
K=A()
def result() -> int: return K+1
""",
    "module-level __getattr__": """
import tools
def result() -> int: return tools.anything
# tools.py
def __getattr__(n): return «1 → 2»
""",
    "module __dict__ get": """
import tools
def result() -> int: return tools.__dict__['A']
# tools.py
A=«1 → 2»
""",
    "sys.modules replaced": """
import sys, tools
class M:
    A=«1 → 2»
sys.modules['other']=M
def result() -> int:
    import other
    return other.A
# tools.py
""",
    "import hook path": """
import sys
sys.path.insert(0,'lib«1 → 2»')
import hidden
def result() -> int: return hidden.A
# lib1/hidden.py
A=1
# lib2/hidden.py
A=2
""",
    "import hook path inside": """
import sys
sys.path.insert(0,'lib«1 → 2»')
def result() -> int:
    import hidden
    return hidden.A
# lib1/hidden.py
A=1
# lib2/hidden.py
A=2
""",
    "try import fallback": """
try:
    import extra«_ → »
    A=2
except ImportError:
    A=1
def result() -> int: return A
# extra.py
""",
    "try import in function appears": """
def result() -> int:
    try:
        import «zzz → tools»
        return 2
    except ImportError:
        return 1
# tools.py
""",
    "star import": """
from tools import *
def result() -> int: return helper()
# tools.py
def helper(): return A
A=«1 → 2»
""",
    "init changes": """
import pkg
def result() -> int: return pkg.A
# pkg/__init__.py
from .m import A
# pkg/m.py
A=«1 → 2»
""",
    "package data via __file__": """
from pathlib import Path
HERE=Path(__file__).parent
def result() -> str: return (HERE/'d.txt').read_text()
# d.txt
«1 → 2»
""",
    "importlib.resources": """
import importlib.resources as r
def result() -> str: return r.files('pkg').joinpath('d.txt').read_text()
# pkg/__init__.py
# pkg/d.txt
«1 → 2»
""",
    "pkgutil get_data": """
import pkgutil
def result() -> str: return pkgutil.get_data('pkg','d.txt').decode()
# pkg/__init__.py
# pkg/d.txt
«1 → 2»
""",
    "read at import in global": """
A=open('d.txt').read()
def result() -> str: return A
# d.txt
«1 → 2»
""",
    "mmap": """
import mmap
def result() -> str:
    with open('d.txt','rb') as f:
        return mmap.mmap(f.fileno(),0,access=mmap.ACCESS_READ)[:].decode()
# d.txt
«1 → 2»
""",
    "subprocess cat": """
import subprocess
def result() -> str: return subprocess.run(['cat','d.txt'],capture_output=True,text=True).stdout
# d.txt
«1 → 2»
""",
    "os.popen": """
import os
def result() -> str: return os.popen('cat d.txt').read()
# d.txt
«1 → 2»
""",
    "scipy mmread": """
import scipy.io
def result() -> str: return str(scipy.io.mmread('m.mtx').toarray().tolist())
# m.mtx
%%MatrixMarket matrix coordinate real general
1 1 1
1 1 «1 → 2»
""",
    "np genfromtxt": """
import numpy as np
def result() -> str: return str(np.genfromtxt('d.txt'))
# d.txt
«1 → 2»
""",
    "pd read_json": """
import pandas as pd
def result() -> str: return str(pd.read_json('d.json'))
# d.json
{"a":{"0":«1 → 2»}}
""",
    "pyarrow dataset": """
import pyarrow.dataset as ds
def result() -> str: return str(ds.dataset('dd',format='csv').to_table().to_pydict())
# dd/a.csv
a
«1 → 2»
""",
    "readlink-ish listdir count": """
import os
def result() -> int: return sum(len(f) for _,_,f in os.walk('dd'))
# dd/«a → b».txt
""",
    "os.access": """
import os
def result() -> bool: return os.access('«z → d».txt', os.R_OK)
# d.txt
1
""",
    "tomllib": """
import tomllib
def result() -> int:
    with open('d.toml','rb') as f: return tomllib.load(f)['a']
# d.toml
a = «1 → 2»
""",
    "linecache": """
import linecache
def result() -> str: return linecache.getline('d.txt',1)
# d.txt
«1 → 2»
""",
    "tokenize open": """
import tokenize
def result() -> str:
    with tokenize.open('d.txt') as f: return f.read()
# d.txt
«1 → 2»
""",
    "step mutates global list": """
L=[]
def rows() -> int:
    L.append(«1 → 2»)
    return 1
def result(rows: int) -> int: return len(L) and L[-1]
""",
    "step sets env": """
import os
def rows() -> int:
    os.environ['QQ']='«1 → 2»'
    return 1
def result(rows: int) -> str: return os.environ['QQ']
""",
    "step writes file, next reads": """
def rows() -> int:
    open('o.txt','w').write('«1 → 2»')
    return 1
def result(rows: int) -> str: return open('o.txt').read()
""",
    "step sets np option": """
import numpy as np
def rows() -> int:
    np.set_printoptions(precision=«2 → 4»)
    return 1
def result(rows: int) -> str: return str(np.array([1/3]))
""",
    "step sets class attr": """
class A: w=0
def rows() -> int:
    setattr(A,'w',«1 → 2»)
    return 1
def result(rows: int) -> int: return A.w
""",
    "step changes module attr by setattr": """
import tools
def rows() -> int:
    setattr(tools,'w',«1 → 2»)
    return 1
def result(rows: int) -> int: return tools.w
# tools.py
w=0
""",
    "step changes installed attr by setattr": """
import fakelib
def rows() -> int:
    setattr(fakelib,'w',«1 → 2»)
    return 1
def result(rows: int) -> int: return fakelib.get()
# site-packages/fakelib/__init__.py
w=0
def get(): return w
# site-packages/fakelib.dist-info/METADATA
Name: fakelib
Version: 1.0
# site-packages/fakelib.dist-info/RECORD
fakelib/__init__.py,,
""",
    "step calls installed setter": """
import fakelib
def rows() -> int:
    fakelib.put(«1 → 2»)
    return 1
def result(rows: int) -> int: return fakelib.get()
# site-packages/fakelib/__init__.py
w=[0]
def get(): return w[0]
def put(x): w[0]=x
# site-packages/fakelib.dist-info/METADATA
Name: fakelib
Version: 1.0
# site-packages/fakelib.dist-info/RECORD
fakelib/__init__.py,,
""",
    "estimator fitted in place": """
from sklearn.dummy import DummyClassifier
def classifier() -> object: return DummyClassifier(strategy='constant',constant=«1 → 2»)
def model(classifier: object) -> object: return classifier.fit([[0],[0]],[1,2])
def result(model: object) -> list: return model.predict([[0]]).tolist()
""",
    "function parameter kind": """
def result() -> str:
    import inspect
    return str(inspect.signature(helper))
def helper(a, «b → *, b»): pass
""",
    "func __name__": """
def helper«1 → 2»(): pass
F=helper«1 → 2»
def result() -> str: return F.__name__
""",
    "class name": """
class «A → B»: pass
F=«A → B»
def result() -> str: return F.__name__
""",
    "annotations read": """
def helper(a: «int → str»): pass
def result() -> str: return str(helper.__annotations__)
""",
    "kwdefaults": """
def helper(*, a=«1 → 2»): return a
def result() -> int: return helper()
""",
    "nonlocal closure counter": """
def make():
    n=«1 → 2»
    def f(): return n
    return f
F=make()
def result() -> int: return F()
""",
    "lru_cache wrapped attr": """
from functools import lru_cache
@lru_cache(maxsize=«1 → 2»)
def f(): return 1
def result() -> int: return f.cache_info().maxsize
""",
    "cached prefilled": """
from functools import cache
W=«1 → 2»
@cache
def h(x): return W
h(1)
W=0
def result() -> int: return h(1)
""",
    "property setter side": """
class A:
    _x=0
    @property
    def x(s): return s._x+«1 → 2»
def result() -> int: return A().x
""",
    "class body loop": """
class A:
    for i in range(«2 → 3»): w=i
def result() -> int: return A.w
""",
    "exec at import": """
exec('A=«1 → 2»')
def result() -> int: return A
""",
    "globals update": """
globals().update(A=«1 → 2»)
def result() -> int: return A
""",
    "math patched": """
import math
math.pi=«1 → 2»
def result() -> float: return math.pi
""",
    "math patched used by stdlib": """
import math, statistics, random
random._log=lambda x: «1 → 2»
def result() -> float: return random._log(1)
""",
    "pandas class const patched": """
import pandas as pd
pd.DataFrame._constructor_expanddim = «1 → 2»
def result() -> int: return pd.DataFrame._constructor_expanddim
""",
    "datetime C type subclass": """
import pandas as pd
pd.Timestamp.mine=«1 → 2»
def result() -> int: return pd.Timestamp.mine
""",
    "sklearn set_config in function": """
import sklearn
def setup(): sklearn.set_config(display='«text → diagram»')
setup()
def result() -> str: return sklearn.get_config()['display']
""",
    "sklearn config_context global enter": """
import sklearn
sklearn.set_config(transform_output='«default → pandas»')
from sklearn.preprocessing import StandardScaler
def result() -> str: return type(StandardScaler().fit_transform([[1.],[2.]])).__name__
""",
    "metadata routing": """
import sklearn
sklearn.set_config(enable_metadata_routing=«True → False»)
def result() -> bool: return sklearn.get_config()['enable_metadata_routing']
""",
    "locale": """
import locale
locale.setlocale(locale.LC_NUMERIC,'«C → C.UTF-8»')
def result() -> str: return locale.setlocale(locale.LC_NUMERIC)
""",
    "recursion": """
import sys
sys.setrecursionlimit(«1000 → 1100»)
def result() -> int: return sys.getrecursionlimit()
""",
    "int digits": """
import sys
sys.set_int_max_str_digits(«700 → 800»)
def result() -> int: return sys.get_int_max_str_digits()
""",
    "codecs": """
import codecs
def s(n):
    if n=='mine': return codecs.CodecInfo(lambda t,e='strict':(b'«1 → 2»',1),None,name='mine')
codecs.register(s)
def result() -> str: return 'a'.encode('mine').decode()
""",
    "mimetypes": """
import mimetypes
mimetypes.add_type('a/«b → c»','.zzz')
def result() -> str: return str(mimetypes.guess_type('x.zzz'))
""",
    "struct/array byteorder pandas": """
import numpy as np
A=np.array([1],dtype='«<i4 → >i4»')
def result() -> str: return A.dtype.str
""",
    "np order": """
import numpy as np
A=np.asarray([[1,2],[3,4]],order='«C → F»')
def result() -> bool: return A.flags.c_contiguous
""",
    "np writeable": """
import numpy as np
A=np.array([1])
A.flags.writeable=«True → False»
def result() -> bool: return A.flags.writeable
""",
    "masked array": """
import numpy as np
A=np.ma.array([1,2],mask=[0,«0 → 1»])
def result() -> float: return float(A.sum())
""",
    "masked fill": """
import numpy as np
A=np.ma.array([1,2],mask=[0,1],fill_value=«8 → 9»)
def result() -> int: return int(A.filled()[1])
""",
    "np matrix vs array": """
import numpy as np
A=np.«array → matrix»([[1,2],[3,4]])
def result() -> str: return str(A*A)
""",
    "structured titles": """
import numpy as np
A=np.zeros(1,dtype=[(('«t → u»','a'),'i4')])
def result() -> str: return str(A.dtype.fields['a'])
""",
    "recarray": """
import numpy as np
A=np.zeros(1,dtype=[('a','i4')])«.view(np.recarray) → »
def result() -> str: return type(A).__name__
""",
    "object array shape": """
import numpy as np
A=np.array(['a','b'],dtype=object).reshape(«1,2 → 2,1»)
def result() -> tuple: return A.shape
""",
    "scipy explicit zero": """
import scipy.sparse as sp
A=sp.csr_matrix(([«1.0 → 0.0»],([0],[0])),shape=(1,1))
def result() -> int: return A.nnz+int(A.data.sum())
""",
    "sparse format": """
import scipy.sparse as sp
A=sp.eye(2,format='«csr → csc»')
def result() -> str: return A.format
""",
    "sparse sorted flag": """
import scipy.sparse as sp, numpy as np
A=sp.csr_matrix((np.array([1.,2.]),np.array(«[0,1] → [1,0]»),np.array([0,2])),shape=(1,2))
def result() -> list: return A.indices.tolist()
""",
    "index name": """
import pandas as pd
A=pd.DataFrame({'a':[1]},index=pd.Index([1],name='«x → y»'))
def result() -> str: return A.index.name
""",
    "columns name": """
import pandas as pd
A=pd.DataFrame({'a':[1]})
A.columns.name='«x → y»'
def result() -> str: return A.columns.name
""",
    "cat unused": """
import pandas as pd
A=pd.Series(pd.Categorical(['a'],categories=['a','«b → c»']))
def result() -> list: return A.cat.categories.tolist()
""",
    "cat ordered": """
import pandas as pd
A=pd.Series(pd.Categorical(['a'],ordered=«True → False»))
def result() -> bool: return bool(A.cat.ordered)
""",
    "unit": """
import pandas as pd
A=pd.Series(pd.to_datetime(['2020-01-01'])).dt.as_unit('«s → ns»')
def result() -> str: return str(A.dtype)
""",
    "attrs": """
import pandas as pd
A=pd.DataFrame({'a':[1]})
A.attrs['u']='«x → y»'
def result() -> str: return A.attrs['u']
""",
    "flags dup": """
import pandas as pd
A=pd.DataFrame({'a':[1]}).set_flags(allows_duplicate_labels=«True → False»)
def result() -> bool: return A.flags.allows_duplicate_labels
""",
    "interval closed": """
import pandas as pd
A=pd.interval_range(0,2,closed='«left → right»')
def result() -> str: return A.closed
""",
    "period freq": """
import pandas as pd
A=pd.period_range('2020','2021',freq='«Y → Q»')
def result() -> str: return A.freqstr
""",
    "sparse fill": """
import pandas as pd
A=pd.arrays.SparseArray([0,1],fill_value=«0 → 1»)
def result() -> str: return str(A.dtype)
""",
    "nullable": """
import pandas as pd
A=pd.Series([1],dtype='«int64 → Int64»')
def result() -> str: return str(A.dtype)
""",
    "str dtype na": """
import pandas as pd, numpy as np
A=pd.Series(['a'],dtype=pd.StringDtype(na_value=«np.nan → pd.NA»))
def result() -> str: return repr(A.dtype.na_value)
""",
    "str storage": """
import pandas as pd
A=pd.Series(['a'],dtype=pd.StringDtype('«python → pyarrow»'))
def result() -> str: return A.dtype.storage
""",
    "None vs nan": """
import pandas as pd
A=pd.Series([«None → float('nan')»],dtype=object)
def result() -> str: return repr(A[0])
""",
    "NaT vs NA": """
import pandas as pd
A=pd.Series([«pd.NaT → pd.NA»],dtype=object)
def result() -> str: return repr(A[0])
""",
    "-0.0": """
A=«0.0 → -0.0»
def result() -> str: return str(A)
""",
    "np -0.0": """
import numpy as np
A=np.array([«0.0 → -0.0»])
def result() -> str: return str(A[0])
""",
    "str subclass": """
class S(str): pass
A=«'a' → S('a')»
def result() -> str: return type(A).__name__
""",
    "bool vs int key": """
A={«1 → True»:'x'}
def result() -> str: return repr(next(iter(A)))
""",
    "set of tuples": """
A={(1,«2 → 3»)}
def result() -> list: return list(A)
""",
    "arrow decimal": """
import pandas as pd, pyarrow as pa
A=pd.Series([1,2],dtype=pd.ArrowDtype(pa.«int8 → int16»()))
def result() -> str: return str(A.dtype)
""",
    "arrow tz": """
import pandas as pd, pyarrow as pa
A=pd.Series([0],dtype=pd.ArrowDtype(pa.timestamp('s',tz='«UTC → Europe/Paris»')))
def result() -> str: return str(A.dtype)
""",
    "frame of object tuples": """
import pandas as pd
A=pd.DataFrame({'a':[(1,«2 → 3»)]})
def result() -> tuple: return A.a[0]
""",
    "estimator param function": """
from sklearn.preprocessing import FunctionTransformer
def f(x): return [[«1 → 2»]]
T=FunctionTransformer(f)
def result() -> list: return T.transform([[0]])
""",
    "estimator extra attribute": """
from sklearn.dummy import DummyClassifier
T=DummyClassifier()
T.extra=«1 → 2»
def result() -> int: return T.extra
""",
    "class method patched on own": """
class A:
    def f(s): return 0
A.f=lambda s: «1 → 2»
def result() -> int: return A().f()
""",
    "instance method patched": """
class A:
    def f(s): return 0
K=A()
K.f=lambda: «1 → 2»
def result() -> int: return K.f()
""",
    "__class__ changed": """
class A:
    def f(s): return 1
class B:
    def f(s): return 2
K=A()
K.__class__=«A → B»
def result() -> int: return K.f()
""",
    "two helpers one name": """
import t1, t2
def result() -> int: return t1.helper()+t2.helper()
# t1.py
def helper(): return 1
# t2.py
def helper(): return «1 → 2»
""",
    "getattr runtime name on installed": """
import fakelib
fakelib.W=«1 → 2»
NAME=''.join(['W'])
def result() -> int: return getattr(fakelib,NAME)
# site-packages/fakelib/__init__.py
A=1
# site-packages/fakelib.dist-info/METADATA
Name: fakelib
Version: 1.0
# site-packages/fakelib.dist-info/RECORD
fakelib/__init__.py,,
""",
    "inspect.getsource via attr": """
import inspect
G=inspect.getsource
def helper(): return 1 # «a → b»
def result() -> str: return G(helper)
""",
    "ast of file": """
import ast
def result() -> int: return len(ast.dump(ast.parse(open('d.py').read())))
# d.py
«a=1 → a=1;b=2»
""",
    "entry point of fake dist": """
from importlib.metadata import entry_points
def result() -> str: return [e.value for e in entry_points(group='mine')][0]
# site-packages/fakelib/__init__.py
A=1
# site-packages/fakelib.dist-info/METADATA
Name: fakelib
Version: 1.0
# site-packages/fakelib.dist-info/entry_points.txt
[mine]
a = fakelib:«A → B»
# site-packages/fakelib.dist-info/RECORD
fakelib/__init__.py,,
""",
    "version of fake dist": """
from importlib.metadata import version
def result() -> str: return version('fakelib')
# site-packages/fakelib/__init__.py
A=1
# site-packages/fakelib.dist-info/METADATA
Name: fakelib
Version: «1.0 → 2.0»
# site-packages/fakelib.dist-info/RECORD
fakelib/__init__.py,,
""",
    "async helper": """
import asyncio
async def h(): return «1 → 2»
def result() -> int: return asyncio.run(h())
""",
    "generator helper": """
def h(): yield «1 → 2»
def result() -> int: return next(h())
""",
    "thread helper": """
import threading
def result() -> int:
    o=[]
    t=threading.Thread(target=lambda:o.append(int(open('d.txt').read())))
    t.start();t.join()
    return o[0]
# d.txt
«1 → 2»
""",
    "executor reads": """
from concurrent.futures import ThreadPoolExecutor
def result() -> int:
    with ThreadPoolExecutor() as p: return p.submit(lambda:int(open('d.txt').read())).result()
# d.txt
«1 → 2»
""",
    "mp fork reads": """
import multiprocessing as mp
def read(x): return int(open('d.txt').read())
def result() -> int:
    with mp.get_context('fork').Pool(1) as p: return p.map(read,[1])[0]
# d.txt
«1 → 2»
""",
    "a module's names in a loop": """
import tools
def result() -> list: return [k for k in sorted(vars(tools)) if k.startswith('W_')]
# tools.py
W_a=1
W_«b → c»=2
""",
    "the statements of a module, imported inside for a constant": """
import fakelib
def result() -> int:
    from patches import ONE
    return fakelib.width() * ONE
# patches.py
import fakelib
ONE = 1
fakelib.WIDTH = «1 → 2»
""" + FAKELIB,
    "the statements of a package around a module": """
import fakelib
import pkg.inner
def result() -> int: return fakelib.width()
# pkg/__init__.py
import fakelib
fakelib.WIDTH = «1 → 2»
# pkg/inner.py
""" + FAKELIB,
    "a variable that only C reads": """
import os
import time
os.environ["TZ"] = "«UTC → Asia/Tokyo»"
time.tzset()
def result() -> str: return time.strftime("%H", time.struct_time((2020, 1, 1, 0, 0, 0, 0, 1, 0))) + str(time.timezone)
""",
    "a file that a cached helper read for another step": """
from functools import cache
@cache
def rate(): return float(open("rate.txt").read())
def rows() -> float: return rate()
def result(rows: float) -> float: return rate() * 2
# rate.txt
«1 → 2»
""",
    "a file that a cached helper read for a step beside": """
from functools import cache
@cache
def rate(): return float(open("rate.txt").read())
def raw() -> float: return rate()
def result() -> float: return rate() * 2
# rate.txt
«1 → 2»
""",
    "a file that a cached helper read when it was imported": """
from functools import cache
@cache
def rate(): return float(open("rate.txt").read())
rate()
def result() -> float: return rate() * 2
# rate.txt
«1 → 2»
""",
    "another name of the same type of numbers": """
import numpy as np
def raw() -> np.ndarray: return np.zeros(1, np.«int_ → longlong»)
def result(raw: np.ndarray) -> str: return str(raw.dtype.char)
""",
    "a hard mask": """
import numpy as np
def raw() -> np.ndarray: return np.ma.array([1, 2], mask=[0, 1], hard_mask=«False → True»)
def result(raw: np.ndarray) -> str: return str(raw.hardmask)
""",
    "an integer under a gap": """
import numpy as np
import pandas as pd
def raw() -> pd.Series: return pd.Series(pd.arrays.IntegerArray(np.array([1, «2 → 3»]), np.array([False, True])))
def result(raw: pd.Series) -> str: return str(raw.array._data)
""",
    "a truth value under a gap": """
import numpy as np
import pandas as pd
def raw() -> pd.DataFrame:
    return pd.DataFrame({'a': pd.arrays.BooleanArray(np.array([True, «True → False»]), np.array([False, True]))})
def result(raw: pd.DataFrame) -> str: return str(raw.a.array._data)
""",
    "the class of a column's UTC": """
from datetime import timezone
from zoneinfo import ZoneInfo
import pandas as pd
def raw() -> pd.DataFrame: return pd.DataFrame({'a': pd.to_datetime(['2020']).tz_localize(«timezone.utc → ZoneInfo('UTC')»)})
def result(raw: pd.DataFrame) -> str: return str(raw.a.dt.tz == timezone.utc)
""",
    "the class of an index's UTC": """
from datetime import timezone
from zoneinfo import ZoneInfo
import pandas as pd
def raw() -> pd.DataFrame: return pd.DataFrame({'a': [1]}, index=pd.DatetimeIndex(['2020'], tz=«timezone.utc → ZoneInfo('UTC')»))
def result(raw: pd.DataFrame) -> str: return str(repr(raw.index.tz))
""",
    "the class of a level's UTC": """
from datetime import timezone
from zoneinfo import ZoneInfo
import pandas as pd
def raw() -> pd.DataFrame:
    times = pd.DatetimeIndex(['2020'], tz=«timezone.utc → ZoneInfo('UTC')»)
    return pd.DataFrame({'a': [1]}, index=pd.MultiIndex.from_arrays([times, [1]]))
def result(raw: pd.DataFrame) -> str: return str(repr(raw.index.levels[0].tz))
""",
    "an attribute of a table": """
import pandas as pd
def raw() -> pd.DataFrame:
    table = pd.DataFrame({'a': [1]})
    object.__setattr__(table, 'unit', «1 → 2»)
    return table
def result(raw: pd.DataFrame) -> int: return raw.unit
""",
    "an attribute of an array": """
import numpy as np
class Lengths(np.ndarray): pass
def raw() -> np.ndarray:
    lengths = np.zeros(2).view(Lengths)
    lengths.unit = «1 → 2»
    return lengths
def result(raw: np.ndarray) -> int: return raw.unit
""",
    "what reads the metadata of a stored type": """
import numpy as np
def raw() -> np.ndarray: return np.zeros(1, np.dtype('i4', metadata={'unit': 'mm'}))
def result(raw: np.ndarray) -> str: return f"«1 → 2» {raw.dtype.metadata}"
""",
    "what reads the letter of a stored type": """
import numpy as np
import pandas as pd
def raw() -> pd.DataFrame: return pd.DataFrame({'a': np.zeros(1, np.longlong)})
def result(raw: pd.DataFrame) -> str: return f"«1 → 2» {raw.a.dtype.char}"
""",
    "a step that sets the first day of the week": """
import calendar
def raw() -> int:
    calendar.setfirstweekday(«0 → 6»)
    return 1
def result(raw: int) -> str: return calendar.month(2020, 1)
""",
    "a step that makes an error of each warning": """
import warnings
def warned() -> str:
    try: warnings.warn("x")
    except UserWarning: return "raised"
    return "warned"
def raw() -> int:
    warnings.simplefilter("«ignore → error»")
    return 1
def result(raw: int) -> str: return warned()
""",
    "a step that gives a class of a package another attribute": """
from fakelib import Reader
def raw() -> int:
    Reader.unit = «1 → 2»
    return 1
def result(raw: int) -> int: return Reader.unit
# site-packages/fakelib/__init__.py
class Reader: pass
# site-packages/fakelib.dist-info/METADATA
Name: fakelib
Version: 1.0
# site-packages/fakelib.dist-info/RECORD
fakelib/__init__.py,,
""",
    "a module that only a text names": """
import pydoc
def result() -> int: return pydoc.locate("tools.answer")()
# tools.py
def answer(): return «1 → 2»
""",
    "a class that only a pickle names": """
import pandas as pd
def result() -> int: return pd.read_pickle("model.pkl").answer()
# tools.py
class Model:
    def answer(self): return «1 → 2»
# model.pkl
ctools
Model
(tR.
""",
    "the data of an installed package": """
from importlib.resources import files
def result() -> str: return (files("fakelib") / "unit.txt").read_text()
# site-packages/fakelib/unit.txt
«1 → 2»
""" + FAKELIB,
    "a default of a data class that is made by a call": """
import dataclasses
Length = dataclasses.make_dataclass("Length", [("unit", int, «1 → 2»)])
def result() -> int: return Length().unit
""",
    "a file that is read under a second name": """
import os
def result() -> str:
    os.link("a.txt", "b.txt")
    try: return open("b.txt").read()
    finally: os.remove("b.txt")
# a.txt
«1 → 2»
""",
    "a file that decides about the statements of a module": """
import calendar
import json
calendar.setfirstweekday(json.load(open("calendar.json"))["first"])
def result() -> str: return calendar.weekheader(3)
# calendar.json
{"first": «0 → 6»}
""",
    "a class that a package is told of": """
import yaml
import units
def result() -> str: return yaml.load("!unit {width: 1}", Loader=yaml.Loader).show()
# units.py
import yaml
class Unit(yaml.YAMLObject):
    yaml_tag = "!unit"
    def show(self): return f"{self.width}«cm → mm»"
""",
    "a class that claims the module of a package": """
Unit = type("Unit", (), {"__module__": "numpy", "size": «1 → 2»})
def result() -> int: return Unit.size
""",
    "a module that lists its names by a function of its own": """
import units
def result() -> list: return dir(units)
# units.py
def __dir__(): return ["«cm → mm»"]
""",
    "the line of a warning": """
import warnings
« → SPARE = 1

»
def result() -> int:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        warnings.warn("again")
    return found[0].lineno
""",
    "the first line of a function": """
« → SPARE = 1

»
def helper(): pass
def result() -> int: return helper.__code__.co_firstlineno
""",
    "the order in which a set of numbers was filled": """
SIZES = {«8, 0 → 0, 8»}
def result() -> list: return [*SIZES]
""",
}
