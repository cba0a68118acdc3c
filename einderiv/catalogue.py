r"""Every code that einderiv tells: what it means, an example that gets it, and one that does not.

>>> print(CODES["E0113"])
E0113 (EinSyntaxError): a line without `=`
<BLANKLINE>
An equation is `name_indices = expression`; only a derivative may stand alone on its line.
<BLANKLINE>
Wrong:
<BLANKLINE>
    a_i W_ij x_j
<BLANKLINE>
Right:
<BLANKLINE>
    a_i = W_ij x_j
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill, indent


@dataclass(frozen=True, slots=True)
class Page:
    """What `einderiv explain` prints; the examples are in `language`: `ein`, `python`, or `shell`."""

    code: str
    kind: str
    title: str
    text: str
    wrong: str
    right: str
    language: str

    def __str__(self) -> str:
        head, text = f"{self.code} ({self.kind}): {self.title}", fill(self.text, 88, break_on_hyphens=False)
        wrong, right = indent(self.wrong, "    "), indent(self.right, "    ")
        return f"{head}\n\n{text}\n\nWrong:\n\n{wrong}\n\nRight:\n\n{right}"


Row = tuple[str, str, str, str, str]
"""The code, the title, the text, the wrong example and the right one."""

_SYNTAX: tuple[Row, ...] = (
    ("E0101", "a character that is not of the language",
     "Names are Latin or Greek letters and digits, and start with a letter.",
     "a_i = W_ij $ x_j", "a_i = W_ij x_j"),
    ("E0102", "a letter of another script that looks like a Latin one",
     "Cyrillic х and Latin x look the same but would be two tensors. Greek letters such as θ are fine.",
     "a_i = W_ij х_j", "a_i = W_ij x_j"),
    ("E0103", "a file that is not UTF-8", "A .ein file is UTF-8 text, with or without a byte-order mark.",
     r"printf '\377\376a' | einderiv show -", "echo 'a_i = 2 b_i' | einderiv show -"),
    ("E0104", "an invisible control character",
     "Such a character can make a file read differently from what is executed, even in a remark.",
     "a_i = x_i  # \u202eok", "a_i = x_i  # ok"),
    ("E0105", "a number that is too large or too small",
     "Numbers are float64, up to about 1.8e308 and from about 4.9e-324.", "x = 1e999", "x = 1e300"),
    ("E0110", "a bracket that is never closed",
     "A statement goes on over the end of its line inside brackets; the next equation ends it.",
     "L = log(sum_c exp(A_c)", "L = log(sum_c exp(A_c))"),
    ("E0111", "a closing bracket without an opening one", "Every `)`, `]` and `}` closes one bracket of its kind.",
     "y_i = A_ij x_j)", "y_i = A_ij x_j"),
    ("E0112", "an operator without an operand", "Operators stand between two factors or terms.",
     "a_i = W_ij x_j +", "a_i = W_ij x_j + b_i"),
    ("E0113", "a line without `=`",
     "An equation is `name_indices = expression`; only a derivative may stand alone on its line.",
     "a_i W_ij x_j", "a_i = W_ij x_j"),
    ("E0114", "an equation with another sign than `=`", "Equations define; there is no assignment.",
     "a_i := W_ij x_j", "a_i = W_ij x_j"),
    ("E0115", "matrix notation", "In index notation the order of the indices says what is transposed.",
     "q = x^T W x", "q = x_i W_ij x_j"),
    ("E0116", "nesting deeper than 200 levels", "Give the inner parts names, on lines of their own.",
     "a = " + "(" * 201 + "x" + ")" * 201, "a = ((x))"),
    ("E0118", "something that cannot stand here", "The message says what could.",
     "a_i = b_i × c_i", "a_i = b_i c_i"),
    ("E0119", "a product after a division", "`a / b c` is read in two ways by different people, so it needs brackets.",
     "y = a / b c", "y = a / (b c)"),
    ("E0120", "a power written as a superscript", "Powers are written with `^`, or with `**`.", "y = x²", "y = x^2"),
    ("E0121", "a malformed subscript", "Letters follow `_`; positions and sums stand in braces.",
     "y = x_0", "y_i = x_i"),
    ("E0122", "a number with a subscript", "Only `1` has indices: `1_n` is a vector of ones.",
     "y_n = 2_n", "y_n = 2 x_n"),
    ("E0123", "several letters in an index that is computed with",
     "`{ij+1}` would be i and j+1, or one index called ij.",
     "y_i = x_{ij+1}", "y_i = 2 x_i"),
    ("E0124", "a function that is not glued to its bracket", "`exp(x)` is a function; a blank makes a product.",
     "y_i = exp (x_i)", "y_i = exp(x_i)"),
    ("E0125", "a function without the index it needs", "Reductions name the index over which they run.",
     "y = sum(x_i)", "y = sum_i x_i"),
    ("E0126", "comparisons in a chain", "Each Iverson bracket holds one comparison; multiply two.",
     "y_ijk = [i < j < k] x_ijk", "y_ijk = [i < j] [j < k] x_ijk"),
    ("E0127", "a comparison in a wrong place", "It stands in `[ ]`, or first in `where`.",
     "y_i = x_i > 0", "y_i = [x_i > 0]"),
    ("E0128", "a negative position", "Positions count from 0, from the front.", "y = x_{-1}", "y_i = x_i"),
    ("E0129", "a power of a derivative", "`∂L/∂x^2` could be a second derivative or a square.",
     "L = x^3\ng = ∂L/∂x^2", "L = x^3\ng = (∂L/∂x)^2"),
    ("E0130", "a derivative whose orders differ", "There is one ∂ below for each order on top.",
     "L = x_i x_i\n∂²L/∂x_i", "L = x_i x_i\n∂²L/∂x_i∂x_j"),
    ("E0131", "an incomplete derivative", "It says of what and by what: `∂L/∂x_i` or `d(L)/d(x_i)`.",
     "L = x_i x_i\ng_i = ∂L", "L = x_i x_i\ng_i = ∂L/∂x_i"),
    ("E0132", "a wrong number of arguments", "Each function takes a fixed number of them.",
     "y_i = exp(a_i, b_i)", "y_i = max(a_i, b_i)"),
    ("E0133", "a subscript where none can stand", "Only tensors have indices; name a bracket to give it some.",
     "y_i = (a + b)_i", "y_i = a_i + b_i"),
    ("E0134", "a second `=`", "Each line holds one equation.", "a = b = c", "b = c\na = b"),
    ("E0135", "a malformed declaration", "Write `index i, j: H`, `W ∈ R^{H×D}`, `given ∂E/∂a_i`, `def f(z) = …`.",
     "index i j", "index i, j"),
    ("E0136", "a left side that is not a name with indices", "An equation defines one tensor.",
     "2 a_i = b_i", "a_i = b_i / 2"),
    ("E0137", "an argument of linear algebra that is not a name", "Name the expression on a line of its own first.",
     "y_ij = inv(A + B)_ij", "M_ij = A_ij + B_ij"),
    ("E0138", "a long index name without braces", "Without braces each letter is an index of its own.",
     "index row\ny_row = 2 x_row", "index row\ny_{row} = 2 x_{row}"),
    ("E0212", "a word of the language as a name", "Function names and `sum`, `where`, `index` … are reserved.",
     "sum_i = x_i", "s_i = x_i"),
    ("E0213", "an unknown function", "A name glued to a bracket is a function; a blank makes a product.",
     "y_i = foo(x_i)", "def foo(z) = z^2\ny_i = foo(x_i)"),
)  # fmt: skip

_CHECK: tuple[Row, ...] = (
    ("E0201", "a derivative of or by a name that does not occur", "Both occur in the program; case matters.",
     "L = x_i x_i\n∂L/∂X_i", "L = x_i x_i\n∂L/∂x_i"),
    ("E0202", "an index on the left only", "An axis has its size from an array, or from an `index` line.",
     "a_ik = W_ij x_j", "index k: 5\na_ik = W_ij x_j"),
    ("E0203", "an index that stands once and not on the left",
     "An index that stands twice in a term is summed, one that stands once is kept. To sum over one, say so.",
     "L = exp(x_i)", "L = sum_i exp(x_i)"),
    ("E0204", "an index repeated on the left", "δ puts a vector on a diagonal.", "D_ii = x_i", "D_ij = δ_ij x_i"),
    ("E0205", "terms with different indices", "All terms of a sum have the indices of the left side.",
     "a_i = W_ij x_j + b_k", "a_i = W_ij x_j + b_i"),
    ("E0206", "a tensor with two ranks", "A tensor has as many indices wherever it stands.",
     "y_i = W_ij x_j\nz_i = W_i x_i", "y_i = W_ij x_j\nz_i = w_i x_i"),
    ("E0207", "a summed index that is already free", "Sum over a letter of its own, as in a softmax.",
     "p_nk = exp(A_nk) / sum_k exp(A_nk)", "p_nk = exp(A_nk) / sum_c exp(A_nc)"),
    ("E0208", "a sum over an index that is not there", "It would multiply by a size.",
     "L = sum_c A_nk", "L = sum_{n,k} A_nk"),
    ("E0209", "an index summed inside a factor that also stands outside",
     "That can be one sum or two; an explicit sum says which.",
     "y = x_j tanh(W_ij z_j)", "y_i = x_i tanh(W_ij z_j)"),
    ("E0210", "definitions that depend on each other", "There is no recursion; the order of lines does not matter.",
     "a = 2 b\nb = exp(a)", "a = 2 b\nc = exp(a)"),
    ("E0211", "a name defined twice", "Equations are definitions, not assignments.", "a = x\na = y", "a = x\nb = y"),
    ("E0214", "a function with indices in its body", "A `def` works on single elements.",
     "def f(z) = z w_i\ny_i = f(x_i)", "def f(z) = 2 z\ny_i = f(x_i)"),
    ("E0215", "an index below a derivative that also stands in its bracket", "Below, it is another index.",
     "g_i = ∂(A_ij x_i x_j)/∂x_i", "g_k = ∂(A_ij x_i x_j)/∂x_k"),
    ("E0216", "a quantity that is only given, used as a value", "Of it only first derivatives are known.",
     "given ∂E/∂a_i\na_i = 2 x_i\ny = E", "given ∂E/∂a_i\na_i = 2 x_i\n∂E/∂x_i"),
    ("E0217", "a `given` that is no first derivative of a scalar", "Write `given ∂E/∂a_i`.",
     "given ∂E_k/∂a_i\na_i = 2 x_i", "given ∂E/∂a_i\na_i = 2 x_i"),
    ("E0218", "δ or ε with a wrong number of indices", "δ has two, ε two or more.",
     "y_i = δ_ijk x_jk", "y_i = δ_ij x_j"),
    ("E0219", "a symmetric tensor that is no input", "`symmetric` is a promise about an array that is passed.",
     "S ∈ R^{N×N} symmetric\nS_ij = x_i x_j", "S_ij = x_i x_j"),
    ("E0221", "a derivative at a position", "Name what stands at the position, or differentiate by the whole tensor.",
     "L = x_i x_i\n∂L/∂x_{0}", "L = x_i x_i\n∂L/∂x_i"),
    ("E0222", "a position that is none", "A position counts from 0, and has each of its indices once.",
     "y_i = x_{i-1}", "y_i = x_{i+1}"),
    ("E0223", "linear algebra with too few indices", "A matrix has two, behind those of a batch.",
     "y_i = inv(A)_i", "y_i = inv(A)_ij b_j"),
    ("E0224", "the position of a largest value over several indices", "A position is one number, along one axis.",
     "k = argmax_{i,j}(A_ij)", "k_i = argmax_j(A_ij)"),
    ("E0303", "indices that only one position together sizes", "Declare one of them; the other follows.",
     "y_ij = x_{4i+j}", "index j: 4\ny_ij = x_{4i+j}"),
    ("E0305", "linear algebra on a matrix that is not square", "Its two axes have one size.",
     "A ∈ R^{N×M}\nd = det(A)", "A ∈ R^{N×N}\nd = det(A)"),
    ("E0301", "two sizes for one index", "All axes that an index stands on have one size.",
     "W ∈ R^{H×D}\nx ∈ R^D\na_i = W_ji x_j", "W ∈ R^{H×D}\nx ∈ R^D\na_i = W_ij x_j"),
)  # fmt: skip

_DEEP = (
    'lines = ["h0_i = x_i", *(f"h{n + 1}_i = tanh(h{n}_i) + h{n}_i" for n in range(40)), "L = h40_i h40_i"]\n'
    'text = "\\n".join(lines)\n'
)
_F = 'f = ed.function("a_i = W_ij x_j")\n'
_L = 'L = "r_i = W_ij x_j - y_i\\nL = r_i r_i"\n'
_BIG = 'J = ed.jacobian("a_i = W_ij x_j", wrt="W")\nsizes = dict(W=np.ones((50, 40)), x=np.ones(40))\n'
_SUM = 'f = ed.function("y_i = A_ij B_jk c_k + A_ij B_jk d_k")\n'
_FORM = 'H = ed.hessian("f = x_i A_ij x_j", wrt="x")\n'
_SANDWICH = (
    'H = ed.hessian("L = %ssum_{a,k} (A_ai X_ij B_kj)^2 + X_ij X_ij", wrt="X").factored(A=np.eye(110), B=np.eye(110))\n'
)
_WINDOW = 'f = ed.function("y_i = x_{i+k} w_k")\n'
_GATHER = 'f = ed.function("y_n = x_{t_n}")\n'
_SYMMETRIC = 'f = ed.function("S ∈ R^{N×N} symmetric\\nt = S_ii")\n'
_ARRAYS = "arrays = dict(A=np.ones((50, 50)), B=np.ones((50, 50)), c=np.ones(50), d=np.ones(50))\n"
_SIXTY = (
    'xs, ys = (" ".join(f"{c}{n}" for n in range(%d)) for c in "ij")\n'
    'f = ed.function("a_{" + xs + " " + ys + "} = b_{" + xs + "} c_{" + ys + "}")\n'
    "f(b=np.ones((1,) * %d), c=np.ones((1,) * %d))"
)

_PYTHON: tuple[Row, ...] = (
    ("E0117", "too large a file",
     "A file has at most 4 MiB and 100,000 statements. Where it is really yours, `max_source_bytes=` of `load` and "
     "`parse`, or `--max-source-bytes` of a command, allows more bytes, at most 1 GiB, and in proportion more "
     "statements.",
     'ed.parse("#" * 5_000_000)', 'ed.parse("#" * 5_000_000, max_source_bytes=6e6)'),
    ("E0220", "a text that is not one derivative", "`derivative` takes one query, as on a line of a file.",
     'ed.derivative("L = x_i x_i", "y = 2 L")', 'ed.derivative("L = x_i x_i", "∂L/∂x_i")'),
    ("E0302", "size 1 where another is expected", "No axis is stretched; a scalar has no axes.",
     _F + "f(W=np.ones((3, 4)), x=np.ones(1))", _F + "f(W=np.ones((3, 4)), x=np.ones(4))"),
    ("E0304", "a size that no array fixes", "Every size comes from an array that is passed, or a declared number.",
     _BIG + 'J(x=np.ones(4))', _BIG + "J(**sizes)"),
    ("E0306", "a position outside of its axis", "The array that is read has to be long enough.",
     _WINDOW + "f(x=np.ones(3), w=np.ones(5))", _WINDOW + "f(x=np.ones(5), w=np.ones(3))"),
    ("E0401", "a name that the program does not have", "Names are case-sensitive.",
     _L + 'ed.grad(L, wrt="w")', _L + 'ed.grad(L, wrt="W")'),
    ("E0402", "the gradient of something that is not a scalar", "Use `jacobian` or `vjp`, or sum it first.",
     _L + 'ed.grad(L, of="r", wrt="W")', _L + 'ed.jacobian(L, of="r", wrt="W")'),
    ("E0404", "a function without a derivative",
     "Positions and ranks do not change smoothly; softmax is the smooth counterpart of argmax.",
     'ed.jacobian("k_n = argmax_c(A_nc)", wrt="A")', 'ed.jacobian("p_nk = softmax_k(A_nk)", wrt="A")'),
    ("E0405", "a factored tensor of several results", "Ask for one.",
     _L + 'ed.grad(L, wrt=["W", "x"]).factored(W=np.ones((2, 2)), x=np.ones(2), y=np.ones(2))',
     _L + 'ed.grad(L, wrt="W").factored(W=np.ones((2, 2)), x=np.ones(2), y=np.ones(2))'),
    ("E0406", "an argument of another kind than expected", "The message says which kind; names are strings.",
     "ed.grad(3)", 'ed.grad("y = x^2")'),
    ("E0407", "the value of what is only given", "`given ∂E/∂a_i` says nothing of E itself.",
     'ed.function("given ∂E/∂a_i\\na_i = 2 x_i", of="E")', 'ed.grad("given ∂E/∂a_i\\na_i = 2 x_i", of="E", wrt="x")'),
    ("E0408", "a tensor called as the vector of a product", "The tangent of W is passed as `dW`.",
     'ed.jvp("y_i = x_i dx_i", wrt="x")', 'ed.jvp("y_i = x_i z_i", wrt="x")'),
    ("E0409", "source for a library that there is none for", "There is source for NumPy, JAX and PyTorch.",
     'ed.function("y = 2 x").source("fortran")', 'ed.function("y = 2 x").source("torch")'),
    ("E0410", "a derivation that is too long to be read", "Take it in parts, by a tensor in between.",
     _DEEP + 'ed.grad(text, of="L", wrt="x").steps()', _DEEP + 'ed.grad(text, of="L", wrt="h40").steps()'),
    ("E0411", "the derivation of what is no derivative", "Only a derivative is taken by rules.",
     'ed.function("y = x^2").steps()', 'ed.grad("y = x^2").steps()'),
    ("E0412", "a derivation from given derivatives of which one depends on another",
     "In print ∂ would mean two things: with the others held fixed, and in all.",
     'ed.derivative("h_i = tanh(x_i)\\ngiven ∂E/∂h_i\\nq_i = h_i h_i\\ngiven ∂E/∂q_i", "∂E/∂x_k").steps()',
     'ed.derivative("h_i = tanh(x_i)\\ngiven ∂E/∂h_i", "∂E/∂x_k").steps()'),
    ("E0413", "a derivation through a Cholesky factor that has no name",
     "The rule for it has the inverse of the factor, which is written with a name; the derivative itself needs none.",
     'ed.grad("f = cholesky(A)_ij x_i x_j", wrt="A").steps()', 'ed.jacobian("L_ij = cholesky(A)_ij").steps()'),
    ("E0414", "a tensor named twice in `wrt`", "The second derivative is asked for by `hessian`, or by a query.",
     'ed.grad("f = x_i x_i", wrt=["x", "x"])', 'ed.hessian("f = x_i x_i", wrt="x")'),
    ("E0501", "a missing array", "Pass it by its name.", _F + "f(W=np.ones((3, 4)))",
     _F + "f(W=np.ones((3, 4)), x=np.ones(4))"),
    ("E0502", "an array that the program does not have", "Leave it out, or correct its name.",
     _F + "f(W=np.ones((3, 4)), x=np.ones(4), bias=np.ones(3))", _F + "f(W=np.ones((3, 4)), x=np.ones(4))"),
    ("E0503", "an array with a wrong number of axes", "It has one axis for each index of its tensor.",
     _F + "f(W=np.ones((3, 4, 1)), x=np.ones(4))", _F + "f(W=np.ones((3, 4)), x=np.ones(4))"),
    ("E0504", "an array of something else than real numbers", "Convert it first.",
     _F + "f(W=np.array([['a', 'b']]), x=np.ones(2))", _F + "f(W=np.array([[1.0, 2.0]]), x=np.ones(2))"),
    ("E0506", "NaN or infinity in an input", "`check_finite=True` asks for this refusal; without it they propagate.",
     _F + "f(W=np.ones((3, 4)), x=np.full(4, np.nan), check_finite=True)",
     _F + "f(W=np.ones((3, 4)), x=np.ones(4), check_finite=True)"),
    ("E0507", "the largest of nothing", "Sums over an empty axis are 0; max, min, mean and logsumexp have no value.",
     'ed.function("y = max_i(x_i)")(x=np.ones(0))', 'ed.function("y = sum_i x_i")(x=np.ones(0))'),
    ("E0510", "a value that is no position", "A tensor that is gathered by holds integers from 0 to the size less 1.",
     _GATHER + "f(x=np.ones(4), t=[0, 4])", _GATHER + "f(x=np.ones(4), t=[0, 3])"),
    ("E0511", "a matrix that cannot be inverted or factorised", "It is singular, or not positive definite.",
     'ed.function("B_ij = inv(A)_ij")(A=np.ones((2, 2)))', 'ed.function("B_ij = inv(A)_ij")(A=np.eye(2))'),
    ("E0512", "an array that is not symmetric", "Its tensor is declared `symmetric`.",
     _SYMMETRIC + "f(S=np.arange(4.0).reshape(2, 2))", _SYMMETRIC + "f(S=np.eye(2))"),
    ("E0601", "a result that does not fit in memory",
     "The size is known before anything is computed. Without `memory_limit=` it is half of the memory that is free.",
     _BIG + "J(**sizes, memory_limit=100_000)", _BIG + "J(**sizes, memory_limit=1_000_000)"),
    ("E0602", "an intermediate that does not fit in memory",
     "The message has the largest step, with its tensors and its longest index; `f.plan(...)` shows every step.",
     _SUM + _ARRAYS + "f(**arrays, memory_limit=500)", _SUM + _ARRAYS + "f(**arrays, memory_limit=1_000_000)"),
    ("E0603", "more axes than an array can have",
     "NumPy has arrays of up to 64 axes (32 before NumPy 2). A product may have more indices than that.",
     _SIXTY % (40, 40, 40), _SIXTY % (10, 10, 10)),
    ("W0201", "a name that differs from another only in case",
     "It is neither defined nor declared, so it is an input; perhaps the other one was meant. The same is told of an "
     "operator that is misspelt, `Sum_i`, and of a number that is called as an index of its equation.",
     'ed.parse("x ∈ R^D\\na_i = W_ij X_j")', 'ed.parse("x ∈ R^D\\na_i = W_ij x_j")'),
    ("W0403", "a derivative that is zero everywhere", "Say `allow_unused=True` where that is meant.",
     'ed.grad("L = x_i x_i\\nz = 2 y", of="L", wrt="y")',
     'ed.grad("L = x_i x_i\\nz = 2 y", of="L", wrt="y", allow_unused=True)'),
    ("W0505", "integers in arithmetic",
     "They become float64, exact below 2**53. Class labels, as in `[k == y_n]`, are fine.",
     'ed.function("y = x_i x_i")(x=np.array([1, 2]))', 'ed.function("y = x_i x_i")(x=np.array([1.0, 2.0]))'),
    ("E0801", "a factored tensor that is singular", "A multiple of the identity, added to it, helps.",
     _FORM + "H.factored(A=np.zeros((2, 2))).solve(np.ones(2))", _FORM + "H.factored(A=np.eye(2)).solve(np.ones(2))"),
    ("E0802", "conjugate gradients on what is not positive definite",
     "They solve where no structure helps, for symmetric positive definite matrices alone.",
     _SANDWICH % "-" + "H.solve(np.ones((110, 110)))", _SANDWICH % "" + "H.solve(np.ones((110, 110)))"),
    ("E0803", "a factored tensor that is not sparse", "Most of its entries may differ from zero.",
     _FORM + "H.factored(A=np.ones((9, 9))).to_scipy_sparse()",
     'ed.jacobian("y_i = x_i^2", wrt="x").factored(x=np.ones(9)).to_scipy_sparse()'),
    ("E0804", "a number added to a factored tensor", "NumPy would add it to every entry; say what is meant.",
     _FORM + "H.factored(A=np.eye(2)) + 1.0",
     _FORM + "T = H.factored(A=np.eye(2))\nT + 1.0 * T.identity"),
    ("E0805", "an inverse without small parts", "`solve` needs none.",
     _SANDWICH % "" + "H.inverse()", _SANDWICH % "" + "H.solve(np.ones((110, 110)))"),
    ("E0806", "an index that a factored tensor does not have", "Its axes are the letters that it prints.",
     _FORM + "H.factored(A=np.eye(2)).block(i=5)", _FORM + "H.factored(A=np.eye(2)).block(i=1)"),
)  # fmt: skip

_CONVERT: tuple[Row, ...] = (
    ("E0901", "a text that is not of the notation", "The message says where it stops making sense.",
     "ed.convert(\"x' * A *\")", "ed.convert(\"x' * A * x\")"),
    ("E0902", "sizes that do not fit in another notation",
     "A product of matrices needs as many columns on the left as rows on the right; the help has the nearest formulas "
     "that fit.",
     'ed.convert("W^T x W + b")', 'ed.convert("x^T W x + b")'),
    ("E0903", "an einsum string that NumPy would refuse", "The output has each index once, and from an operand.",
     'ed.convert("ij,jk->iz")', 'ed.convert("ij,jk->ik")'),
    ("E0904", "a notation without counterpart",
     "An index stands for one axis, and a product has no order; what needs more is refused with the reason.",
     "ed.convert('rearrange(x, \"b h w c -> b (h w) c\")')", "ed.convert('rearrange(x, \"b h w c -> b c h w\")')"),
    ("E0905", "names or shapes that do not go with the formula", "An einsum string has a name for each operand.",
     'ed.convert("ij,jk->ik", names="A")', 'ed.convert("ij,jk->ik", names="A,B")'),
    ("E0906", "a formula that is read in two ways", "The help has both readings, written out.",
     'ed.convert("sum(A)")', 'ed.convert("sum(sum(A))")'),
    ("E0907", "a text in no known notation", "The notations are `einsum`, `matrix` and `latex`.",
     'ed.convert("x\' x", "maple")', 'ed.convert("x\' x", "matrix")'),
    ("E0908", "a size that nothing fixes", "`vector(1)` and `eye` have the size of what they are combined with.",
     "ed.convert(\"vector(1)' * vector(1)\")", "ed.convert(\"vector(1)' * x\")"),
    ("E0909", "a name that is defined where it is already used", "Equations define; there is no assignment.",
     'ed.convert("x = A x")', 'ed.convert("y = A x")'),
)  # fmt: skip

_SHELL: tuple[Row, ...] = (
    ("E0508", "a data file without plain arrays", "Write it with `numpy.savez`; pickled objects are never read.",
     "echo 'y = 2 x' > model.ein\necho 'x = 1' > data.npz\neinderiv run model.ein --data data.npz",
     "echo 'y = 2' > model.ein\npython -c 'import numpy; numpy.savez(\"data.npz\")'\n"
     "einderiv run model.ein --data data.npz"),
    ("E0604", "a data file whose arrays do not fit in memory",
     "The heads of the arrays say how much they take; nothing is read. The limit is half of the free memory, or yours.",
     "echo 'y_i = 2 x_i' > model.ein\npython -c 'import numpy; numpy.savez(\"data.npz\", x=numpy.ones(99))'\n"
     "einderiv run model.ein --data data.npz --memory-limit 500",
     "echo 'y_i = 2 x_i' > model.ein\npython -c 'import numpy; numpy.savez(\"data.npz\", x=numpy.ones(99))'\n"
     "einderiv run model.ein --data data.npz --memory-limit 1e6"),
    ("E0509", "a size that the program does not have, or lacks", "`plan` needs a number for every size.",
     "echo 'y_i = 2 x_i' > model.ein\neinderiv plan model.ein --size Q=3",
     "echo 'y_i = 2 x_i' > model.ein\neinderiv plan model.ein --size i=3"),
    ("E0515", "a file that cannot be read or written", "The message says which, and what the system says.",
     "einderiv show none.ein", "echo 'y_i = 2 x_i' > model.ein\neinderiv show model.ein"),
    ("E0513", "a function that needs SciPy", "`digamma`, the slope of `lgamma`, is not in Python: install SciPy.",
     "python -c 'import sys; sys.modules[\"scipy.special\"] = None\n"
     "import einderiv as ed; ed.function(\"y = digamma(x)\")(x=1.0)'",
     "python -c 'import einderiv as ed; ed.function(\"y = lgamma(x)\")(x=1.0)'"),
    ("E0531", "an optional part that is not installed",
     "Pictures, notebooks, editors and documents need packages of their own; the message names the extra.",
     "python -c 'import sys; sys.modules[\"graphviz\"] = None\n"
     "import einderiv as ed; ed.parse(\"y = 2 x\").graph().dot'",
     "python -c 'import einderiv as ed; print(ed.parse(\"y = 2 x\").graph())'"),
    ("E0532", "a picture in a format that there is none for", "There are SVG, PNG, PDF and DOT, by the suffix.",
     "echo 'y_i = 2 x_i' > model.ein\neinderiv graph model.ein --out model.gif",
     "echo 'y_i = 2 x_i' > model.ein\neinderiv graph model.ein --out model.dot"),
    ("E0514", "an error code that does not exist", "`einderiv explain` without a code lists all.",
     "einderiv explain E9999", "einderiv explain E0203"),
)  # fmt: skip

_KINDS = {
    "E01": "EinSyntaxError", "E02": "EinIndexError", "E03": "EinShapeError", "E04": "EinTypeError",
    "E05": "EinInputError", "E06": "EinMemoryError", "E08": "EinTypeError", "E09": "EinSyntaxError", "W": "EinWarning",
}  # fmt: skip
_OTHER_KINDS = {
    "E0219": "EinTypeError", "E0201": "EinNameError", "E0210": "EinNameError", "E0211": "EinNameError",
    "E0212": "EinNameError", "E0213": "EinNameError", "E0216": "EinTypeError", "E0217": "EinTypeError",
    "E0220": "EinSyntaxError", "E0401": "EinNameError", "E0408": "EinNameError", "E0503": "EinShapeError",
    "E0504": "EinTypeError", "E0506": "EinValueError", "E0507": "EinValueError", "E0510": "EinValueError",
    "E0511": "EinValueError", "E0512": "EinValueError", "E0513": "EinTypeError", "E0514": "EinNameError",
    "E0531": "EinTypeError", "E0532": "EinTypeError",
    "E0303": "EinIndexError",
    "E0603": "EinLimitError", "E0801": "EinValueError", "E0802": "EinValueError", "E0806": "EinIndexError",
    "E0902": "EinShapeError", "E0905": "EinInputError", "E0907": "EinInputError", "E0908": "EinShapeError",
    "E0909": "EinNameError",
}  # fmt: skip


def _kind(code: str) -> str:
    return _OTHER_KINDS.get(code) or next(kind for start, kind in _KINDS.items() if code.startswith(start))


_TABLES = {"ein": (*_SYNTAX, *_CHECK), "python": (*_PYTHON, *_CONVERT), "shell": _SHELL}
CODES: dict[str, Page] = {
    code: Page(code, _kind(code), title, text, wrong, right, "shell" if code == "E0103" else language)
    for language, rows in _TABLES.items()
    for code, title, text, wrong, right in sorted(rows)
}
