"""Put problems with a known answer to cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from lstmfin.cli.completion import words
from lstmfin.cli.drawing import keep_measured
from lstmfin.cli.instruments import BenchConfig
from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options
from lstmfin.errors import UsageError
from lstmfin.registry import did_you_mean

if TYPE_CHECKING:
    from lstmfin.cli.output import Result
    from lstmfin.engine.problems import Problem
    from lstmfin.engine.trial import Outcome, Recipe

NAMES = ("adding", "timing")
"""Of the problems, for a shell that waits."""

SOLVED = {"yes": "good", "no": "odd"}

KEPT = 1500
"""Points of a learning curve that are kept: more are no smoother in a picture."""


@click.command("bench")
@click.argument("problem", metavar="PROBLEM", shell_complete=words(lambda: NAMES))
@section_options(BenchConfig)
@click.pass_obj
def bench(job: Job, /, problem: str, **options: Any) -> None:
    """Count the sequences that a cell needs to solve PROBLEM, adding or timing.

    adding: the sum of two marked numbers among T to 1.1 T (Hochreiter & Schmidhuber 1997,
    experiment 4). timing: spikes T - 1 steps apart from spikes T steps apart (Gers, Schraudolph &
    Schmidhuber 2002). A cell that does not solve it is a result, too. The learning curves are kept
    in the workspace: `plot adding` and `plot timing` draw them.
    """
    from lstmfin.engine.problems import PROBLEMS
    from lstmfin.engine.trial import Recipe

    if problem not in PROBLEMS:
        raise UsageError(
            f"there is no problem '{problem}'{did_you_mean(problem, PROBLEMS)} "
            f"(there are: {', '.join(PROBLEMS)})"
        )
    config, chosen = BenchConfig().evolve(**options), PROBLEMS[problem]
    put = _Put(
        problem,
        chosen,
        length=chosen.checked_length(config.length),
        limit=chosen.limit if config.limit is None else config.limit,
        seed=config.seed,
        recipe=Recipe(
            hidden=config.hidden,
            batch=chosen.batch if config.batch is None else config.batch,
            rate=config.learning_rate,
            memory=config.memory,
        ),
    )
    if config.out:
        from lstmfin.plots.save import picture_format

        picture_format(config.out)
    outcomes = {cell: put.to(cell, job) for cell in config.cell or chosen.cells}
    result = _result(put, outcomes)
    found = {
        "problem": problem,
        "length": put.length,
        "hidden": config.hidden,
        "goal": chosen.mean_error,
        "rows": result.rows,
        "courses": {cell: _kept(one.course) for cell, one in outcomes.items()},
    }
    keep_measured(job, problem, f"bench {problem}", config, found)
    job.emit(result)


def _kept(course: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return so many points of a learning curve as a picture shows, the last one among them."""
    step = -(-len(course) // KEPT)
    return [*course[:-1:step], course[-1]]


@dataclass(frozen=True)
class _Put:
    """A problem as it is put to every cell."""

    name: str
    problem: "Problem"
    length: int
    limit: int
    seed: int
    recipe: "Recipe"

    def to(self, cell: str, job: Job) -> "Outcome":
        """Let a cell try it, with a bar."""
        from lstmfin.engine.trial import attempt

        with job.progress(f"{self.name}, {cell}") as move:
            return attempt(
                self.problem,
                cell,
                length=self.length,
                seed=self.seed,
                limit=self.limit,
                recipe=self.recipe,
                tick=lambda n: move(n, self.limit),
            )


def _result(put: _Put, outcomes: "dict[str, Outcome]") -> "Result":
    from lstmfin.cli.output import Column, Result, number
    from lstmfin.engine.trial import N_TEST

    chosen = put.problem
    rows: list[dict[str, Any]] = [
        {
            "problem": put.name,
            "cell": cell,
            "length": put.length,
            "hidden": put.recipe.hidden,
            "weights": outcome.n_weights,
            "seed": put.seed,
            "solved": outcome.solved,
            "sequences": outcome.n_sequences,
            "mean_error": outcome.mean_error,
            "wrong": outcome.n_wrong,
        }
        for cell, outcome in outcomes.items()
    ]
    columns = (
        Column("cell", "cell", right=False),
        Column("weights", "weights"),
        Column("solved", "solved", lambda solved: "yes" if solved else "no", tones=SOLVED),
        Column("sequences", "sequences", number(0)),
        Column("mean_error", "mean error", number(4)),
        Column("wrong", "wrong", number(0)),
    )
    note = (
        f"Solved: the mean error of the last {chosen.n_right:,} sequences is below "
        f"{chosen.mean_error:g}, and all of them were off by less than {chosen.tolerance:g}. "
        f"Wrong: of {N_TEST:,} new ones."
    )
    title = f"The {put.name} problem, {put.length} steps"
    return Result("bench", columns, rows, title=title, notes=[note])


COMMAND = bench
