"""Predicates in three states: true for a breach, false, unknown where a column is missing.

A comparison with a missing value is unknown, also ``!=`` and ``not in``; ``and``, ``or``, ``not``
follow Kleene, so that a known part decides where it can. Only ``isna``, ``notna`` and ``fillna``
see that a value is missing. Unknown is no breach.
"""

import ast
import io
import operator
import re
import tokenize
from collections.abc import Mapping
from functools import lru_cache, reduce
from typing import Any

import numpy as np
import pandas as pd

from jingde_core.model.naming import unknown_name

_WORDS = {"&": "and", "|": "or", "~": "not"}
_ASKS = ("isna", "notna", "fillna")


def truth(predicate: str, columns: Mapping[str, Any]) -> "pd.Series[Any]":
    """State of each row (判定): true, false, or NA where it is unknown.

    Parameters
    ----------
    predicate : str
        As `DataFrame.eval` reads it: comparisons, arithmetic, ``in [...]``, methods of columns;
        ``&``, ``|``, ``~`` bind as ``and``, ``or``, ``not``; ``@name`` is a parameter.
    columns : mapping
        Columns by name (one Series a column, the same index) and parameters by ``@name``.

    Raises
    ------
    KeyError
        for a name that is neither; the close ones are listed.
    SyntaxError, TypeError, ValueError
        for what is no expression, or not true or false.

    Examples
    --------
    >>> from pandas import Series
    >>> home = {"age": Series([15.0, None]), "post": Series(["ranger", "ranger"]), "@least": 18}
    >>> truth("age < @least", home).tolist()
    [True, <NA>]
    >>> truth("age.isna() | post != 'ranger'", home).tolist()
    [False, True]
    """
    return _truth(_tree(predicate), {name.replace("@", "at_"): columns[name] for name in columns})


def value(expression: str | ast.expr, columns: Mapping[str, Any]) -> Any:
    """Value of an expression of columns (计算值): arithmetic and methods, as Python reads it."""
    tree = ast.parse(expression, mode="eval").body if isinstance(expression, str) else expression
    code = compile(ast.Expression(tree), "expression", "eval")
    return eval(code, {"__builtins__": {}}, dict(columns))


@lru_cache(maxsize=1024)
def _tree(predicate: str) -> ast.expr:
    text = re.sub(r"@(\w+)", r"at_\1", predicate.strip())
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    words = (_WORDS.get(token.string, token.string) for token in tokens)
    return ast.parse(" ".join(words).strip(), mode="eval").body


def _truth(node: ast.expr, columns: Mapping[str, Any]) -> "pd.Series[Any]":
    if isinstance(node, ast.BoolOp):
        join = operator.and_ if isinstance(node.op, ast.And) else operator.or_
        return reduce(join, [_truth(part, columns) for part in node.values])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ~_truth(node.operand, columns)
    walked = list(ast.walk(node))
    names = {part.id for part in walked if isinstance(part, ast.Name)}
    for name in sorted(names - columns.keys()):
        raise KeyError(unknown_name(name, columns))
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
        listed = value(node.left, columns).isin(value(node.comparators[0], columns))
        found = listed ^ isinstance(node.ops[0], ast.NotIn)
    else:
        found = value(node, columns)
    missing = np.zeros(len(found), dtype=bool)
    asking = [part for part in walked if isinstance(part, ast.Attribute) and part.attr in _ASKS]
    for name in names - {ast.unparse(part.value) for part in asking}:
        missing |= np.asarray(pd.isna(columns[name]))
    state: pd.Series[Any] = found.astype("boolean")
    return state.mask(missing)
