"""Sections on how a trial made its money: the account beside its twins, months, groups of trades, prices paid."""

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.market.contracts import Perpetual
from factory.report import charts
from factory.report.band import Band, edgeless_band
from factory.report.content import Grid, Row, Section
from factory.report.figures import write_number, write_share
from factory.report.groups import BY_CONTRACT, GROUPINGS, Group, group_by, group_trades, split_by_value
from factory.report.months import monthly_returns
from factory.report.trial import RecordedTrial

UNKEPT = "An earlier version scored it and kept no curves of its twins."
COSTS = ", at the same costs: its sides beat a coin's. Whether they pay their costs, the reading above says."
FUNDED = (
    "Trade by trade, all payments inside it summed. Who always holds the side that is paid has no skill: an exam gives chance "
    "the mean rate, and draws who received which payment."
)
ALONE = "Every share was bought at one price, so that there is no curve to draw."


def list_earned(trial: RecordedTrial) -> list[Section]:
    """List the sections on how a trial with trades made its money."""
    grown = monthly_returns(np.asarray(trial.arrays["day"]), np.asarray(trial.arrays["daily"]))
    by_month = Grid(("month", "return"), tuple((month, f"{value:+.2%}") for month, value in grown.items()))
    return [
        Section("Returns by month", grid=by_month, figures=(charts.draw_months(grown),)),
        *(_grouped(trial, by) for by in (*GROUPINGS, *(BY_CONTRACT if trial.beside else ()))),
        *([_paid(trial)] if trial.is_binary else []),
        *([_funded(trial)] if any(isinstance(one, Perpetual) and one.funding_column for one in trial.contracts) else []),
    ]


def show_account(trial: RecordedTrial) -> Section:
    """Show the account of a trial with trades beside its twins and the band without an edge."""
    band, own = edgeless_band(trial), float(trial.equity[-1])
    rows = [_end("this trial", own, trial.trades["payoff"])]
    for name, equity in trial.twins.items():
        payoff = trial.trades[f"{name}_payoff"]
        rows.append(_end(charts.TWIN_NAMES[name], float(equity[-1]), payoff[~np.isnan(payoff)]))
    if band:
        rows.append(Row("no edge, one trial", f"{write_number(float(band.low[-1]))} to {write_number(float(band.high[-1]))}"))
        rows.append(Row("no edge, best of search", f"below {write_number(float(band.best[-1]))}, of {trial.independent:.0f}"))
    says = " ".join(filter(None, [_place(trial, band) if band else "", "" if trial.twins else UNKEPT]))
    figures = (charts.draw_equity(trial, band), charts.draw_drawdown(trial))
    return Section("Equity and drawdown", says, rows=tuple(rows), figures=figures)


def _end(name: str, equity: float, payoff: NDArray[float64]) -> Row:
    return Row(name, f"{write_number(equity)}, win rate {write_share(float((payoff > 0).mean()))}")


def _place(trial: RecordedTrial, band: Band) -> str:
    """Say where the account ends beside what comes without an edge."""
    end = float(trial.equity[-1])
    count = f"{trial.independent:.0f} independent trials" if round(trial.independent) > 1 else "one trial"
    if end > band.best[-1]:
        return f"The account ends above what the best of {count} reaches in 97.5 of 100 markets without an edge{COSTS}"
    if end > band.high[-1]:
        return (
            f"The account ends above the band of one trial, and within what the best of {count} reaches without an edge{COSTS}"
        )
    if end >= band.low[-1]:
        return "The account ends within the band of one trial without an edge, at the same costs."
    return "The account ends below the band of one trial without an edge, at the same costs."


def _grouped(trial: RecordedTrial, by: str) -> Section:
    groups = group_trades(trial.trades, by, trial.block)
    return Section(f"By {by}", grid=_tabulate(by, groups), figures=(charts.draw_groups(groups),), is_half=True)


def _tabulate(by: str, groups: list[Group]) -> Grid:
    return Grid((by, "trades", "win rate", "95 % interval", "mean net"), tuple(map(_write_group, groups)))


def _write_group(group: Group) -> tuple[str, ...]:
    ends = [write_share(end) for end in (group.low, group.high) if end is not None]
    interval = " .. ".join(ends) or "too few blocks"
    return group.name, f"{group.trades:,}", write_share(group.win_rate), interval, f"{group.mean_net:.4g}"


def _funded(trial: RecordedTrial) -> Section:
    """Show what recorded funding took from a trial's trades and gave them."""
    paid, net = trial.trades["funding"], trial.trades["net"]
    rows = (
        Row("paid", f"{write_number(float(np.maximum(paid, 0.0).sum()))} of the starting equity"),
        Row("received", f"{write_number(float(-np.minimum(paid, 0.0).sum()))}"),
        Row("net of all trades", write_number(float(net.sum()))),
        Row("net without funding", write_number(float((net + paid).sum()))),
    )
    return Section("Funding as recorded", FUNDED, rows=rows, is_half=True)


def _paid(trial: RecordedTrial) -> Section:
    """Show the win rate of a binary's trades against what a share cost."""
    paid = trial.trades["price"] + trial.trades["unit_cost"]
    split = split_by_value(paid)
    groups = group_by(trial.trades, split, trial.block)
    means = [float(paid[split[1] == i].mean()) for i in range(len(split[0])) if (split[1] == i).any()]
    figures = (charts.draw_paid(groups, means),) if len(groups) > 1 else ()
    title = "Win rate against price paid"
    return Section(title, "" if figures else ALONE, grid=_tabulate("price paid", groups), figures=figures, is_half=True)
