"""Pictures as files: SVG, PNG, PDF and DOT, drawn by Graphviz or by matplotlib."""

from __future__ import annotations

import re
import struct
import sys
import zlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from picture_cases import CASES, ROOT

import einderiv as ed
from einderiv.cli import main
from einderiv.pictures import Edge, Kind, Picture, Vertex, dot, layout

NASTY = 'a"]; <b>&amp;\\n {x|y} $z_1$ </svg> \\'
README_PICTURE = ROOT / "docs" / "pictures" / "softmax_gradient.svg"


@pytest.fixture(params=["graphviz", "matplotlib"])
def drawn_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """With Graphviz where it is installed, and as if it were not."""
    if request.param == "matplotlib":
        monkeypatch.setenv("PATH", str(tmp_path))
    return str(request.param)


def texts(svg: str) -> list[str]:
    """What is written in a picture, parsed as XML."""
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return [re.sub(r"\s+", " ", "".join(each.itertext())).strip() for each in root.iter() if each.tag.endswith("}text")]


def rows(png: bytes) -> tuple[int, int, list[bytes]]:
    """The width, the height and the rows of bytes of a PNG of 8 bits a channel, whose filters are left as they are."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, bits, colour = struct.unpack(">IIBB", png[16:26])
    assert bits == 8
    place, data = 8, b""
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            data += png[place + 8 : place + 8 + length]
        place += length + 12
    plain = zlib.decompress(data)
    across = 1 + width * {2: 3, 6: 4, 3: 1}[colour]
    assert len(plain) == across * height
    return width, height, [plain[start : start + across] for start in range(0, len(plain), across)]


@pytest.mark.parametrize("name", CASES)
def test_an_svg_is_xml_with_every_label(name: str, drawn_by: str) -> None:
    picture = CASES[name]()
    written = texts(picture.svg())
    wanted = [line for vertex in picture.vertices if vertex.kind is not Kind.DELTA for line in vertex.label.split("\n")]
    wanted += [edge.label for edge in picture.edges if edge.label]
    wanted += [group.title for group in picture.groups if group.title]
    assert sorted(written) == sorted(re.sub(r"\s+", " ", each) for each in wanted)


@pytest.mark.parametrize("name", ["linear_layer", "softmax_plan", "factored_hessian"])
def test_a_png_has_a_fitting_size_and_is_not_blank(name: str, drawn_by: str) -> None:
    small, large = (rows(CASES[name]().png(dpi)) for dpi in (72, 144))
    assert 60 < small[0] < 1200 and 60 < small[1] < 1200
    assert all(abs(one * 2 - other) <= 4 for one, other in zip(small[:2], large[:2], strict=True))
    assert len(set(large[2])) > large[1] / 4


@pytest.mark.parametrize("form", ["svg", "png", "pdf", "dot"])
def test_the_same_picture_is_the_same_file(form: str, drawn_by: str) -> None:
    assert CASES["softmax_regression"]().drawn(form) == CASES["softmax_regression"]().drawn(form)


def test_a_file_is_what_its_suffix_says(tmp_path: Path, drawn_by: str) -> None:
    picture = CASES["jacobian"]()
    starts = {"a.svg": b"<?xml", "a.PNG": b"\x89PNG", "a.pdf": b"%PDF", "a.dot": b"digraph"}
    for name, start in starts.items():
        assert picture.save(tmp_path / name).read_bytes().startswith(start)


def test_what_stands_in_a_label_is_never_read_as_markup(drawn_by: str) -> None:
    picture = Picture([Vertex(NASTY, Kind.INPUT), Vertex("<b>bold</b>", Kind.OUTPUT)], [Edge(0, 1, NASTY)])
    written = texts(picture.svg())
    assert written.count(NASTY) == 2
    assert "<b>bold</b>" in written


def test_long_index_names_stand_as_they_are_written(drawn_by: str) -> None:
    net = ed.parse("index batch, feature\ny_{batch} = X_{batch,feature} w_{feature}")
    assert {"X_{batch,feature}", "contract feature", "y_{batch}"} <= set(texts(net.graph().svg()))


def test_a_program_without_equations_has_an_empty_picture(drawn_by: str) -> None:
    assert texts(ed.parse("").graph().svg()) == []


def test_matplotlib_draws_without_importing_pyplot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    CASES["jacobian"]().png()
    assert "matplotlib.pyplot" not in sys.modules


# ----------------------------------------------------------- what is missing


def test_without_the_packages_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    picture = CASES["jacobian"]()
    for draw in (picture.svg, picture.png, picture.pdf, lambda: picture.dot):
        with pytest.raises(ed.EinError, match="einderiv\\[pictures\\]") as caught:
            draw()
        assert caught.value.code == "E0531"
    assert list(picture._repr_mimebundle_()) == ["text/plain"]


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ed.EinTypeError, match="svg, png, pdf, dot"):
        CASES["jacobian"]().save(tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())


def test_a_dot_that_fails_leaves_the_drawing_to_matplotlib(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert "DejaVu" in CASES["jacobian"]().svg()


def test_a_dot_that_takes_too_long_does_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(dot, "PATIENCE", 0.1)
    assert "DejaVu" in CASES["jacobian"]().svg()


def test_large_pictures_ask_graphviz_for_less(drawn_by: str) -> None:
    lines = [f"h{n}_j = tanh(W{n}_ji h{n - 1}_i)" for n in range(1, 15)]
    gradient = ed.grad("\n".join([*lines, "L = h14_j h14_j"]), wrt="W1").graph()
    assert "nslimit" in gradient.dot and "nslimit" not in CASES["jacobian"]().dot
    assert "∂L/∂W1" in gradient.svg()


# ------------------------------------------------------------------- layout


def spread(vertices: list[tuple[float, float]], found: layout.Layout) -> list[tuple[float, float, float, float]]:
    """The rectangles of the vertices."""
    return [
        (x - w / 2, y - h / 2, x + w / 2, y + h / 2) for (x, y), (w, h) in zip(found.vertices, vertices, strict=True)
    ]


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether two rectangles have points in common."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.mark.parametrize("name", CASES)
def test_in_our_own_layout_nothing_lies_on_anything_else(name: str) -> None:
    picture = CASES[name]()
    boxes = [(10.0 + 6 * len(vertex.label), 20.0) for vertex in picture.vertices]
    labels = [(4.0 + 5 * len(edge.label), 12.0) for edge in picture.edges]
    parts = [group.vertices for group in picture.groups] or [tuple(range(len(boxes)))]
    found = layout.side_by_side(parts, boxes, picture.edges, labels)
    places = spread(boxes, found) + spread(labels, layout.Layout(found.labels, [], []))
    assert not [
        (one, other) for place, one in enumerate(places) for other in places[place + 1 :] if overlap(one, other)
    ]
    for edge in picture.edges:
        assert found.vertices[edge.tail][1] < found.vertices[edge.head][1]


# ------------------------------------------------------- the picture of the README


def test_the_picture_of_the_readme_is_what_the_command_draws(tmp_path: Path) -> None:
    kept = README_PICTURE.read_text(encoding="utf-8")
    example, out = ROOT / "examples" / "softmax_regression.ein", tmp_path / "made.svg"
    assert main(["graph", str(example), "--of", "L", "--wrt", "W,b", "--sideways", "--out", str(out)]) == 0
    made = out.read_text(encoding="utf-8")
    assert sorted(texts(made)) == sorted(texts(kept))
    version = re.compile(r"Generated by graphviz version [^\n]*")
    if version.findall(made) == version.findall(kept):  # another version places things elsewhere
        assert made == kept
