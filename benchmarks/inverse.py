"""How fast the optimal inverse filter of a large support is found, by its structure and without.

Run with `python benchmarks/inverse.py [--size 201] [--repeat 15] [--all]`. The kernel is 11x7
uniform random numbers (seed 0), the filter 201x201, the delta in the centre of the 211x207 outputs.
Each way is run to a gradient norm of 1e-9 of |H'b|, certified from the explicit matrix, or as far
as it goes. All times are taken in one process, in turns, and the smallest of each is compared; of
ways with thousands of iterations that of 40 of them, times their number.

    lsmr        on the explicit CSR matrix, ours
    pcg         conjugate gradients, circulant preconditioner, from the operator
    auto        what `solve` does by itself: pcg, to 1e-10
    plain pcg   the same with |F|^2 as it is on the grid, not smoothed
    border      direct: circular on the outputs' grid by FFT, the filter held to zero outside of
                its support by a dense Cholesky factor for the border of 3276 samples

and with --all, some minutes more,

    scipy lsmr  scipy.sparse.linalg.lsmr on the explicit matrix, for as many iterations
    cgls        on the explicit matrix
    cholmod     sparse Cholesky of the Gram matrix
    banded      LAPACK's banded Cholesky of it
    gradient    gradient descent by FFT, step 5e-5, 50,000 iterations (--all runs 1000 of them)
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse.linalg import lsmr

from convmat import ConvolutionOperator, LeastSquares, MissingPackageError, solve
from convmat.solvers.pcg import pcg_iterates
from convmat.spectral.circulant import CirculantInverse
from convmat.threads import cores

TOLERANCE = 1e-9
TARGET = 5
PART = 40
LONG: dict[str, Any] = {"tolerance": TOLERANCE, "max_iterations": 100_000}


class Unsmoothed(CirculantInverse):
    """The circulant preconditioner as it is mostly met."""

    def _power(self, kernel: NDArray) -> NDArray:
        return np.abs(self._forward(kernel)) ** 2


def by_border(operator: ConvolutionOperator, b: NDArray) -> NDArray:
    """Minimise over circular filters, under the constraint of the support.

    With C the circular convolution on the grid of the outputs and g zero on the border s,
    ``C'C g = C'b - E_s z`` and ``(E_s' (C'C)^-1 E_s) z = E_s' (C'C)^-1 C'b``.
    """
    shape, support = operator.geometry.output_shape, operator.geometry.input_shape
    spectrum = fft.fft2(operator.kernel, shape, workers=cores())
    power = np.abs(spectrum) ** 2
    response = fft.ifft2(1 / power, workers=cores()).real
    border = np.ones(shape, dtype=bool)
    border[tuple(map(slice, support))] = False
    rows, columns = np.nonzero(border)
    matrix = response[rows[:, None] - rows, columns[:, None] - columns]  # negative ones wrap
    factor = cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)

    def apply(r: NDArray) -> NDArray:
        return fft.ifft2(fft.fft2(r, workers=cores()) / power, workers=cores()).real

    def inverse(r: NDArray) -> NDArray:
        padded = np.zeros(shape)
        padded[tuple(map(slice, support))] = r.reshape(support)
        free = apply(padded)
        pull = np.zeros(shape)
        pull[border] = cho_solve(factor, free[border], check_finite=False)
        return (free - apply(pull))[tuple(map(slice, support))].ravel()

    x = inverse(operator.rmatvec(b))
    return x + inverse(operator.rmatvec(b - operator @ x))  # one step of refinement


def by_unsmoothed(problem: LeastSquares) -> NDArray:
    """PCG with the other preconditioner, by its own recurrence."""
    operator = problem.A
    x = np.zeros(problem.shape[1])
    target = TOLERANCE * float(np.linalg.norm(problem.rhs))
    precondition = Unsmoothed(operator.kernel, operator.geometry.input_shape)
    for _, gradient in pcg_iterates(problem, precondition, x):
        if gradient <= target:
            break
    return x


def by_scipy(H: Any, b: NDArray, iterations: int) -> NDArray:
    return np.asarray(lsmr(H, b, atol=0, btol=0, conlim=0, maxiter=iterations)[0])


@dataclass
class Way:
    """One way: what it takes for an x, and what is timed of it.

    `share` is how often the timed part is contained in the whole.
    """

    whole: Callable[[], NDArray]
    part: Callable[[], object]
    share: float
    iterations: int | None
    turns: int
    seconds: float = np.inf


def by_parts(
    problem: LeastSquares, solver: str, iterations: int | None = None, **options: Any
) -> Way:
    """Of a slow iterative solver 40 iterations are timed."""
    if iterations is None:
        iterations = solve(problem, solver, **LONG, **options).iterations
    limit = {"max_iterations": iterations, "tolerance": 0.0} | options
    return Way(
        lambda: solve(problem, solver, **limit).x,
        lambda: solve(problem, solver, **limit | {"max_iterations": PART}),
        iterations / PART,
        iterations,
        turns=1000,
    )


def main() -> None:
    """Print one line for each way."""
    parser = argparse.ArgumentParser(description="Time the design of a large inverse filter.")
    parser.add_argument("--size", type=int, default=201, help="side of the filter (201)")
    parser.add_argument("--repeat", type=int, default=15, help="turns (15)")
    parser.add_argument("--all", action="store_true", help="the slow ones too")
    args = parser.parse_args()
    kernel = np.random.default_rng(0).random((11, 7))
    operator = ConvolutionOperator(kernel, (args.size, args.size))
    shape = operator.geometry.output_shape
    delta = np.zeros(shape)
    delta[(shape[0] - 1) // 2, (shape[1] - 1) // 2] = 1
    b = delta.ravel()
    H = operator.to_matrix()
    free, explicit = LeastSquares(operator, b), LeastSquares(H, b)

    def direct(solver: str, **options: Any) -> Callable[[], NDArray]:
        return lambda: solve(LeastSquares(operator, b), solver, **options).x

    def whole(
        action: Callable[[], NDArray], iterations: int | None = None, turns: int = 1000
    ) -> Way:
        return Way(action, action, 1, iterations, turns)

    ways = {
        "lsmr": by_parts(explicit, "lsmr"),
        "pcg": whole(
            direct("pcg", tolerance=TOLERANCE),
            solve(free, "pcg", tolerance=TOLERANCE).iterations,
        ),
        "auto": whole(direct("auto"), solve(free).iterations),
        "plain pcg": whole(lambda: by_unsmoothed(free)),
        "border": whole(lambda: by_border(operator, b)),
    }
    if args.all:
        count = ways["lsmr"].iterations
        assert count is not None
        ways["scipy lsmr"] = Way(
            lambda: by_scipy(H, b, count), lambda: by_scipy(H, b, PART), count / PART, count, 1000
        )
        ways["cgls"] = by_parts(explicit, "cgls")
        for backend in ("cholmod", "banded"):
            ways[backend] = whole(direct("cholesky", backend=backend), turns=3)
        ways["gradient"] = by_parts(free, "gradient", 1000, step=5e-5, gram=False)
    answers = {}
    for name, way in list(ways.items()):
        try:
            answers[name] = way.whole()
        except MissingPackageError as error:
            print(f"{name}: {error}")
            del ways[name]
    for turn in range(args.repeat):
        for way in ways.values():
            if turn < way.turns:
                start = time.perf_counter()
                way.part()
                way.seconds = min(way.seconds, (time.perf_counter() - start) * way.share)

    print(f"f 11x7, g {args.size}x{args.size}, H {H.shape[0]}x{H.shape[1]} with {H.nnz} entries")
    print("              iterations    seconds   gradient   residual  largest   lsmr takes")
    scale = float(np.linalg.norm(H.T @ b))
    reference = ways["lsmr"].seconds
    for name, way in ways.items():
        left = H @ answers[name] - b
        gradient = float(np.linalg.norm(H.T @ left)) / scale
        seconds = way.seconds
        print(
            f"{name:11}{way.iterations or '':>13} {seconds:10.3f} {gradient:10.1e} "
            f"{np.linalg.norm(left):10.6f}{np.abs(left).max():9.5f} {reference / seconds:8.1f}x"
        )
    if args.all:
        print(f"50,000 iterations of gradient descent take {50 * ways['gradient'].seconds:.0f} s")
    if reference / ways["pcg"].seconds < TARGET:
        print(f"the target, {TARGET} times as fast as lsmr, is missed")


if __name__ == "__main__":
    main()
