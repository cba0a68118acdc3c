"""Problems P1 to P15, timed for einderiv, for NumPy by hand, and for the differentiating libraries that are installed.

`python -m benchmarks` runs them all and prints the table; `--help` tells the rest.
"""
