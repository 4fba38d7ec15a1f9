"""A published formula is a line of arithmetic over named numbers, evaluated in decimal, never in floating point.

Allowed: numbers, names, `+ - * /`, brackets, `min(…)` and `max(…)`. The text itself is part of a method's content
hash, so
anybody can read and recompute what the code computes.
"""

import ast
from collections.abc import Mapping
from decimal import Context, Decimal, localcontext
from functools import lru_cache

CHARS_MAX = 300
DIGITS = 50  # of intermediate results; inputs are bounded by their method


class FormulaBroken(ValueError):
    """The text is no formula of ours."""


@lru_cache(maxsize=512)
def parse(text: str) -> ast.expr:
    """The checked expression; raises `FormulaBroken`."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise FormulaBroken(text) from error
    if len(text) > CHARS_MAX:
        raise FormulaBroken(text)
    for node in ast.walk(tree):
        _check(node)
    return tree


def _check(node: ast.AST) -> None:
    if isinstance(node, ast.Constant) and type(node.value) not in (int, float):
        raise FormulaBroken(repr(node.value))
    if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in ("min", "max")):
        raise FormulaBroken(ast.dump(node))
    arithmetic = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.USub)
    known = (ast.BinOp, ast.UnaryOp, ast.Name, ast.Load, ast.Constant, ast.Call, *arithmetic)
    if not isinstance(node, known):
        raise FormulaBroken(ast.dump(node))


def names(text: str) -> frozenset[str]:
    """The names a formula needs."""
    return frozenset(n.id for n in ast.walk(parse(text)) if isinstance(n, ast.Name)) - {"min", "max"}


def evaluate(text: str, values: Mapping[str, Decimal]) -> Decimal:
    """The exact value, or one of `DIGITS` digits where a division does not end. Raises KeyError for a missing name."""
    with localcontext(Context(prec=DIGITS)):
        return _value(parse(text), values)


def _value(node: ast.expr, values: Mapping[str, Decimal]) -> Decimal:
    match node:
        case ast.Constant(value=value):
            return Decimal(str(value))
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(operand=operand):
            return -_value(operand, values)
        case ast.Call(func=ast.Name(id=name), args=args):
            chosen = [_value(arg, values) for arg in args]
            return min(chosen) if name == "min" else max(chosen)
        case ast.BinOp(left=left, op=op, right=right):
            return _combined(_value(left, values), op, _value(right, values))
    raise FormulaBroken(ast.dump(node))


def _combined(left: Decimal, op: ast.operator, right: Decimal) -> Decimal:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
    return left / right
