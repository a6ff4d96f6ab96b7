"""Measure how gradients decay or grow on their way back through time."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from lstmfin.cli.drawing import keep_measured
from lstmfin.cli.instruments import GradientsConfig
from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options

if TYPE_CHECKING:
    from lstmfin.engine.gradient_decay import Decay

NOTES = [
    "The share of a gradient that arrives so many steps earlier, averaged over random directions.",
    "Inputs of size 0 leave the simple network at rest, where tanh is linear.",
]


SPARED = (2, 20)
"""Lags that a narrow terminal does not show."""

LAGS_BETWEEN = (3, 4, 7, *range(15, 101, 5))
"""Lags of a picture beside those of the table: enough points for a smooth curve."""


@click.command("gradients")
@section_options(GradientsConfig)
@click.pass_obj
def gradients(job: Job, /, **options: Any) -> None:
    """Measure how the gradient of each cell decays or grows with the lag.

    A new cell on random inputs, lag by lag; the simple network also with its recurrent weights
    scaled below, at and above 1, where the gradient vanishes, stays or explodes. --learned measures
    each cell again after it learned the adding problem; --trained AAPL adds the saved model of that
    symbol. What was measured is kept in the workspace: `plot gradients` draws it.
    """
    from lstmfin.cli.output import Column, Result
    from lstmfin.data.symbols import parse_symbol
    from lstmfin.engine.gradient_decay import LAGS

    config = GradientsConfig().evolve(**options)
    if config.out:
        from lstmfin.plots.save import picture_format

        picture_format(config.out)
    symbol = None if config.trained is None else parse_symbol(config.trained)
    lags = tuple(sorted({*LAGS, *LAGS_BETWEEN}))
    scales, cells = _measured(job, config, symbol=symbol, lags=lags)
    found = {"subject": symbol, "scales": _plain(scales), "cells": _plain(cells)}
    keep_measured(job, "gradients", "gradients", config, found)
    columns = [Column("name", "", right=False), Column("inputs", "inputs", lambda x: f"{x:g}")]
    columns += [
        Column(f"lag_{lag}", f"lag {lag}", lambda x: f"{x:.3g}", spare=int(lag in SPARED))
        for lag in LAGS
    ]
    rows = [_row(one, LAGS) for one in (*scales, *cells)]
    job.emit(Result("gradients", columns, rows, title="Gradients back through time", notes=NOTES))


def _measured(
    job: Job, config: GradientsConfig, *, symbol: str | None, lags: tuple[int, ...]
) -> tuple[list["Decay"], list["Decay"]]:
    """Return the simple network at each scale, at rest and driven; and the cells as they come."""
    from lstmfin.engine.gradient_decay import SCALES, cell_that_learned, new_cell, trained_cell

    names, hidden, network = list(config.cell), config.hidden, None
    own: dict[str, dict[str, Any]] = {}
    if symbol is not None:
        network = job.model(symbol)[1].network
        assert network is not None
        built = network.architecture
        hidden, own = built.n_hidden, {built.cell: dict(built.options)}
        names += [built.cell] if built.cell not in names else []
    common: dict[str, Any] = {"seed": config.seed, "lags": lags}
    plan = [("rnn", inputs, scale) for inputs in (0.0, 1.0) for scale in SCALES]
    scaled = plan if "rnn" in names else []
    scales, cells = [], []
    with job.progress("Measuring gradients") as move:
        total = len(scaled) + len(names)
        for cell, inputs, scale in scaled:
            scales.append(new_cell(cell, hidden=hidden, inputs=inputs, scale=scale, **common))
            move(len(scales), total)
        for cell in names:
            if config.learned:
                learned = cell_that_learned(cell, hidden=hidden, inputs=1.0, **common)
                cells.extend(learned)
                move(len(scales) + len(cells) // 2, total)
                continue
            options = own.get(cell)
            cells.append(new_cell(cell, hidden=hidden, inputs=1.0, options=options, **common))
            move(len(scales) + len(cells), total)
    if network is not None:
        cells.append(trained_cell(network, inputs=1.0, **common))
    return scales, cells


def _plain(decays: Sequence["Decay"]) -> list[dict[str, Any]]:
    """Return what was measured as plain values."""
    return [asdict(one) | {"norms": one.norms.tolist()} for one in decays]


def _row(decay: "Decay", lags: tuple[int, ...]) -> dict[str, Any]:
    by_lag = dict(zip(decay.lags, decay.norms.tolist(), strict=True))
    about = {"name": decay.label, "cell": decay.cell, "inputs": decay.inputs}
    return about | {f"lag_{lag}": by_lag[lag] for lag in lags}


COMMAND = gradients
