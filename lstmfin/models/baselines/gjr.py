"""GJR-GARCH: a fall moves the variance more than a rise; needs the extra ``stats``."""

from lstmfin.models.baselines._garch import Garch


class Gjr(Garch):
    """GARCH(1,1) with Student t errors and leverage."""

    asymmetric = True


BASELINE = Gjr
