"""Scripts that let a shell complete the command line."""

import click

from lstmfin.cli.completion import script_of, words
from lstmfin.cli.job import Job
from lstmfin.errors import UsageError
from lstmfin.registry import did_you_mean

INSTALL = {
    "bash": """\
# To have it in every shell, put this line into ~/.bashrc:
#     eval "$(lstmfin completion bash)"
""",
    "zsh": """\
# To have it in every shell, put this line into ~/.zshrc, below the one that calls compinit:
#     eval "$(lstmfin completion zsh)"
""",
    "fish": """\
# To have it in every shell:
#     lstmfin completion fish > ~/.config/fish/completions/lstmfin.fish
""",
}


@click.command("completion")
@click.argument("shell", metavar="SHELL", shell_complete=words(lambda: tuple(INSTALL)))
@click.pass_obj
def completion(job: Job, /, shell: str) -> None:
    """Print the script by which SHELL, bash, zsh or fish, completes commands on Tab.

    Options, their values, symbols of the workspace and the next command of a chain are offered,
    too. The last lines of the script say how to have it in every shell.
    """
    from lstmfin.cli.main import group
    from lstmfin.cli.output import Column, Result

    if shell not in INSTALL:
        near = did_you_mean(shell, INSTALL)
        raise UsageError(
            f"there is no script for '{shell}'{near} (there are: {', '.join(INSTALL)})"
        )
    script = f"{script_of(shell, group)}\n\n{INSTALL[shell]}"
    if job.style == "table":
        job.print(script.rstrip())
    else:
        job.emit(
            Result("completion", (Column("shell", "shell"),), [{"shell": shell, "script": script}])
        )


COMMAND = completion
