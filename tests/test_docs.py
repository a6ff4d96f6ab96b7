"""What the documents show is what the program does."""

import re
import shlex
from pathlib import Path

import click
import pytest

from lstmfin.cli.job import Job
from lstmfin.cli.main import group
from lstmfin.registry import COMMANDS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "data" / "README.md"]
LINES = [
    (page.name, match.rstrip("`"))
    for page in PAGES
    for match in re.findall(
        r"(?:^    |`|bin/|^)(lstmfin [^`\n>|]+)", page.read_text(), re.MULTILINE
    )
    if not match.isupper()
]


@pytest.mark.parametrize(("page", "line"), LINES)
def test_every_line_that_is_shown_can_be_typed(page, line):
    """Each command line of a page has commands and options that there are."""
    words = shlex.split(line)[1:]
    words = ["train" if word == "COMMAND" else word for word in words if word != "..."]
    words = [word for word in words if word != "--help"]
    if not words:
        return
    with group.make_context("lstmfin", words, obj=Job()) as ctx:
        rest = ctx.meta["words"]
        for name, own in group.parts(ctx, rest) if rest else []:
            assert isinstance(group._parsed(ctx, name, own), click.Context)


def test_lines_are_found():
    """The expression above finds the lines of the pages, or the test above tests nothing."""
    assert len(LINES) >= 8
    assert {page for page, _ in LINES} >= {"README.md"}


def test_every_command_is_documented():
    """The README names each command in its table."""
    text = (ROOT / "README.md").read_text()
    for name in COMMANDS.names():
        assert f"| `{name}` |" in text


def test_every_link_leads_somewhere():
    """Links between pages and to pictures are those of files that there are."""
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).is_file(), (page.name, target)


def test_the_python_example_runs(tmp_path, monkeypatch):
    """The example of the README runs on what the demo leaves behind."""
    from lstmfin.cli.main import run

    assert run(["-C", str(tmp_path / "demo"), "-q", "fetch", "AAPL", "--start", "2022-01-01"]) == 0
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    exec(compile(code.replace("horizon=5", "horizon=5, epochs=1"), "README.md", "exec"), {})
