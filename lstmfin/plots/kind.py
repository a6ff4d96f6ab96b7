"""What a kind of picture is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from matplotlib.figure import Figure

from lstmfin.config import PlotConfig
from lstmfin.plots.measured import intact, load_measured
from lstmfin.plots.subject import Tested, Trained
from lstmfin.plots.theme import Theme, drawing, theme_named
from lstmfin.workspace import Workspace

P = TypeVar("P")


@dataclass(frozen=True)
class PlotKind(Generic[P]):
    """A kind of picture: the data it needs and the pure function that draws it.

    Parameters
    ----------
    picture : type
        Frozen dataclass of plain arrays and strings.
    draw : callable
        Makes a figure of a picture in a theme, and touches nothing else.
    make : callable
        Makes the picture of a subject, or of a measurement; DataError, with the command that
        computes it, where it has nothing to show.
    subject : type
        What of a symbol it shows: Trained or Tested. None for a kind that is of no symbol.
    measured_by : str
        The command whose measurement a kind of no symbol shows.
    asks : bool
        Whether ``make`` takes the options of the command as well, for what it is to show.
    """

    picture: type[P]
    draw: Callable[[P, Theme], Figure]
    make: Callable[..., P]
    subject: type[Trained] | type[Tested] | None = None
    measured_by: str = ""
    asks: bool = False

    def gathered(
        self, workspace: Workspace, symbol: str = "", asked: PlotConfig | None = None
    ) -> P:
        """Return the picture of a symbol, or of no symbol, from what a workspace holds.

        Raises
        ------
        DataError
            When it was never computed; the message names the command that does.
        """
        if self.subject is not None:
            return self.made(self.subject.load(workspace, symbol, asked), asked)
        measured = load_measured(workspace, self.measured_by)
        with intact(workspace, self.measured_by):
            return self.made(measured, asked)

    def reads(self, name: str) -> bool:
        """Tell whether an option of the command, other than place and theme, makes a difference."""
        return self.subject is Trained if name == "model" else self.asks

    def made(self, subject: Any, asked: PlotConfig | None = None) -> P:
        """Return the picture of a model, a backtest or a measurement."""
        return self.make(subject, *([asked or PlotConfig()] if self.asks else []))

    def figure(self, picture: P, *, theme: str = "light") -> Figure:
        """Return the drawn figure; ``theme`` is ``"light"`` or ``"dark"``."""
        chosen = theme_named(theme)
        with drawing(chosen):
            return self.draw(picture, chosen)
