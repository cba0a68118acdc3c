"""The text of a product of two NumPy arrays: the same call of BLAS that a run makes, with the transposes as views."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

from einderiv.ir import Dim
from einderiv.render.writer import TYPICAL, subscripts_of, tuple_of

Labels = Sequence[int]


class Products:
    """Texts of products, for labels with these sizes; `size` gives the text of one.

    `named` gives a text that is perhaps a view of a value a variable of its own.
    """

    def __init__(self, dims: Mapping[int, Dim], size: Callable[[Dim], str], named: Callable[[str, str], str]) -> None:
        self._dims = dims
        self._size = size
        self._named = named

    def of(self, left: tuple[str, Labels], right: tuple[str, Labels], output: Labels) -> str:
        """The product of two operands in which no label is repeated and no summed label stands alone."""
        (a, one), (b, two) = left, right
        if {*one, *two} == {*output}:
            if len(one) == len(two) == 1 and list(output) == [*one, *two] and one != two:
                return f"np.dot({a}[:, None], {b}[None, :])"
            return f"{laid(a, one, output)} * {laid(b, two, output)}"
        batch = [label for label in output if label in one and label in two]
        rows = [label for label in one if label in output and label not in two]
        columns = [label for label in two if label in output and label not in one]
        if batch and not rows and not columns:
            return f'np.einsum("{subscripts_of([one, two], output)}", {a}, {b})'
        if rows and columns and output[-1] in rows and list(output).index(columns[0]) < list(output).index(rows[0]):
            return self.of(right, left, output)
        larger = one if self._length(one) >= self._length(two) else two
        summed = [label for label in larger if label not in output]
        stack = [[label] for label in batch]
        if batch:
            first = self._grouped(a, one, [*stack, rows, summed], stacked=True)
            second = self._grouped(b, two, [*stack, summed, columns], stacked=True)
            return self._unfolded(f"np.matmul({first}, {second})", [*stack, rows, columns], output)
        first = self._grouped(a, one, [rows, summed] if rows else [summed])
        second = self._grouped(b, two, [summed, columns] if columns else [summed])
        return self._unfolded(f"np.dot({first}, {second})", [rows, columns], output)

    def halves(
        self, left: tuple[str, Labels], right: tuple[str, Labels], pairs: Sequence[tuple[int, int]]
    ) -> tuple[str, str, str]:
        """The two matrices of a symmetric product, in which each label of the first is one of the second's in `pairs`.

        With them comes the text of how many rows it has.
        """
        (a, one), (b, two) = left, right
        rows, columns = [row for row, _ in pairs], [column for _, column in pairs]
        summed = [label for label in one if label not in rows]
        return self._grouped(a, one, [rows, summed]), self._grouped(b, two, [summed, columns]), self._merged(rows)

    def _length(self, labels: Labels) -> int:
        return prod(self._dims[label].size or TYPICAL for label in labels)

    def _merged(self, labels: Labels) -> str:
        return " * ".join(self._size(self._dims[label]) for label in labels) or "1"

    def _grouped(self, text: str, labels: Labels, groups: Sequence[Labels], stacked: bool = False) -> str:
        """An operand with an axis for each group of labels."""
        order = [label for group in groups for label in group]
        plain = all(len(group) == 1 for group in groups)
        shape = [] if plain else [self._merged(group) for group in groups]
        value = text
        if len(groups) == 2 and list(labels) == [*groups[1], *groups[0]] != order:
            return f"{text}.T" if plain else f"{self._named(f'{text}.reshape({shape[1]}, {shape[0]})', value)}.T"
        if list(labels) != order:
            text = f"{text}.transpose({', '.join(str(list(labels).index(label)) for label in order)})"
            if stacked and plain and labels[-1] not in order[-2:]:
                text = f"np.ascontiguousarray({text})"
        return text if plain else self._named(f"{text}.reshape({', '.join(shape)})", value)

    def _unfolded(self, text: str, groups: Sequence[Labels], output: Labels) -> str:
        """A product with an axis for each group as one with the axes `output`."""
        labels = [label for group in groups for label in group]
        merged = any(len(group) > 1 for group in groups) or (len(groups) > 2 and len(labels) != len(groups))
        if merged:
            text = self._named(text, "")
            text = f"{text}.reshape{tuple_of([self._size(self._dims[label]) for label in labels])}"
        return laid(text, labels, output)


def laid(text: str, labels: Labels, target: Labels) -> str:
    """A view with the axes `target`, of length 1 where the array has none, except for the first ones."""
    wanted = [label for label in target if label in labels]
    order = [list(labels).index(label) for label in wanted]
    if order == [1, 0]:
        text += ".T"
    elif order != sorted(order):
        text += f".transpose({', '.join(map(str, order))})"
    first = next((place for place, label in enumerate(target) if label in labels), len(target))
    index = [":" if label in labels else "None" for label in target[first:]]
    return f"{text}[{', '.join(index)}]" if "None" in index else text
