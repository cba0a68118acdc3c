"""What a step costs, in floating-point operations and in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from math import prod

from einderiv.plan.access import WRITTEN, At, Line, Match, Read, Write
from einderiv.plan.steps import Apply, Cholesky, Combine, Contract, Factorise, Fold, Load, Operation, Scan, Solve, Step

Labels = Sequence[int]
Shape = tuple[int, ...]

ONE_PASS = frozenset(
    "exp log sqrt abs sign reciprocal sin cos tan sinh cosh tanh log1p expm1 relu max min pow asin acos atan atan2 "
    "asinh acosh atanh erf erfc lgamma digamma floor ceil round".split()
)
CHOICES = frozenset("where less less_equal equal not_equal greater greater_equal".split())  # one byte for each truth
WORK = {"gaussian": 5}  # arrays that other functions need while they run, if not three


def costs(operation: Operation, sources: Sequence[Step], elements: int) -> tuple[int, int]:
    """The floating-point operations of a step, and the elements of memory it needs besides its result.

    `sources` are the steps that make its operands.
    """
    operands = [source.shape for source in sources]
    match operation:
        case Contract():
            return _of_product(operation, tuple(operands), tuple([_lies(source) for source in sources]), elements)
        case Combine(terms=terms):
            scales = sum(term.coefficient != 1.0 for term in terms)
            return (len(terms) - 1 + scales) * elements, elements if len(terms) > 1 else 0
        case Apply(function=function):
            if function in CHOICES:
                return elements, -(-elements // 4)
            return elements, 0 if function in ONE_PASS else WORK.get(function, 3) * elements
        case Fold(function=function, count=count):
            copies, read = {"logsumexp": 3, "norm": 2}.get(function, 0), prod(operands[0])
            return read, (copies + (count > 1)) * read
        case Scan(function=function):
            copies = 3 if function == "logsoftmax" else 2  # the third of rows in which one exponential is nearly all
            return 3 * elements, copies * elements + (elements // operands[0][-1] if elements else 0)
        case Read() | Match():
            return 0, 0 if isinstance(operation, Read) and operation.views else elements
        case Write():
            return prod(operands[0]), _written(operation)
        case Factorise() | Solve() | Cholesky():
            return _of_algebra(operation, operands[0], elements)
        case _:
            return 0, 0


def _written(write: Write) -> int:
    """The elements that a write takes: at known positions a scaled slice, at others the source in their order.

    With them come the positions, one for each row, and for each element of a block at a time.
    """
    full = prod(write.lengths)
    if not any(isinstance(place, At) for place in write.places):
        lines = [place.labels for place in write.places if isinstance(place, Line) and len(place.labels) > 1]
        loops = [min(write.lengths[label] for label in labels) for labels in lines]
        return full // max([1, *loops]) if write.coefficient != 1.0 else 0
    grid = {label for place in write.places if isinstance(place, At) for label in place.labels}
    rows = prod(write.lengths[label] for label in grid)
    return full + 3 * rows + 4 * min(full, WRITTEN)


def _of_algebra(operation: Operation, matrix: tuple[int, ...], elements: int) -> tuple[int, int]:
    """The same for linear algebra on matrices of a shape.

    Source: G. H. Golub, C. F. Van Loan, "Matrix Computations", 2013.
    """
    match operation:
        case Factorise():
            return 2 * elements * (matrix[-1] if elements else 0) // 3, 0
        case Solve(function="inv"):
            return 4 * elements * matrix[-1] // 3, elements
        case Solve(function="solve"):
            return 2 * elements * matrix[-1], elements
        case Cholesky():
            return elements * matrix[-1] // 3, elements
        case _:
            return 0, 0


def _lies(source: Step) -> str:
    """How the result of a step lies in memory: an input `in order`, what is computed `somehow`, or as a `view`."""
    return "in order" if isinstance(source.operation, Load) else "somehow" if source.bytes > 0 else "view"


@lru_cache(maxsize=4096)
def _of_product(product: Contract, shapes: tuple[Shape, ...], lying: tuple[str, ...], elements: int) -> tuple[int, int]:
    """The costs of a product; a network has the same one many times."""
    lengths: dict[int, int] = {}
    for labels, shape in zip(product.subscripts, shapes, strict=True):
        lengths.update(zip(labels, shape, strict=True))
    products = prod(lengths.values())
    if len(shapes) == 1:
        return (products if product.summed else 0), 0
    copied = _copied(product, shapes, lying, lengths)
    if product.mirror:
        return products, copied + elements // 4
    return (2 * products if product.summed else products), copied


def _copied(
    product: Contract, shapes: tuple[Shape, ...], lying: tuple[str, ...], lengths: Mapping[int, int]
) -> int:
    """The elements of the operands that are copied into matrices, which are then multiplied.

    An input counts as C-contiguous; of what is computed on the way the layout is not known, and a copy is assumed.
    """
    left, right = product.subscripts
    rows, columns = (_own(one, other, product.output) for one, other in ((left, right), (right, left)))
    common = set(left) & set(right)
    if (not rows and not columns and common & set(product.output)) or (common and not product.summed):
        return 0  # element by element, in one pass over the operands as they are
    sizes = [prod(lengths[label] for label in labels) for labels in (left, right)]
    leading = [labels for labels, size in zip((left, right), sizes, strict=True) if size == max(sizes)]
    leading = leading if rows and columns else leading[:1]  # else no transposed product may be the one that is made
    orders = [[label for label in dict.fromkeys(labels) if label not in product.output] for labels in leading]
    total = 0
    for labels, own, shape, lies in zip((left, right), (rows, columns), shapes, lying, strict=True):
        matrix = all(_is_matrix(labels, own, summed, lies) for summed in orders)
        total += 0 if matrix else prod(shape)
    return total


def _own(labels: Labels, others: Labels, output: Labels) -> list[int]:
    """The labels of the result that only one operand has, in its order."""
    return [label for label in dict.fromkeys(labels) if label in output and label not in others]


def _is_matrix(labels: Labels, own: Labels, summed: Labels, lies: str) -> bool:
    """Whether an operand, or each of a stack, is a matrix with these rows and columns as it lies in memory."""
    if len(set(labels)) < len(labels):
        return False
    if lies != "in order":
        return lies == "somehow" and len(own) <= 1 and len(summed) <= 1 and len(labels) == len(own) + len(summed)
    place = {label: position for position, label in enumerate(labels)}
    runs = all(place[two] == place[one] + 1 for group in (own, summed) for one, two in pairwise(group))
    return runs and (not labels or labels[-1] in {*own[-1:], *summed[-1:]})
