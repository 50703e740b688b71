import numpy as np, pandas as pd

df = pd.DataFrame(
    {
        "a": [1, 2],
        "b": ["x", "y"],
        "c": pd.to_datetime(["2020-01-01", "2020-01-02"]),
        "d": [1.5, np.nan],
        "e": pd.Categorical(["u", "v"]),
        "f": [True, False],
    }
)
keep(
    "frames",
    [df, df["a"], df["b"], df.set_index("c"), df.set_index(["a", "b"]), pd.DataFrame(), pd.DataFrame(np.ones((3, 4)))],
)
keep("zones", [df["c"].dt.tz_localize("UTC"), df["c"].dt.tz_localize("Europe/Rome")])
keep(
    "stamps",
    [
        pd.Timestamp("2020"),
        pd.Timedelta(1),
        pd.NaT,
        pd.Timestamp("2020", tz="UTC"),
        pd.Period("2020", "M"),
        pd.Interval(1, 2),
    ],
)
keep(
    "indexes",
    [
        pd.period_range("2020", periods=3, freq="M"),
        pd.date_range("2020", periods=3),
        pd.interval_range(0, 3),
        pd.to_timedelta([1, 2]),
        pd.RangeIndex(3),
        pd.CategoricalDtype(["a", "b"]),
    ],
)
keep("cut", pd.cut(pd.Series([1.0, 2.0]), 2))
keep(
    "offsets",
    [
        pd.offsets.MonthEnd(),
        pd.offsets.BDay(),
        pd.offsets.Day(2),
        pd.offsets.Hour(),
        pd.offsets.Week(weekday=1),
        pd.DateOffset(months=1),
        pd.offsets.QuarterEnd(),
    ],
)
keep("missing", pd.NA)
keep("integers", pd.array([1, None], "Int64"))
keep("booleans", pd.array([True, None], "boolean"))
keep("strings", pd.array(["a", None], "string"))
keep("sparse", pd.arrays.SparseArray([0, 0, 1]))
keep("arrow", [pd.Series(["a"], dtype="string[pyarrow]"), pd.Series([1], dtype="int64[pyarrow]")])
