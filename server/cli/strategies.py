"""Commands on pipelines."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from factory.core.errors import FactoryError
from factory.tasks.requests import require_one_way
from factory.views.jobs import describe_job, find_result, list_jobs
from server.cli.commands import one_of, require
from server.cli.common import Page, Reference, Sets, changes_of, jobs_of, perform, perform_and_show, read_keys, workshop_of
from server.cli.references import BEGIN, SUFFIXES, complete_shown, read_strategy, resolve_or_derive
from server.cli.screen import bar, draw_course, prints_text, say
from server.cli.screen import show as print_answer

if TYPE_CHECKING:
    from factory.workshop import Workshop

Score = Literal["log_loss", "auc"]
Judge = Literal["train", "validation"]
GRID = "{meta.leaf: [50, 200]}"
UNSCORED = "No trial yet. Score a strategy, such as: `rfcat backtest {}`"


def _breakdowns() -> tuple[str, ...]:
    from factory.views.show import BREAKDOWNS

    return BREAKDOWNS


def _recipes() -> dict[str, None]:
    from factory.expressions.recipes import RECIPES

    return dict.fromkeys(one.family for one in RECIPES.values())


def define(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="A strategy file; or give --parent and --set.")] = None,
    parent: Annotated[str | None, typer.Option(help="Id or name of the pipeline to change.")] = None,
    sets: Sets = None,
) -> None:
    """Check a pipeline and keep it."""
    spec = None if file is None else read_strategy(file)
    print_answer(workshop_of(context, new=True).define(spec=spec, parent=parent, changes=changes_of(sets)))


def train(context: typer.Context, pipeline: Reference, sets: Sets = None) -> None:
    """Fit a pipeline on train, and show how its parts did there."""
    perform_and_show(context, "train", pipeline, sets)


def backtest(
    context: typer.Context,
    pipeline: Reference,
    sets: Sets = None,
    why: Annotated[str, typer.Option(help="What you want to learn; kept in the ledger.")] = "",
) -> None:
    """Score a pipeline on validation: one trial."""
    perform_and_show(context, "backtest", pipeline, sets, why=why)


def tune(
    context: typer.Context,
    pipeline: Reference,
    sets: Sets = None,
    grid: Annotated[
        str | None,
        typer.Option(
            help=f"What to try, in place of the pipeline's tune stage, such as '{GRID}'; a range is {{from: 50, to: 400}}."
        ),
    ] = None,
    cells: Annotated[
        int | None, typer.Option(min=2, max=200, help="Most combinations to try, 20 left out; of more they are drawn.")
    ] = None,
    judge: Annotated[
        Judge, typer.Option(help="What picks the winner. With train it alone is a trial; with validation each combination is.")
    ] = "train",
) -> None:
    """Search over literals: a grid, or else the pipeline's tune stage. The winner is scored on validation: one trial."""
    perform_and_show(context, "tune", pipeline, sets, grid=grid and read_keys("--grid", grid, GRID), cells=cells, judge=judge)


def rank(
    context: typer.Context,
    pipeline: Annotated[str | None, typer.Argument(help="Id, name or strategy file; or give --feature or --family.")] = None,
    feature: Annotated[list[str] | None, typer.Option(help="An expression to rank on train. May be repeated.")] = None,
    family: Annotated[
        str | None, typer.Option(help="A family of recipes to rank on train.", autocompletion=lambda: list(_recipes()))
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Where expressions are ranked.")] = None,
    by: Annotated[Score | None, typer.Option(help="What orders the inputs of a pipeline.")] = None,
    groups: Annotated[bool | None, typer.Option("--groups", help="Shuffle correlated inputs together.")] = None,
    raw: Annotated[bool | None, typer.Option("--raw", help="Rank the features, through the experts.")] = None,
) -> None:
    """Show which inputs matter, with a noise column as ruler."""
    chosen = {"features": feature or None, "family": family, "dataset": dataset, "by": by, "groups": groups, "raw": raw}
    require_one_way(pipeline, chosen)
    require(family, _recipes())
    workshop = workshop_of(context)
    scored = pipeline and workshop.require_trial(resolve_or_derive(workshop, pipeline))
    print_answer(perform(context, "rank", "rank", pipeline=scored, **chosen))


def submit(
    context: typer.Context,
    pipeline: Reference,
    claim: Annotated[float | None, typer.Option(help="Mean net payoff a decision that you claim.")] = None,
    why: Annotated[str | None, typer.Option(help="Kept in the ledger.")] = None,
    cutoff: Annotated[str | None, typer.Option(help="Up to when whoever made it knew the market, such as 2026-01.")] = None,
    model: Annotated[str, typer.Option(help="Which model made it.")] = "none",
) -> None:
    """Spend one of the few sealed looks: PASS or FAIL. If anything is missing, all of it is named and nothing spent."""
    chosen = resolve_or_derive(workshop_of(context), pipeline)
    print_answer(perform(context, "submit", "at the vault", pipeline=chosen, claim=claim, why=why, model=model, cutoff=cutoff))


def forward(
    context: typer.Context,
    look: Annotated[str, typer.Argument(help="A look that passed, such as look-12.")],
    file: Annotated[
        Path | None, typer.Argument(help="The dataset file with a later sealed end; none for a simulated market.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days drawn after the sealed ones of a simulated market.")] = 30,
) -> None:
    """Trade what passed on newer bars, watched by evidence that may be read at any time."""
    from factory.market.spec import load_spec
    from factory.vault.forward import extend_simulated, require_passed
    from factory.vault.forward import forward as watch

    workshop = workshop_of(context)
    spec = workshop.catalog.spec(require_passed(workshop.ledger, look).payload["dataset"]) if file is None else load_spec(file)
    if file is None and spec.simulated is None:
        raise FactoryError(f"forward: dataset '{spec.dataset}' is real; give its file with a later sealed end")
    newer = extend_simulated(spec, days) if file is None else spec
    with bar(f"newer bars of {spec.dataset}") as report:
        answer = watch(workshop.workspace, workshop.ledger, look, newer, file.parent if file else Path(), report)
    print_answer(answer)


def replay(
    context: typer.Context,
    pipeline: Reference,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Of validation, from its start.")] = 7,
) -> None:
    """Feed validation bar by bar to what decides on live bars, and compare all it does with the backtest."""
    from factory.live.parity import check_parity

    workshop = workshop_of(context)
    scored = workshop.resolve(workshop.require_trial(resolve_or_derive(workshop, pipeline)))
    with bar(f"replaying {scored.pipeline}") as report:
        answer = check_parity(workshop.workspace, scored, days, report)
    print_answer(answer)


def propose(
    context: typer.Context,
    pipeline: Reference,
    why: Annotated[str, typer.Option(help="Why a person should look at it.")],
) -> None:
    """Write the strategy file, with its provenance, for review."""
    workshop = workshop_of(context)
    print_answer(workshop.propose(resolve_or_derive(workshop, pipeline), why))


def show(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="A pipeline, several to compare, a job, a look, a call, or one of: leaderboard (the default), trials, "
            "summary, pipelines, ledger, looks, datasets, calls, jobs.",
            autocompletion=complete_shown,
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="Break a trial down: hour, month, side, confidence, volatility.", **one_of(_breakdowns)),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Only what was tried on this dataset.")] = None,
    page: Page = 1,
    trades: Annotated[Path | None, typer.Option(help="A CSV file to write all trades of one scored pipeline to.")] = None,
) -> None:
    """Show a pipeline, or what was tried. `summary` and --by look at validation, and count as explorations."""
    asked = " ".join(what or ["leaderboard"])
    if trades is None and asked == "jobs":
        with jobs_of(context) as jobs:
            print_answer(list_jobs(jobs, page))
    elif trades is None and asked.startswith("job-"):
        with jobs_of(context) as jobs:
            job = jobs.get(asked)
            print_answer(find_result(job) or describe_job(jobs, job))
    else:
        workshop = workshop_of(context)
        named = [resolve_or_derive(workshop, one) if one.endswith(SUFFIXES) else one for one in what or ["leaderboard"]]
        if trades is not None:
            _write_trades(workshop, named, trades)
        _show(workshop, " ".join(named), by, page, dataset)


def _write_trades(workshop: "Workshop", named: list[str], file: Path) -> None:
    """Write all trades of one scored pipeline to a CSV file."""
    from factory.report.trial import export_trades
    from factory.storage.workspace import write_text
    from factory.tracking.naming import LISTS, PREFIXES
    from factory.views.cards import read_trial

    if len(named) != 1 or named[0] in LISTS or named[0].startswith(PREFIXES):
        raise FactoryError("--trades: writes the trades of one pipeline; name it, such as: rfcat show ID --trades trades.csv")
    trial = read_trial(workshop, workshop.resolve(named[0]))
    try:
        write_text(file, export_trades(trial))
    except OSError as error:
        raise FactoryError(f"--trades: {file}: {(error.strerror or 'cannot be written').lower()}; name a file") from None
    say(f"{trial.count:,} trades written to {file}")


def _print_trial(workshop: "Workshop", answer: Mapping[str, Any]) -> None:
    """Print a scored pipeline: what its figures mean first, then how it made its money, its description last."""
    from factory.views.earnings import earnings_answer

    pipeline = workshop.resolve(answer["pipeline"])
    trial, earned = workshop.find_trial(pipeline) or {}, dict(earnings_answer(workshop, pipeline) or {})
    if prints_text():
        earned |= {name: draw_course(earned[name]) for name in ("equity", "drawdown") if name in earned}
    score, words = answer["score"], {name: one for name, one in answer.items() if name not in ("score", "yaml")}
    print_answer({**words, **earned, "score": score, "yaml": answer["yaml"]}, {"reading": trial["reading"]})


def cancel(context: typer.Context, job: Annotated[str, typer.Argument(help="Id of a job.")]) -> None:
    """Stop a job of any server."""
    with jobs_of(context) as jobs:
        print_answer(describe_job(jobs, jobs.cancel(job)))


def _show(workshop: "Workshop", asked: str, by: str | None, page: int, dataset: str | None) -> None:
    """Print what the workshop shows, and how to begin where there is nothing yet."""
    if not workshop.catalog.names():
        say(f"Nothing is here yet: {BEGIN}; `rfcat help` lists the commands.")
    answer = workshop.show(asked, by=by, page=page, dataset=dataset)
    if "score" in answer:
        _print_trial(workshop, answer)
    else:
        print_answer(answer)
    if workshop.catalog.names() and asked == "leaderboard" and page == 1 and not answer["rows"]:
        from factory.tracking.binding import bind_all_shipped

        say(UNSCORED.format(next((one.pipeline for one in bind_all_shipped(workshop.catalog)), "PIPELINE")))
