"""Put problems with a known answer to cells."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from lstmfin.cli.drawing import draw_to
from lstmfin.cli.instruments import BenchConfig
from lstmfin.cli.job import Advance, Job
from lstmfin.cli.options import section_options
from lstmfin.errors import UsageError
from lstmfin.registry import did_you_mean

if TYPE_CHECKING:
    from lstmfin.engine.trial import Outcome


@click.command("bench")
@click.argument("problem", metavar="PROBLEM")
@section_options(BenchConfig)
@click.pass_obj
def bench(job: Job, /, problem: str, **options: Any) -> None:
    """Count the sequences that a cell needs to solve PROBLEM, adding or timing.

    adding: the sum of two marked numbers among T to 1.1 T (Hochreiter & Schmidhuber 1997,
    experiment 4). timing: spikes T - 1 steps apart from spikes T steps apart (Gers, Schraudolph &
    Schmidhuber 2002). A cell that does not solve it is a result, too.
    """
    from lstmfin.cli.output import Column, Result, number
    from lstmfin.engine.problems import PROBLEMS
    from lstmfin.engine.trial import N_TEST, Recipe, attempt

    if problem not in PROBLEMS:
        raise UsageError(
            f"there is no problem '{problem}'{did_you_mean(problem, PROBLEMS)} "
            f"(there are: {', '.join(PROBLEMS)})"
        )
    config = BenchConfig().evolve(**options)
    chosen = PROBLEMS[problem]
    length = chosen.checked_length(config.length)
    limit = chosen.limit if config.limit is None else config.limit
    recipe = Recipe(
        hidden=config.hidden,
        batch=chosen.batch if config.batch is None else config.batch,
        rate=config.learning_rate,
        memory=config.memory,
    )

    def tick(move: Advance) -> Callable[[int], None]:
        return lambda n: move(n, limit)

    if config.out:
        from lstmfin.plots.save import picture_format

        picture_format(config.out)
    rows: list[dict[str, Any]] = []
    outcomes: dict[str, Outcome] = {}
    for cell in config.cell or chosen.cells:
        with job.progress(f"{problem}, {cell}") as move:
            outcome = attempt(
                chosen,
                cell,
                length=length,
                seed=config.seed,
                limit=limit,
                recipe=recipe,
                tick=tick(move),
            )
        outcomes[cell] = outcome
        rows.append(
            {
                "problem": problem,
                "cell": cell,
                "length": length,
                "hidden": config.hidden,
                "weights": outcome.n_weights,
                "seed": config.seed,
                "solved": outcome.solved,
                "sequences": outcome.n_sequences,
                "mean_error": outcome.mean_error,
                "wrong": outcome.n_wrong,
            }
        )
    if config.out:
        from lstmfin.plots.kinds.adding import adding_picture

        picture = adding_picture(
            f"The {problem} problem", outcomes, length=length, hidden=config.hidden, problem=chosen
        )
        draw_to(job, config.out, "adding", picture, theme=config.theme)
    columns = (
        Column("cell", "cell", right=False),
        Column("weights", "weights"),
        Column("solved", "solved", lambda solved: "yes" if solved else "no"),
        Column("sequences", "sequences", number(0)),
        Column("mean_error", "mean error", number(4)),
        Column("wrong", "wrong", number(0)),
    )
    note = (
        f"Solved: the mean error of the last {chosen.n_right:,} sequences is below "
        f"{chosen.mean_error:g}, and all of them were off by less than {chosen.tolerance:g}. "
        f"Wrong: of {N_TEST:,} new ones."
    )
    title = f"The {problem} problem, {length} steps"
    job.emit(Result("bench", columns, rows, title=title, notes=[note]))


COMMAND = bench
