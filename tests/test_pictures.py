"""The pictures of the pages are of the code as it is."""

import importlib.util
import json
import re

import pytest
from pages import DOCS, PAGES

AGAIN = "; if that is meant, make them anew and look at them: make pictures"
CLOSE = 1e-3
"""By which machines may differ in what a small network says."""


@pytest.fixture(scope="module")
def pictures():
    """The script that makes them."""
    spec = importlib.util.spec_from_file_location("pictures", DOCS / "pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def noted(pictures):
    return json.loads(pictures.MADE_FROM.read_text())


def test_they_are_of_the_code_as_it_is(pictures, noted):
    """What they hang on has not changed since they were made."""
    now = pictures.made_from()
    assert set(noted) == {*now, "images"}
    for what, found in now.items():
        same = pytest.approx(noted[what], rel=CLOSE) if isinstance(found, list) else noted[what]
        assert found == same, f"{what} changed since the pictures were made{AGAIN}"


def test_they_are_those_that_were_made_and_all_are_shown(pictures, noted):
    """No picture was put there by hand, none is missing and none is left over."""
    there = {path.name: pictures.digest(path.read_bytes()) for path in DOCS.glob("images/*.png")}
    assert there == noted["images"]
    shown = {
        name for page in PAGES for name in re.findall(r"\(\S*images/([^)]+)\)", page.read_text())
    }
    assert shown == set(there)


def test_words_of_the_code_are_no_change_and_code_is(pictures, tmp_path):
    """A docstring or a comment changes no picture; a number does."""
    path, found = tmp_path / "module.py", []
    for text in (
        'def f():\n    """One."""\n    return 1\n',
        '"""A file."""\n\n\ndef f():\n    """Two,\n\n    lines.\n    """\n    # why\n    return 1\n',
        "def f():\n    return 2\n",
    ):
        path.write_text(text)
        found.append(pictures.code(path))
    assert found[0] == found[1] != found[2]
