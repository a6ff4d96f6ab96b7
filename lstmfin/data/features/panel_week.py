"""Log variance that the rest of a panel tells of a week."""

from lstmfin.data.panel_variance import panel_variance

FEATURE = panel_variance(5)
