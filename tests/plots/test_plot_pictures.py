"""What the three pictures say, beyond the contract they share."""

import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from lstmfin.plots.save import figure_bytes
from lstmfin.registry import PLOTS


def words(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def drawn(kind, picture):
    figure = PLOTS.get(kind).figure(picture)
    assert figure_bytes(figure, "svg")
    return figure


def test_forecast_labels_the_last_session(make_picture):
    """Median, outer band and naive range are written at the right edge, as prices."""
    picture = make_picture("forecast")
    labels = words(drawn("forecast", picture))
    assert f"${picture.median[-1]:.2f}  median" in labels
    assert f"${picture.quantiles[-1, 0]:.2f}  5 %" in labels
    assert f"${picture.baseline_high[-1]:.2f}  naive 95 %" in labels
    assert "last close, 2 May" in labels
    assert len(labels) == 6


def test_equity_tells_ratios_scale_and_deepest(make_picture):
    """What a reader asks first: Sharpe ratios, whether the scale is logarithmic, and when it hurt."""
    picture = replace(make_picture("equity"), sharpe=0.251, sharpe_of_holding=None)
    figure = drawn("equity", picture)
    assert "Sharpe 0.25, of holding undefined" in figure.texts[1].get_text()
    depth = picture.strategy / np.maximum.accumulate(np.maximum(picture.strategy, 1)) - 1
    dots = [line for line in figure.axes[1].lines if line.get_marker() == "o"]
    assert len(dots) == 2
    assert dots[0].get_xdata()[0] == picture.sessions[np.argmin(depth)]
    steep = replace(picture, strategy=np.linspace(1, 9, len(picture.strategy)))
    assert "log scale" in drawn("equity", steep).axes[0].get_ylabel()


def test_forecast_bands_are_nested(make_picture):
    """Three bands, widest first, each from the last close on."""
    picture = make_picture("forecast")
    bands = drawn("forecast", picture).axes[0].collections
    tops = [band.get_paths()[0].vertices[:, 1].max() for band in bands]
    np.testing.assert_allclose(tops, picture.quantiles[-1, [6, 5, 4]])
    for band in bands:
        assert picture.closes[-1] in band.get_paths()[0].vertices[:, 1]


@pytest.mark.parametrize("horizon", [1, 2, 60, 500])
@pytest.mark.parametrize(("currency", "start"), [("", 4200.0), ("CHF", 0.97), ("JPY", 1e5)])
def test_forecast_of_any_length_and_currency(horizon, currency, start, make_picture, text_boxes):
    """One session or two years, an index, an exchange rate or yen: labels fit, ticks differ."""
    figure = drawn(
        "forecast", make_picture("forecast", horizon=horizon, currency=currency, start=start)
    )
    axes = figure.axes[0]
    boxes = text_boxes(figure, axes.texts)
    ticks = [label.get_text() for label in axes.get_yticklabels()]
    said = [float(tick.replace(",", "")) for tick in ticks]
    assert len(set(said)) > 2
    np.testing.assert_allclose(said, axes.get_yticks(), rtol=1e-9, atol=1e-12)
    assert axes.get_tightbbox().x0 >= 0
    dates = [label.get_text() for label in axes.get_xticklabels()]
    assert 3 <= len(set(dates)) == len(dates) <= 8
    for text, box in boxes.items():
        assert box.x1 <= figure.bbox.x1, text


def test_training_says_what_the_network_is_worth(make_picture):
    """The best epoch, and its distance to the naive loss in the direction it has."""
    picture = make_picture("training")
    better, worse = picture, replace(picture, reference_loss=-3.5)
    assert f"epoch {picture.best_epoch}" in drawn("training", better).texts[1].get_text()
    assert "below the naive loss" in drawn("training", better).texts[1].get_text()
    assert "above the naive loss" in drawn("training", worse).texts[1].get_text()


def test_training_without_a_reference(make_picture):
    """NaN is not drawn, and not spoken of."""
    figure = drawn("training", replace(make_picture("training"), reference_loss=np.nan))
    assert words(figure) == ["training", "validation"]
    assert "naive" not in figure.texts[1].get_text()


def test_training_of_one_epoch(make_picture):
    """A run that was stopped at once is a picture too."""
    figure = drawn("training", make_picture("training", n=1))
    losses, rate, norm = figure.axes
    single = [*losses.lines[:1], rate.lines[0], norm.lines[0]]
    assert all(line.get_marker() == "o" and not line.get_clip_on() for line in single)
    assert [axes.get_xlabel() for axes in figure.axes] == ["Epoch (passes over the data)"] * 3


@pytest.mark.parametrize("longest", [0.5, 0.003, 5e-7])
def test_training_counts_steps_in_their_power_of_ten(make_picture, text_boxes, longest):
    """Ticks are short numbers, and no label of one panel lies in another."""
    picture = make_picture("training")
    rates = picture.learning_rate * longest / picture.learning_rate.max()
    figure = drawn("training", replace(picture, learning_rate=rates))
    _, rate, norm = figure.axes
    power = np.floor(np.log10(longest) + 1e-9)
    assert (
        rate.get_ylabel().translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
        == f"Step (×10{power:.0f})"
    )
    assert rate.get_ylim()[1] > rate.lines[0].get_ydata()[0] == pytest.approx(longest / 10**power)
    (box,) = text_boxes(figure, [norm.yaxis.label]).values()
    assert box.x0 > rate.bbox.x1


def test_seeds_name_both_ends_and_show_all_dots(make_picture):
    """The unit stands on both ends of the widths, and a dot at the last epoch is whole."""
    figure = drawn("seeds", make_picture("seeds"))
    assert any(re.fullmatch(r"\$[\d.]+ to \$[\d.]+ wide", one) for one in words(figure))
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert len(dots) == 5
    assert not any(line.get_clip_on() for line in dots)


def test_equity_names_its_upright_lines(make_picture):
    """They are named where there are any between the ends."""
    picture = make_picture("equity")
    for starts, said in ((picture.fold_starts, True), (picture.sessions[:1], False)):
        top = drawn("equity", replace(picture, fold_starts=starts)).axes[0]
        assert ("Upright lines" in top.get_title(loc="left")) == said


def test_leaders_end_where_their_label_begins(make_picture, text_boxes):
    """A line from a curve to its label runs through no label, however near the curves end."""
    picture = make_picture("gates")
    first = picture.panels[0]
    curves = np.repeat(first.curves[:, :1], 3, axis=1)
    near = (replace(first, curves=curves), *picture.panels[1:])
    figure = drawn("gates", replace(picture, panels=near))
    labels = figure.axes[1].texts
    assert len(labels) == 3
    left = min(box.x0 for box in text_boxes(figure, labels).values())
    assert all(one.arrow_patch.get_window_extent().x1 <= left + 1 for one in labels)


def test_equity_states_returns_after_and_before_costs(make_picture):
    """Strategy, gross and benchmark, in percent of the stake; the verdict above."""
    picture = make_picture("equity")
    figure = drawn("equity", picture)
    assert f"{100 * (picture.strategy[-1] - 1):+.0f} % strategy" in words(figure)
    assert f"{100 * (picture.gross[-1] - 1):+.0f} % before costs" in words(figure)
    assert "5 bps" in figure.texts[1].get_text()
    assert "no edge shown" in figure.texts[1].get_text()


def test_equity_is_logarithmic_where_it_multiplies(make_picture):
    """Tenfold growth gets equal steps for equal growth; a few percent, or ruin, a linear scale."""
    small, large = make_picture("equity", n=60), make_picture("equity", drift=0.003)
    ruin = replace(large, strategy=np.where(np.arange(1250) > 900, 0.0, large.strategy))
    scales = [drawn("equity", one).axes[0].get_yscale() for one in (small, large, ruin)]
    assert scales == ["linear", "log", "linear"]


def test_matplotlib_without_pyplot():
    """The room imports neither pyplot nor a window system, and says nothing on stderr."""
    code = (
        "import sys; from lstmfin.registry import PLOTS; [PLOTS.get(n) for n in PLOTS.names()];"
        "print([m for m in ('matplotlib.pyplot', 'tkinter') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (run.stdout.strip(), run.stderr) == ("[]", "")
