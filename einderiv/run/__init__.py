"""Plans on arrays of NumPy, JAX, PyTorch, Dask and CuPy."""

from einderiv.run.arrays import Accepted, accept
from einderiv.run.execute import prepare, run

__all__ = ["Accepted", "accept", "prepare", "run"]
