"""LaTeX: what einderiv writes converts back to a program that gives the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from corpus import Record, draw, records

import einderiv as ed
from einderiv.errors import EinError

RECORDS = records()
FORMS = ("plain", "sums", "document")


def latex_of(program: ed.Program, form: str) -> str:
    return program.latex(sums=form == "sums", document=form == "document")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_the_latex_of_a_program_converts_back(record: Record, form: str) -> None:
    program = ed.parse(record.program)
    again = ed.parse(ed.convert(latex_of(program, form), "latex"))
    arrays = {name: array for name, array in draw(record, 1).items() if name in program.inputs}
    expected = ed.evaluate(program, arrays)
    found = ed.evaluate(again, arrays)
    assert list(found) == list(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12, atol=1e-12)


def converts(record: Record, sums: bool) -> bool:
    """Whether the LaTeX of the derivative alone converts back; if it does, the numbers are the same."""
    f = ed.derivative(record.program, record.ask)
    arrays = draw(record, 1)
    try:
        program = ed.parse(ed.convert(f.latex(sums=sums), "latex"))
        found = ed.evaluate(program, {name: arrays[name] for name in program.inputs})[program.outputs[-1]]
    except EinError as error:
        assert {each.code for each in (error, *error.others)} <= {"E0202", "E0303", "E0503"}
        return False
    known = ed.parse(record.program).inputs
    expected = f({name: array for name, array in arrays.items() if name in known})
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    return True


@pytest.mark.parametrize("sums", [False, True])
def test_the_latex_of_a_derivative_converts_back_where_it_tells_its_sizes(sums: bool) -> None:
    """The others have an index that stands on δ, on 1 or in a mask alone: nothing in the LaTeX has its size."""
    asked = [record for record in RECORDS if record.kind == "derivative"]
    assert sum(converts(record, sums) for record in asked) >= 100


@pytest.mark.parametrize("transpose", [r"K^\top", r"K^{\top}", "K^T", r"K^{\mathsf{T}}"])
def test_a_matrix_that_equals_its_transpose_is_symmetric(transpose: str) -> None:
    text = rf"K = {transpose} \in \mathbb{{R}}^{{N \times N}}"
    assert ed.convert(text + "\nf = x_i K_{ij} x_j") == "K ∈ R^{N×N} symmetric\nf = x_i K_ij x_j\n"
    with pytest.raises(EinError, match="this is no shape"):
        ed.convert(text.replace(transpose, "M^T"))


def test_shapes_of_indexed_names_are_declared() -> None:
    found = ed.convert(r"a_i = \sum_j W_{ij} x_j", shapes="W: H×D, x: D")
    assert found == "W ∈ R^{H×D}\nx ∈ R^D\na_i = W_ij x_j\n"
