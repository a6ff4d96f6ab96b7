"""How cells learn the spike-timing problem: the error by sequences seen, cell beside cell."""

from lstmfin.plots.kinds._problem import problem_plot

PLOT = problem_plot("timing")
