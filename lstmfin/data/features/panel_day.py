"""Log variance that the rest of a panel tells of the session."""

from lstmfin.data.panel_variance import panel_variance

FEATURE = panel_variance(1)
