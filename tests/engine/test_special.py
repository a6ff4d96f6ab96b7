"""The special functions against SciPy's."""

import numpy as np
import pytest
from scipy import special

from lstmfin.engine._special import digamma, log_gamma

X = np.concatenate([np.geomspace(1e-3, 1e4, 3001), [0.5, 1, 1.025, 1.5, 2, 100, 100.5]])


@pytest.mark.parametrize(("ours", "theirs"), [(log_gamma, special.gammaln), (digamma, special.psi)])
def test_against_scipy(ours, theirs):
    """Both agree with SciPy to 1e-12 of the larger of 1 and the value, from 1e-3 to 1e4."""
    expected = theirs(X)
    assert (np.abs(ours(X) - expected) <= 1e-12 * np.maximum(1, np.abs(expected))).all()


def test_single_precision_is_computed_in_double():
    """A float32 argument is taken as it stands, and the answer is float64."""
    x = np.array([0.1, 3.3], np.float32)
    assert log_gamma(x).dtype == digamma(x).dtype == np.float64
    np.testing.assert_allclose(log_gamma(x), special.gammaln(x.astype(float)), rtol=1e-12)
