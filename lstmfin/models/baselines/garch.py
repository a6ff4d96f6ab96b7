"""GARCH(1,1) with Student t errors; needs the extra ``stats``."""

from lstmfin.models.baselines._garch import Garch

BASELINE = Garch
