"""The few functions and classes whose effect on a walk is known exactly."""

from __future__ import annotations

from gate.formats.pickle_values import LONG_BYTES, LONG_TEXT, PERSISTENT, Blob, Global, Instance, Value


def persistent(pid: Value) -> Value:
    """What a loader finds under an id; torch's, before the zip format, find a class under ("module", class, ...)."""
    if type(pid) is tuple and len(pid) == 4 and pid[0] == "module" and type(pid[1]) is Global:
        return pid[1]
    return PERSISTENT


def encoded(what: Global, args: tuple[Value, ...]) -> Value:
    """`_codecs.encode(text, "latin1")`: how protocols 0 to 2 write bytes."""
    text = args[0] if args else None
    if type(text) is Blob or text is LONG_TEXT:
        return text if type(text) is Blob else LONG_BYTES
    if type(text) is str and args[1:2] in (("latin1",), ("latin-1",)):
        return text.encode("latin-1", "replace")
    return Instance(what)


LOADERS = frozenset(
    (module, name)
    for modules, names in (
        (
            "pickle _pickle dill dill._dill cloudpickle cloudpickle.cloudpickle pandas.compat.pickle_compat",
            "loads _loads",
        ),
        ("torch.storage torch", "_load_from_bytes"),
        ("numpy._core.numeric numpy.core.numeric", "loads"),
    )
    for module in modules.split()
    for name in names.split()
)
"""Functions that unpickle their first argument."""
KEPT = frozenset(
    (module, name)
    for modules, name in (
        ("joblib.numpy_pickle sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper"),
        ("numpy", "dtype"),
        ("functools", "partial"),
    )
    for module in modules.split()
)
"""Classes whose arguments and state matter later: how many raw bytes follow, or what a partial object calls."""


def constructed(pair: tuple[str, str], args: Value) -> tuple[Global, tuple[Value, ...]] | None:
    """The class and arguments where protocols 0 and 1, or a class's own __reduce__, make an instance by copyreg.

    Source: copyreg.py, `_reconstructor(cls, base, state)` and `__newobj__(cls, *args)`.
    """
    if type(args) is not tuple or not args or type(args[0]) is not Global:
        return None
    if pair == ("copyreg", "__newobj__"):
        return args[0], args[1:]
    if pair == ("copyreg", "_reconstructor"):
        return args[0], () if args[2:] in ((), (None,)) else args[2:]
    return None


def made_by(partial: Instance, args: Value) -> tuple[Global, tuple[Value, ...]] | None:
    """The class and arguments where this call of a partial object is NEWOBJ_EX as protocols 2 and 3 write it.

    Source: copyreg.py and pickle.py, save_reduce: `partial(cls.__new__, cls, *args, **kwargs)`, called with nothing.
    """
    state: Value = partial.state
    if args != () or type(state) is not tuple or len(state) != 4:
        return None
    function, bound = state[0], state[1]
    if type(function) is not Global or type(bound) is not tuple or not bound or type(bound[0]) is not Global:
        return None
    return (bound[0], bound[1:]) if function.qualname.endswith(".__new__") else None
