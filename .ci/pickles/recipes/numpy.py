import io
import numpy as np

rs = np.random.RandomState(1)
records = np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
objects = np.array([1, "a", None, {"a": 1}], dtype=object)
keep(
    "arrays",
    [
        np.arange(10.0),
        np.arange(3),
        np.array(["a", "bc"]),
        np.array([b"a"]),
        np.array(3.0),
        np.zeros((0, 3)),
        np.zeros(500, ">f4"),
        np.asfortranarray(np.ones((3, 3))),
    ],
)
keep("objects", objects)
keep("times", [np.array(["2020-01-01"], "M8[D]"), np.array([1], "m8[s]")])
keep("records", [records, records.view(np.recarray), np.ma.array([1, 2], mask=[0, 1]), np.matrix([[1]])])
keep(
    "scalars",
    [
        np.float64(1),
        np.int32(1),
        np.float32(2),
        np.bool_(True),
        np.datetime64("2020-01-01"),
        np.str_("a"),
        np.complex128(1),
    ],
)
keep(
    "types",
    [
        np.float64,
        np.int64,
        np.ndarray,
        np.dtype("f4"),
        np.float32,
        np.bool_,
        np.uint8,
        np.object_,
        np.str_,
        np.finfo(np.float64),
    ],
)
keep("ufuncs", [np.sin, np.log1p, np.exp, np.log, np.sqrt, np.add, np.maximum, np.square, np.abs])
keep(
    "functions",
    [np.mean, np.median, np.sum, np.argmax, np.ravel, np.std, np.array, np.nanmean, np.percentile, np.max, np.min],
)
keep("random", [rs, rs.get_state()])
keep(
    "generators",
    [np.random.default_rng(1), np.random.SeedSequence(3)]
    + [np.random.Generator(c(1)) for c in (np.random.MT19937, np.random.Philox, np.random.SFC64)],
)
keep("polynomials", [np.poly1d([1, 2]), np.polynomial.Polynomial([1, 2]), np.polynomial.Chebyshev([1, 2])])
keep("strings", np.array(["a"], dtype=np.dtypes.StringDType()))
whole = io.BytesIO()
np.save(whole, objects, allow_pickle=True)
keep_bytes("objects.npy", whole.getvalue())
