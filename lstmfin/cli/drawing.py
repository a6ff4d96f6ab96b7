"""Pictures that a command draws of what it measured."""

from pathlib import Path
from typing import Any

from lstmfin.cli.job import Job


def draw_to(job: Job, out: Path, kind: str, picture: Any, *, theme: str) -> None:
    """Draw a picture of a kind to a file, and say so."""
    from lstmfin.plots.save import figure_bytes, picture_format
    from lstmfin.registry import PLOTS
    from lstmfin.workspace import absolute, write_atomically

    figure = PLOTS.get(kind).figure(picture, theme=theme)
    place = absolute(out)
    write_atomically(place, figure_bytes(figure, picture_format(out)), flag="--out")
    job.keep(str(place))
    job.tell(f"drew {place}")
