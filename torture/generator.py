"""Makes programs at random: definitions of `grammar.py` in several modules that use each other, and steps that use them."""

import re
from dataclasses import dataclass, field
from textwrap import indent

from .grammar import CHANGES, DEFINITIONS, EXPRESSIONS, IMPORTS, INPUTS, KINDS, PACKAGE, STEPS, productions

MODULES = "pkg/__init__.py pkg/low.py pkg/sub/__init__.py pkg/sub/deep.py pkg/mid.py tools.py rules.py steps.py".split()
NAMES = ["raw", "rows", "features", "train", "model", "scores"]  # of steps
WORDS = ["petal", "sepal", "stem", "leaf", "root", "bud", "thorn", "moss", "fern", "bark"]
INTEGERS = [0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9]
ALL = [*productions(DEFINITIONS)]
STEP_BODIES = {kind: [*productions(text)] for kind, text in STEPS.items()}


@dataclass
class Definition:
    """What a production became: where it stands, and how it is used."""

    name: str
    module: str
    uses: list[str]
    word: str
    only_inside: bool
    times: int = 0  # that it is used
    reference: str = ""  # its name in another module
    kind: str = ""  # one of `CHANGES`


@dataclass
class Program:
    """The files of a project by their paths; `environment` holds the environment variables."""

    files: dict[str, str]
    names: list[str]  # of its definitions
    times: dict[str, int] = field(default_factory=dict)  # file -> its time of modification, if it is not the usual one

    @property
    def modules(self):
        """The project's own code."""
        return sorted(path for path in self.files if path.endswith(".py") and "site-packages" not in path)

    @property
    def data(self):
        """The other files that a program reads."""
        return sorted(path for path in self.files if not path.endswith(".py") and "site-packages" not in path)

    def with_file(self, path, text):
        """The program with another text in a file; None removes it."""
        files = {**self.files, path: text}
        return Program({path: text for path, text in files.items() if text is not None}, self.names, self.times)


class Maker:
    """Makes a program: definitions from the bottom up, and steps that use what nothing else uses yet."""

    def __init__(self, choose):
        self.choose = choose
        self.imports = {module: {} for module in MODULES}  # module -> lines, in their order
        self.paragraphs = {module: [] for module in MODULES}
        self.exported = []  # what a package passes on
        self.definitions, self.files = [], {}
        self.known = ALL if choose.random() < 0.5 else [each for each in ALL if not each.only_inside]

    def program(self):
        """Make a program."""
        count = self.choose.randint(4, 12)
        for module in sorted(self.choose.choices(MODULES, k=count), key=MODULES.index):
            self.define(module)
            if self.choose.random() < 0.2:
                self.change(module)
        self.steps(self.choose.randint(2, 5))
        settings = {"iris.toml": f'record = false\nseed = {self.choose.randint(0, 9)}\ntarget = "{self.choose.choice(WORDS)}"\n'}
        modules = {module: self.text(module) for module in MODULES}
        return Program(PACKAGE | modules | self.files | settings, [each.name for each in self.definitions])

    def text(self, module):
        """The text of a module, with what it imports."""
        body = "\n\n".join(self.paragraphs[module])
        names = set(re.findall(r"\b[A-Za-z_]\w*", body))
        lines = [*sorted({IMPORTS[name] for name in names & {*IMPORTS}}), *self.imports[module]]
        passed_on = self.exported if module == "pkg/__init__.py" else []
        return "\n\n".join(filter(None, ["\n".join(lines), body, "\n".join(passed_on)])) + "\n"

    def define(self, module):
        """Add a definition to a module."""
        made = self.choose.choice(self.known)
        name = f"{self.choose.choice(WORDS)}{len(self.definitions)}"
        kind = next((kind for start, kind in KINDS.items() if made.text.startswith(start)), "")
        definition = Definition(name, module, made.uses, self.choose.choice(WORDS), made.only_inside, kind=kind)
        self.paragraphs[module].append(self.filled(made.text, definition))
        here = module.rpartition("/")[0]
        for path, text in made.files.items():
            path = path.replace("HERE/", f"{here}/" if here else "")
            self.files[self.filled(path, definition)] = self.files.get(path, "") + self.filled(text, definition)
        self.definitions.append(definition)

    def change(self, module):
        """Add a statement that changes an earlier definition, maybe of another module."""
        known = [each for each in self.definitions if each.kind]
        if not known:
            return
        other = self.choose.choice(known)
        text = self.choose.choice(CHANGES[other.kind].strip("\n").split("\n\n"))
        dotted = other.module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if "HOME" in text:
            if other.module == module:
                return
            self.imports[module][f"import {dotted}"] = True
        at = Definition(f"{other.name}{self.choose.choice('xyz')}", module, [other.name], self.choose.choice(WORDS), False)
        text = text.replace("OTHER_", f"{at.name}_").replace("HOME", dotted).replace("LAST", other.name)
        self.paragraphs[module].append(self.filled(text.replace("OTHER", self.reference(other, module, None)), at))

    def filled(self, text, at, inputs=(), depth=0):
        """A production with all that its placeholders stand for, at the place of a definition."""
        inside, lines = "INSIDE" in text, []
        named = re.sub('(["\'.])NAME', rf"\1{at.name}", text).replace("NAME", at.reference or at.name).replace("WORD", at.word)
        named = re.sub(r"<([^<>\n ]+\|[^<>\n ]+)>", lambda found: self.choose.choice(found[1].split("|")), named)

        def piece(found):
            match found[0]:
                case "INT":
                    return str(self.choose.choice(INTEGERS))
                case "POS":
                    return str(self.choose.randint(1, 9))
                case "OP":
                    return self.choose.choice(["+", "-", "*", "+", "-", "*", "^", "|"])
                case "CMP":
                    return self.choose.choice(["<", "<=", ">", ">=", "==", "!="])
                case "IN":
                    return self.choose.choice(inputs)
                case "NOW":
                    return self.expression(at, depth, is_now=True)
                case _:
                    return self.expression(at, depth, lines=lines if inside else None)

        text = re.sub(r"INT|POS|\bOP\b|\bCMP\b|\bIN\b|\bNOW\b|\bEXPR\b", piece, named)
        return re.sub(r"^( *)INSIDE\n", lambda found: "".join(f"{found[1]}{line}\n" for line in lines), text, flags=re.MULTILINE)

    def expression(self, at, depth=0, is_now=False, lines=None):
        """An expression: a number, a use of a definition, or one of several of these."""
        chance = self.choose.random()
        known = [each for each in self.definitions if not (is_now and each.only_inside)]
        if known and depth < 4 and chance < 0.65:
            return self.use(self.wanted(known), at, depth, is_now, lines)
        if depth < 3 and chance < 0.85:
            form = self.choose.choice(EXPRESSIONS)
            here = Definition(at.name, at.module, [], self.choose.choice(WORDS), False)
            text = self.filled(form.replace("EXPR", "NOW") if is_now else form, here, depth=depth + 1)
            at.only_inside |= here.only_inside
            return text
        return str(self.choose.choice(INTEGERS))

    def wanted(self, known):
        """A definition that few others use yet."""
        fewest = min(each.times for each in known)
        chosen = self.choose.choice([each for each in known if each.times == fewest] if self.choose.random() < 0.8 else known)
        chosen.times += 1
        return chosen

    def use(self, used, at, depth, is_now, lines):
        """An expression that uses a definition."""
        at.only_inside |= used.only_inside
        use = self.choose.choice(used.uses)
        place = Definition(used.name, at.module, [], used.word, False, reference=self.reference(used, at.module, lines))
        text = self.filled(use.replace("EXPR", "NOW") if is_now else use, place, depth=depth + 1)
        at.only_inside |= place.only_inside
        return f"({text})"

    def reference(self, used, module, lines):
        """The name of a definition in another module, which imports it in one of many ways."""
        if used.module == module:
            return used.name
        path = used.module.removesuffix(".py").removesuffix("/__init__")
        dotted, here = path.replace("/", "."), module.rpartition("/")[0]
        name, alias = used.name, f"{used.name}{self.choose.choice('abc')}"
        ways = [
            (f"from {dotted} import {name}", name),
            (f"from {dotted} import {name} as {alias}", alias),
            (f"import {dotted}", f"{dotted}.{name}"),
            (f"import {dotted} as {path.rpartition('/')[2]}_", f"{path.rpartition('/')[2]}_.{name}"),
            (f"import {dotted}", f"getattr({dotted}, '{name}')"),
            (f"import {dotted}", f"vars({dotted})['{name}']"),
            (f"from {dotted} import *", name),
        ]
        if here == path:
            ways += [(f"from . import {name}", name), (f"from . import {name} as {alias}", alias)]
        elif here and used.module.startswith(f"{here}/"):
            inner = path.removeprefix(f"{here}/").replace("/", ".")
            ways += [(f"from .{inner} import {name}", name), (f"from .{inner} import {name} as {alias}", alias)]
        elif here == "pkg/sub" and path not in ("pkg", "pkg/sub"):
            inner = path.removeprefix("pkg/").replace("/", ".")
            ways += [(f"from ..{inner} import {name}", name), (f"from .. import {inner}", f"{inner}.{name}")]
        elif not here and path.startswith("pkg/"):
            ways += [(f"from pkg import {name}", name), ("import pkg as p", f"p.{name}")]
        line, text = self.choose.choice(ways)
        if line in (f"from pkg import {name}", "import pkg as p") and path != "pkg":
            passed_on = f"from .{path.removeprefix('pkg/').replace('/', '.')} import {name}"
            self.exported += [passed_on] if passed_on not in self.exported else []
        if lines is not None and "*" not in line and self.choose.random() < 0.6:
            lines += [line] if line not in lines else []
        else:
            self.imports[module][line] = True
        return text

    def steps(self, count):
        """Add the steps: each asks for some of those above it, the last for all that none has asked for."""
        kinds, asked = {}, set()
        for name in [*NAMES[: count - 1], "result"]:
            kind = self.choose.choice(["int", "str", "dict"] if name == "result" else ["int", "int", "int", *STEP_BODIES])
            needs = self.choose.sample(sorted(kinds), min(len(kinds), self.choose.choice([0, 1, 1, 2])))
            if name == "result":
                needs = sorted({*kinds} - asked)
            asked |= {*needs}
            arguments = {need: kinds[need] for need in needs}
            if self.choose.random() < 0.25:
                arguments |= self.choose.choice([{"seed": "int"}, {"target": "str"}])
            self.paragraphs["steps.py"] += self.step(name, kind, arguments)
            kinds[name] = kind

    def step(self, name, kind, arguments):
        """The paragraphs of a step."""
        made = self.choose.choice(STEP_BODIES[kind])
        at = Definition(f"{name}_", "steps.py", [], self.choose.choice(WORDS), False)
        chosen = [(each, self.choose.choice(INPUTS.get(each, INPUTS.get(of)).splitlines())) for each, of in arguments.items()]
        values = [f"({text.replace('ARG', each)})" for each, text in chosen]
        unused = [each for each in self.definitions if not each.times][: self.choose.randint(1, 4)]
        for each in unused:
            each.times += 1
        lines = []
        values += [self.use(each, at, 1, False, lines) for each in unused]
        number = f"({' OP '.join(values)})" if values else "INT"
        before = [self.filled(text.rstrip("\n"), at) for path, text in made.files.items() if path == "before"]
        self.files |= {path: text for path, text in made.files.items() if path != "before"}
        body = "\n".join([*lines, self.filled(re.sub(r"\bIN\b", lambda _: number, made.text), at)])
        signature = ", ".join(f"{each}: {f'{each}_Model' if of == 'object' else of}" for each, of in arguments.items())
        gives = f"{at.name}Model" if kind == "object" else kind
        return [*before, f"def {name}({signature}) -> {gives}:\n{indent(body, '    ')}"]
