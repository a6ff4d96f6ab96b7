"""The echo state network: a random reservoir that is never trained, and a read-out that is."""

from types import SimpleNamespace

import numpy as np

from lstmfin.engine.cell import Cell, Initialisation, State, Step, tanh, tanh_slope
from lstmfin.errors import UsageError


class ESN(Cell):
    """Echo state network (Jaeger 2001), with leaking units (Jaeger et al. 2007, eq. 3).

    .. math:: h = (1 - a) h' + a tanh(U h' + W x + b)

    U, W and b stay as they were drawn; the head is solved for in closed form, by ridge regression.

    Parameters
    ----------
    spectral_radius : float
        Largest absolute eigenvalue of U: how long the reservoir echoes. Above 1 the echo state
        property is lost for some inputs.
    leak : float
        a, the share of a state that is renewed at a step.
    """

    gates = "h"
    states = ("h",)
    trained = False
    variants = ({}, {"spectral_radius": 1.2, "leak": 0.3})

    def __init__(self, *, spectral_radius: float = 0.9, leak: float = 1.0) -> None:
        if not (np.isfinite(spectral_radius) and spectral_radius >= 0):
            raise UsageError(f"--spectral-radius is {spectral_radius}; it must be 0 or above")
        if not 0 < leak <= 1:
            raise UsageError(f"--leak is {leak}; it must be above 0 and at most 1")
        self.spectral_radius, self.leak = spectral_radius, leak

    def initialise(
        self,
        p: SimpleNamespace,
        rng: np.random.Generator,
        scheme: Initialisation,  # noqa: ARG002
    ) -> None:
        """Draw the reservoir: U normal, scaled to its spectral radius; W and b uniform in ±1/2."""
        U = rng.standard_normal(p.U.shape)
        p.U[...] = U * (self.spectral_radius / np.abs(np.linalg.eigvals(U)).max())
        p.W[...] = rng.uniform(-0.5, 0.5, p.W.shape)
        p.b[...] = rng.uniform(-0.5, 0.5, p.b.shape)

    def step(self, p: SimpleNamespace, t: Step) -> None:  # noqa: ARG002 - no weights of its own
        """Forward."""
        (z,) = t.gates
        tanh(z, out=z)
        t.h[:] = t.h_prev + self.leak * (z - t.h_prev)

    def step_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:  # noqa: ARG002
        """Backward."""
        t.dz[0] = self.leak * d.h * tanh_slope(t.z[0])
        d.h *= 1 - self.leak


CELL = ESN
