"""Expressions, drawn from the outside in: what may stand there is known before it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from generator.choices import Choices
from generator.functions import called, function
from generator.leaves import Scope, algebra, tensor
from generator.tree import (
    Along,
    Call,
    Comparison,
    Delta,
    Epsilon,
    Expression,
    Iverson,
    Letter,
    Number,
    Ones,
    Place,
    Power,
    Product,
    Reduction,
    Sum,
    Where,
    open_letters,
)

SIZES = (2, 3, 2, 5, 3, 1, 2, 3, 5, 1, 3, 2, 0)
INDEX_NAMES = ("i", "j", "k", "l", "m", "n", "p", "q", "i'", "k2")
LARGEST = 3000  # elements of a product before it is summed
DEPTH = 6

SMOOTH = (
    "tanh sin exp cos square sigmoid softplus sinh cosh tan atan asinh erf expm1 silu gelu logsigmoid erfc "
    "sqrt log log1p asin acos atanh acosh lgamma digamma"
).split()
KINKED = "abs relu sign elu floor ceil round".split()
SEVERAL = ("max", "min", "atan2", "pow", "clip", "polygamma")
ELEMENTWISE = (*SMOOTH, *KINKED, *SEVERAL)  # every elementwise function but `where`
POSITIVE = {"log", "sqrt", "log1p", "lgamma", "digamma"}
WITHIN_ONE = {"asin", "acos", "atanh"}
OPERATORS = ("<", ">", "<=", ">=", "==", "!=")

REDUCTIONS = ("logsumexp", "prod", "mean", "norm", "max", "min")
ALONG = ("softmax", "logsoftmax", "cumsum")
OUTER = (
    *(f"call {name}" for name in ELEMENTWISE),
    *(f"reduction {name}" for name in REDUCTIONS),
    *(f"along {name}" for name in ALONG),
    *("sum", "product", "quotient", "power", "where", "iverson"),
)
INNER = (
    *OUTER,
    *(f"algebra {name}" for name in ("inv", "det", "logdet", "solve", "cholesky")),
    *("tensor", "number", "delta", "ones", "epsilon"),
)
"""Kinds of nodes that have others in them, and all kinds."""


class Drawer:
    """Draws expressions for one equation."""

    def __init__(self, scope: Scope, wanted: Sequence[str] = ()) -> None:
        self.scope = scope
        self.wanted = list(wanted)  # kinds of nodes, the outer one first
        self.choices: Choices = scope.choices

    # ----------------------------------------------------------------- letters

    def letter(self, used: list[Letter], size: int | None = None) -> Letter | None:
        """An index with a name that is not in use; in seven of ten cases with a size that is new, too."""
        names = [name for name in INDEX_NAMES if name not in {each.name for each in used}]
        if not names:
            return None
        sizes = list(SIZES)
        if self.choices.chance(70):
            sizes = [each for each in SIZES if each not in {other.size for other in used}] or sizes
        return Letter(self.choices.one(names[:4]), self.choices.one(sizes) if size is None else size)

    def bound(self, used: list[Letter], fewest: int = 1) -> list[Letter]:
        """New indices to sum over."""
        found: list[Letter] = []
        for _ in range(self.choices.weighted([(6, fewest), (3, fewest + 1)])):
            letter = self.letter([*used, *found])
            if letter is not None and prod(each.size for each in [*used, *found, letter]) <= LARGEST:
                found.append(letter)
        return found

    def having(self, node: Expression, letters: list[Letter]) -> Expression:
        """The expression, times a tensor with the letters that it lacks."""
        missing = [letter for letter in letters if letter not in open_letters(node)]
        if not missing:
            return node
        return Product(((node, False), (tensor(self.scope, missing, missing), False)))

    # ------------------------------------------------------------- expressions

    def expression(self, letters: list[Letter], depth: int) -> Expression:
        """Anything with some of these letters; first what is to be drawn in any case."""
        if self.wanted:
            found = self.of_kind(self.wanted.pop(0), letters, max(depth, 2))
            if found is not None:
                return found
        if depth <= 0 or self.choices.chance(25):
            return self.leaf(letters)
        kinds: list[tuple[int, Callable[[list[Letter], int], Expression]]] = [
            (20, self.product),
            (12, self.total),
            (16, self.call),
            (6, self.power),
            (6, self.reduction),
            (6, self.contraction),
            (4, self.along),
            (4, self.where),
            (4, self.binary),
            (2, self.iverson),
            (3, self.quotient),
            (3, self.own),
        ]
        return self.choices.weighted(kinds)(letters, depth)

    def of_kind(self, kind: str, letters: list[Letter], depth: int) -> Expression | None:
        """A node of a kind such as `call exp` or `product`; None where these letters do not have one."""
        what, _, function = kind.partition(" ")
        match what:
            case "call" if function in SEVERAL:
                return self.binary(letters, depth, function)
            case "call":
                return self.call(letters, depth, function)
            case "reduction":
                return self.reduction(letters, depth, function)
            case "along":
                return self.along(letters, depth, function)
            case "algebra":
                return algebra(self.scope, letters, function) if len(self.scope.inputs) < 6 else None
            case "sum":
                return self.total(letters, depth)
            case "product" | "quotient" | "power" | "where" | "iverson":
                found: Expression = getattr(self, what)(letters, depth)
                return found
            case _:
                return self.leaf(letters, what)

    def leaf(self, letters: list[Letter], kind: str = "") -> Expression:
        """A tensor, a number, or a tensor that the language knows."""
        kind = kind or self.choices.weighted(
            [(70, "tensor"), (8, "number"), (6, "delta"), (4, "ones"), (3, "epsilon"), (5, "algebra")]
        )
        same = [(i, j) for i in letters for j in letters if i is not j and i.size == j.size]
        three = [letter for letter in letters if letter.size == 3]
        two = [letter for letter in letters if letter.size == 2]
        if kind == "number":
            return Number(self.choices.one(["2", "0.5", "3", "1.5", "pi", "1e-1", "π"]))
        if kind == "delta" and same:
            return Delta(*self.choices.one(same))
        if kind == "ones" and letters:
            return Ones(tuple(self.choices.some(letters, fewest=1)[:2]))
        if kind == "epsilon" and (len(three) >= 3 or len(two) >= 2):
            return Epsilon(tuple(self.choices.shuffled(three[:3] if len(three) >= 3 else two[:2])))
        if kind == "algebra" and len(self.scope.inputs) < 6:
            found = algebra(self.scope, letters)
            if found is not None:
                return found
        return tensor(self.scope, letters)

    def product(self, letters: list[Letter], depth: int) -> Expression:
        """Two or three factors."""
        count = self.choices.weighted([(3, 2), (1, 3)])
        return Product(tuple((self.expression(letters, depth - 1), False) for _ in range(count)))

    def contraction(self, letters: list[Letter], depth: int) -> Expression:
        """Factors, summed over new indices."""
        bound = self.bound(letters)
        if not bound:
            return self.product(letters, depth)
        both = [*letters, *bound]
        factors = [self.expression(both, depth - 1) for _ in range(self.choices.weighted([(5, 2), (2, 1), (2, 3)]))]
        if self.choices.chance(60):
            factors.append(tensor(self.scope, both, self.choices.some(bound, fewest=1)))
        missing = [letter for letter in bound if all(letter not in open_letters(factor) for factor in factors)]
        if missing:
            factors.append(tensor(self.scope, both, missing))
        return Product(tuple((factor, False) for factor in factors), tuple(bound))

    def total(self, letters: list[Letter], depth: int) -> Expression:
        """Two or three terms with signs."""
        count = self.choices.weighted([(3, 2), (1, 3)])
        return Sum(tuple((self.choices.one([1, -1]), self.expression(letters, depth - 1)) for _ in range(count)))

    def quotient(self, letters: list[Letter], depth: int) -> Expression:
        """A product with a divisor that is not near zero."""
        above, below = self.expression(letters, depth - 1), self.positive(letters, depth - 1)
        more = [(self.expression(letters, depth - 2), False)] if self.choices.chance(30) else []
        return Product(((above, False), (below, True), *more))

    def power(self, letters: list[Letter], depth: int) -> Expression:
        """A whole power of anything, or any power of what is positive."""
        if self.choices.chance(30):
            exponent = self.choices.one([Number("0.5"), Number("1.5"), None])
            base = self.positive(letters, depth - 1)
            return Power(base, exponent if exponent is not None else self.bounded(letters, depth - 1))
        base = self.expression(letters, depth - 1)
        return Power(base, Number(self.choices.one(["2", "3", "2", "-1", "1", "0", "-2"])))

    def call(self, letters: list[Letter], depth: int, function: str = "") -> Expression:
        """An elementwise function of one argument; now and then one outside its domain, which is drawn again."""
        function = function or self.choices.one([*SMOOTH, *KINKED])
        if self.wanted or self.choices.chance(15):
            return Call(function, (self.expression(letters, depth - 1),))
        if function in POSITIVE:
            return Call(function, (self.positive(letters, depth - 1),))
        if function in WITHIN_ONE:
            return Call(function, (Product(((Number("0.8"), False), (self.bounded(letters, depth - 1), False))),))
        if function == "acosh":
            return Call(function, (Sum(((1, Number("1.2")), (1, self.positive(letters, depth - 1)))),))
        if function in ("exp", "sinh", "cosh", "expm1", "tan") and self.choices.chance(60):
            return Call(function, (self.bounded(letters, depth - 1),))
        return Call(function, (self.expression(letters, depth - 1),))

    def binary(self, letters: list[Letter], depth: int, function: str = "") -> Expression:
        """An elementwise function of several arguments."""
        function = function or self.choices.one(SEVERAL)
        positive = self.expression if self.wanted else self.positive
        if function == "polygamma":
            order = Number(self.choices.one(["0", "1", "2"]))
            return Call(function, (order, positive(letters, depth - 1)))
        if function == "pow":
            return Call(function, (positive(letters, depth - 1), self.bounded(letters, depth - 1)))
        first, second = (self.expression(letters, depth - 1) for _ in range(2))
        if function == "clip":
            return Call(function, (first, second, Sum(((1, second), (1, self.positive(letters, 0))))))
        return Call(function, (first, second))

    def positive(self, letters: list[Letter], depth: int) -> Expression:
        """What is above zero by a margin, mostly."""
        inner = self.expression(letters, depth - 1)
        shift = Number(self.choices.one(["1", "0.5", "0.1"]))
        kind = self.choices.one(["exp", "square", "softplus", "sigmoid", "abs", "cosh"])
        if kind == "exp":
            return Call("exp", (self.bounded(letters, depth - 1),))
        if kind == "square":
            return Sum(((1, Power(inner, Number("2"))), (1, shift)))
        if kind == "cosh":
            return Call(kind, (self.bounded(letters, depth - 1),))
        return Sum(((1, shift), (1, Call(kind, (inner,)))))

    def bounded(self, letters: list[Letter], depth: int) -> Expression:
        """What is within ±1, mostly."""
        if self.choices.chance(30):
            return self.expression(letters, depth - 1)
        return Call(self.choices.one(["tanh", "sin", "cos", "erf", "sigmoid"]), (self.expression(letters, depth - 1),))

    def reduction(self, letters: list[Letter], depth: int, function: str = "") -> Expression:
        """max, min, prod, mean, logsumexp or norm over new indices."""
        function = function or self.choices.one(REDUCTIONS)
        bound = [letter for letter in self.bound(letters) if letter.size]
        if not bound:
            return self.call(letters, depth)
        body = self.having(self.expression([*letters, *bound], depth - 1), bound)
        return Reduction(function, tuple(bound), body)

    def along(self, letters: list[Letter], depth: int, function: str = "") -> Expression:
        """softmax, logsoftmax or cumsum along an index that stays."""
        usable = [letter for letter in letters if letter.size]
        if not usable:
            return self.call(letters, depth)
        letter = self.choices.one(usable)
        function = function or self.choices.one(ALONG)
        return Along(function, letter, self.having(self.expression(letters, depth - 1), [letter]))

    def comparison(self, letters: list[Letter], depth: int) -> Comparison:
        """Of two expressions, or of the positions of indices."""
        if letters and self.choices.chance(40):
            first = Place(self.choices.one(letters))
            second = self.choices.one([Number("1"), Number("0"), *(Place(letter) for letter in letters)])
            return Comparison(self.choices.one(OPERATORS), first, second)
        left = self.expression(letters, min(depth - 1, 2))
        right = self.choices.one([Number("0"), Number("0.5"), None]) or self.expression(letters, min(depth - 1, 2))
        return Comparison(self.choices.one(OPERATORS[:4]), left, right)

    def iverson(self, letters: list[Letter], depth: int) -> Expression:
        """A bracket that is 1 or 0, times something."""
        bracket = Iverson(self.comparison(letters, depth))
        return Product(((self.expression(letters, depth - 1), False), (bracket, False)))

    def own(self, letters: list[Letter], depth: int) -> Expression:
        """A call of a function that the program defines."""
        definition = function(self.scope)
        arguments = tuple(self.expression(letters, depth - 1) for _ in definition.parameters)
        return called(definition, arguments)

    def where(self, letters: list[Letter], depth: int) -> Expression:
        """A choice between two expressions."""
        then, otherwise = (self.expression(letters, depth - 1) for _ in range(2))
        return Where(self.comparison(letters, depth), then, otherwise)
