import time

import pytest

from gate.archive.budget import Account, Budget
from gate.core.errors import Spent
from gate.core.limits import Limits


def spent(call, *args):
    with pytest.raises(Spent) as error:
        call(*args)
    return str(error.value.reason)


def test_the_cap_grows_with_the_input_between_floor_and_total():
    limits = Limits(expansion_floor_bytes=1000, expansion_ratio=10, total_bytes=50_000, total_factor=2)
    budget = Budget(limits)
    assert budget.cap == 1000
    budget.admit(500)
    assert budget.cap == 5000
    budget.admit(9500)
    assert budget.cap == 50_000
    budget.admit(90_000)
    assert budget.cap == 200_000  # twice the input: enough for a digest and one look at a large archive


def test_bytes_beyond_the_cap_are_refused_from_then_on():
    budget = Budget(Limits(expansion_floor_bytes=100))
    budget.spend(100)
    assert spent(budget.spend, 1) == "budget"
    assert spent(budget.spend, 0) == "budget"


def test_members_beyond_the_limit_are_refused_one_by_one():
    budget = Budget(Limits(members=2))
    budget.member()
    budget.member()
    assert [spent(budget.member) for _ in range(3)] == ["too-many"] * 3


def test_a_table_of_entries_without_end_is_given_up():
    budget = Budget(Limits(members=3))
    for _ in range(6):
        budget.listed()
    assert spent(budget.listed) == "too-many"


def test_spooling_stops_at_the_limit_and_at_half_of_the_free_space(monkeypatch):
    budget = Budget(Limits(spool_bytes=100))
    budget.spool(100)
    assert spent(budget.spool, 1) == "budget"
    usage = type("Usage", (), {"free": 40})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert spent(Budget(Limits(spool_bytes=100)).spool, 21) == "budget"


def test_time_runs_out_in_ticks_and_in_reads_however_small():
    budget = Budget(Limits(seconds=0.001))
    time.sleep(0.01)
    assert spent(budget.tick) == "timed-out"
    budget = Budget(Limits(seconds=0.001))
    time.sleep(0.01)
    with pytest.raises(Spent, match="seconds"):
        for _ in range(100):
            budget.spend(0)


def test_every_tick_shows_a_sign_of_life():
    budget = Budget(Limits())
    budget.pulse.value = 0.0
    budget.tick()
    assert budget.pulse.value == pytest.approx(time.monotonic(), abs=5)


def test_accounts_are_added_up_and_restored():
    budget = Budget(Limits(expansion_floor_bytes=10, expansion_ratio=2))
    budget.admit(100)
    budget.spend(30)
    budget.member()
    before = budget.account()
    budget.spend(5)
    assert budget.account().minus(before) == Account(0, 5, 0, 0)
    other = Budget(budget.limits)
    other.restore(before.plus(Account(10, 1, 1, 0)))
    assert other.account() == Account(110, 31, 2, 0)
    assert other.cap == 220
