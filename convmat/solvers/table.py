"""The solvers there are, and what each can do."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from convmat.solution import Outcome
from convmat.solvers.cholesky import cholesky
from convmat.solvers.lsmr import lsmr
from convmat.solvers.lsqr import lsqr
from convmat.solvers.pinv import pinv

__all__ = ["SOLVERS", "Solver"]


@dataclass(frozen=True)
class Solver:
    """One row of `SOLVERS`.

    Attributes
    ----------
    name : str
    function : callable
        ``function(problem, **options) -> Outcome``; its keyword arguments are its options.
    iterative : bool
        Iterative (tolerance, max_iterations, callback, history) or direct.
    matrix_free : bool
        Products with A suffice; otherwise its entries, or its normal equations, are needed.
    minimum_norm : bool
        Where the rank is deficient, it gives the solution of smallest norm.
    reports_rank : bool
        It finds the rank, and its status says where that is deficient.
    bounds : bool
        It takes bounds and an equality constraint.
    structure : str
        What else A must be; empty where anything goes.
    description : str
    """

    name: str
    function: Callable[..., Outcome]
    iterative: bool
    matrix_free: bool
    minimum_norm: bool
    reports_rank: bool
    bounds: bool
    structure: str
    description: str


_ROWS = (
    Solver(
        name="cholesky",
        function=cholesky,
        iterative=False,
        matrix_free=False,
        minimum_norm=True,
        reports_rank=True,
        bounds=False,
        structure="",
        description="normal equations; LAPACK, CHOLMOD or banded; refined",
    ),
    Solver(
        name="pinv",
        function=pinv,
        iterative=False,
        matrix_free=False,
        minimum_norm=True,
        reports_rank=True,
        bounds=False,
        structure="",
        description="singular value decomposition; tells the rank",
    ),
    Solver(
        name="lsqr",
        function=lsqr,
        iterative=True,
        matrix_free=True,
        minimum_norm=True,
        reports_rank=False,
        bounds=False,
        structure="",
        description="Krylov; the objective shrinks at every step",
    ),
    Solver(
        name="lsmr",
        function=lsmr,
        iterative=True,
        matrix_free=True,
        minimum_norm=True,
        reports_rank=False,
        bounds=False,
        structure="",
        description="Krylov; the gradient shrinks at every step",
    ),
)

SOLVERS = MappingProxyType({row.name: row for row in _ROWS})
