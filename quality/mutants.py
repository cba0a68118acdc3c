"""The target of atheris, `python -m quality.mutants CORPUS -runs=…`: bytes in, and only an `EinError` may come out."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["einderiv"]):
    from quality.trying import attempt

SHARE = 4  # of the accepted mutants, one in so many is differentiated


def target(data: bytes) -> None:
    """What libFuzzer calls with every mutant."""
    attempt(data, SHARE)


def main() -> None:
    """Never returns: libFuzzer ends the process."""
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
