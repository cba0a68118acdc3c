"""How the syntax layer says what is wrong: errors that get their source later, where the whole text is known.

The codes of this layer, each with one meaning:

    E0101 unexpected character, or a name that starts with `_`     E0120 superscript digit
    E0102 letter of another script that looks like a Latin one     E0121 malformed subscript
    E0103 not UTF-8                                                E0122 number with a subscript, `1_000`
    E0104 invisible control character                              E0123 several letters in an affine index
    E0105 number too large                                         E0124 blank before the bracket of a function
    E0110 bracket never closed                                     E0125 function without the subscript it needs
    E0111 closing bracket without an opening one                   E0126 chained comparison
    E0112 nothing follows an operator                              E0127 comparison outside `[ ]` and `where`
    E0113 no `=`                                                   E0128 negative position
    E0114 `=` spelt another way                                    E0129 power of a derivative
    E0115 matrix notation                                          E0130 order of a derivative
    E0116 nested too deep                                          E0131 malformed derivative
    E0117 too large a file                                         E0132 number of arguments
    E0118 something else was expected                              E0133 subscript where none can stand
    E0119 ambiguous product after a division                       E0134 second `=`
    E0135 malformed declaration                                    E0136 left side that is not name and indices
    E0137 argument of linear algebra                               E0212 reserved word
    E0213 unknown function
"""

from __future__ import annotations

from collections.abc import Sequence

from einderiv.errors import EinNameError, EinSyntaxError, Label, Span


def fault(
    code: str,
    message: str,
    span: Span,
    label: str = "",
    *others: Label,
    notes: Sequence[str] = (),
    helps: Sequence[str] = (),
) -> EinSyntaxError:
    """A syntax error at `span`."""
    return EinSyntaxError(code, message, labels=[Label(span, label), *others], notes=notes, helps=helps)


def name_fault(
    code: str, message: str, span: Span, label: str = "", *, notes: Sequence[str] = (), helps: Sequence[str] = ()
) -> EinNameError:
    """An error about a name at `span`."""
    return EinNameError(code, message, labels=[Label(span, label)], notes=notes, helps=helps)
