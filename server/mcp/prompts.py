"""Prompts: what a person asks for most, put so that an agent goes about it well."""

from collections.abc import Callable
from typing import Annotated, Any

from mcp.server.mcpserver.prompts.base import Prompt
from pydantic import AfterValidator, Field

from factory.core.foreign import clean_line
from server.mcp.icons import ICONS

Subject = Annotated[str, Field(max_length=64, description="id or name of a pipeline"), AfterValidator(clean_line)]
Dataset = Annotated[str, Field(max_length=64, description="name of a dataset"), AfterValidator(clean_line)]
Trials = Annotated[int, Field(ge=1, le=1_000, description="trials to spend at most")]
Idea = Annotated[str, Field(max_length=500, description="what to begin with"), AfterValidator(clean_line)]


SEARCH = """\
Search for a strategy on the dataset {dataset} in at most {trials} trials.{begin}
1. describe_market, then list_features for what you need. Look at train as much as you like: execute_python and \
rank_features on train are free.
2. Write down one idea and why it should pay after costs before you score it. Take a shipped strategy as parent where \
one fits.
3. backtest. Compare win_rate with break_even, mean_net with its interval, and both with the twins. Read `reading`: it \
knows how many trials there were.
4. Learn why from show (by, chart) and rank_features, change one thing, and go on from the best parent.
5. Stop early if nothing clears its costs: 'no edge after costs' is a good answer. Then give show(what='summary'): \
what was tried, and what is ruled out.
6. propose only what you would defend, with the reasons against it. Spend no sealed look unless I say so."""

REVIEW = """\
Review the strategy {pipeline} for me; I decide whether it goes on. Look for reasons against it.
1. show(what='{pipeline}'), and the same with chart='equity', 'calibration' and 'importance' and by='month' and \
'volatility'.
2. Answer in this order: what it does, in two sentences; on which data, simulated or real, at recorded or assumed \
prices; the evidence, as `reading` grades it, at the number of trials before it; win rate beside break-even and the \
twins; what the probes found; where the profit came from, and whether a few months or one regime made it; what would \
break it: higher costs, later fills, another year.
3. Say what a sealed look could and could not add, and whether one was spent.
4. End with approve, reject or what to test first, and the strongest argument against your own answer. Make no new \
trial."""

EXPLAIN = """\
Explain the trial of {pipeline} to someone who trades but does not code.
show(what='{pipeline}') has its file, and its score; with chart='equity' a picture.
Say when it decides and on what, what it predicts, how it trades and what that costs; then what it earned beside its \
break-even and beside a coin, and how sure one can be after so many trials. Name anything simulated or assumed. Keep \
to what the answers say. Make no new trial."""


def search_strategy(dataset: Dataset, trials: Trials = 10, idea: Idea = "") -> str:
    """Search for a strategy on a dataset, within a number of trials."""
    return SEARCH.format(dataset=dataset, trials=trials, begin=f" Begin with this idea: {idea}." if idea else "")


def review_strategy(pipeline: Subject) -> str:
    """Review a strategy for the person who decides on it."""
    return REVIEW.format(pipeline=pipeline)


def explain_trial(pipeline: Subject) -> str:
    """Explain a trial in plain words."""
    return EXPLAIN.format(pipeline=pipeline)


TITLES: dict[Callable[..., Any], str] = {
    search_strategy: "Search for a strategy",
    review_strategy: "Review this strategy",
    explain_trial: "Explain this trial",
}


def all_prompts() -> list[Prompt]:
    """Make the prompts, in the order in which hosts list them."""
    return [Prompt.from_function(one, title=title, icons=ICONS) for one, title in TITLES.items()]
