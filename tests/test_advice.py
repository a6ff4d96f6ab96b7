"""Advice that names a symbol is a line that a shell takes."""

import ast
import re
from pathlib import Path

import lstmfin
from lstmfin.advice import advised
from lstmfin.registry import COMMANDS

PACKAGE = Path(lstmfin.__file__).parent
PUT_TOGETHER = re.compile(rf"(?<!another )lstmfin (?:{'|'.join(COMMANDS.names())}) (?:\S+ )*\{{")


def texts():
    """Return every text of the package with something filled in, as ``{}``, by its place."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values
                ]
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", "".join(parts)
    for path in sorted(PACKAGE.rglob("*.j2")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            yield f"{path.relative_to(PACKAGE)}:{number}", line


def test_no_command_line_is_put_together_by_hand():
    """What is filled in may be a symbol; ``advised`` quotes it."""
    found = dict(texts())
    assert len(found) > 300
    assert not [place for place, text in found.items() if PUT_TOGETHER.search(text)]


def test_the_check_notices_one():
    """A symbol behind a command and its options, in code and in a page."""
    assert PUT_TOGETHER.search("train it: lstmfin train {}")
    assert PUT_TOGETHER.search("<code>lstmfin plot seeds {{ symbol }}</code>")
    assert not PUT_TOGETHER.search("train it: {}")


def test_words_stay_words():
    """Plain ones as they are; what a shell would read for itself, in quotes."""
    assert advised("plot", "seeds", "EURUSD=X") == "lstmfin plot seeds EURUSD=X"
    assert advised("fetch", "M&M.NS", "^GSPC") == "lstmfin fetch 'M&M.NS' '^GSPC'"
