"""Pickles in HDF5 files: PyTables, and pandas with it, unpickles attributes when it opens a file.

Source: PyTables, tables/attributeset.py, AttributeSet.__getattr__: a byte string that ends in a full stop is taken for
a pickle; tables/atom.py, ObjectAtom: so are the rows of an array whose attribute PSEUDOATOM is "object".
"""

from __future__ import annotations

from gate.archive.source import Source
from gate.core.errors import FormatError
from gate.formats.hdf5 import read_hdf5
from gate.formats.pickle import walk
from gate.formats.pickle_words import Walk


def walk_attributes(source: Source) -> tuple[tuple[str, Walk], ...]:
    """The walk over each attribute that would be unpickled, by path and name; NotExamined beyond bounds."""
    try:
        file = read_hdf5(source)
    except FormatError:  # whoever judges the format says what is wrong with it
        return ()
    found = []
    for item in file.attributes:
        if item.pickle:
            found.append((f"{item.path.rstrip('/')}/{item.name}", walk(source.hold(item.pickle))))
    return tuple(found)
