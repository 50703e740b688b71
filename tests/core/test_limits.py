from dataclasses import fields

import pytest

from gate.core.errors import UsageError
from gate.core.limits import Limits


def test_one_limit_is_replaced_and_the_others_stay():
    limits = Limits().changed("depth", "3").changed("seconds", "1.5")
    assert (limits.depth, limits.seconds, limits.members) == (3, 1.5, Limits().members)


@pytest.mark.parametrize("field", fields(Limits), ids=lambda field: field.name)
def test_every_limit_can_be_set_and_keeps_its_type(field):
    value = getattr(Limits().changed(field.name, "7"), field.name)
    assert value == 7 and type(value).__name__ == field.type
    assert type(field.default).__name__ == field.type


@pytest.mark.parametrize("value", ["", "x", "0", "-1", "1.5", "1e9", "nan", "inf", "9" * 5000])
def test_what_is_no_positive_number_is_refused(value):
    with pytest.raises(UsageError, match="depth"):
        Limits().changed("depth", value)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999", "0"])
def test_seconds_are_finite(value):
    with pytest.raises(UsageError):
        Limits().changed("seconds", value)


@pytest.mark.parametrize("name", ["deep", "", "__init__", "changed"])
def test_an_unknown_limit_is_refused_with_the_names_that_there_are(name):
    with pytest.raises(UsageError, match="expansion_ratio"):
        Limits().changed(name, "1")
