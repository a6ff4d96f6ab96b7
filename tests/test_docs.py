"""What the documents show is what the program does; ``test_docs_run`` types every line of them."""

import importlib.util
import re
import shlex
import sys
import tomllib
from datetime import UTC, date, datetime

import click
import numpy as np
import pytest
from pages import DOCS, NOTEBOOK, PAGES, ROOT, blocks_of, cells, lines_of, name_of, plug_in

from lstmfin.cli.job import Job
from lstmfin.cli.main import group
from lstmfin.config import TrainConfig, settings_from_table
from lstmfin.data.source import SourceOptions
from lstmfin.engine.selftest import proofs_of
from lstmfin.errors import EXIT_CODE_MEANINGS, UnknownSymbolError
from lstmfin.registry import COMMANDS, SOURCES

LINES = [(name_of(page), line) for page in PAGES for line in lines_of(page)]
QUICK = "[train]\nepochs = 1\nhidden = 4\nwindow = 10\n[backtest]\ntrain = 2400\n"


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
    """The expression that finds the lines of the pages does, or the test above tests nothing."""
    assert len(LINES) >= 40
    assert {page for page, _ in LINES} >= {"README.md", "docs/operations.md", "docs/backtest.md"}


def test_every_command_is_documented():
    """The README names each command in its table."""
    text = (ROOT / "README.md").read_text()
    for name in COMMANDS.names():
        assert f"| `{name}` |" in text


def test_every_link_leads_somewhere():
    """Links between pages and to pictures are those of files that there are, or of made pages."""
    made = {f"{name}.md" for name in (*COMMANDS.names(), "commands", "plug-ins")}
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if target.removeprefix("docs/").startswith("generated/"):
                assert target.rpartition("/")[2] in made, (page.name, target)
            elif not target.startswith("http"):
                assert (page.parent / target).is_file(), (page.name, target)


def test_every_page_is_on_the_site():
    """No page is left out of the site's contents."""
    contents = "\n".join(
        re.findall(r"```{toctree}(.*?)```", (DOCS / "index.md").read_text(), re.DOTALL)
    )
    for page in [*DOCS.glob("*.md"), NOTEBOOK]:
        assert page.stem == "index" or re.search(rf"^{page.stem}$", contents, re.MULTILINE), page


def test_verbs_and_scripts_are_there():
    """``make VERB`` and ``python SCRIPT``, wherever a page says so."""
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in (*PAGES, ROOT / "CONTRIBUTING.md"):
        text = page.read_text()
        for shown in re.findall(r"(?:`|^    )make ([a-z -]+)", text, re.MULTILINE):
            assert set(shown.split()) <= verbs, (page.name, shown)
        for script in re.findall(r"python (\S+\.py)", text):
            assert (ROOT / script).is_file(), (page.name, script)


def test_settings_that_are_shown_can_be():
    """Blocks of ``lstmfin.toml`` are read without a word."""
    (block,) = re.findall(
        r"((?:^    .*\n)+)",
        (DOCS / "operations.md").read_text().partition("lstmfin.toml`\n")[2],
        re.MULTILINE,
    )[:1]
    table = tomllib.loads(block.replace("    ", ""))
    assert settings_from_table(table, where="a page").run.keep == table["run"]["keep"]


def _quick_workspace(tmp_path, monkeypatch):
    (tmp_path / "lstmfin.toml").write_text(QUICK)
    monkeypatch.setenv("LSTMFIN_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    """The example of the README: ten lines at most, which leave what they say."""
    _quick_workspace(tmp_path, monkeypatch)
    (code,) = blocks_of(ROOT / "README.md", "python")
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    exec(compile(code, "README.md", "exec"), {})
    assert "no edge shown" in capsys.readouterr().out
    for name in re.findall(r'savefig\("([^"]+)"', code):
        assert (tmp_path / name).stat().st_size > 10_000


def test_the_notebook_runs_as_a_script(tmp_path, monkeypatch):
    """Its cells, one after the other and without Jupyter; what they show last can be shown."""
    _quick_workspace(tmp_path, monkeypatch)
    names: dict[str, object] = {}
    for number, cell in enumerate(cells()):
        *lines, last = "".join(cell["source"]).split("\n")
        exec(compile("\n".join(lines), f"cell {number}", "exec"), names)
        shown = eval(compile(last, f"cell {number}", "eval"), names)
        assert hasattr(shown, "_repr_html_") or hasattr(shown, "_repr_png_"), last


def test_the_notebook_was_executed_as_it_stands():
    """Every cell has been run, in order, without an error, and is no longer than a page can hold."""
    assert [cell["execution_count"] for cell in cells()] == list(range(1, len(cells()) + 1))
    kinds = [output["output_type"] for cell in cells() for output in cell["outputs"]]
    assert set(kinds) == {"execute_result"}
    assert len(kinds) == len(cells())
    assert NOTEBOOK.stat().st_size < 700_000


@pytest.fixture
def examples(monkeypatch):
    """What the page on plug-ins shows, put where it says."""
    return plug_in(monkeypatch)


def test_the_cell_that_is_shown_has_right_gradients(examples):
    """By finite differences, as ``selftest`` proves those of the package."""
    findings = [proof() for proof in proofs_of(["keeper"], [])]
    assert findings[0].n_checks > 10
    assert all(one.ok for one in findings), findings


def test_the_source_that_is_shown_answers(examples, tmp_path):
    """With bars in range, and an error for what it does not have."""
    source = examples["SOURCE"]
    options = SourceOptions(None, tmp_path, datetime(2026, 1, 1, tzinfo=UTC))
    prices = source.fetch("FLAT", start=None, end=date(2024, 1, 31), options=options)
    assert len(prices) == 23
    with pytest.raises(UnknownSymbolError, match="did you mean 'FLAT'"):
        source.fetch("FLAD", start=None, end=None, options=options)


def test_the_baseline_that_is_shown_says_a_law(examples, tmp_path):
    """A tenth of the last return, the other way, and nothing of what comes after."""
    options = SourceOptions(None, tmp_path, datetime(2026, 1, 1, tzinfo=UTC))
    prices = SOURCES.get("sample").fetch("AAPL", start=None, end=None, options=options)
    model = examples["BASELINE"](3)
    model.fit(prices)
    law = model.predict(prices, np.array([500, 1000]))
    assert law.shape == (2, 3)
    np.testing.assert_allclose(law.median[:, 0], -0.1 * prices.log_returns()[[500, 1000]])
    np.testing.assert_array_equal(
        model.predict(prices.slice(1001), np.array([1000])).std, law[1:].std
    )


@pytest.fixture(scope="module")
def generate():
    """The module that makes pages from the code; it needs nothing that is not here."""
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", COMMANDS.names())
def test_the_page_of_a_command_tells_all(generate, name):
    """Each option, with its default; a cell of a table is never broken by what it holds."""
    page = generate.page(name)
    command = COMMANDS.get(name)
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert option.opts[0] in page
    for row in re.findall(r"^\|.*\|$", page, re.MULTILINE):
        assert len(re.findall(r"(?<!\\)\|", row)) == 4, row
    if name == "train":
        assert f"default {TrainConfig().hidden}" in page
        assert "one of clockwork, coupled" in page


def test_the_page_of_commands_has_all_exit_codes(generate):
    """And a row a command, in the order of ``--help``."""
    page = generate.overview()
    for code, meaning in EXIT_CODE_MEANINGS.items():
        assert f"| {int(code)} | {meaning} |" in page
    assert re.findall(r"^\| \[`(\S+)`\]", page, re.MULTILINE) == list(generate.commands())
    assert set(generate.commands()) == set(COMMANDS.names())
    assert r"| `--format [table\|json\|csv]` | How results are printed. | default: table |" in page


def test_the_page_of_plug_ins_has_each_with_a_sentence(generate):
    """Of every registry but that of commands, which have pages of their own."""
    page = generate.plug_ins()
    for kind in (*generate.KINDS.values(),):
        for name in kind.names():
            (sentence,) = re.findall(
                rf"^\| `{name}` \| (.+) \|$", page.partition("## ")[2], re.MULTILINE
            )[:1]
            assert sentence.endswith("."), (name, sentence)


def test_words_of_the_code_are_no_markup(generate):
    """What a help text holds is shown as it is; code stays code."""
    said = generate.text("a*b [c] <d> $e$ `f|g` and ``h``")
    assert said == r"a\*b \[c\] \<d\> \$e\$ `f\|g` and `h`"


def test_pages_are_written_once(generate, tmp_path):
    """A page that is as it should be keeps its time; one of a command that is gone goes."""
    generate.write_pages(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    (tmp_path / "gone.md").write_text("")
    generate.write_pages(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert sys.modules.get("sphinx") is None
