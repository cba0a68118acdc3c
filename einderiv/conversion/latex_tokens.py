r"""LaTeX → tokens: groups get their braces, names and subscripts are one token each.

`\frac12 W_{ij}^{(1)}` is FRAC { 1 } { 2 } NAME(W1) SUBSCRIPT(_ij).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lark import Token

from einderiv.conversion.latex_groups import check_braces, closing, spelled_in
from einderiv.conversion.latex_names import ACCENTS, FUNCTIONS, GREEK, STYLES, accented, subscript_of
from einderiv.conversion.naming import Names
from einderiv.conversion.reading import ambiguous, not_expressible, syntax_error, token
from einderiv.errors import Span
from einderiv.syntax import LINEAR_ALGEBRA

_PIECE = re.compile(
    r"(?P<BLANK>[\s~&$]+|%[^\n]*|\\[,;:! ]|\\q?quad\b"
    r"|\\(?:displaystyle|textstyle|limits|nolimits|nonumber|[bB]ig+[lr]?)"
    r"(?![A-Za-z]))"
    r"|(?P<NUMBER>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)|(?P<COMMAND>\\[A-Za-z]+|\\.)|(?P<LETTER>[^\W\d_])|(?P<SIGN>[\s\S])"
)
_SIGNS = {
    "+": "PLUS", "-": "MINUS", "−": "MINUS", "*": "TIMES", "·": "TIMES", "/": "SLASH", ",": "COMMA", "=": "EQUAL",
    "<": "COMPARE", ">": "COMPARE", "(": "LPAR", ")": "RPAR", "[": "LBRACKET", "]": "RBRACKET",
}  # fmt: skip
_COMMANDS = {
    r"\cdot": ("TIMES", "*"), r"\ast": ("TIMES", "*"), r"\odot": ("TIMES", "*"), r"\circ": ("TIMES", "*"),
    r"\leq": ("COMPARE", "<="), r"\le": ("COMPARE", "<="), r"\geq": ("COMPARE", ">="), r"\ge": ("COMPARE", ">="),
    r"\neq": ("COMPARE", "!="), r"\ne": ("COMPARE", "!="), r"\lt": ("COMPARE", "<"), r"\gt": ("COMPARE", ">"),
    r"\{": ("LPAR", "("), r"\}": ("RPAR", ")"), r"\lbrace": ("LPAR", "("), r"\rbrace": ("RPAR", ")"),
    r"\lvert": ("BAR_OPEN", "|"), r"\rvert": ("BAR_CLOSE", "|"), r"\lVert": ("NORM_OPEN", "||"),
    r"\rVert": ("NORM_CLOSE", "||"), r"\partial": ("PARTIAL", "∂"), r"\div": ("SLASH", "/"),
}  # fmt: skip
_REFUSED = {
    r"\times": ("`\\times` is no product of index notation", "for a cross product write `\\epsilon_{ijk} a_j b_k`"),
    r"\otimes": ("`\\otimes` is no product of index notation", "write the indices: `a_i b_j`"),
    r"\infty": ("infinity is no number of the language", "leave the limit out"),
    r"\int": ("integrals have no counterpart", "replace the integral by a sum"),
    r"\nabla": ("`\\nabla` does not say by what", "write `\\frac{\\partial L}{\\partial x_i}`"),
    r"\lim": ("limits have no counterpart", "write the value"),
    r"\ldots": ("dots have no counterpart", "write a sum with its index"),
    r"\dots": ("dots have no counterpart", "write a sum with its index"),
    r"\cdots": ("dots have no counterpart", "write a sum with its index"),
}
_TRANSPOSED = re.compile(r"\s*(?:T|\\top|\\intercal|\\mathsf\{T\}|\\mathrm\{T\}|\\text\{T\}|⊤)\s*\Z")
_MARK = re.compile(r"\s*\(([^()]{1,20})\)\s*\Z")


@dataclass
class Found:
    """What a text declares on the way: names, long index names, and the sizes of summed letters."""

    names: Names = field(default_factory=Names)
    long: dict[str, None] = field(default_factory=dict)
    ranges: dict[str, tuple[str, Span]] = field(default_factory=dict)


class Reader:
    """Tokens of the text from `start` to `end`."""

    def __init__(self, text: str, start: int, end: int, found: Found) -> None:
        self.text, self.at, self.end, self.found = text, start, end, found
        self.tokens: list[Token] = []
        self.barred: list[str] = []

    def read(self) -> list[Token]:
        """All tokens."""
        check_braces(self.text, self.at, self.end)
        while self.at < self.end:
            self.piece()
        return self.tokens

    def add(self, kind: str, text: str, start: int) -> None:
        """One more token, which ends where the reader is."""
        self.tokens.append(token(kind, text, start, max(self.at, start + 1)))

    def peek(self) -> str:
        """What comes next after blanks: a sign or a command; empty at the end."""
        place = self.at
        while place < self.end and (found := _PIECE.match(self.text, place, self.end)):
            if found.lastgroup != "BLANK":
                return found[0]
            place = found.end()
        return ""

    def skip(self) -> None:
        """Go past blanks."""
        while self.at < self.end and (found := _PIECE.match(self.text, self.at, self.end)):
            if found.lastgroup != "BLANK":
                return
            self.at = found.end()

    def raw(self) -> tuple[str, int]:
        """What stands in the next group, or the next sign or command alone, and where it starts."""
        self.skip()
        start = self.at
        if start >= self.end:
            raise syntax_error("something is missing at the end", Span(self.end, self.end + 1))
        if self.text[start] == "{":
            self.at = closing(self.text, start, self.end) + 1
            return self.text[start + 1 : self.at - 1], start + 1
        found = _PIECE.match(self.text, start, self.end)
        self.at = found.end() if found else start + 1
        if found and found.lastgroup == "NUMBER":  # `\frac12` and `x_10` take one digit
            self.at = start + 1
        if self.text[start : self.at] in STYLES:
            self.raw()
        return self.text[start : self.at], start

    def group(self) -> None:
        """The next group, with braces even where TeX needs none."""
        inside, start = self.raw()
        own = Reader(self.text, start, start + len(inside), self.found)
        self.tokens.append(token("LBRACE", "{", max(start - 1, 0)))
        self.tokens += own.read()
        self.tokens.append(token("RBRACE", "}", start + len(inside)))

    # ------------------------------------------------------------------------------ pieces

    def piece(self) -> None:
        """The next token, or several that belong together."""
        start = self.at
        found = _PIECE.match(self.text, start, self.end)
        word = found[0] if found else ""
        kind = found.lastgroup if found else ""
        self.at = start + len(word)
        match kind:
            case "BLANK":
                return
            case "NUMBER":
                self._number(word, start)
            case "COMMAND":
                self._command(word, start)
            case "LETTER":
                self.name(word, start)
            case _:
                self._sign(word, start)

    def _number(self, word: str, start: int) -> None:
        if word == "1" and self.peek() == "_":
            self.name("1", start)
        else:
            self.add("NUMBER", word, start)

    def _sign(self, word: str, start: int) -> None:
        if word in _SIGNS:
            self.add(_SIGNS[word], "-" if word == "−" else word, start)
        elif word in ("|", "‖"):
            self._bar("BAR" if word == "|" else "NORM", word, start)
        elif word == "{":
            self._braces(start)
        elif word == "^":
            self.power(start)
        elif word == "_":
            self.subscript(start)
        elif word in "∂∑δε":
            self._command({"∂": r"\partial", "∑": r"\sum", "δ": r"\delta", "ε": r"\epsilon"}[word], start)
        else:
            raise syntax_error(f"`{word}` cannot stand here", Span(start, start + 1))

    def _bar(self, kind: str, word: str, start: int, side: str = "") -> None:
        """A bar without a side opens, unless one of its kind is open."""
        opens = side == "left" if side else kind not in self.barred
        if opens:
            self.barred.append(kind)
        elif kind in self.barred:
            self.barred.remove(kind)
        self.add(f"{kind}_{'OPEN' if opens else 'CLOSE'}", word, start)

    def _braces(self, start: int) -> None:
        """`{W2}` is a name; other braces hold an expression."""
        close = closing(self.text, start, self.end)
        inside = self.text[start + 1 : close]
        spelled = spelled_in(inside)
        if spelled and len(spelled) > 1:
            self.at = close + 1
            self.name(spelled, start)
        else:
            self.at = start
            self.group()

    def _command(self, word: str, start: int) -> None:
        if word in (r"\left", r"\right"):
            self._delimiter(word[1:], start)
        elif word == r"\|":
            self._bar("NORM", word, start)
        elif word in _COMMANDS:
            self.add(*_COMMANDS[word], start)
        elif word in _REFUSED:
            raise not_expressible(_REFUSED[word][0], Span(start, self.at), helps=[_REFUSED[word][1]])
        elif word in (r"\frac", r"\dfrac", r"\tfrac"):
            at = len(self.tokens)
            self.add("FRAC", word, start)
            self.group()
            self.group()
            if len(self.tokens) > at + 2 and self.tokens[at + 2].type == "PARTIAL":
                self.tokens[at].type = "DERIVATIVE"
        elif word == r"\sqrt":
            if self.peek() == "[":
                raise not_expressible("a root of another order", Span(start, self.at), helps=["write `x^{1/3}`"])
            self.add("SQRT", word, start)
            self.group()
        elif word in (r"\sum", r"\prod"):
            self._sum(word, start)
        elif word[1:] in FUNCTIONS:
            self._function(FUNCTIONS[word[1:]], start)
        elif word == r"\operatorname" or word in STYLES:
            self._styled(word, start)
        elif word in GREEK or word[1:] in ACCENTS:
            self.at = start
            self.name(self._letter(), start)
        else:
            raise syntax_error(f"`{word}` is not known here", Span(start, self.at))

    def _delimiter(self, side: str, start: int) -> None:
        r"""What follows `\left` or `\right`."""
        self.skip()
        found = _PIECE.match(self.text, self.at, self.end)
        word = found[0] if found else ""
        self.at += len(word)
        if word in ("|", r"\|", r"\lvert", r"\rvert", r"\lVert", r"\rVert", r"\vert", r"\Vert"):
            self._bar("NORM" if word in (r"\|", r"\lVert", r"\rVert", r"\Vert") else "BAR", word, start, side)
        elif word in _SIGNS and word in "()[]":
            self.add(_SIGNS[word], word, start)
        elif word in _COMMANDS and _COMMANDS[word][0] in ("LPAR", "RPAR"):
            self.add(*_COMMANDS[word], start)
        else:
            raise syntax_error(f"`\\{side}` needs a bracket", Span(start, self.at))

    def _sum(self, word: str, start: int) -> None:
        r"""`\sum_{i=1}^{N}` is `sum_i`, with N remembered as the size of i."""
        if self.peek() != "_":
            raise syntax_error(
                f"`{word}` without an index", Span(start, self.at), helps=[f"say over what: `{word}_{{i}}`"]
            )
        self.skip()
        self.at += 1
        below, place = self.raw()
        letters, _, first = below.partition("=")
        items = subscript_of(letters, place, self.found)
        above = ""
        if self.peek() == "^":
            self.skip()
            self.at += 1
            above, _ = self.raw()
        if first or above:
            self._range(items, first.strip(), above.strip(), Span(start, self.at))
        self.add("SUM" if word == r"\sum" else "FUNCTION", ("sum" if word == r"\sum" else "prod") + items, start)

    def _range(self, items: str, first: str, last: str, span: Span) -> None:
        r"""`\sum_{i=1}^{N}` and `\sum_{i=0}^{N-1}` say that i has the size N."""
        size = last if first == "1" else re.sub(r"\s*-\s*1\Z", "", last)
        if first == "0" and last.isdecimal():
            size = str(int(last[:18]) + 1)
        plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9]*|[0-9]{1,18}", size)
        if first not in ("0", "1") or not plain or (first == "0" and size == last and not last.isdecimal()):
            raise not_expressible(
                "a sum from another first to another last position", span,
                notes=["a sum goes over the whole size of its index"],
                helps=["write `\\sum_{i=1}^{N}`, or use a mask: `[i \\leq j]`"],
            )  # fmt: skip
        letter = items[1:].strip("{}")
        before = self.found.ranges.setdefault(letter, (size, span))
        if before[0] != size:
            raise not_expressible(
                f"`{letter}` goes to {before[0]} and to {size}", span, helps=["use another letter in one of the sums"]
            )

    def _styled(self, word: str, start: int) -> None:
        r"""`\operatorname{softmax}` is a function, `\mathbf{W}` a name, `\text{softmax}` what it says."""
        inside, place = self.raw()
        plain = inside.replace(" ", "").replace(r"\,", "")
        follows = self.peek()
        if word == r"\operatorname" or (plain in FUNCTIONS and follows in ("(", r"\left", "_", "^", "{")):
            if not plain.isalnum():
                raise syntax_error(f"`{inside}` is no name of a function", Span(place, place + max(len(inside), 1)))
            self._function(FUNCTIONS.get(plain, plain), start)
            return
        spelled = spelled_in(inside)
        if not spelled:
            raise syntax_error(f"`{inside}` is no name", Span(place, place + max(len(inside), 1)))
        self.name(spelled, start)

    def _function(self, name: str, start: int) -> None:
        """A function, with its subscript."""
        self.add("ALGEBRA" if name in LINEAR_ALGEBRA else "FUNCTION", name, start)

    def _letter(self) -> str:
        r"""`\alpha`, `\hat{y}`, as a name is spelt."""
        start = self.at
        word, place = self.raw()
        if word[1:] in ACCENTS:
            inside, place = self.raw()
            spelled = spelled_in(inside)
            if not spelled:
                raise syntax_error(f"`{inside}` is no name", Span(place, place + max(len(inside), 1)))
            return accented(spelled, word[1:])
        return GREEK.get(word, self.text[start : self.at])

    # ------------------------------------------------------------------ names, subscripts, powers

    def name(self, spelled: str, start: int) -> None:
        """A name, with what is part of it: primes and marks such as `^{(1)}`; its subscript comes before its power."""
        end, subscript, power = self.at, "", None
        while (follows := self.peek()) in ("_", "^", "'"):
            self.skip()
            place = self.at
            self.at += 1
            if follows == "'":
                spelled += "'"
                continue
            inside, inner = self.raw()
            if follows == "_" and not subscript:
                subscript = self._word_of(inside) or subscript_of(inside, inner, self.found)
                if subscript[0] != "_":
                    spelled, subscript = spelled + "_" + subscript, ""
            elif follows == "^" and (mark := _MARK.match(inside)):
                spelled += f"^({mark[1]})"
            elif follows == "^" and power is None:
                power = place
            else:
                raise syntax_error("a second subscript or power", Span(place, self.at))
            end = self.at
        self._emit(spelled, subscript, start, end, power)

    @staticmethod
    def _word_of(inside: str) -> str:
        r"""`out` for the subscript `\text{out}`, which is part of the name."""
        found = re.fullmatch(r"\s*\\(?:text|textrm|textit)\{\s*(\w+)\s*\}\s*", inside)
        return found[1] if found else ""

    def _emit(self, spelled: str, subscript: str, start: int, end: int, power: int | None) -> None:
        self._check_glued(spelled, subscript, start)
        special = {"δ": "δ", "ε": "ε", "ϵ": "ε", "1": "1"}.get(spelled) if subscript else None
        if spelled in ("π", "pi") and not subscript:
            self.tokens.append(token("NUMBER", "pi", start, end))
        else:
            self.tokens.append(token("NAME", special or self.found.names[spelled], start, end))
        saved = self.at
        if power is not None:
            self.at = power + 1
            inside, _ = self.raw()
            if re.fullmatch(r"\s*-\s*1\s*", inside) and spelled[:1].isupper():
                self.tokens.append(token("INVERSE", "^{-1}", power, self.at))
                power = None
        if subscript:
            self.tokens.append(token("SUBSCRIPT", subscript, start, end))
        if power is not None:
            self.at = power + 1
            self.power(power)
        self.at = saved

    def _check_glued(self, spelled: str, subscript: str, start: int) -> None:
        """`f(x)` is a function for some and a product for others."""
        if subscript or not re.match(r"\(|\\left\s*\(", self.text[self.at : self.end]):
            return
        shown = self.text[start : self.at]
        function = "sigmoid" if spelled == "σ" else "name"
        raise ambiguous(
            f"`{shown}(…)` is a function or a product", Span(start, self.at),
            [f"for a product write `{shown} \\cdot (…)`", f"for a function write `\\operatorname{{{function}}}(…)`"],
        )  # fmt: skip

    def power(self, start: int) -> None:
        """`^{2}`; a transposition is refused."""
        self.at = start + 1
        inside, place = self.raw()
        if _TRANSPOSED.match(inside):
            raise not_expressible(
                "a transposition beside indices", Span(start, self.at),
                notes=["in index notation the order of the indices says what is transposed"],
                helps=["write `W_{ji}`", "or write the whole formula without indices: `\\mathbf{W}^\\top \\mathbf{x}`"],
            )  # fmt: skip
        self.tokens.append(token("CARET", "^", start))
        self.at = place - 1 if self.text[place - 1] == "{" and place > start + 1 else place
        self.group()

    def subscript(self, start: int) -> None:
        """`_{ij}` behind a bracket or a function."""
        inside, place = self.raw()
        self.add("SUBSCRIPT", subscript_of(inside, place, self.found), start)
