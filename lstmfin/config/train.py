"""Options of the network: what it is, what it sees, and how it learns."""

from dataclasses import dataclass

from lstmfin.config.option import Section, option
from lstmfin.registry import CELLS, FEATURES, LOSSES, OPTIMISERS, TARGETS

VARIANCES = ("auto", "close", "parkinson", "garman-klass", "rogers-satchell", "yang-zhang")

CALIBRATIONS = ("aci", "split", "none")


@dataclass(frozen=True)
class TrainConfig(Section):
    """The network, what it sees, and how it learns."""

    cell: str = option("lstm", "Recurrent cell.", choices=CELLS)
    activation: str | None = option(
        None, "Squashing function of the cell rnn; tanh if not given.", choices=("tanh", "relu")
    )
    layer_norm: bool | None = option(
        None, "Normalise gates and state of the cell lstm over its units."
    )
    peepholes: str | None = option(
        None, "Gates that see the cell state, of the cells peephole (ifo) and coupled (none)."
    )
    reset: str | None = option(
        None,
        "Whether the cell gru resets after the product with U, or before; after if not given.",
        choices=("after", "before"),
    )
    periods: tuple[int, ...] | None = option(
        None, "Periods in steps of the cell clockwork, separated by commas; 1,2 if not given."
    )
    spectral_radius: float | None = option(
        None, "Spectral radius of the cell esn; 0.9 if not given.", minimum=0
    )
    leak: float | None = option(
        None,
        "Share of a state that the cell esn renews at a step; 1 if not given.",
        above=0,
        maximum=1,
    )
    hidden: int = option(32, "Units of each layer.", minimum=1, maximum=4096)
    direction: str = option(
        "forward",
        "Whether layers read a window forward, in reverse, or both ways side by side.",
        choices=("forward", "reverse", "bidirectional"),
    )
    learned_start: bool = option(
        False, "Learn the states before the first step; they are zero otherwise."
    )
    stateful: bool = option(
        False,
        "Start a window from the states that the one before it left; training goes through time "
        "in order, and gradients end where the window begins.",
    )
    init_recurrent: str = option(
        "orthogonal",
        "How first recurrent weights are drawn.",
        choices=("orthogonal", "identity", "glorot", "uniform"),
    )
    init_input: str = option(
        "glorot", "How first input weights are drawn.", choices=("glorot", "he", "uniform")
    )
    forget_bias: float | None = option(
        None, "First bias of the forget gate; 1 where a cell has one, if not given."
    )
    layers: int = option(1, "Recurrent layers, one upon the other.", minimum=1, maximum=16)
    window: int = option(60, "Sessions the network looks back on.", minimum=2, maximum=2000)
    horizon: int = option(10, "Sessions ahead that are forecast.", minimum=1, maximum=720)
    target: str = option(
        "returns",
        "What is forecast: the law of the returns, the size of the moves, or a rise.",
        choices=TARGETS,
    )
    variance: str = option(
        "auto",
        "How the variance of a session is read off its bar, for --target volatility; auto takes "
        "the range where there is one.",
        choices=VARIANCES,
    )
    no_linear: bool = option(
        False,
        "With --target volatility: leave out the regression on the last session's inputs, to which "
        "the network adds, and let it learn the whole.",
    )
    features: tuple[str, ...] = option(
        (),
        "Inputs, separated by commas; those that suit the target, as far as the series carries "
        "them, if not given.",
        choices=FEATURES,
    )
    exog: tuple[str, ...] = option(
        (), "Other series to look at, separated by commas, each as it was known at the close."
    )
    loss: str | None = option(
        None,
        "Loss, and with it the predicted distribution; the one that suits the target if not given.",
        choices=LOSSES,
    )
    members: int = option(
        1, "Networks, each from a seed of its own, that forecast as one.", minimum=1, maximum=100
    )
    panel: bool = option(
        False,
        "Train one network on all symbols together; it can then forecast others, too.",
    )
    calibration: str = option(
        "aci",
        "How ranges are set right by the errors that were made: as they come (adaptive conformal), "
        "by those of a first year, or not at all.",
        choices=CALIBRATIONS,
    )
    loss_on: str = option(
        "last",
        "Whether the loss is that of the last step of a window or of all its steps.",
        choices=("last", "all"),
    )
    epochs: int = option(20, "Passes over the training block, at most.", minimum=1, maximum=100_000)
    batch: int = option(64, "Windows in a training step.", minimum=1, maximum=65_536)
    optimiser: str = option("adamw", "What takes the steps.", choices=OPTIMISERS)
    learning_rate: float = option(0.001, "Peak learning rate of the optimiser.", above=0, maximum=1)
    momentum: float | None = option(
        None, "Nesterov momentum of the optimiser sgd; 0.9 if not given.", minimum=0, below=1
    )
    schedule: str = option(
        "cosine",
        "Course of the learning rate over the run.",
        choices=("constant", "cosine", "plateau"),
    )
    plateau: int = option(
        2,
        "Epochs without a better validation loss after which --schedule plateau halves the rate.",
        minimum=1,
    )
    weight_decay: float | None = option(
        None,
        "Decoupled weight decay of the optimisers adamw and schedule-free, as a share of the "
        "learning rate; 0.01 if not given.",
        minimum=0,
        maximum=1,
    )
    l2: float = option(
        0.0,
        "L2 penalty on all weights but biases, through the gradient and so for any optimiser.",
        minimum=0,
        maximum=1,
    )
    clip_norm: float = option(
        1.0, "Largest norm of the gradient over all weights; 0 does not clip.", minimum=0
    )
    clip_value: float = option(
        0.0, "Largest entry of the gradient, either sign; 0 does not clip.", minimum=0
    )
    signal_penalty: float = option(
        0.0,
        "Penalty on signals that shrink or grow as they are propagated back from step to step.",
        minimum=0,
    )
    ema: float = option(
        0.0,
        "Decay of a moving average of the weights, which is then judged and saved in place of the "
        "last ones; 0 does not average.",
        minimum=0,
        below=1,
    )
    dropout: float = option(
        0.1, "Share of inputs to each layer that is dropped in training.", minimum=0, below=1
    )
    variational: bool = option(
        False, "Drop the same inputs at each step of a window, not others at each."
    )
    recurrent_dropout: float = option(
        0.0,
        "Share of what a layer feeds back to itself that is dropped in training, the same at each "
        "step of a window.",
        minimum=0,
        below=1,
    )
    zoneout_hidden: float = option(
        0.0, "Share of the hidden state that stays as it was, at random.", minimum=0, below=1
    )
    zoneout_cell: float = option(
        0.0, "Share of the cell state that stays as it was, at random.", minimum=0, below=1
    )
    validation: float = option(
        0.2, "Share of the sessions, the last ones, kept for early stopping.", above=0, maximum=0.5
    )
    patience: int = option(
        6, "Epochs without a better validation loss before training ends.", minimum=1
    )
    seed: int = option(0, "Seed of every random draw.", minimum=0, maximum=2**32 - 1)
    resume: bool = option(
        False,
        "Go on from where a training of the same symbol, options and prices was interrupted.",
        saved=False,
    )
