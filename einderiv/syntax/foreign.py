"""Pieces of other notations - LaTeX, einsum strings, NumPy, matrices - and what to write instead."""

from __future__ import annotations

import re
import unicodedata

from einderiv.syntax.vocabulary import AXIS_FUNCTIONS, FUNCTIONS, IN_INDICES, OTHER_SPELLINGS, REDUCTIONS

_LATEX_COMMAND = re.compile(r"\\([A-Za-z]+)")
_LATEX = {
    "sum": "Σ", "partial": "∂", "nabla": "∂L/∂x_i", "cdot": "*", "times": "*", "odot": "*", "circ": "*", "in": "∈",
    "left": "(", "right": ")", "frac": "a / b", "dfrac": "a / b", "varepsilon": "ε", "le": "<=", "leq": "<=",
    "ge": ">=", "geq": ">=", "ne": "!=", "neq": "!=", "prod": "prod_i(...)", "mathbb": "R", "top": "W_ji",
    "ln": "log",
}  # fmt: skip
_MODULES = re.compile(r"\b(?:np|numpy|jnp|jax|torch|math|scipy|tf|F)(?:\.\w+)*\.(\w+)")
_OPERANDS = re.compile(r"\s*+[A-Za-z]*+\s*+(?:,\s*+[A-Za-z]*+\s*+)*+->\s*+[A-Za-z]*+\s*+\Z")
_FROM_TO = re.compile(r"([^\W\d_]+)_\{\s*([^\W\d_])\s*=\s*\w+\s*\.\.")
_METHOD = re.compile(r"([^\W_]{1,30})\.(\w{1,30})\(")
_OPERATOR = re.compile(r"[d∂] ?/ ?[d∂] ?([^\W_]{1,30}(?:_[^\W_]{1,30})?) ?(\([^()\n]{1,60}\)|[^\s()]{1,30})")
_SHOWN = 70  # characters of a line that a hint repeats


def converting(line: str, what: str) -> str:
    """The hint that a command translates a line of another notation."""
    line = line.partition("#")[0].strip()
    if len(line) > _SHOWN or '"' in line or not line.isprintable() or "`" in line or "$" in line:
        return f"`einderiv convert` translates {what}"
    return f'`einderiv convert "{line}"` translates {what}'


def line_of(text: str, place: int) -> str:
    """The line of a text that a place is in."""
    start = max(text.rfind("\n", 0, place), text.rfind("\r", 0, place)) + 1
    ends = [end for end in (text.find("\n", place), text.find("\r", place)) if end >= 0]
    return text[start : min(ends, default=len(text))]


def of_backslash(text: str, place: int) -> list[str]:
    r"""`\sum_i`, `\frac{1}{2}`: the sign that a command of LaTeX stands for."""
    command = _LATEX_COMMAND.match(text, place)
    if command is None:
        return ["a statement goes on over the end of its line inside brackets and after an operator"]
    written = _LATEX.get(command[1]) or _greek(command[1]) or (command[1] if command[1] in FUNCTIONS else "")
    helps = [f"write `{written}` for `{command[0]}`"] if written else []
    return [*helps, converting(line_of(text, place), "LaTeX")]


def _greek(name: str) -> str:
    """The letter of `alpha` or `Gamma`, or nothing."""
    case = "CAPITAL" if name[0].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {case} LETTER {name.upper().replace('LAMBDA', 'LAMDA')}")
    except KeyError:
        return ""


def of_dot(text: str, place: int) -> list[str]:
    """`np.exp(x_i)`, `model.ein`: what a dot is for elsewhere."""
    line = line_of(text, place)
    if re.fullmatch(r"\s*[\w./\\~-]*\.ein\s*", line):
        return [f'this reads a text; for a file write `einderiv.load("{line.strip()}")`']
    module = next((each for each in _MODULES.finditer(text, max(place - 40, 0), place + 60)
                   if each.start() <= place < each.end()), None)  # fmt: skip
    if module is not None and module[1] == "einsum":
        return of_einsum(line)
    if module is not None:
        known = OTHER_SPELLINGS.get(module[1], module[1])
        if module[1] in IN_INDICES:
            return [f"indices say what is multiplied: write `{IN_INDICES[module[1]].format('A', 'B')}`"]
        return [f"functions stand alone: write `{known}`"] if known in FUNCTIONS else ["functions stand alone: `exp`"]
    method = _METHOD.search(text, max(place - 40, 0), place + 40)
    if method is not None and method.start() <= place < method.end():
        name, word = method.groups()
        if word in REDUCTIONS | AXIS_FUNCTIONS:
            return [f"functions stand before what they take: write `{word}_i({name}_i)`"]
        if word in FUNCTIONS or word in IN_INDICES:
            written = IN_INDICES.get(word, f"{word}({{0}}_i)").format(name, "B")
            return [f"functions stand before what they take: write `{written}`"]
    bounds = _FROM_TO.search(line)
    if bounds is None and ".." in line:
        return ["an index runs over its whole axis, whose length an array gives, or `index i: 3`"]
    if bounds is not None:
        return [f"an index runs over its whole axis: write `{bounds[1]}_{bounds[2]}`"]
    return ["names have no dots; numbers have a digit on both sides of the point: `0.5`, `1.0`"]


def operator(text: str, place: int) -> list[str]:
    """The derivative for `d/dx (x^2)` and `∂/∂x_i L`, or nothing."""
    match = _OPERATOR.match(text, place)
    return [f"what is differentiated stands on top: write `∂{match[2]}/∂{match[1]}`"] if match else []


def of_einsum(line: str) -> list[str]:
    """`einsum('ij,j->i', W, x)`: what it is as an equation."""
    call = line.partition("=")[2].strip() or line
    return ["write the product itself: `y_i = W_ij x_j`", converting(call.replace('"', "'"), "einsum strings")]


def is_einsum(line: str) -> bool:
    """Whether a line is nothing but `ij,j->i`."""
    return _OPERANDS.match(line.partition("#")[0]) is not None


def of_at(text: str, place: int) -> list[str]:
    """`W_ij @ x_j`, `W @ x`: a product of matrices."""
    left = re.search(r"([^\W\d_][^\W_]*_[^\W_]+)\s*\Z", text[max(place - 60, 0) : place])
    right = re.compile(r"\s*([^\W\d_][^\W_]*_[^\W_]+)").match(text, place + 1)
    if left is not None and right is not None:
        return [f"factors that share an index are contracted: write `{left[1]} {right[1]}`"]
    return ["a matrix product is `A_ik B_kj`, a matrix times a vector `A_ij x_j`",
            converting(line_of(text, place), "matrix notation")]  # fmt: skip
