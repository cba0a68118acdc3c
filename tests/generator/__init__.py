"""Random well-typed programs with a meaning of their own.

`draw(Choices.of_seed(1))` is a `Sample`: a program as a typed tree whose sums are explicit and whose index letters are
objects, the arrays of its inputs, and its `.ein` text.  The tree is evaluated with NumPy (for complex steps), autograd,
PyTorch or JAX in `evaluation`; nothing of einderiv takes part in that.

    choices      a stream of choices: from a seed, or from a list of numbers, which hypothesis draws and shrinks
    tree         the nodes
    drawing      expressions, drawn from the outside in
    leaves       tensors and what stands on their axes
    functions    functions that a program defines
    equations    whole programs
    arrays       their inputs, away from kinks and poles
    convention   where the summation convention gives the sums of the tree, so that they need not be written
    writing      the `.ein` text
    evaluation   the values, by any library
    libraries    the functions of each library
    queries      derivatives in the text of a program
    shrinking    the smallest program that still fails
"""

from generator.arrays import Sample, draw
from generator.choices import Choices

__all__ = ["Choices", "Sample", "draw"]
