"""What is asked to be printed, and what the program that it comes from knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from einderiv.ir import Dim, Input, Node
from einderiv.render.sizes import Read


@dataclass(frozen=True, slots=True)
class Output:
    """What is asked for: the name on the left, the node, the letters it should have, a comment for the line above."""

    name: str
    node: Node
    letters: tuple[str, ...] | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What the source program knows.

    `inputs` and `definitions` give for a name its node and the letters of its axes; a definition's node has no other
    definition in it.  An input named `∂E/∂a` is an upstream derivative.  `letters` are those that the source uses for
    a size, the best first.  `reads` are what sizes the indices of no array; for indices in none of them
    those in the definitions and outputs are meant.
    """

    inputs: Mapping[str, tuple[Input, tuple[str, ...]]] = field(default_factory=dict)
    definitions: Mapping[str, tuple[Node, tuple[str, ...]]] = field(default_factory=dict)
    letters: Mapping[Dim, tuple[str, ...]] = field(default_factory=dict)
    reads: Sequence[Read] = ()
