"""The schemas of results are what the results are."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError
from result_schemas import SCHEMAS, validate

from lstmfin.registry import COMMANDS

SMALL = ("--train", "300", "--test", "200")


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one(name):
    """Of the draft that it names, about the result it is named after, with a word on what it is."""
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == name == schema["properties"]["command"]["const"]
    assert schema["description"].endswith(".")
    assert {"command", "rows"} <= set(schema["required"])


def test_every_command_has_a_schema():
    """All but init, which prints no result."""
    assert set(COMMANDS.names()) - {"init"} <= set(SCHEMAS)


def test_the_command_tells_where_they_lie(lstmfin):
    """A row for each, whose file holds the schema."""
    rows = json.loads(lstmfin("--format", "json", "schema").out)["rows"]
    assert {row["result"] for row in rows} == set(SCHEMAS)
    for row in rows:
        assert json.loads(Path(row["path"]).read_text()) == SCHEMAS[row["result"]]


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_command_tells_where_one_lies(lstmfin, name):
    """Its name is no command of a chain, though most are those of commands."""
    (row,) = json.loads(lstmfin("--format", "json", "schema", name).out)["rows"]
    assert row["result"] == name


@pytest.mark.parametrize("words", ["list", "show", "check", "diff", "export"])
def test_each_action_of_data(fetched, words):
    """The rows of each action are among those of its schema."""
    document = json.loads(fetched("--format", "json", "data", words).out)
    validate(document)
    assert words == "diff" or document["rows"]


def test_what_a_source_changed(lstmfin, tmp_path):
    """Rows of data diff, and every change."""
    path = tmp_path / "ACME.csv"
    for last in (20, 21):
        days = "".join(f"2024-01-{day:02d},{day}\n" for day in range(1, 20))
        path.write_text(f"date,close\n{days}2024-01-20,{last}\n")
        assert lstmfin("fetch", "--path", path).code == 0
    document = json.loads(lstmfin("--format", "json", "data", "diff").out)
    validate(document)
    assert document["rows"]
    assert document["changes"]


def test_a_chain_is_a_list_of_documents(trained):
    """Many networks, a book, a forecast and its score: each document is of its own schema."""
    quick = ("--hidden", 2, "--epochs", 1, "--window", 10, "--horizon", 2, "--members", 2)
    book = ("backtest", *SMALL, "--book", "top", "--book-size", 1)
    line = ("train", *quick, *book, "forecast", "score", "plot", "training", "trials", "run")
    documents = json.loads(trained("--format", "json", *line).out)
    validate(documents)
    assert [one["command"] for one in documents] == [
        *("train", "backtest", "seeds", "book", "forecast", "score", "plot", "trials", "run")
    ]


def test_a_key_that_is_not_documented_is_noticed(fetched):
    """The check of these tests is strict, the schemas themselves leave room for more."""
    document = json.loads(fetched("--format", "json", "fetch").out)
    validate(document)
    document["rows"][0]["more"] = 1
    with pytest.raises(ValidationError, match="more"):
        validate(document)
    Draft202012Validator(SCHEMAS["fetch"]).validate(document)
    del document["rows"][0]["first"]
    with pytest.raises(ValidationError, match="first"):
        Draft202012Validator(SCHEMAS["fetch"]).validate(document)
