from __future__ import annotations

import itertools
import math

import pytest

from gate.advisories.cvss import base_score, rating, severity

# Vectors and scores as published: CVSS v3.1 examples (https://www.first.org/cvss/v3-1/examples) and the NVD.
PUBLISHED = [
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
    ("CVSS:3.0/AV:N/AC:L/PR:L/UI:R/S:C/C:H/I:H/A:H", 9.0),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
    ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
    ("CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 7.8),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:H", 9.1),
    ("CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H", 8.1),
    ("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9),
    ("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 6.8),
]
# Scores as the calculator of FIRST and the NVD show them.
PUBLISHED += [
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N", 8.7),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N/E:P", 8.7),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 6.9),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:L/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 5.3),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N", 5.1),
    ("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.3),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0),
    ("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8),
    ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0),
    ("AV:L/AC:H/Au:N/C:C/I:C/A:C", 6.2),
    ("AV:N/AC:M/Au:N/C:N/I:P/A:N", 4.3),
    ("AV:N/AC:L/Au:N/C:N/I:N/A:N", 0.0),
]


@pytest.mark.parametrize(("vector", "score"), PUBLISHED)
def test_published_scores(vector, score):
    assert base_score(vector) == score


def test_the_order_of_metrics_and_further_metrics_do_not_matter():
    assert base_score("CVSS:3.1/A:H/I:H/C:H/S:U/UI:N/PR:N/AC:L/AV:N/E:P/RL:O/RC:C/CR:H") == 9.8


@pytest.mark.parametrize(
    "vector",
    [
        "",
        "CVSS:3.1",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:R/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
        "CVSS:5.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "AV:N/AC:L/Au:N/C:P/I:P",
        "AV:N/AC:L/Au:N/C:H/I:P/A:P",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
        "CVSS:3.1/AV:N/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" + "/X:Y" * 1000,
    ],
)
def test_what_is_no_vector_has_no_score(vector):
    assert base_score(vector) is None


def test_every_vector_scores_between_0_and_10_with_one_decimal_and_more_impact_never_scores_less():
    for base in itertools.product("NALP", "LH", "NLH", "NR", "UC"):
        head = "CVSS:3.1/AV:{}/AC:{}/PR:{}/UI:{}/S:{}".format(*base)
        scores = {i: base_score(f"{head}/C:{i[0]}/I:{i[1]}/A:{i[2]}") for i in itertools.product("NLH", repeat=3)}
        assert all(0 <= s <= 10 and math.isclose(s * 10, round(s * 10)) for s in scores.values())
        for impact, score in scores.items():
            assert score <= scores[(*impact[:2], "H")] and (score == 0) == (impact == ("N", "N", "N"))


def test_ratings_of_section_5():
    assert [rating(s) for s in (0.0, 3.9, 4.0, 6.9, 7.0, 8.9, 9.0, 10.0)] == [
        "low", "low", "medium", "medium", "high", "high", "critical", "critical",
    ]  # fmt: skip


def test_every_vector_of_version_4_has_a_score_and_a_worse_metric_never_lowers_it():
    worse = {"AV": "NALP", "AC": "LH", "AT": "NP", "PR": "NLH", "UI": "NPA", "VC": "HLN", "VI": "HLN", "VA": "HLN"}
    for values in itertools.product(*worse.values(), ("HHH", "LLL", "NNN")):
        vector = dict(zip(worse, values[:-1], strict=True))
        rest = "/SC:{}/SI:{}/SA:{}".format(*values[-1])

        def score(parts, rest=rest):
            return base_score("CVSS:4.0/" + "/".join(f"{m}:{v}" for m, v in parts.items()) + rest)

        here = score(vector)
        assert here is not None and 0 <= here <= 10
        if values.count("N") > 4 and "P" not in values:  # a part of them is enough: each is some scores more
            for metric, order in worse.items():
                at = order.index(vector[metric])
                assert at == 0 or score({**vector, metric: order[at - 1]}) >= here, vector


def test_the_worst_newer_vector_holds_and_version_2_has_no_critical():
    three, four = "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", PUBLISHED[-14][0]
    assert severity([three, four]) == severity([four, three]) == "critical"
    assert severity([three, "AV:N/AC:L/Au:N/C:C/I:C/A:C"]) == "low"
    assert severity(["AV:N/AC:L/Au:N/C:C/I:C/A:C"]) == "high" and severity(["none"]) is severity([]) is None
