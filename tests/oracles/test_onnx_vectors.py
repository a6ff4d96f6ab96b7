"""Our layers and the vectors that a backend of ONNX must reproduce."""

import warnings

import numpy as np
import pytest
from foreign import by_our_layers
from onnx import helper

with warnings.catch_warnings():  # the generators of other operators divide by zero
    warnings.simplefilter("ignore")
    from onnx.backend.test.case import node
    from onnx.backend.test.case.node import gru, lstm, rnn  # noqa: F401 - they fill the list


CASES = {
    case.name: case
    for case in node._NodeTestCases
    if case.model.graph.node[0].op_type in {"LSTM", "GRU", "RNN"}
}


def test_there_are_eighteen():
    """Six of each operator: none is left out unseen."""
    ops = [case.model.graph.node[0].op_type for case in CASES.values()]
    assert sorted(ops) == ["GRU"] * 6 + ["LSTM"] * 6 + ["RNN"] * 6


@pytest.mark.parametrize("name", CASES)
def test_vectors(name, agreement):
    """Each output is the vector's, to 1e-5 where 1e-3 is asked for."""
    case = CASES[name]
    one = case.model.graph.node[0]
    ((given, expected),) = case.data_sets
    attributes = {a.name: helper.get_attribute_value(a) for a in one.attribute}
    if "direction" in attributes:
        attributes["direction"] = attributes["direction"].decode()
    # X, W, R ... are told by their place; a name left empty is an input that is not given.
    places = ("X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P")
    named, values = {}, iter(given)
    for place, name_given in zip(places, one.input, strict=False):
        if name_given:
            named[place] = next(values)
    found = by_our_layers(one.op_type, attributes, named)
    wanted = [place for place, out in zip(("Y", "Y_h", "Y_c"), one.output, strict=False) if out]
    for place, value in zip(wanted, expected, strict=True):
        agreement("ONNX vectors", np.abs(found[place] - value).max())
        np.testing.assert_allclose(found[place], value, rtol=1e-5, atol=1e-6)
