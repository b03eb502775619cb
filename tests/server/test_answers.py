"""The shape of answers and refusals."""

import json

import pytest
from anthropic_tokenizer import count_tokens
from mcp import Client

from factory.core.canonical import in_order
from factory.storage.workspace import Workspace
from server.mcp.answers import MAX_CHARS, answer, fit
from server.mcp.app import build_server

pytestmark = pytest.mark.anyio


def test_both_channels_say_the_same_in_compact_json() -> None:
    result = answer({"b": 1, "a": {"columns": ["x"], "rows": [[0.5]]}})
    text = result.content[0].text  # type: ignore[union-attr]
    assert text == '{"b":1,"a":{"columns":["x"],"rows":[[0.5]]}}'
    assert json.loads(text) == result.structured_content


def test_a_short_answer_is_left_as_it_is() -> None:
    data = {"rows": [[1, 2]]}
    assert fit(data) is data


@pytest.mark.parametrize(
    "data",
    [
        {"rows": [[i, "x" * 20] for i in range(2_000)], "next": "page 2"},
        {"deep": {"er": {"rows": list(range(9_000))}}, "next": "page 2"},
        {"text": "y" * 30_000, "rows": list(range(3_000)), "next": "page 2"},
    ],
)
def test_a_long_answer_is_cut_where_it_is_longest_and_says_so(data: dict[str, object]) -> None:
    before = in_order(data)
    cut = fit(data)
    assert len(in_order(cut)) <= MAX_CHARS
    assert len(in_order(cut)) > MAX_CHARS // 2
    assert cut["truncated"] is True
    assert cut["next"] == "page 2"
    assert in_order(data) == before


PARTS = "part: \"exits\" came; input should be 'sample', 'label', 'experts', 'networks', 'meta', 'trade', 'size', 'exit', 'order' or 'refit'"
TOOLS = (
    "sing: unknown tool; allowed: backtest, cancel, define_pipeline, describe_market, execute_python, list_features, propose, "
    "rank_features, show, submit, train, tune"
)
CALLS = [
    ("backtest", {"pipelin": "x"}, "pipelin: unknown argument; did you mean 'pipeline'?"),
    ("backtests", {}, "backtests: unknown tool; did you mean 'backtest'?"),
    ("show", {"page": 0}, "page: 0 came; input should be greater than or equal to 1"),
    ("propose", {"pipeline": "x"}, "why: missing; it must be given"),
    ("tune", {"pipeline": "x", "judge": "me"}, "judge: \"me\" came; input should be 'train' or 'validation'"),
    ("rank_features", {"pipeline": "x", "family": "y"}, "family: not taken with a pipeline; leave out either"),
    ("rank_features", {"family": "y", "groups": True}, "groups: taken only with a pipeline; give one"),
    ("list_features", {"part": "exits"}, PARTS),
    ("sing", {}, TOOLS),
    ("train", {"pipeline": "n" * 70}, "pipeline: 70 characters; at most 64 characters are allowed"),
    ("define_pipeline", {"spec": 7}, "spec: 7 came; input should be a valid dictionary"),
]


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize(("tool", "arguments", "line"), CALLS)
async def test_a_wrong_call_is_refused_in_one_line_in_both_eras(
    workspace: Workspace, mode: str, tool: str, arguments: dict[str, object], line: str
) -> None:
    async with Client(build_server(workspace), mode=mode) as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert result.content[0].text == line  # type: ignore[union-attr]
    assert count_tokens(line) <= 120
