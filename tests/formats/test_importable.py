"""Which files of an archive a pickle's imports would find."""

import pytest

from gate.formats.importable import Shipped, found_by, shipped


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("sklearn.py", ""),
        ("sklearn/base.py", ""),
        ("sklearn/__init__.pyc", ""),
        ("sklearn/_lib/x.cpython-311-x86_64-linux-gnu.so", ""),
        ("code/sklearn.abi3.so", "code"),
        ("a/b/sklearn.pyd", "a/b"),
    ],
)
def test_a_module_is_found_by_every_name_that_an_import_looks_for(path: str, folder: str) -> None:
    assert shipped(["sklearn"], [path]) == [Shipped("sklearn", folder, path)]


@pytest.mark.parametrize("path", ["sklearn.txt", "sklearn/model.pkl", "my_sklearn.py", "sklearn2/base.py", "sklearn"])
def test_other_files_are_no_modules(path: str) -> None:
    assert shipped(["sklearn"], [path]) == []


@pytest.mark.parametrize(
    ("pickle", "found"),
    [("model.pkl", True), ("data/model.pkl", True), ("x/y/z.pkl", True)],
)
def test_the_top_folder_and_its_code_folder_are_on_the_path_of_every_pickle(pickle: str, found: bool) -> None:
    for path in ("sklearn.py", "code/sklearn.py", "src/sklearn/base.py"):
        assert bool(list(found_by(pickle, shipped(["sklearn"], [path])))) is found


def test_a_library_in_a_folder_beside_the_pickle_is_not_on_its_path() -> None:
    env = "env/lib/python3.11/site-packages/sklearn/base.py"
    traced = "model.pt!/archive/code/__torch__/torch/nn/modules.py"
    assert list(found_by("model.pkl", shipped(["sklearn"], [env]))) == []
    assert list(found_by("model.pt!/archive/data.pkl", shipped(["torch"], [traced]))) == []


def test_a_wheel_that_is_unpacked_says_so() -> None:
    paths = ["scikit_learn-1.9.1.dist-info/METADATA", "sklearn/base.py"]
    assert [file.installed for file in shipped(["sklearn"], paths)] == [True]
