"""The language of the sandbox: RestrictedPython's compiler with its guards where they matter.

Attribute reads and writes go through `sandbox.guards`; items, iteration and
unpacking are left native, since nothing dangerous can be reached through them.
What RestrictedPython refuses and people write is given back: augmented
assignment, annotations, `nonlocal`, the harmless special methods, `_private`
names. What C code would read past every guard stays refused: `match`, `except*`, async.

This is the polite layer. It is no wall: the operating system is.
"""

# ruff: noqa: N802 (the names of the visitors are those of the syntax tree)
import ast
from types import CodeType
from typing import Any

from RestrictedPython.transformer import INSPECT_ATTRIBUTES, RestrictingNodeTransformer

FILENAME = "<code>"
SPECIAL_METHODS = frozenset(
    f"__{name}__"
    for name in [
        "init",
        "post_init",
        "repr",
        "str",
        "len",
        "iter",
        "next",
        "contains",
        "bool",
        "hash",
        "call",
        "enter",
        "exit",
        "getitem",
        "setitem",
        "delitem",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "add",
        "radd",
        "iadd",
        "sub",
        "rsub",
        "isub",
        "mul",
        "rmul",
        "imul",
        "truediv",
        "rtruediv",
        "floordiv",
        "mod",
        "pow",
        "matmul",
        "neg",
        "pos",
        "abs",
        "int",
        "float",
        "index",
        "round",
    ]
)
READABLE = frozenset({"__init__", "__name__"})  # the guard decides on whom


class Refused(Exception):
    """The code uses something that the sandbox does not run. Its text says what to do instead."""


def compile_program(code: str) -> CodeType:
    """Compile untrusted source to guarded byte code.

    Parameters
    ----------
    code : str
        Source, a byte-order mark in front allowed.

    Raises
    ------
    SyntaxError
        If it is not Python.
    Refused
        If it uses what the sandbox does not run; the first mistake, with its line.
    """
    tree = ast.parse(code.removeprefix("\ufeff"), FILENAME)
    errors: list[str] = []
    guarded = Policy(errors).visit(tree)
    if errors:
        raise Refused(errors[0][0].lower() + errors[0][1:])
    return compile(ast.fix_missing_locations(guarded), FILENAME, "exec", dont_inherit=True)


class Policy(RestrictingNodeTransformer):  # type: ignore[misc]
    """Rewrites a program so that every attribute it touches passes a guard."""

    def error(self, node: ast.AST, info: str) -> None:
        """Keep one mistake, with its line."""
        self.errors.append(f"line {getattr(node, 'lineno', 1)}: {info.removeprefix('Line None: ')}")

    def not_allowed(self, node: ast.AST) -> None:
        """Refuse a kind of statement."""
        self.error(node, f"{type(node).__name__} statements are not allowed in the sandbox; write it another way")

    def check_name(self, node: ast.AST, name: str | None, allow_magic_methods: bool = False) -> None:
        """Refuse names of guards and of the interpreter; `_private` ones are fine."""
        if name is None or (allow_magic_methods and name in SPECIAL_METHODS):
            return
        if name.startswith("__") or (name.startswith("_") and name.endswith("_") and name != "_"):
            self.error(node, f"the name '{name}' is not allowed in the sandbox; choose one without the underscores")
        elif name in ("print", "breakpoint") and not isinstance(node, ast.Name):
            self.error(node, f"'{name}' cannot be redefined in the sandbox; choose another name")

    def visit_Module(self, node: ast.Module) -> Any:
        """Guard everything; show the value of a last bare expression."""
        guarded = self.node_contents_visit(node)
        last = guarded.body[-1] if guarded.body else None
        if isinstance(last, ast.Expr):
            last.value = ast.copy_location(self._call("_show_", last.value), last.value)
        return guarded

    def visit_Name(self, node: ast.Name) -> Any:
        """Check a name, and leave it as it is: print is a plain function here."""
        if isinstance(node.ctx, ast.Load):
            self.check_name(node, node.id)
        elif node.id in ("print", "breakpoint"):
            self.error(node, f"'{node.id}' cannot be redefined in the sandbox; choose another name")
        else:
            self.check_name(node, node.id)
        return self.node_contents_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        """Rewrite ``a.b`` as ``_getattr_(a, "b")``, and ``a.b = c`` as ``_write_(a).b = c``."""
        reading = isinstance(node.ctx, ast.Load)
        if (node.attr.startswith("__") and not (reading and node.attr in READABLE)) or node.attr in INSPECT_ATTRIBUTES:
            self.error(node, f"the attribute '{node.attr}' is not allowed in the sandbox")
        node = self.node_contents_visit(node)
        if reading:
            return ast.copy_location(self._call("_getattr_", node.value, ast.Constant(node.attr)), node)
        node.value = ast.copy_location(self._call("_write_", node.value), node.value)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        """Rewrite ``a.b += c`` as ``_slot_(a, "b").value += c``, whose `value` is guarded both ways; the rest is native."""
        if not isinstance(node.target, ast.Attribute):
            return self.node_contents_visit(node)
        self.visit_Attribute(ast.copy_location(ast.Attribute(ast.Constant(0), node.target.attr, ast.Store()), node.target))
        slot = self._call("_slot_", self.visit(node.target.value), ast.Constant(node.target.attr))
        target = ast.copy_location(ast.Attribute(slot, "value", ast.Store()), node.target)
        return ast.copy_location(ast.AugAssign(target, node.op, self.visit(node.value)), node)

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        """Let the guard make the class: it knows what a class may inherit from."""
        self.check_name(node, node.name)
        if node.keywords:
            self.error(node, "a class takes no keywords (metaclass=...) in the sandbox; leave them out")
        node = self.node_contents_visit(node)
        node.keywords = [ast.keyword("metaclass", ast.Name("__metaclass__", ast.Load()))]
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> Any:
        """Check the names of a `nonlocal`, which is harmless then."""
        return self.visit_Global(node)

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> Any:
        """Check the names of a `global`, which is harmless then."""
        for name in node.names:
            self.check_name(node, name)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        """Check the names of a function and of its arguments; print needs no collector."""
        self.check_name(node, node.name, allow_magic_methods=True)
        self.check_function_argument_names(node)
        return self.node_contents_visit(node)

    def _call(self, guard: str, *arguments: ast.expr) -> ast.Call:
        return ast.Call(ast.Name(guard, ast.Load()), list(arguments), [])


def _native(self: Policy, node: ast.AST) -> Any:
    return self.node_contents_visit(node)


COMPREHENSIONS = ("ListComp", "SetComp", "DictComp", "GeneratorExp", "comprehension")
for _kind in ("Subscript", "Assign", "AnnAssign", "Call", "For", "With", *COMPREHENSIONS):
    setattr(Policy, f"visit_{_kind}", _native)
