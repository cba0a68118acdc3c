"""The elementwise functions, one row each: value, slopes, domain, LaTeX and NumPy source.

A slope is written as on paper, with the function's own value `y` and its arguments: exp′ = y.  Each has a form that
keeps its digits (tanh′ = 1 / cosh², not 1 - y²).  The conventions at kinks are in docs/conventions.md.

Formulas: M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions", 1964, chapters 4, 6 and 7.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from einderiv.ir import values
from einderiv.ir.elements import Elements

Slope = Callable[..., Elements]


@dataclass(frozen=True, slots=True)
class Function:
    r"""An elementwise function.

    `arguments`: their letters in the columns that follow.  `value(np, *arrays)` takes the namespace of the arrays
    (`numpy`, `jax.numpy`, `torch`) first and may return booleans, which count as 1 and 0.  `slopes`: for each argument
    a function of y and the arguments, or None where the slope is zero everywhere.  `domain`: where the value is real,
    for people.  `latex` and `source` are templates such as `\tanh {x}` and `np.tanh({x})`, for arguments that are
    single symbols or in brackets; the names in `source` are `np` and `special`, which is `scipy.special`.
    """

    name: str
    arguments: str
    value: Callable[..., Any]
    slopes: tuple[Slope | None, ...]
    domain: str
    latex: str
    source: str

    @property
    def arity(self) -> int:
        """How many arguments the function takes."""
        return len(self.slopes)


def _power_by_base(y: Elements, a: Elements, p: Elements) -> Elements:
    """p a^(p - 1), which is 0 for p = 0 also where a is 0."""
    slope = p * a("pow", p - 1)
    return slope if p.number is not None else p("equal", 0.0).choose(0.0, slope)


def _power_by_exponent(y: Elements, a: Elements, p: Elements) -> Elements:
    """a^p log(a), which is 0 for a = 0."""
    return y * a("equal", 0.0).choose(1.0, a)("log")


def _gelu_slope(y: Elements, x: Elements) -> Elements:
    """Φ(x) + x φ(x), with Φ and φ the distribution and the density of the normal distribution."""
    z = x * math.sqrt(0.5)
    return 0.5 * (-z)("erfc") + x * z("gaussian") * math.sqrt(0.5 / math.pi)


def _above(a: Elements, b: Elements | float) -> Elements:
    """[a > b], and ½ where they are equal: equal arguments of max share."""
    return a("greater", b) + 0.5 * a("equal", b)


def _below(a: Elements, b: Elements) -> Elements:
    """[a < b], and ½ where they are equal."""
    return a("less", b) + 0.5 * a("equal", b)


_SQRT_HALF, _ROOT_PI = "0.7071067811865476", math.sqrt(math.pi)

_ROWS = (
    # powers and logarithms
    Function("exp", "x", lambda np, x: np.exp(x), (lambda y, x: y,), "any x", r"\exp {x}", "np.exp({x})"),
    Function("expm1", "x", lambda np, x: np.expm1(x), (lambda y, x: x("exp"),), "any x",
             r"(\exp {x} - 1)", "np.expm1({x})"),
    Function("log", "x", lambda np, x: np.log(x), (lambda y, x: 1 / x,), "x > 0", r"\log {x}", "np.log({x})"),
    Function("log1p", "x", lambda np, x: np.log1p(x), (lambda y, x: 1 / (1 + x),), "x > -1",
             r"\log(1 + {x})", "np.log1p({x})"),
    Function("xlogx", "x", values.xlogx, (lambda y, x: x("log") + 1,), "x ≥ 0",
             r"{x} \log {x}", "special.xlogy({x}, {x})"),
    Function("sqrt", "x", lambda np, x: np.sqrt(x), (lambda y, x: 0.5 / y,), "x ≥ 0", r"\sqrt{{{x}}}", "np.sqrt({x})"),
    Function("reciprocal", "x", lambda np, x: 1 / x, (lambda y, x: -(y * y),), "x ≠ 0",
             r"\frac{{1}}{{{x}}}", "(1 / {x})"),
    Function("inverse_or_zero", "x", values.inverse_or_zero, (lambda y, x: -(y * y),), "any x",
             r"{x}^{{+}}", "np.divide(1, {x}, out=np.zeros_like({x}), where={x} != 0)"),
    Function("one_minus_square", "x", lambda np, x: (1 - x) * (1 + x), (lambda y, x: -2 * x,), "any x",
             r"(1 - {x}^2)", "((1 - {x}) * (1 + {x}))"),
    Function("root_of_one_plus_square", "x", values.root_of_one_plus_square, (lambda y, x: x / y,), "any x",
             r"\sqrt{{1 + {x}^2}}", "np.hypot(1, {x})"),
    Function("pow", "a p", lambda np, a, p: a**p, (_power_by_base, _power_by_exponent), "a ≥ 0, or p an integer",
             r"{a}^{{{p}}}", "{a} ** {p}"),

    # trigonometric and hyperbolic
    Function("sin", "x", lambda np, x: np.sin(x), (lambda y, x: x("cos"),), "any x", r"\sin {x}", "np.sin({x})"),
    Function("cos", "x", lambda np, x: np.cos(x), (lambda y, x: -x("sin"),), "any x", r"\cos {x}", "np.cos({x})"),
    Function("tan", "x", lambda np, x: np.tan(x), (lambda y, x: 1 + y * y,), "cos(x) ≠ 0",
             r"\tan {x}", "np.tan({x})"),
    Function("asin", "x", lambda np, x: np.arcsin(x), (lambda y, x: 1 / x("one_minus_square")("sqrt"),), "-1 ≤ x ≤ 1",
             r"\arcsin {x}", "np.arcsin({x})"),
    Function("acos", "x", lambda np, x: np.arccos(x), (lambda y, x: -1 / x("one_minus_square")("sqrt"),), "-1 ≤ x ≤ 1",
             r"\arccos {x}", "np.arccos({x})"),
    Function("atan", "x", lambda np, x: np.arctan(x), (lambda y, x: 1 / (1 + x * x),), "any x",
             r"\arctan {x}", "np.arctan({x})"),
    Function("atan2", "a b", lambda np, a, b: np.arctan2(a, b),
             (lambda y, a, b: b / (a * a + b * b), lambda y, a, b: -a / (a * a + b * b)), "not a = b = 0",
             r"\operatorname{{atan2}}({a}, {b})", "np.arctan2({a}, {b})"),
    Function("sinh", "x", lambda np, x: np.sinh(x), (lambda y, x: x("cosh"),), "any x", r"\sinh {x}", "np.sinh({x})"),
    Function("cosh", "x", lambda np, x: np.cosh(x), (lambda y, x: x("sinh"),), "any x", r"\cosh {x}", "np.cosh({x})"),
    Function("tanh", "x", lambda np, x: np.tanh(x), (lambda y, x: x("sech_squared"),), "any x",
             r"\tanh {x}", "np.tanh({x})"),
    Function("sech_squared", "x", values.sech_squared, (lambda y, x: -2 * y * x("tanh"),), "any x",
             r"\operatorname{{sech}}^2 {x}", "1 / np.cosh(np.minimum(np.abs({x}), 350)) ** 2"),
    Function("asinh", "x", lambda np, x: np.arcsinh(x), (lambda y, x: 1 / x("root_of_one_plus_square"),), "any x",
             r"\operatorname{{arsinh}} {x}", "np.arcsinh({x})"),
    Function("acosh", "x", lambda np, x: np.arccosh(x), (lambda y, x: 1 / (x - 1)("sqrt") / (x + 1)("sqrt"),), "x ≥ 1",
             r"\operatorname{{arcosh}} {x}", "np.arccosh({x})"),
    Function("atanh", "x", lambda np, x: np.arctanh(x), (lambda y, x: 1 / x("one_minus_square"),), "-1 < x < 1",
             r"\operatorname{{artanh}} {x}", "np.arctanh({x})"),

    # what neural networks use
    Function("sigmoid", "x", values.sigmoid, (lambda y, x: x("logistic_density"),), "any x",
             r"\sigma({x})", "np.exp(-np.logaddexp(0, -{x}))"),
    Function("logistic_density", "x", values.logistic_density, (lambda y, x: -y * (0.5 * x)("tanh"),), "any x",
             r"\sigma({x}) \sigma(-{x})", "np.exp(-np.logaddexp(0, {x}) - np.logaddexp(0, -{x}))"),
    Function("logsigmoid", "x", values.logsigmoid, (lambda y, x: (-x)("sigmoid"),), "any x",
             r"\log \sigma({x})", "-np.logaddexp(0, -{x})"),
    Function("softplus", "x", values.softplus, (lambda y, x: x("sigmoid"),), "any x",
             r"\log(1 + \exp {x})", "np.logaddexp(0, {x})"),
    Function("relu", "x", lambda np, x: np.clip(x, 0, None), (lambda y, x: x("greater", 0.0),), "any x",
             r"\max({x}, 0)", "np.maximum({x}, 0)"),
    Function("elu", "x", values.elu, (lambda y, x: x("min", 0.0)("exp"),), "any x",
             r"\operatorname{{elu}}({x})", "np.where({x} > 0, {x}, np.expm1(np.minimum({x}, 0)))"),
    Function("silu", "x", lambda np, x: x * values.sigmoid(np, x),
             (lambda y, x: x("sigmoid") + x * x("logistic_density"),), "any x",
             r"{x} \sigma({x})", "{x} * np.exp(-np.logaddexp(0, -{x}))"),
    Function("gelu", "x", lambda np, x: 0.5 * x * np.erfc(-math.sqrt(0.5) * x), (_gelu_slope,), "any x",
             r"{x} \Phi({x})", "0.5 * {x} * special.erfc(-" + _SQRT_HALF + " * {x})"),

    # the error and gamma functions
    Function("erf", "x", lambda np, x: np.erf(x), (lambda y, x: 2 / _ROOT_PI * x("gaussian"),), "any x",
             r"\operatorname{{erf}} {x}", "special.erf({x})"),
    Function("erfc", "x", lambda np, x: np.erfc(x), (lambda y, x: -2 / _ROOT_PI * x("gaussian"),), "any x",
             r"\operatorname{{erfc}} {x}", "special.erfc({x})"),
    Function("gaussian", "x", values.gaussian, (lambda y, x: -2 * x * y,), "any x",
             r"e^{{-{x}^2}}", "np.exp(-{x} ** 2)"),
    Function("lgamma", "x", lambda np, x: np.lgamma(x), (lambda y, x: x("digamma"),), "x not 0, -1, -2, …",
             r"\log |\Gamma({x})|", "special.gammaln({x})"),
    Function("digamma", "x", lambda np, x: np.digamma(x), (lambda y, x: (0 * x + 1)("polygamma", x),),
             "x not 0, -1, -2, …", r"\psi({x})", "special.digamma({x})"),
    Function("polygamma", "n x", lambda np, n, x: np.polygamma(n, x),
             (None, lambda y, n, x: (n + 1)("polygamma", x)), "n a whole number, x > 0",
             r"\psi^{{({n})}}({x})", "special.polygamma({n}, {x})"),

    # steps and kinks
    Function("abs", "x", lambda np, x: np.abs(x), (lambda y, x: x("sign"),), "any x", r"|{x}|", "np.abs({x})"),
    Function("sign", "x", lambda np, x: np.sign(x), (None,), "any x", r"\operatorname{{sign}} {x}", "np.sign({x})"),
    Function("floor", "x", lambda np, x: np.floor(x), (None,), "any x", r"\lfloor {x} \rfloor", "np.floor({x})"),
    Function("ceil", "x", lambda np, x: np.ceil(x), (None,), "any x", r"\lceil {x} \rceil", "np.ceil({x})"),
    Function("round", "x", lambda np, x: np.round(x), (None,), "any x", r"\lfloor {x} \rceil", "np.round({x})"),
    Function("max", "a b", lambda np, a, b: np.maximum(a, b),
             (lambda y, a, b: _above(a, b), lambda y, a, b: _above(b, a)), "any a, b",
             r"\max({a}, {b})", "np.maximum({a}, {b})"),
    Function("min", "a b", lambda np, a, b: np.minimum(a, b),
             (lambda y, a, b: _below(a, b), lambda y, a, b: _below(b, a)), "any a, b",
             r"\min({a}, {b})", "np.minimum({a}, {b})"),
    Function("clip", "x a b", lambda np, x, a, b: np.minimum(np.maximum(x, a), b), (
                 lambda y, x, a, b: _above(x, a) * _below(x("max", a), b),
                 lambda y, x, a, b: _above(a, x) * _below(x("max", a), b),
                 lambda y, x, a, b: _below(b, x("max", a)),
             ), "a ≤ b", r"\min(\max({x}, {a}), {b})", "np.minimum(np.maximum({x}, {a}), {b})"),
    Function("where", "c a b", lambda np, c, a, b: np.where(c != 0, a, b),
             (None, lambda y, c, a, b: c("not_equal", 0.0), lambda y, c, a, b: c("equal", 0.0)), "any c, a, b",
             r"\begin{{cases}} {a} & {c} \\ {b} & \text{{else}} \end{{cases}}", "np.where({c} != 0, {a}, {b})"),
    Function("less", "a b", lambda np, a, b: a < b, (None, None), "any a, b", r"[{a} < {b}]", "1.0 * ({a} < {b})"),
    Function("less_equal", "a b", lambda np, a, b: a <= b, (None, None), "any a, b",
             r"[{a} \le {b}]", "1.0 * ({a} <= {b})"),
    Function("equal", "a b", lambda np, a, b: a == b, (None, None), "any a, b", r"[{a} = {b}]", "1.0 * ({a} == {b})"),
    Function("not_equal", "a b", lambda np, a, b: a != b, (None, None), "any a, b",
             r"[{a} \ne {b}]", "1.0 * ({a} != {b})"),
    Function("greater", "a b", lambda np, a, b: a > b, (None, None), "any a, b", r"[{a} > {b}]", "1.0 * ({a} > {b})"),
    Function("greater_equal", "a b", lambda np, a, b: a >= b, (None, None), "any a, b",
             r"[{a} \ge {b}]", "1.0 * ({a} >= {b})"),
)  # fmt: skip

FUNCTIONS: Mapping[str, Function] = {row.name: row for row in _ROWS}
