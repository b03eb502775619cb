"""``DataFrame.query`` for comparisons and arithmetic, without the names and attributes pandas would evaluate."""

import ast

import pandas as pd

from sandbox.policy import Refused

ALLOWED = (
    ast.Expression,
    ast.BoolOp,
    ast.BinOp,
    ast.UnaryOp,
    ast.Compare,
    ast.Name,
    ast.Constant,
    ast.List,
    ast.Tuple,
    ast.boolop,
    ast.operator,
    ast.unaryop,
    ast.cmpop,
    ast.expr_context,
)


def safe_query(frame: pd.DataFrame, expression: str) -> pd.DataFrame:
    """Select the rows for which an expression of columns, constants, comparisons, arithmetic, and/or/not holds.

    Parameters
    ----------
    frame : DataFrame
    expression : str
        No calls, attributes, backticks or ``@``.

    Raises
    ------
    Refused
        If there is more in it.
    """
    mend = "query: columns, constants, comparisons, arithmetic and and/or/not only; use df[df.x > 0] for more"
    if type(expression) is not str:
        raise Refused(mend)
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except SyntaxError:
        raise Refused(mend) from None
    for node in ast.walk(tree):
        private = isinstance(node, ast.Name) and node.id.startswith("_")
        if private or not isinstance(node, ALLOWED) or isinstance(node, ast.MatMult):
            raise Refused(mend)
    return frame.query(expression.strip(), engine="python", local_dict={}, global_dict={})
