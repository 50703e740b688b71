"""Files of real libraries stay quiet: 20 libraries in up to six versions, recorded by .ci/pickles."""

import pytest

from fixtures.serialization import assembler as pk
from fixtures.serialization.recorded import program, uses
from gate.core.finding import Finding
from gate.core.gap import Gap
from tests.inspectors.test_serialization import said

BY_LIBRARY: dict[str, list[str]] = {}
for _line in uses():
    BY_LIBRARY.setdefault(_line.split(" ")[1].partition(".")[0], []).append(_line)


def loud(line: str) -> list[str]:
    """What is said about the global of a recorded use; the values around it are stand-ins."""
    name = ".".join(line.split(" ")[1:3])
    items = said(program(line))
    if name == "joblib.numpy_pickle.NumpyArrayWrapper":
        return []  # with another state it is another file, see BENIGN
    assert not [item for item in items if isinstance(item, Gap)], line
    return [item.rule for item in items if isinstance(item, Finding) and item.discriminator in (name, "")]


def test_the_corpus_has_the_libraries_that_it_should() -> None:
    wanted = "sklearn numpy scipy pandas torch xgboost lightgbm catboost statsmodels transformers joblib builtins"
    assert set(wanted.split()) <= set(BY_LIBRARY)
    assert len(uses()) > 2500


@pytest.mark.parametrize("library", sorted(BY_LIBRARY))
def test_what_files_of_this_library_do_is_quiet(library: str) -> None:
    assert {line: rules for line in BY_LIBRARY[library] if (rules := loud(line))} == {}


@pytest.mark.parametrize("library", ["sklearn", "scipy", "torch", "xgboost", "statsmodels"])
def test_a_class_of_a_library_that_is_called_with_a_text_is_not(library: str) -> None:
    classes = [line.split(" ")[1:3] for line in BY_LIBRARY[library] if line.startswith("NEW ")]
    quiet = [
        f"{module}.{name}"
        for module, name in classes
        if not {
            item.rule
            for item in said(pk.pickle(pk.call(pk.named(module, name), pk.text("x"))))
            if isinstance(item, Finding)
        }
    ]
    assert classes
    assert set(quiet) <= {"torch.Size"}
