"""What work tells of itself while it is done."""

from collections.abc import Sequence


class Advance:
    """What work tells of itself while it is done; here nobody sees it."""

    def __call__(self, done: float, total: float) -> None:
        """Tell what is done, and of how much."""

    def curve(self, losses: Sequence[Sequence[float]]) -> None:
        """Tell the validation losses of networks in training, epoch by epoch.

        Entry 0 of each is the loss of its first weights; one that has ended stays where it is.
        """
