"""What stands in pictures of programs, derivatives, plans and factored derivatives."""

from __future__ import annotations

import re

import numpy as np
import pytest
from corpus import Record, draw, records
from picture_cases import CASES, ROOT, example, small_hessian, softmax_gradient, with_a_dot

import einderiv as ed
from einderiv.cli import main
from einderiv.pictures import Kind

RESULTS = (Kind.OUTPUT, Kind.DERIVATIVE)


def lines(picture: ed.Picture) -> list[str]:
    """The edges of a picture as text."""
    return str(picture).split("\n")


def kinds(picture: ed.Picture) -> dict[str, Kind]:
    """What the vertex of each label stands for."""
    return {vertex.label: vertex.kind for vertex in picture.vertices}


@pytest.mark.parametrize("name", CASES)
def test_the_text_for_graphviz_is_the_golden_one(name: str) -> None:
    golden = (ROOT / "tests" / "golden" / "pictures" / f"{name}.dot").read_text(encoding="utf-8")
    assert CASES[name]().dot == golden


# ------------------------------------------------------------------- programs


def test_a_sum_is_two_tensors_an_operation_and_a_tensor() -> None:
    assert lines(ed.parse("z_i = x_i + y_i").graph()) == ["x_i —I→ add", "y_i —I→ add", "add —I→ z_i"]


def test_a_contraction_is_named_by_its_index_and_shapes_stand_on_the_edges() -> None:
    found = lines(ed.parse("W ∈ R^{H×D}\na_i = W_ij x_j + b_i").graph())
    assert found[:3] == ["W_ij —H×D→ contract j", "x_j —D→ contract j", "contract j —H→ add"]


def test_known_sizes_stand_as_numbers_and_unknown_ones_as_names() -> None:
    found = lines(ed.parse("a_i = W_ij x_j + b_i\nc_m = a_i V_im").graph(x=np.ones(7)))
    assert "W_ij —I×7→ contract j" in found
    assert "contract i —M→ c_m" in found


def test_a_derivative_has_dashed_lines_from_what_it_is_of_and_what_it_is_by() -> None:
    picture = example("quadratic_form").graph()
    dashed = {
        (picture.vertices[edge.tail].label, edge.label, picture.vertices[edge.head].label)
        for edge in picture.edges
        if edge.dashed
    }
    assert ("f", "of", "∂²f/∂x_k∂x_l") in dashed
    assert ("x_i", "by ×2", "∂²f/∂x_k∂x_l") in dashed
    assert kinds(picture)["∂f/∂W_kl"] is Kind.DERIVATIVE


def test_a_given_derivative_is_one_vertex_that_all_uses_share() -> None:
    picture = example("linear_layer").graph()
    labels = [vertex.label for vertex in picture.vertices]
    assert labels.count("∂E/∂a_i") == 1
    assert kinds(picture)["∂E/∂a_i"] is Kind.GIVEN
    assert "∂E/∂a_i —H→ contract i" in lines(picture)


def test_inputs_steps_between_and_results_are_of_different_kinds() -> None:
    found = kinds(example("softmax_regression").graph())
    assert (found["X_nd"], found["A_nk"], found["L"], found["add"]) == (
        Kind.INPUT,
        Kind.TENSOR,
        Kind.OUTPUT,
        Kind.OPERATION,
    )


def test_every_kind_has_an_outline_a_border_or_a_lightness_of_its_own() -> None:
    def light(colour: str) -> int:
        red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
        return round((0.3 * red + 0.59 * green + 0.11 * blue) / 12)

    looks = [kind.look for kind in Kind if kind is not Kind.LEG]
    told = {(look.shape, look.width, light(look.fill)) for look in looks}
    assert len(told) == len(looks)


@pytest.mark.parametrize(
    ("text", "edge"),
    [
        ("y_i = x_i - z_i", "z_i —− I→ add"),
        ("y_i = x_i / z_i", "z_i —÷ I→ divide"),
        ("y_i = 2 / x_i", "2 —→ divide"),
        ("y_i = -x_i", "x_i —I→ negate"),
        ("y_i = 3 x_i z_i", "multiply, × 3 —I→ y_i"),
        ("N_ij = M_ij\nt = M_ii", "M_ij —M_ii: I×I→ contract i"),
        ("B_ji = A_ij", "transpose —J×I→ B_ji"),
        ("d_i = A_ii", "diagonal —I→ d_i"),
        ("index k: 2\nR_ik = x_i", "repeat —I×2→ R_ik"),
        ("L = sum_i exp(x_i)", "exp —I→ sum i"),
        ("P_nk = softmax_k(A_nk)", "A_nk —N×K→ softmax k"),
        ("m_n = max_k(A_nk)", "max k —N→ m_n"),
        ("y_i = x_i^2", "x_i —I→ square"),
        ("y_i = x_i^p", "p —exponent→ power"),
        ("y_i = atan2(u_i, v_i)", "v_i —2. I→ atan2"),
        ("y_i = where(x_i > 0, x_i, z_i)", "z_i —else: I→ where"),
        ("h_td = E_{w_t,d}", "w_t —at: T→ read E_{w_t,d}"),
        ("index k: 3\ny_i = x_{i+k} w_k", "read x_{i+k} —I×3→ contract k"),
        ("B_ij = inv(A)_ij", "inv —I×I→ B_ij"),
        ("index i: 4\ny_ij = x_j 1_i", "1_i —4→ multiply"),
        ("def twice(z) = 2 z\ny_i = twice(x_i)", "twice —I→ y_i"),
        ("y_i = [i <= n] x_i", "position i —left: I→ left ≤ right"),
    ],
)
def test_an_operation_says_what_it_does(text: str, edge: str) -> None:
    assert edge in lines(ed.parse(text).graph())


@pytest.mark.parametrize("name", ["linear_layer", "quadratic_form", "softmax_regression", "chain", "product", "axes"])
def test_the_shapes_in_a_picture_are_those_of_the_arrays(name: str) -> None:
    program = example(name)
    sizes = {dim: dim.size or 2 + place for place, dim in enumerate(program.letters)}
    rng = np.random.default_rng(0)
    arrays = {
        key: rng.random([sizes[dim] for dim in argument.node.axes]) for key, argument in program.checked.inputs.items()
    }
    picture, values = program.graph(arrays), ed.evaluate(program, arrays)
    shown = {
        re.split("_", picture.vertices[edge.head].label)[0]: edge.label.rpartition(" ")[2]
        for edge in picture.edges
        if picture.vertices[edge.head].kind in (Kind.TENSOR, Kind.OUTPUT)
    }
    assert shown == {key: "×".join(map(str, values[key].shape)) for key in program.checked.definitions}


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.ein")), ids=lambda path: path.stem)
def test_every_example_has_a_picture_in_which_all_its_equations_stand(path: object) -> None:
    if "wrong" in str(path):
        with pytest.raises(ed.EinError):
            ed.load(path)
        return
    program = ed.load(path)
    names = {re.split("_", vertex.label)[0] for vertex in program.graph().vertices}
    assert names >= {name for name in program.outputs if not name.startswith("∂")}


@pytest.mark.parametrize("record", records(), ids=lambda record: record.name)
def test_every_golden_derivative_has_a_picture_with_its_result_in_it(record: Record) -> None:
    try:
        found = ed.jacobian(record.program, record.of, list(record.wrt), allow_unused=True)
    except ed.EinError:  # what is golden there is a product or a derivative by a gathered tensor
        found = ed.function(record.program, of=record.of)
    given = {name: array for name, array in draw(record, 0).items() if name in found.program.inputs}
    picture = found.graph(given)
    heads = {edge.head for edge in picture.edges}
    results = [number for number, vertex in enumerate(picture.vertices) if vertex.kind in RESULTS]
    assert results and heads.issuperset(results)
    sizes = [size for edge in picture.edges for size in re.split("[ ×]", edge.label) if size.isalpha()]
    assert set(sizes) <= {"if", "then", "else", "at", "exponent", "left", "right"}


def test_what_linear_algebra_takes_by_name_is_no_result() -> None:
    found = kinds(ed.parse("K_nm = X_nd X_md\nL = logdet(K)").graph())
    assert (found["K_nm"], found["L"]) == (Kind.TENSOR, Kind.OUTPUT)


def test_a_constant_is_written_short() -> None:
    assert "6.28319 —→ log" in lines(ed.parse("y = x log(2 pi)").graph())


# ---------------------------------------------------- derivatives and plans


def test_the_delta_of_a_derivative_stands_in_its_picture() -> None:
    picture = ed.jacobian("a_i = W_ij x_j", wrt="W").graph()
    assert lines(picture)[0] == "δ_ik —I×I→ multiply"
    assert kinds(picture)["∂a_i/∂W_kj"] is Kind.DERIVATIVE


def test_a_part_of_a_derivative_that_has_no_name_in_the_text_has_the_one_that_is_printed() -> None:
    found = softmax_gradient()
    assert "t_nk = " in str(found)
    assert "add —N×K→ t_nk" in lines(found.graph())


def test_a_derivative_with_a_tangent_shows_it_as_an_input() -> None:
    assert kinds(ed.hvp("L = x_i x_i y_j y_j", wrt="x").graph())["dx_i"] is Kind.INPUT


def test_in_a_plan_the_step_with_most_operations_is_stressed() -> None:
    picture = CASES["chain_plan"]()
    (stressed,) = [vertex.label for vertex in picture.vertices if vertex.kind is Kind.STRESSED]
    multiplications = 10 * 100 * 5, 10 * 5 * 50
    assert "10 k FLOPs" in stressed and 2 * max(multiplications) == 10_000
    assert any("15 k FLOPs" in vertex.label for vertex in picture.vertices)


def test_the_picture_of_a_plan_is_the_same_by_either_way() -> None:
    f = ed.function("D_il = A_ij B_jk C_kl")
    shapes = {"A": (10, 100), "B": (100, 5), "C": (5, 50)}
    assert f.plan(shapes).graph(["D"]).dot == f.graph(shapes, plan=True).dot


def test_a_factored_derivative_has_its_row_legs_on_the_left_and_its_column_legs_on_the_right() -> None:
    picture = small_hessian().graph()
    assert lines(picture) == ["i —δ 6— l", "k —2— A_km", "A_km —2— m"]
    assert picture.sideways


def test_where_three_lines_meet_there_is_a_dot() -> None:
    picture = with_a_dot().graph()
    (dot,) = [number for number, vertex in enumerate(picture.vertices) if vertex.kind is Kind.DELTA]
    assert sum(dot in (edge.tail, edge.head) for edge in picture.edges) == 3


def test_each_term_of_a_factored_derivative_has_a_frame_with_its_coefficient() -> None:
    picture = (small_hessian() - 0.1 * small_hessian().identity).graph()
    assert [group.title for group in picture.groups] == ["2 ×", "− 0.1 ×"]


# ------------------------------------------------------------------- the shell


def test_the_command_prints_the_text_for_graphviz(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", str(ROOT / "examples" / "linear_layer.ein")]) == 0
    assert capsys.readouterr().out.rstrip() == CASES["linear_layer"]().dot.rstrip()


def test_the_command_draws_a_derivative_and_its_plan(tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(ROOT / "examples" / "softmax_regression.ein")
    sizes = ["--size", "N=1000", "--size", "D=50", "--size", "K=10"]
    assert main(["graph", path, "--of", "L", "--wrt", "W,b", "--plan", *sizes]) == 0
    assert "costliest" in capsys.readouterr().out
    out = f"{tmp_path}/gradient.svg"
    assert main(["graph", path, "--of", "L", "--wrt", "W,b", *sizes, "--out", out]) == 0
    with open(out, encoding="utf-8") as file:
        assert "1000×10" in file.read()


def test_the_command_tells_of_a_size_that_a_plan_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", str(ROOT / "examples" / "chain.ein"), "--plan"]) == 1
    assert "E0509" in capsys.readouterr().err
