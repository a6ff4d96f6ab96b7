"""Make laws.json: what arch and scoringrules answer to the same questions.

    python -m venv oracle && oracle/bin/pip install arch==8.0.0 scoringrules==0.10.0
    oracle/bin/python tests/golden/make_laws.py

The inputs are stored beside the answers, so that nothing hangs on a random stream.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import scoringrules
from arch import arch_model
from arch.univariate import GARCH, ConstantMean, StudentsT


def garch(asymmetric: bool) -> dict[str, object]:
    """Fit by arch, in percent, from the mean square of the first 20; forecasts from the end."""
    law = StudentsT(seed=np.random.default_rng(3))
    simulated = ConstantMean(volatility=GARCH(1, int(asymmetric), 1), distribution=law)
    numbers = [0.05, 0.04, 0.05, *([0.08] if asymmetric else []), 0.88, 6.0]
    r = np.round(simulated.simulate(numbers, 1500)["data"].to_numpy(), 4)
    model = arch_model(r, mean="Constant", vol="GARCH", p=1, o=int(asymmetric), q=1, dist="t")
    start = float(np.mean((r[:20] - r.mean()) ** 2))
    result = model.fit(disp="off", backcast=start)
    ahead = result.forecast(horizon=10, start=1495, reindex=False).variance.to_numpy()
    return {
        "percent": r.tolist(),
        "parameters": dict(result.params),
        "variance": (result.conditional_volatility[-5:] ** 2).tolist(),
        "ahead": ahead.tolist(),
    }


truth = [-2.0, 0.0, 0.7, 5.0]
location, scale = np.array([-0.3, 0.1, 0.4]), np.array([0.5, 1.0, 2.0])
golden = {
    "made_with": {name: version(name) for name in ("arch", "scoringrules")},
    "garch": garch(False),
    "gjr": garch(True),
    "mixture": {
        "location": location.tolist(),
        "scale": scale.tolist(),
        "truth": truth,
        "crps": [float(scoringrules.crps_mixnorm(y, location, scale)) for y in truth],
        "log_score": [float(scoringrules.logs_mixnorm(y, location, scale)) for y in truth],
    },
}
Path(__file__).with_name("laws.json").write_text(json.dumps(golden) + "\n")
