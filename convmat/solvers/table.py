"""The solvers there are, and what each can do."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from convmat.solution import Outcome
from convmat.solvers.bounded import bounded, nonnegative
from convmat.solvers.cgls import cgls
from convmat.solvers.cholesky import cholesky
from convmat.solvers.fft import fft
from convmat.solvers.fista import fista
from convmat.solvers.gradient import gradient
from convmat.solvers.lsmr import lsmr
from convmat.solvers.lsqr import lsqr
from convmat.solvers.pcg import pcg
from convmat.solvers.pinv import pinv
from convmat.solvers.qr import qr
from convmat.solvers.spectral import spectral

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
    complex_numbers : bool
        It serves complex problems, too (under no constraints).
    structure : str
        The method that A must have as an operator; empty where any A goes.
    imposes : str
        The constraint that it always adds to the problem, so that its answer is not to be
        compared with the others'; empty for all but `nonnegative`.
    description : str
    """

    name: str
    function: Callable[..., Outcome]
    iterative: bool
    matrix_free: bool
    minimum_norm: bool
    reports_rank: bool
    bounds: bool
    complex_numbers: bool
    structure: str
    imposes: str
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
        complex_numbers=True,
        structure="",
        imposes="",
        description="normal equations; LAPACK, CHOLMOD or banded; refined",
    ),
    Solver(
        name="qr",
        function=qr,
        iterative=False,
        matrix_free=False,
        minimum_norm=True,
        reports_rank=True,
        bounds=False,
        complex_numbers=True,
        structure="",
        imposes="",
        description="Householder QR with pivoting, by blocks of rows",
    ),
    Solver(
        name="pinv",
        function=pinv,
        iterative=False,
        matrix_free=False,
        minimum_norm=True,
        reports_rank=True,
        bounds=False,
        complex_numbers=True,
        structure="",
        imposes="",
        description="singular value decomposition; tells the rank",
    ),
    Solver(
        name="spectral",
        function=spectral,
        iterative=False,
        matrix_free=True,
        minimum_norm=True,
        reports_rank=True,
        bounds=False,
        complex_numbers=True,
        structure="diagonalization",
        imposes="",
        description="fast transforms or one small SVD per axis; exact in O(N log N)",
    ),
    Solver(
        name="fft",
        function=fft,
        iterative=False,
        matrix_free=True,
        minimum_norm=True,
        reports_rank=True,
        bounds=False,
        complex_numbers=True,
        structure="frequency_response",
        imposes="",
        description="division in the frequency domain; circular convolutions only",
    ),
    Solver(
        name="lsqr",
        function=lsqr,
        iterative=True,
        matrix_free=True,
        minimum_norm=True,
        reports_rank=False,
        bounds=False,
        complex_numbers=True,
        structure="",
        imposes="",
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
        complex_numbers=True,
        structure="",
        imposes="",
        description="Krylov; the gradient shrinks at every step",
    ),
    Solver(
        name="cgls",
        function=cgls,
        iterative=True,
        matrix_free=True,
        minimum_norm=True,
        reports_rank=False,
        bounds=False,
        complex_numbers=True,
        structure="",
        imposes="",
        description="Krylov; conjugate gradients on the normal equations",
    ),
    Solver(
        name="pcg",
        function=pcg,
        iterative=True,
        matrix_free=True,
        minimum_norm=False,
        reports_rank=False,
        bounds=False,
        complex_numbers=True,
        structure="preconditioner",
        imposes="",
        description="Krylov; conjugate gradients, preconditioned by what A offers",
    ),
    Solver(
        name="gradient",
        function=gradient,
        iterative=True,
        matrix_free=True,
        minimum_norm=True,
        reports_rank=False,
        bounds=False,
        complex_numbers=True,
        structure="",
        imposes="",
        description="gradient descent with one step length",
    ),
    Solver(
        name="fista",
        function=fista,
        iterative=True,
        matrix_free=True,
        minimum_norm=True,
        reports_rank=False,
        bounds=True,
        complex_numbers=True,
        structure="",
        imposes="",
        description="accelerated gradient descent; takes constraints",
    ),
    Solver(
        name="bounded",
        function=bounded,
        iterative=False,
        matrix_free=False,
        minimum_norm=False,
        reports_rank=True,
        bounds=True,
        complex_numbers=False,
        structure="",
        imposes="",
        description="bounds and a fixed sum, exactly, by active sets",
    ),
    Solver(
        name="nonnegative",
        function=nonnegative,
        iterative=False,
        matrix_free=False,
        minimum_norm=False,
        reports_rank=True,
        bounds=True,
        complex_numbers=False,
        structure="",
        imposes="x >= 0",
        description="as bounded, nothing below zero",
    ),
)

SOLVERS = MappingProxyType({row.name: row for row in _ROWS})
