"""What the commands that look at the engine measured: kept for ``plot``, and drawn at once."""

from dataclasses import asdict
from typing import Any

from lstmfin.advice import advised
from lstmfin.cli.instruments import BenchConfig, GradientsConfig
from lstmfin.cli.job import Job
from lstmfin.errors import WriteError


def keep_measured(
    job: Job, kind: str, command: str, config: BenchConfig | GradientsConfig, found: dict[str, Any]
) -> None:
    """Keep what a command measured, and draw it where a file was asked for.

    A workspace that cannot be written costs a warning: what was measured is still shown.
    """
    from lstmfin import __version__
    from lstmfin.plots.measured import Measured, save_measured

    options = {name: one for name, one in asdict(config).items() if name not in {"out", "theme"}}
    at = job.now().isoformat(timespec="seconds")
    measured = Measured(command, at, __version__, options, found)
    try:
        job.keep(str(save_measured(job.workspace, measured)))
    except WriteError as error:
        job.tell(f"not kept for {advised('plot', kind)}: {error}", always=True)
    if config.out is None:
        return
    from lstmfin.plots.save import figure_bytes, picture_format
    from lstmfin.registry import PLOTS
    from lstmfin.workspace import absolute, write_atomically

    figure = PLOTS.get(kind).figure(PLOTS.get(kind).made(measured), theme=config.theme)
    place = absolute(config.out)
    write_atomically(place, figure_bytes(figure, picture_format(place)), flag="--out")
    job.keep(str(place))
    job.tell(f"drew {place}")
