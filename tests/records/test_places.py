import pytest

from gate.records.places import container, depth, enclosing, folder


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("MLmodel", ""),
        ("", ""),
        ("./MLmodel", ""),
        ("a/b/MLmodel", "a/b/"),
        ("MAR-INF/MANIFEST.json", ""),
        ("m.mar!/MAR-INF/MANIFEST.json", "m.mar!/"),
        ("m.tar!/./MLmodel", "m.tar!/"),
        ("NO-MAR-INF/x", "NO-MAR-INF/"),
        ("x/blobs/sha256/abc", "x/"),
        ("env/python/requirements.txt", ""),
    ],
)
def test_a_document_is_about_the_folder_of_its_model(path, place):
    assert folder(path) == place


def test_folders_around_a_folder():
    assert list(enclosing("a/m.mar!/x/")) == ["a/m.mar!/x/", "a/m.mar!/", "a/", ""]
    assert list(enclosing("")) == [""]
    assert [depth(place) for place in ("", "a/", "a/m.mar!/")] == [0, 1, 2]


def test_the_archive_that_a_folder_is_the_root_of():
    assert [container(place) for place in ("a/m-1.0.mar!/", "a/m.mar!/x/", "a/", "")] == ["m-1.0.mar", "", "", ""]
