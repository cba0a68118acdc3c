"""The slope of a softmax with as many digits as it takes."""

from __future__ import annotations

import mpmath
import numpy as np


def of_softmax(z: np.ndarray, g: np.ndarray) -> list[float]:
    """p_i (g_i - Σ_q p_q g_q) for one row, with a thousand digits."""
    with mpmath.workdps(1000):
        e = [mpmath.exp(mpmath.mpf(float(x))) for x in z]
        p = [x / mpmath.fsum(e) for x in e]
        mean = mpmath.fsum(a * mpmath.mpf(float(b)) for a, b in zip(p, g, strict=True))
        return [float(a * (mpmath.mpf(float(b)) - mean)) for a, b in zip(p, g, strict=True)]
