"""The sections of a card: the honest reading first, then what it rests on."""

from dataclasses import dataclass, field

import numpy as np

from factory.report import charts
from factory.report.groups import GROUPINGS, Group, group_trades
from factory.report.meanings import MEANINGS
from factory.report.months import monthly_returns
from factory.report.stress import break_even_cost, stress_trades
from factory.report.trial import RecordedTrial, export_trades

SCOPE = (
    "A PASS says that these frozen decisions earned more, after the costs that were set, than they would where direction is a "
    "coin; it says nothing of other dates, sizes or venues, and is no advice."
)
UNAPPROVED = "No sealed look has passed: what stands here was chosen on these very data."
SHOWN_TRADES = 200
"""Trades in the page's list; the file to download holds all."""


@dataclass(frozen=True)
class Row:
    """One figure: its name, its value as text, and what it means."""

    name: str
    value: str
    meaning: str = ""


@dataclass(frozen=True)
class Grid:
    """A table: columns, and rows of text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """One part of a card: a title, a sentence, and what there is of figures, tables and pictures."""

    title: str
    says: str = ""
    rows: tuple[Row, ...] = ()
    grid: Grid | None = None
    figures: tuple[charts.Figure, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Card:
    """What a person reads to judge a strategy.

    Parameters
    ----------
    title : str
    banners : tuple of str
        What stands above all else: a drawn market, an assumed price, no verdict.
    reading : str
        What the figures mean, in two sentences.
    sections : tuple of Section
    trades_csv : str
        All trades, to download.
    """

    title: str
    banners: tuple[str, ...]
    reading: str
    sections: tuple[Section, ...]
    trades_csv: str = field(repr=False)


def make_card(trial: RecordedTrial) -> Card:
    """Make the card of a trial."""
    sections = [
        _standing(trial),
        _figures(trial),
        *(_pictures(trial) if trial.count else ()),
        *(_breakdowns(trial) if trial.count else ()),
        _stress(trial),
        _probes(trial),
        *([_trades(trial)] if trial.count else []),
        _strategy(trial),
    ]
    reading = f"{trial.answer['reading'][:1].upper()}{trial.answer['reading'][1:]}. {SCOPE}"
    return Card(trial.facts["name"], _banners(trial), reading, tuple(sections), export_trades(trial))


def _banners(trial: RecordedTrial) -> tuple[str, ...]:
    passed = any(one["verdict"] == "PASS" for one in trial.verdicts)
    return tuple(
        text
        for text in (
            "SIMULATED: the market was drawn, and nothing here holds outside it." if trial.is_simulated else "",
            f"Every figure is {trial.answer['price']}: nobody recorded what a share cost." if trial.answer.get("price") else "",
            "" if passed else UNAPPROVED,
            *trial.review_banners,
        )
        if text
    )


def _standing(trial: RecordedTrial) -> Section:
    verdicts = "; ".join(f"{one['look']}: {one['verdict']}" for one in trial.verdicts) or "none"
    rows = [Row(name, value) for name, value in trial.facts.items() if name != "name"]
    return Section("Where it stands", rows=(*rows, Row("sealed looks", verdicts)))


def _figures(trial: RecordedTrial) -> Section:
    known = dict(trial.metrics)
    named = {
        "deflated": trial.answer.get("deflated"),
        "null_auc": trial.null.get("auc"),
        "null_net": trial.null.get("mean_net"),
        "longest_losing_run": float(_longest_losing_run(trial)) if trial.count else None,
        "break_even_cost": break_even_cost(trial),
    }
    known |= {name: value for name, value in named.items() if value is not None}
    order = [name for name in MEANINGS if name in known]
    rows = (Row(name, _write(trial, name, known[name]), MEANINGS[name]) for name in order)
    return Section("Figures on validation", rows=tuple(rows))


def _write(trial: RecordedTrial, name: str, value: float) -> str:
    """Write a figure with its interval or error, where it has one."""
    ends = {"win_rate": ("win_low", "win_high"), "mean_net": ("mean_low", "mean_high"), "auc": ("auc_low", "auc_high")}
    low, high = (trial.metrics.get(end) for end in ends.get(name, ("", "")))
    interval = f" [{_number(low)}, {_number(high)}]" if low is not None and high is not None else ""
    spread = f" ± {_number(trial.null['mean_spread'])}" if name == "null_net" and "mean_spread" in trial.null else ""
    return f"{_number(value)}{interval}{spread}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) >= 1 else f"{value:.4g}"


def _longest_losing_run(trial: RecordedTrial) -> int:
    lost = np.concatenate([[0], (trial.trades["payoff"] <= 0).astype(int), [0]])
    edges = np.flatnonzero(np.diff(lost))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _pictures(trial: RecordedTrial) -> list[Section]:
    grown = monthly_returns(np.asarray(trial.arrays["day"]), np.asarray(trial.arrays["daily"]))
    by_month = Grid(("month", "return"), tuple((month, f"{value:+.2%}") for month, value in grown.items()))
    chances = [charts.draw_calibration(trial), charts.draw_rolling_auc(trial)]
    drawn = tuple(figure for figure in chances if figure is not None)
    return [
        Section("Equity and drawdown", _tell_twins(trial), figures=(charts.draw_equity(trial), charts.draw_drawdown(trial))),
        Section("Against luck", charts.LUCK, figures=(charts.draw_luck(trial),)),
        Section("Returns by month", grid=by_month, figures=(charts.draw_months(grown),)),
        Section("Chances", "What was predicted against what came, and how well chances rank as time goes on.", figures=drawn),
    ]


def _tell_twins(trial: RecordedTrial) -> str:
    """Tell what the same trades earned on other sides."""
    twins = {name: one for name, one in trial.answer["twins"].items() if one[0] is not None}
    told = "; ".join(f"{name}: win rate {_number(one[0])}, return {_number(one[1])}" for name, one in twins.items())
    return f"The same trades with other sides: {told}." if told else ""


def _breakdowns(trial: RecordedTrial) -> list[Section]:
    sections = []
    for by in GROUPINGS:
        groups = group_trades(trial.trades, by)
        grid = Grid((by, "trades", "win rate", "95 % interval", "mean net"), tuple(map(_write_group, groups)))
        sections.append(Section(f"By {by}", grid=grid, figures=(charts.draw_groups(groups),)))
    return sections


def _write_group(group: Group) -> tuple[str, ...]:
    interval = f"{group.low:.4f} .. {group.high:.4f}"
    return group.name, f"{group.trades:,}", f"{group.win_rate:.4f}", interval, f"{group.mean_net:.4g}"


def _stress(trial: RecordedTrial) -> Section:
    rows = tuple(
        (one.change, f"{one.mean_net:.4g}", f"{one.difference:+.4g}" if one.difference else "") for one in stress_trades(trial)
    )
    return Section(
        "Stress",
        "Mean net of the same trades; a dearer market would have been traded less.",
        grid=Grid(("change", "mean net", "difference"), rows) if rows else None,
    )


def _probes(trial: RecordedTrial) -> Section:
    probes = trial.answer.get("probes", {})
    if isinstance(probes, str):
        return Section("Leakage probes", probes)
    rows = tuple((kind, line) for kind in ("block", "warn", "explained") for line in probes.get(kind, ()))
    return Section("Leakage probes", grid=Grid(("", "what was found"), rows) if rows else None, says="" if rows else "Clean.")


def _trades(trial: RecordedTrial) -> Section:
    columns, *rows = (line.split(",") for line in export_trades(trial).splitlines()[: SHOWN_TRADES + 1])
    more = f"The first {SHOWN_TRADES} of {trial.count:,}; all are in the file." if trial.count > SHOWN_TRADES else ""
    short = tuple(tuple(cell if i < 4 else f"{float(cell):.5g}" for i, cell in enumerate(row)) for row in rows)
    return Section("Trades", more, grid=Grid(tuple(columns), short))


def _strategy(trial: RecordedTrial) -> Section:
    from factory.pipeline import render
    from factory.pipeline.drawing import draw_outline

    return Section("Strategy", draw_outline(trial.pipeline), text=render(trial.pipeline))
