"""Formulas to draw: of every example, of the golden derivatives, of odd names, and of random graphs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from corpus import records
from render_graphs import Grower

import einderiv as ed
from einderiv.render import Context, Output, formulas, lines

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"

ODD = """\
def gelu(z) = z (1 + erf(z / sqrt(2))) / 2
index batch, feature
Wq2_{batch,i2} = gelu(W_{i2,feature} X_{batch,feature}) / sum_k exp(X_{batch,k})^2
θ_μν = αβ_μ γ2_ν + µ_μi' µ_i'ν
é_i = è_i + Åß_i^-2 + ñ_i 1e-7 + 1.5e30 ŝø_i
L = sum_{μ,ν} (θ_μν)^2 + (M_ii)^2 + max(q, 2) + where(q > 1, q, -q) * pi / (6 (p_i r_i)) - [q != 3] / 3
K = norm_i(p_i) prod_i(p_i^q) mean_i(p_i) max_i(abs(p_i)) / logsumexp_i(tanh(p_i)^2) + sum_i 2^(p_i) / sqrt(q)^3
C_i = ε_ijk p_j r_k + cumsum_i(sigmoid(p_i)^3) + atan2(p_i, 1) exp(-p_i)^2 + acos(p_i / 9) / (2 q)
S_i = D_{i+a,0} u_a + X_{i,t_i} inv(M)_ij p_j / det(M)^2 - logdet(M) solve(M, r)_i + cholesky(M)_ii
f = q^2^q - (q + 1)^-2 - 2 (q - 1) / (q + 2) / (q + 3)
E_i = (p_i / q)^2 / (r_i / 3)
∂²L/∂q²
∂(M_ij p_i p_j)/∂p_k
∂C_i/∂p_i
∂²f/∂q²
"""


def of_programs() -> Iterator[str]:
    """Each formula of the programs and of the derivatives that they ask for."""
    programs = [ed.load(path) for path in EXAMPLES.rglob("*.ein") if "wrong" not in path.name]
    programs += [
        ed.parse(ODD),
        *(ed.parse(f"{record.program}\n{record.ask}") for record in records() if record.kind == "derivative"),
    ]
    for program in programs:
        for sums in (False, True):
            yield from program.latex(sums=sums).splitlines()
            for name in program.checked.queries:
                yield from ed.derivative(program, name).latex(sums=sums).splitlines()
            for name in program.checked.definitions:
                yield from program[name].latex(sums=sums).splitlines()
    net = ed.parse("a_i = tanh(W_ij x_j)\nL = a_i a_i")
    for function in (ed.jvp(net, of="a"), ed.vjp(net, of="a"), ed.hvp(net), ed.hessian(net), ed.value_and_grad(net)):
        yield from function.latex().splitlines()


def of_graphs(count: int) -> Iterator[str]:
    """Each formula of `count` random graphs."""
    for seed in range(count):
        grower = Grower(seed)
        node = grower.grown(4 + seed % 14)
        inputs = {leaf.name: (leaf, tuple(grower.random.sample("ijklmn", len(leaf.axes)))) for leaf in grower.inputs}
        yield from lines(formulas([Output("out", node)], Context(inputs), sums=seed % 3 == 0)).splitlines()
