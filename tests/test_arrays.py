"""What comes in as a signal or a kernel, and what is refused."""

import numpy as np
import pytest
from scipy import sparse

from convmat import ConvmatError
from convmat.arrays import as_samples


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("byteorder", ["=", ">", "<"])
def test_the_four_dtypes_are_kept(dtype, byteorder):
    values = np.array([1, 2], dtype=np.dtype(dtype).newbyteorder(byteorder))
    samples = as_samples(values, "x")
    assert samples.dtype == np.dtype(dtype)
    assert samples.dtype.isnative
    assert samples.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("bool", "float64"),
        ("int8", "float64"),
        ("uint8", "float64"),
        ("int32", "float64"),
        ("uint64", "float64"),
        ("float16", "float32"),
    ],
)
def test_others_are_promoted(given, kept):
    samples = as_samples(np.array([0, 1], dtype=given), "x")
    assert samples.dtype == kept
    assert samples.tolist() == [0, 1]


def test_dtype_converts():
    assert as_samples([1, 2], "x", dtype="complex64").dtype == np.complex64
    assert as_samples(np.array([1.5]), "x", dtype=np.float32).dtype == np.float32
    assert as_samples(np.array([1.5], np.longdouble), "x", dtype=float).dtype == np.float64


def test_an_array_that_fits_is_not_copied():
    values = np.arange(6.0).reshape(2, 3)
    assert np.shares_memory(as_samples(values, "x", ndim=2), values)


@pytest.mark.parametrize("integer", [2**53, -(2**53)])
def test_integers_up_to_two_to_the_53_are_exact(integer):
    assert int(as_samples([integer], "x")[0]) == integer


@pytest.mark.parametrize("integer", [2**53 + 1, -(2**53) - 1, -(2**63), 2**64 - 1])
def test_integers_beyond_are_refused(integer):
    with pytest.raises(ConvmatError, match=r"signal .*2\*\*53"):
        as_samples([integer], "signal")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (None, "None"),
        ("abc", "abc"),
        (object(), "object"),
        ([None, 1.0], "object"),
        ([2**70], "object"),
        (["a", "b"], "<U1"),
        (np.array(["2020-01-01"], "datetime64[D]"), "datetime64"),
        (np.zeros(2, dtype=[("a", float)]), "'a'"),
        (iter([1.0]), "object"),
        ({1: 2}, "object"),
        ([[1, 2], [3]], "rectangular"),
        ([], "(0,)"),
        (np.empty((3, 0)), "(3, 0)"),
        ([1.0, np.nan], "nan"),
        ([1.0, -np.inf], "-inf"),
        ([1.0, complex(0, np.nan)], "nan"),
        (np.ones(2, np.longdouble), str(np.dtype(np.longdouble))),
        (np.ma.array([1.0, 2.0], mask=[True, False]), "masked"),
        (sparse.csr_array(np.eye(2)), "toarray"),
        (sparse.csr_matrix(np.eye(2)), "toarray"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("ndim", [None, 1])
def test_refused(values, said, ndim):
    with pytest.raises(ConvmatError, match="^signal ") as caught:
        as_samples(values, "signal", ndim=ndim)
    assert said in str(caught.value)


def test_where_the_first_bad_entry_is():
    with pytest.raises(ConvmatError, match=r"nan at index \(1, 2\)"):
        as_samples([[1, 2, 3], [4, 5, np.nan], [np.inf, 0, 0]], "signal")


@pytest.mark.parametrize(("ndim", "values"), [(1, 3.0), (1, [[1.0]]), (2, [1.0]), (None, 3.0)])
def test_the_number_of_axes(ndim, values):
    with pytest.raises(ConvmatError, match="^signal .*axes|^signal .*axis") as caught:
        as_samples(values, "signal", ndim=ndim)
    assert str(np.shape(values)) in str(caught.value)


@pytest.mark.parametrize(
    "dtype", ["float16", "int32", "object", "nonsense", {"a": 1}, 3.5], ids=repr
)
def test_bad_dtypes(dtype):
    with pytest.raises(ConvmatError, match="^dtype"):
        as_samples([1.0], "signal", dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_complex_does_not_become_real(dtype):
    with pytest.raises(ConvmatError, match=f"signal is complex .*{dtype}"):
        as_samples([1j], "signal", dtype=dtype)


def test_what_overflows_says_so():
    with pytest.raises(ConvmatError, match="signal .*float32"):
        as_samples([1e300], "signal", dtype="float32")


def test_a_masked_array_without_masked_entries_is_an_array():
    assert as_samples(np.ma.array([1.0, 2.0], mask=[False, False]), "x").tolist() == [1, 2]
