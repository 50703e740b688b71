import pytest

from gate.formats.shown import shown


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("https://pypi.example.com/simple", "https://pypi.example.com"),
        ("HTTPS://User:Pass@PyPI.example.com:8080/simple", "https://pypi.example.com:8080"),
        ("https://user:pa/ss@e.example/", "https://…"),
        ("https://e.example/a@b", "https://…"),
        ("git+ssh://git@e.example/x.git", "git+ssh://e.example"),
        ("file:///etc/passwd", "file://…"),
        ("git@e.example:x/y.git", "…"),
        ("10.0.0.7", "10.0.0.7"),
        ("10.0.0.7:8080", "10.0.0.7:8080"),
        ("pypi.example.com", "pypi.example.com"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("${HOME}/r.txt", "${HOME}/r.txt"),
        ("x=y?z", "…"),
        ("a\x1b[31m", "…"),
    ],
)
def test_of_an_address_the_scheme_and_the_host_are_shown(address, text):
    assert shown(address) == text
