import pytest

from gate.formats.model_headers import header_of
from gate.formats.model_kinds import model_kind
from tests.formats.test_model_document import SAID
from tests.inspectors.described import Described


@pytest.mark.parametrize("kind", sorted(SAID))
def test_every_format_that_is_read_makes_claims(kind):
    data = SAID[kind][0]
    assert header_of(model_kind(data[:65_536])).name == kind
    told = Described({f"weights.{kind}": data})
    assert told.facts and told.gaps == [] and told.findings == []


def test_a_number_of_a_model_is_no_version_that_a_manifest_could_contradict():
    from fixtures.metadata import text_sources as made

    told = Described({"model.onnx": SAID["onnx"][0], "MAR-INF/MANIFEST.json": made.torchserve()})
    assert (told.findings, told.model.version) == ([], "1.4.0")
    assert told.values()["registry_version"] == ("7",)
