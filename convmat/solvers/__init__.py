"""Solving a `LeastSquares` problem, by whichever method: see `SOLVERS`."""

from convmat.solvers.dispatch import solve
from convmat.solvers.table import SOLVERS, Solver

__all__ = ["SOLVERS", "Solver", "solve"]
