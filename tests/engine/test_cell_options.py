"""Which options cells take."""

import inspect
from dataclasses import fields

import pytest

from lstmfin.config import TrainConfig
from lstmfin.engine.options import CELL_OPTIONS, cell_options, taken_by
from lstmfin.errors import UsageError
from lstmfin.registry import CELLS

GIVEN = {
    "activation": "relu", "layer_norm": True, "leak": 0.5, "peepholes": "o", "periods": (1, 3),
    "reset": "before", "spectral_radius": 0.7,
}  # fmt: skip


def test_every_cell_takes_what_its_constructor_takes():
    """No argument of a cell is out of reach of the configuration, and no option is nobody's."""
    taken = set()
    for cell in CELLS.names():
        arguments = set(inspect.signature(CELLS.get(cell)).parameters) - {"args", "kwargs"}
        assert set(taken_by(cell)) == arguments
        assert {name for options in CELLS.get(cell).variants for name in options} <= arguments
        taken |= arguments
    assert taken == set(CELL_OPTIONS) == set(GIVEN)


def test_the_help_names_the_cells_that_take_an_option():
    """Options of cells are not given unless asked for, and their help says whose they are."""
    specs = {spec.name: spec for spec in fields(TrainConfig)}
    for name in CELL_OPTIONS:
        assert specs[name].default is None
        for cell in CELLS.names():
            if name in taken_by(cell):
                assert cell in specs[name].metadata["help"]


@pytest.mark.parametrize("option", CELL_OPTIONS)
@pytest.mark.parametrize("cell", CELLS.names())
def test_an_option_is_taken_or_refused_with_the_names_of_takers(cell, option):
    """A cell gets the option it takes; another cell's is refused, and whose it is is told."""
    config = TrainConfig(cell=cell, **{option: GIVEN[option]})
    if option in taken_by(cell):
        assert cell_options(config) == ((option, GIVEN[option]),)
        CELLS.get(cell)(**dict(cell_options(config)))
        return
    with pytest.raises(UsageError) as caught:
        cell_options(config)
    said, _, takers = str(caught.value).partition("; it is for --cell ")
    assert said == f"--{option.replace('_', '-')} is nothing to the cell '{cell}'"
    assert takers.split(" or ") == [one for one in CELLS.names() if option in taken_by(one)]


@pytest.mark.parametrize("cell", CELLS.names())
def test_what_is_not_given_is_left_to_the_cell(cell):
    """None is no option, while values that are false are; several come sorted by name."""
    assert cell_options(TrainConfig(cell=cell)) == ()
    if cell == "lstm":
        assert cell_options(TrainConfig(layer_norm=False)) == (("layer_norm", False),)
    if cell == "esn":
        config = TrainConfig(cell=cell, spectral_radius=0.0, leak=1.0)
        assert cell_options(config) == (("leak", 1.0), ("spectral_radius", 0.0))
    if cell == "peephole":
        assert cell_options(TrainConfig(cell=cell, peepholes="")) == (("peepholes", ""),)
