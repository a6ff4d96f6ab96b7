"""Commands one after the other in one line: ``fetch AAPL MSFT train backtest plot``."""

from typing import Any

import click
from click.exceptions import NoArgsIsHelpError

from lstmfin.advice import advised
from lstmfin.registry import COMMANDS, PLOTS, did_you_mean

ORDER = ("init", "fetch", "train", "backtest", "plot", "forecast")
"""The order in which ``--help`` lists what comes first; other commands follow."""


class Chain(click.Group):
    """A group whose commands are files, and that runs several in one line.

    A word that is a command's name begins the next command, unless it is the value of an option.
    All of them are parsed before the first one runs.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands, in the order they are used."""
        names = COMMANDS.names()
        return [name for name in ORDER if name in names] + [n for n in names if n not in ORDER]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return a command, or None when there is none of that name."""
        if cmd_name not in COMMANDS.names():
            return None
        command: click.Command = COMMANDS.get(cmd_name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options before the first command; keep the rest for ``invoke``."""
        if not args and not ctx.resilient_parsing:
            raise NoArgsIsHelpError(ctx)
        ctx.meta["words"] = click.Command.parse_args(self, _lenient(ctx), args)
        ctx.args = []
        return []

    def invoke(self, ctx: click.Context) -> Any:
        """Parse all commands, then run them in order."""
        words = ctx.meta["words"]
        if not words:
            raise click.UsageError("no command given", ctx)
        contexts = [self._parsed(ctx, *part) for part in self.parts(ctx, words)]
        click.Command.invoke(self, ctx)
        for one in contexts:
            with one:
                one.command.invoke(one)

    def _parsed(self, ctx: click.Context, name: str, words: list[str]) -> click.Context:
        command = self.get_command(ctx, name)
        if command is None:
            near = did_you_mean(name, self.list_commands(ctx))
            raise click.UsageError(f"there is no command '{name}'{near}", ctx)
        try:
            return command.make_context(name, list(words), parent=ctx)
        except click.NoSuchOption as error:
            self._refuse_misplaced(ctx, name, words, error.option_name)
            raise

    def _refuse_misplaced(self, ctx: click.Context, name: str, words: list[str], flag: str) -> None:
        """Raise a UsageError where an option of the whole line stands after a command."""
        own = [one for one in self.params if isinstance(one, click.Option) and flag in one.opts]
        if not own:
            return
        at = next((at for at, word in enumerate(words) if word.startswith(flag)), len(words))
        n = 1 if own[0].is_flag or own[0].count or words[at : at + 1] != [flag] else 2
        line = [*words[at : at + n], name, *words[:at], *words[at + n :]]
        raise click.UsageError(f"{flag} goes before the command: {advised(*line)}", ctx)

    def parts(self, ctx: click.Context, words: list[str]) -> list[tuple[str, list[str]]]:
        """Split words into commands and the words of each."""
        parts: list[tuple[str, list[str]]] = []
        names = set(self.list_commands(ctx))
        taking: set[str] = set()
        is_value, n_plain = False, 0
        for word in words:
            if not parts or not (
                is_value or word not in names or _is_kind(parts, word, n_plain=n_plain)
            ):
                parts.append((word, []))
                taking = self.options_with_values(ctx, word)
                is_value, n_plain = False, 0
                continue
            if not is_value and not word.startswith("-"):
                is_action = parts[-1][0] in {"data", "schema"} and n_plain == 0  # a list of its own
                if not is_action and not ctx.resilient_parsing:
                    _refuse_mistyped_command(ctx, word, names, among=parts[-1][0])
                n_plain += 1
            parts[-1][1].append(word)
            is_value = not is_value and word in taking
        return parts

    @staticmethod
    def is_own_word(name: str, word: str) -> bool:
        """Whether a word behind a command at the head of the line is no next command."""
        return name == "schema" or (name == "plot" and word in PLOTS.names())

    def options_with_values(self, ctx: click.Context, name: str) -> set[str]:
        """Return the options of a command that take the word after them."""
        command = self.get_command(ctx, name)
        return {
            flag
            for option in (command.params if command else [])
            if isinstance(option, click.Option) and not option.is_flag and not option.count
            for flag in option.opts
        }


def _is_kind(parts: list[tuple[str, list[str]]], word: str, *, n_plain: int) -> bool:
    """``plot forecast`` at the head of the line is the picture; later in a chain, the command.

    So is ``schema forecast`` the schema of that result.
    """
    return len(parts) == 1 and n_plain == 0 and Chain.is_own_word(parts[0][0], word)


def _refuse_mistyped_command(ctx: click.Context, word: str, names: set[str], *, among: str) -> None:
    near = did_you_mean(word, names)
    is_for_plot = among == "plot" and did_you_mean(word, PLOTS.names()) != ""
    if word.islower() and near and not is_for_plot and among != "bench":  # it takes no symbols
        raise click.UsageError(
            f"there is no command '{word}'{near} (a symbol of that name is written {word.upper()})",
            ctx,
        )


def _lenient(ctx: click.Context) -> click.Context:
    ctx.allow_extra_args = True
    ctx.allow_interspersed_args = False
    return ctx
