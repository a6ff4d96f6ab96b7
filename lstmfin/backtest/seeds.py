"""What chance there is in a seed: how well each member of the network does alone.

The best of many seeds is a choice that nobody could have made in time, and is never told alone.
Shapes: N origins, K members.
"""

from dataclasses import dataclass

import numpy as np

from lstmfin.backtest.result import BUY_AND_HOLD, Backtest, Floats
from lstmfin.backtest.scores import REFERENCE
from lstmfin.backtest.strategy import net_returns
from lstmfin.metrics import forecast as f
from lstmfin.metrics import returns as r
from lstmfin.metrics.law import Law

SCORES = ("crps_skill", "qlike", "sharpe")


@dataclass(frozen=True)
class Seeds:
    """Scores of each member, in the order of their names; None where a score is no number.

    Attributes
    ----------
    scores : dict of str to list of float
        ``crps_skill`` and ``qlike`` of the next session, ``sharpe`` a year after costs, as in
        ``Scores``; a member that never held anything has a Sharpe ratio of 0 here.
    spread : dict of str to dict of str to float
        ``least``, ``median`` and ``most`` of each.
    beats : dict of str to dict of str to float
        Share of members that are better than each baseline, by each score.
    """

    scores: dict[str, list[float | None]]
    spread: dict[str, dict[str, float | None]]
    beats: dict[str, dict[str, float | None]]

    @property
    def n(self) -> int:
        """How many members, K."""
        return len(self.scores["sharpe"])


def seeds_of(result: Backtest) -> Seeds | None:
    """Return what the members of the network come to one by one; None where there is but one.

    Only the column of the next session is scored, one member at a time.
    """
    if not result.seed_laws or result.seed_positions is None:
        return None
    truth, realised = result.realised[:, 0], result.realised_variance
    baselines = {name: law[:, 0] for name, law in result.laws.items() if name != result.model}

    def qlike(variance: Floats) -> float:
        return float("nan") if realised is None else f.qlike(realised, variance)

    def earned(held: Floats) -> float:
        ratio = r.sharpe(net_returns(held, result.held, result.costs))
        return ratio if np.isfinite(ratio) else 0.0

    laws = [one[:, 0] for one in result.seed_laws]
    own = {
        "crps": [f.crps(truth, law) for law in laws],
        "qlike": [qlike(variance) for variance in _variances(result, laws)],
        "sharpe": [earned(held) for held in result.seed_positions.T],
    }
    theirs = {
        "crps": {name: f.crps(truth, law) for name, law in baselines.items()},
        "qlike": {
            name: qlike(result.variance.get(name, law.std**2)) for name, law in baselines.items()
        },
        "sharpe": {name: earned(result.positions[name]) for name in (*baselines, BUY_AND_HOLD)},
    }
    skills = [f.skill(one, theirs["crps"][REFERENCE]) for one in own["crps"]]
    told = {"crps_skill": skills, "qlike": own["qlike"], "sharpe": own["sharpe"]}
    return Seeds(
        scores={name: [_known(one) for one in values] for name, values in told.items()},
        spread={name: _spread(values) for name, values in told.items()},
        beats={
            shown: {name: _share(own[key], one, key) for name, one in theirs[key].items()}
            for shown, key in zip(SCORES, own, strict=True)
        },
    )


def _variances(result: Backtest, laws: list[Law]) -> list[Floats]:
    given = result.seed_variance
    return [law.std**2 for law in laws] if given is None else list(given.T)


def _share(own: list[float], other: float, score: str) -> float | None:
    """Return the share that is better; of losses the smaller is."""
    values = np.asarray(own)
    if not (np.isfinite(values).all() and np.isfinite(other)):
        return None
    return float(np.mean(values > other if score == "sharpe" else values < other))


def _spread(values: list[float]) -> dict[str, float | None]:
    ends = np.quantile(values, (0.0, 0.5, 1.0)).tolist()
    return dict(zip(("least", "median", "most"), map(_known, ends), strict=True))


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
