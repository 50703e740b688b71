import argparse, array, collections, datetime, decimal, fractions, functools, ipaddress, itertools, logging, math
import operator, pathlib, random, re, statistics, string, time, types, uuid

keep(
    "literals",
    {
        "a": [1, 2.5, None, True, b"x", "y"],
        "t": (1, (2, (3,))),
        "s": {1, 2},
        "f": frozenset([1]),
        "big": 2**100,
        "c": 1 + 2j,
        "ba": bytearray(b"ab"),
    },
)
keep(
    "collections",
    [
        collections.OrderedDict(a=1),
        collections.defaultdict(list, a=[1]),
        collections.Counter("aab"),
        collections.deque([1, 2], 3),
        collections.ChainMap({1: 2}),
    ],
)
keep("user", [collections.UserDict(a=1), collections.UserList([1])])
keep(
    "dates",
    [
        datetime.datetime(2024, 1, 1),
        datetime.date(2024, 1, 1),
        datetime.timedelta(1),
        datetime.timezone.utc,
        datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
        datetime.time(1),
    ],
)
keep("numbers", [decimal.Decimal("1.1"), fractions.Fraction(1, 3), range(4), slice(1, 2), Ellipsis, NotImplemented])
keep(
    "functions",
    [functools.partial(int, base=2), len, sorted, math.sqrt, operator.itemgetter(1), operator.add, statistics.mean],
)
keep(
    "misc",
    [
        uuid.UUID(int=1),
        re.compile("a+"),
        pathlib.PurePosixPath("/a"),
        array.array("d", [1.0]),
        string.Template("$a"),
        ipaddress.ip_address("192.0.2.1"),
        argparse.Namespace(a=1),
        time.gmtime(0),
        random.Random(1),
        random.Random(1).getstate(),
    ],
)
keep("types", [int, str, dict, list, tuple, float, type(None), object, bool, bytes, type])
keep("errors", [ValueError("x"), KeyError("a"), RuntimeError("b"), OSError(2, "x"), UserWarning("a")])
keep("namespace", types.SimpleNamespace(a=1))
keep("iterators", [iter([1, 2]), itertools.count(3), enumerate([1]), reversed([1]), zip([1], [2])])
keep("logger", logging.getLogger("x"))
keep("zone", __import__("zoneinfo").ZoneInfo("Europe/Rome"))
