"""What moves on a terminal while work is done: a bar with the time left, and a line below it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from lstmfin.cli.advance import Advance
from lstmfin.cli.glyphs import spark

CURVE_WIDTH = 24


class Bar(Advance):
    """A bar that is moved by a call, and may say more in a line of its own."""

    def __init__(self, lines: "_Lines", task: TaskID) -> None:
        self._lines, self._task = lines, task

    def __call__(self, done: float, total: float) -> None:
        """Move the bar."""
        self._lines.update(self._task, completed=done, total=total)

    def curve(self, losses: Sequence[Sequence[float]]) -> None:
        """Show the mean of the networks' losses as a curve, the last and the least of it."""
        n = max(len(one) for one in losses)
        padded = [[*one, *[one[-1]] * (n - len(one))] for one in losses]
        means = [sum(column) / len(column) for column in zip(*padded, strict=True)]
        best = min(range(n), key=means.__getitem__)
        self._lines.text = (
            f"  validation loss {spark(means, CURVE_WIDTH)} {means[-1]:.4f} after epoch {n - 1}, "
            f"best {means[best]:.4f}"
        )


class _Lines(Progress):
    """Bars, and a line below them."""

    text = ""

    def get_renderables(self) -> Iterator[RenderableType]:
        yield from super().get_renderables()
        if self.text:
            yield Text(self.text, style="cyan")


@contextmanager
def moving_bar(description: str) -> Iterator[Bar]:
    """Show a bar on stderr, gone at the end."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with _Lines(*columns, console=Console(stderr=True), transient=True) as lines:
        yield Bar(lines, lines.add_task(description, total=None))
