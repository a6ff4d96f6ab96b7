"""Pages made from the code: one for each command, and one of all plug-ins by name."""

import ast
import re
from pathlib import Path

import click

from lstmfin import registry
from lstmfin.cli.job import Job
from lstmfin.cli.main import group
from lstmfin.errors import EXIT_CODE_MEANINGS

KINDS = {
    "Cells": registry.CELLS,
    "Losses": registry.LOSSES,
    "Optimisers": registry.OPTIMISERS,
    "Inputs": registry.FEATURES,
    "Targets": registry.TARGETS,
    "Baselines": registry.BASELINES,
    "Sources": registry.SOURCES,
    "Pictures": registry.PLOTS,
}


def write_pages(folder):
    """Write all pages into a folder, and leave those alone that are as they should be."""
    pages = {f"{name}.md": page(name) for name in commands()}
    pages |= {"commands.md": overview(), "plug-ins.md": plug_ins()}
    folder.mkdir(exist_ok=True)
    for old in set(folder.glob("*.md")) - {folder / name for name in pages}:
        old.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def commands():
    """Return the commands by name, in the order of ``lstmfin --help``."""
    with context() as ctx:
        return {name: group.get_command(ctx, name) for name in group.list_commands(ctx)}


def context():
    return group.make_context("lstmfin", ["--quiet"], obj=Job())


def overview():
    """Return the page of the program itself: what stands before the first command."""
    rows = [
        f"| [`{name}`]({name}.md) | {text(command.get_short_help_str(200))} |"
        for name, command in commands().items()
    ]
    codes = [f"| {int(code)} | {text(words)} |" for code, words in EXIT_CODE_MEANINGS.items()]
    names = "\n".join(commands())
    return (
        f"# Commands\n\n    lstmfin [OPTIONS] COMMAND ... [COMMAND ...]...\n\n{prose(group)}\n\n"
        f"| command | does |\n|---|---|\n{lines(rows)}\n\n"
        f"## Before the first command\n\n{options(group)}\n\n"
        f"(exit-codes)=\n## Exit codes\n\n| code | means |\n|---|---|\n{lines(codes)}\n\n"
        f"```{{toctree}}\n:hidden:\n\n{names}\n```\n"
    )


def page(name):
    """Return the page of a command: how it is called, what it does, its options and exit codes."""
    command = commands()[name]
    with context() as parent, command.make_context(name, [], parent, resilient_parsing=True) as ctx:
        usage = " ".join(command.collect_usage_pieces(ctx))
    return (
        f"# `{name}`\n\n    lstmfin {name} {usage}\n\n{prose(command)}\n\n{options(command)}\n\n"
        "What stands before the command, and the exit codes, are the same for all: see "
        "[Commands](commands.md). A program reads `--format json` or `csv`.\n"
    )


def prose(command):
    """Return the help text as paragraphs; of a block that keeps its lines, as code."""
    parts = re.split(r"\n\s*\n", (command.help or "").strip())
    return "\n\n".join(
        "```text\n" + part.strip("\b\n") + "\n```" if part.startswith("\b") else text(part)
        for part in parts
    )


def options(command):
    """Return the table of options, each with its bounds and its default."""
    rows = []
    with context() as ctx:
        for one in command.params:
            if not isinstance(one, click.Option) or one.hidden:
                continue
            record = one.get_help_record(ctx)
            if record:
                flag, words = record
                words, _, notes = words.partition("  [")
                code = flag.replace("|", r"\|")
                rows.append(f"| `{code}` | {text(words)} | {text(notes.removesuffix(']'))} |")
    if not rows:
        return "It has no options."
    return f"| option | means | allowed, default |\n|---|---|---|\n{lines(rows)}"


def plug_ins():
    """Return the page of all plug-ins: their name, and the first sentence of their file."""
    parts = ["# What there is\n\nEach is one file; see [how to add one](../extending.md)."]
    for title, kind in KINDS.items():
        rows = [f"| `{name}` | {text(first_sentence(kind, name))} |" for name in kind.names()]
        parts.append(f"## {title}\n\n| name | is |\n|---|---|\n{lines(rows)}")
    return "\n\n".join(parts) + "\n"


def first_sentence(kind, name):
    place = Path(registry.__file__).parent / kind.folder.replace(".", "/")
    words = ast.get_docstring(ast.parse((place / f"{name.replace('-', '_')}.py").read_text())) or ""
    return re.split(r"(?<=\.)\s", " ".join(words.split()))[0]


def lines(rows):
    return "\n".join(rows)


def text(words):
    """Return words of the code as Markdown that shows them as they are; backticks stay code."""
    line = " ".join(words.split())
    pieces = re.split(r"(`+[^`]*`+)", line)
    plain = [re.sub(r"([\\*_\[\]<>|$#])", r"\\\1", piece) for piece in pieces[::2]]
    code = [piece.replace("``", "`").replace("|", r"\|") for piece in pieces[1::2]]
    return "".join(one for pair in zip(plain, [*code, ""], strict=True) for one in pair)
