"""What a shell offers on Tab: commands along the chain, options, their values, and symbols.

click brings the scripts and the protocol. Here is what it cannot know: where in a chain the cursor
is, and which symbols the workspace holds. Nothing heavy is imported, nothing is written, and
whatever cannot be read offers nothing.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

from lstmfin.config import load_settings
from lstmfin.errors import LstmfinError

if TYPE_CHECKING:
    from lstmfin.workspace import Workspace

Items = list[CompletionItem[str]]
Complete = Callable[[click.Context, click.Parameter, str], Items]

VARIABLE = "_LSTMFIN_COMPLETE"
"""Environment variable by which the script of a shell asks the program."""


def symbols_of(ctx: click.Context, _param: click.Parameter, incomplete: str) -> Items:
    """Return the symbols of the workspace and of its watch-list, whatever their case so far.

    Those that a shell would not take as they are, such as ``<b>``, are not offered.
    """
    from lstmfin.data.sqlite import symbols_at_once
    from lstmfin.data.symbols import is_ticker
    from lstmfin.workspace import usual_workspace

    chosen = ctx.find_root().params.get("workspace")
    workspace = usual_workspace(chosen.expanduser() if chosen else None)
    found = {*symbols_at_once(workspace.database), *_watched(workspace)}
    return [
        CompletionItem(one)
        for one in sorted(filter(is_ticker, found))
        if one.startswith(incomplete.upper())
    ]


def _watched(workspace: "Workspace") -> Sequence[str]:
    with suppress(LstmfinError):
        return [symbol.upper() for symbol in load_settings(workspace.config).symbols]
    return ()


def words(names: Callable[[], Sequence[str]], *, listed: bool = False) -> Complete:
    """Return what completes one of some names, or the last of several separated by commas."""

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> Items:
        before, comma, last = incomplete.rpartition(",") if listed else ("", "", incomplete)
        taken = before.split(",")
        return [
            CompletionItem(f"{before}{comma}{name}")
            for name in names()
            if name.startswith(last) and name not in taken
        ]

    return complete


def first_word(names: Callable[[], Sequence[str]], *, needed: bool = False) -> Complete:
    """Return what completes one of some names in the first place, and symbols after it.

    Unless the name is needed, a symbol may stand in the first place, too.
    """
    first = words(names)

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
        is_first = not ctx.params.get(param.name or "")
        own = first(ctx, param, incomplete) if is_first else []
        return own if is_first and needed else own + symbols_of(ctx, param, incomplete)

    return complete


class _Chained(ShellComplete):
    """Completes the last command of a chain, and offers the commands that may follow it."""

    def get_completions(self, args: list[str], incomplete: str) -> Items:
        """Return what the word under the cursor may become."""
        chain: Any = self.cli
        options = {**self.ctx_args, "resilient_parsing": True}
        with chain.make_context(self.prog_name, list(args), **options) as root:
            parts = chain.parts(root, root.meta["words"])
            if not parts:
                return super().get_completions(args, incomplete)
            name, own = parts[-1]
            command = chain.get_command(root, name)
            if command is None:
                return []
            if own[-1:] == ["="]:  # bash makes a word of it
                own.pop()
            plain = ShellComplete(command, {"parent": root}, name, self.complete_var)
            found = plain.get_completions(own, incomplete)
            flag, equals, _ = incomplete.partition("=")
            if equals and flag.startswith("--"):  # the other shells leave it in the word
                return [CompletionItem(f"{flag}={one.value}", one.type) for one in found]
            is_value = bool(own) and own[-1] in chain.options_with_values(root, name)
            if is_value or incomplete.startswith("-"):
                return found
            there = {one.value for one in found}
            follow = chain.shell_complete(root, incomplete)
            if not own and len(parts) == 1:  # there a name may be a word of the command itself
                follow = [one for one in follow if not chain.is_own_word(name, one.value)]
            return found + [one for one in follow if one.value not in there]


class _Bash(_Chained, BashComplete):
    """Reads the line itself: bash parts words at ``=``, which stands in symbols and options.

    Of what is offered bash wants what follows the last of them.
    """

    source_template = BashComplete.source_template.replace(
        "env COMP_WORDS", 'env COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDS'
    ).replace(
        "    return 0\n",
        """\
    local word="${COMP_LINE:0:COMP_POINT}" at
    word="${word##*[[:space:]]}"
    if [[ $word == *=* && $COMP_WORDBREAKS == *=* ]]; then
        word="${word%%=*}="
        for at in "${!COMPREPLY[@]}"; do
            COMPREPLY[at]="${COMPREPLY[at]:${#word}}"
        done
    fi

    return 0
""",
    )

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the cursor, and the one that it is at."""
        line = os.environ.get("COMP_LINE", "")
        if not line:
            return super().get_completion_args()
        words = split_arg_string(line)
        incomplete = "" if line[-1].isspace() else words.pop()
        return words[1:], incomplete


class _Zsh(_Chained, ZshComplete):
    pass


class _Fish(_Chained, FishComplete):
    source_template = FishComplete.source_template.replace(
        'split ","',
        'split --max 1 ","',  # values may be lists
    )


SHELLS: dict[str, type[ShellComplete]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def offer() -> None:
    """Let the shells be answered so."""
    for name, shell in SHELLS.items():
        add_completion_class(shell, name)


def script_of(shell: str, command: click.Command) -> str:
    """Return the script by which a shell asks."""
    return SHELLS[shell](command, {}, "lstmfin", VARIABLE).source().strip()
