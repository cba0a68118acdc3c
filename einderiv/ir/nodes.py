"""The graph of a program: a closed set of immutable, interned nodes.

Equal means identical: two nodes built from the same parts are one object, so common parts of a value, its gradient and
its Hessian meet by themselves.  A node knows its `axes`, a tuple of `Dim`; everything outside a contraction speaks of
axes by position, and inside it of labels, small integers in order of first use.  Index letters do not exist here.

====================== ============================================================================ ===================
node                   means                                                                        axes
====================== ============================================================================ ===================
`Input(name, axes)`    an array passed by the caller, or (before `inline`) a tensor defined elsewhere `axes`
`Constant(value)`      a number                                                                     none
`Size(dim)`            how many values an index has                                                 none
`Zero(axes)`           zeros                                                                        `axes`
`Position(dim)`        0, 1, 2, … along one axis                                                    `(dim,)`
`LeviCivita(dim, n)`   ε with n axes of size n                                                      n times `dim`
`Spread(core, …)`      a core laid out over axes: transposed, repeated, put on diagonals, scaled    `axes`
`Einsum(operands, …)`  a product of dense operands, summed over some labels                         those of `output`
`Add(terms)`           a sum of terms with equal axes                                               those of a term
`Affine(…)`            positions computed from positions: 2i + k                                    one for each index
`Selection(index,dim)` [p == index]: a gather, a fixed position or an affine index as structure      the index's, `dim`
`Algebra(function,…)`  inv, det, logdet, cholesky, solve                                            see there
`Map(function, args)`  an elementwise function of arguments with equal axes                         those of an argument
`Reduce(function, x)`  a reduction over the last `count` axes                                       the others
`Axiswise(function,x)` a function along the last axis (softmax, …)                                  those of x
`Derivative(top, …)`   a derivative not yet taken: top's axes, then those of each tensor below      all of these
====================== ============================================================================ ===================

**Deltas are never arrays.**  There is no node for one: δ_ik x_l is `Spread(x, …)` with its axes 0 and 1 tied.  The
builders keep every expression in the normal form *structure outside, one dense core inside*:

- the core of a `Spread` is no `Spread`, `Constant` other than 1, or `Zero`;
- an operand of an `Einsum` is no `Spread`, `Constant` or `Zero`, and no `Add` with a tied term;
- an `Add` has tied terms (`Spread`s with ties), at most one for each pattern of ties, and at most one other term; or it
  has no tied term at all.

Nodes are made by the builders (`ir.build`, `ir.applied`), which bring everything into this form; passes match on the
classes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from typing import Any, ClassVar, NamedTuple, Self
from weakref import WeakValueDictionary


class Dim(NamedTuple):
    """The size of an axis: a symbol, or a number where the program fixes it (`Dim("3", 3)`, `Dim("K", 10)`).

    A tuple, since nodes are found by their fields, and a tuple's hash takes no call of Python.
    """

    name: str
    size: int | None = None

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:  # which the order of nodes is made of
        return f"Dim(name={self.name!r}, size={self.size!r})"


_nodes: WeakValueDictionary[tuple[Hashable, ...], Node] = WeakValueDictionary()
_lock = threading.Lock()


@lru_cache(maxsize=1024)
def _written(axes: tuple[Dim, ...]) -> str:
    return str(axes)


@dataclass(init=False, frozen=True, eq=False, repr=False, slots=True, weakref_slot=True)
class Node:
    """Common to all nodes: `axes`, `parts`, `tied` (whether ties occur outside a core), `order` (a key to sort by)."""

    axes: tuple[Dim, ...] = field(init=False, repr=False)
    parts: tuple[Node, ...] = field(init=False, repr=False)
    tied: bool = field(init=False, repr=False)
    order: tuple[int, str, str] = field(init=False, repr=False)

    RANK: ClassVar[int] = 0
    DEFAULTS: ClassVar[tuple[Hashable, ...]] = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()
    _setters: ClassVar[tuple[Callable[[Node, object], None], ...]] = ()

    def __init_subclass__(cls) -> None:
        """Leave to `__new__` what the `__init__` of a dataclass does, which would run for nodes that exist already."""
        if "__init__" in vars(cls):  # the class that `dataclass` hands out; before that it has made another one
            del cls.__init__
            cls._setters = tuple([vars(cls)[name].__set__ for name in cls.__match_args__])

    def __new__(cls, *fields: Hashable) -> Self:
        """The node that already exists for the same fields, or a new one."""
        if len(fields) < len(cls.__match_args__):
            fields += cls.DEFAULTS
        key = (cls, *fields)
        with _lock:
            node = _nodes.get(key)
            if node is None:
                node = object.__new__(cls)
                for assign, value in zip(cls._setters, fields, strict=True):
                    assign(node, value)
                node._derive()
                _nodes[key] = node
        return node  # type: ignore[return-value]  # the key has the class

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.order[1]}[{', '.join(map(str, self.axes))}] {self.order[2][:6]}>"

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return type(self), tuple(getattr(self, name) for name in self.__match_args__)

    def _derive(self) -> None:
        """Call `_settle` with what follows from the fields."""
        raise NotImplementedError

    def _settle(self, axes: tuple[Dim, ...], name: str, *parts: object, tied: bool = False) -> None:
        """Set what follows from the fields; `parts` are the fields, nodes given by their own digest."""
        nodes: list[Node] = []
        texts: list[str] = []
        for part in parts:
            if isinstance(part, Node):
                nodes.append(part)
                texts.append(part.order[2])
            else:
                texts.append(repr(part))
        text = f"{type(self).__name__}|{name}|{_written(axes)}|{'|'.join(texts)}"
        _set_axes(self, axes)
        _set_parts(self, tuple(nodes))
        _set_tied(self, tied)
        _set_order(self, (self.RANK, name, blake2b(text.encode(), digest_size=16).hexdigest()))


_set_axes, _set_parts, _set_tied, _set_order = (vars(Node)[name].__set__ for name in ("axes", "parts", "tied", "order"))


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Constant(Node):
    """A number."""

    value: float
    RANK: ClassVar[int] = 0

    def _derive(self) -> None:
        self._settle((), "", self.value)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Size(Node):
    """The number of values of an index: what Σ_i 1 is."""

    dim: Dim
    RANK: ClassVar[int] = 1

    def _derive(self) -> None:
        self._settle((), self.dim.name, self.dim)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Input(Node):
    """A tensor known by its name; a `symmetric` one is equal to its transpose."""

    name: str
    shape: tuple[Dim, ...]
    symmetric: bool = False
    RANK: ClassVar[int] = 2
    DEFAULTS: ClassVar[tuple[Hashable, ...]] = (False,)

    def _derive(self) -> None:
        self._settle(self.shape, self.name, self.symmetric)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Zero(Node):
    """Zeros of a shape."""

    shape: tuple[Dim, ...]
    RANK: ClassVar[int] = 3

    def _derive(self) -> None:
        self._settle(self.shape, "")


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Position(Node):
    """0, 1, 2, … along an axis: what an index letter means in a comparison."""

    dim: Dim
    RANK: ClassVar[int] = 4

    def _derive(self) -> None:
        self._settle((self.dim,), "")


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class LeviCivita(Node):
    """The permutation symbol ε with `count` axes, each of size `count`."""

    dim: Dim
    count: int
    RANK: ClassVar[int] = 5

    def _derive(self) -> None:
        self._settle((self.dim,) * self.count, "")


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Affine(Node):
    """Positions computed from positions: Σ_k `coefficients[k]` i_k + `constant`, one axis for each i_k."""

    coefficients: tuple[int, ...]
    constant: int
    shape: tuple[Dim, ...]
    RANK: ClassVar[int] = 6

    def _derive(self) -> None:
        self._settle(self.shape, "", self.coefficients, self.constant)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Selection(Node):
    """[p == index]: 1 where position p of the last axis, of size `dim`, is the value of `index`, else 0.

    Structure like a delta, and never an array inside: a product with it reads (gather, strided view) or writes
    (scatter) at `index`.  `strict` says that every value of `index` is a position; else another one selects nothing.
    """

    index: Node
    dim: Dim
    strict: bool
    RANK: ClassVar[int] = 7

    def _derive(self) -> None:
        self._settle((*self.index.axes, self.dim), "", self.index, self.dim, self.strict)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Map(Node):
    """`function` applied to each element; the arguments have equal axes.  The functions are in `ir.functions`."""

    function: str
    arguments: tuple[Node, ...]
    RANK: ClassVar[int] = 8

    def _derive(self) -> None:
        self._settle(self.arguments[0].axes, self.function, *self.arguments)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Reduce(Node):
    """`function` (max, min, prod, logsumexp, norm) over the last `count` axes; sums are `Einsum`s."""

    function: str
    argument: Node
    count: int
    RANK: ClassVar[int] = 9

    def _derive(self) -> None:
        self._settle(self.argument.axes[: -self.count], self.function, self.argument, self.count)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Axiswise(Node):
    """`function` (softmax, logsoftmax, cumsum, …) along the last axis, which stays."""

    function: str
    argument: Node
    RANK: ClassVar[int] = 10

    def _derive(self) -> None:
        self._settle(self.argument.axes, self.function, self.argument)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Algebra(Node):
    """Linear algebra on the last two axes, equal in size, of the first argument A; axes in front of them are a batch.

    `inv`: A⁻¹.  `det`, and `logdet`, which is log |det A|: a number.  `cholesky`: the lower triangle L with L Lᵀ the
    symmetric part of A.  `solve`: X with A X = B, where B has A's batch axes, then the rows, then any columns.
    """

    function: str
    arguments: tuple[Node, ...]
    RANK: ClassVar[int] = 11

    def _derive(self) -> None:
        axes = self.arguments[-1].axes
        batch = axes[:-2] if self.function in ("det", "logdet") else axes
        self._settle(batch, self.function, *self.arguments)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Einsum(Node):
    """The product of `operands`, axis k of operand p having label `subscripts[p][k]`, summed to the labels `output`.

    Every label of `output` occurs in an operand and once in `output`; a label that is not in `output` is summed; one
    that occurs twice in an operand takes its diagonal.  Labels are 0, 1, 2, … in order of first use, operands in the
    order of `Node.order`.
    """

    operands: tuple[Node, ...]
    subscripts: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    RANK: ClassVar[int] = 12

    def _derive(self) -> None:
        dims = self.dims
        self._settle(tuple([dims[label] for label in self.output]), "", *self.operands, self.subscripts, self.output)

    @property
    def dims(self) -> dict[int, Dim]:
        """The size of each label."""
        axes = [operand.axes for operand in self.operands]
        return dict(zip(chain.from_iterable(self.subscripts), chain.from_iterable(axes), strict=True))


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Add(Node):
    """The sum of terms with equal axes, in the order of `Node.order`."""

    terms: tuple[Node, ...]
    RANK: ClassVar[int] = 13

    def _derive(self) -> None:
        self._settle(self.terms[0].axes, "", *self.terms, tied=any([term.tied for term in self.terms]))


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Spread(Node):
    """`coefficient` times `core`, laid out over `shape`.

    Axis k of the core lies on axis `placing[k]`; two core axes on one axis take the diagonal.  Axis a is tied to axis
    `ties[a]`, the first of its class (itself where it is free): the value is zero unless tied axes agree.  Only first
    axes of a class are in `placing`.  An axis whose class no core axis lies on repeats the value.  With axes i, k, l,
    δ_ik x_l is `Spread(x, (2,), (0, 0, 2), 1.0, …)`, and x_i repeated over k and l is `Spread(x, (0,), (0, 1, 2), …)`.
    """

    core: Node
    placing: tuple[int, ...]
    ties: tuple[int, ...]
    coefficient: float
    shape: tuple[Dim, ...]
    RANK: ClassVar[int] = 14

    def _derive(self) -> None:
        tied = self.ties != tuple(range(len(self.ties)))
        self._settle(self.shape, "", self.core, self.placing, self.ties, self.coefficient, tied=tied)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Derivative(Node):
    """The derivative of `top` by each of `below`, the last one first, not yet taken.  `einderiv.diff` takes it."""

    top: Node
    below: tuple[Input, ...]
    RANK: ClassVar[int] = 15

    def _derive(self) -> None:
        axes = self.top.axes + tuple(dim for tensor in self.below for dim in tensor.axes)
        self._settle(axes, "", self.top, *self.below)


ONE = Constant(1.0)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes that `node` is made of, in order."""
    return node.parts
