"""The full report of a sealed look as a card: words first, then the parts of the rule, figures and the account.

For the reviewer alone: what is here was decrypted with the passphrase, and no server reads it.
"""

from collections.abc import Mapping
from itertools import accumulate
from typing import Any

import numpy as np

from factory.market.spec import SIMULATED
from factory.report.charts import LOSS, OWN, Figure, make_figure, round_values
from factory.report.content import Card, Grid, Row, Section, price_banner
from factory.report.figures import ENDS, write_figure, write_number
from factory.vault.explanation import FOR_YOU_ALONE, explain_checks
from factory.vault.pools import Look

ASKED = {
    **{name: name for name in ("dataset", "name", "pipeline", "claim", "why", "model", "cutoff", "grade", "price")},
    "alpha": "own level",
    "n_min": "decisions that the claim needs",
    "expected": "decisions that were expected",
}
"""What was submitted and planned, of a look's row, and how it is called here."""


def make_look_card(look: Look, words: Mapping[str, str], report: Mapping[str, Any]) -> Card:
    """Make the card of a look.

    Parameters
    ----------
    look : Look
    words : mapping
        Of :func:`factory.vault.explanation.explain`.
    report : mapping
        What the exam found; empty where no report is kept.
    """
    sections = [Section("In words", rows=tuple(Row(name, _plain(text)) for name, text in words.items() if name != "told"))]
    if "checks" in report:
        sections.append(_rule(look, report))
    if report.get("daily"):
        sections.append(_account(report["daily"]))
    if "metrics" in report:
        sections.append(_figures(report))
    if report.get("twins"):
        sections.append(_twins(report["twins"]))
    if "failed" in report:
        sections.append(Section("What broke", text=str(report["failed"])))
    sections.append(_asked(look))
    return Card(
        f"{look.name}: {look.payload['name']}",
        _banners(look, report),
        words["told"],
        tuple(sections),
        "",
        partition="the sealed segment",
    )


def _banners(look: Look, report: Mapping[str, Any]) -> tuple[str, ...]:
    told = (
        _plain(FOR_YOU_ALONE),
        SIMULATED if look.payload["grade"] == "simulated" else "",
        price_banner(look.payload.get("price") or report.get("price")),
    )
    return tuple(text for text in told if text)


def _rule(look: Look, report: Mapping[str, Any]) -> Section:
    told = explain_checks(look.payload, report)
    rows = tuple((name, "holds" if report["checks"][name] else "DOES NOT HOLD", text) for name, text in told.items())
    return Section(
        "Parts of the rule", "All must hold for a PASS.", grid=Grid(("part", "", "what came, and what must hold"), rows)
    )


def _figures(report: Mapping[str, Any]) -> Section:
    own = {"level": report["level"], **report["figures"], **report["metrics"]}
    hidden = {end for ends in ENDS.values() for end in ends}
    rows = (Row(name, _figure(name, own)) for name in own if name not in hidden)
    return Section("Figures on the sealed segment", rows=tuple(rows))


def _figure(name: str, figures: Mapping[str, Any]) -> str:
    value = figures[name]
    return write_figure(name, value, figures) if _is_number(value) else str(value)


def _plain(text: str) -> str:
    """Write a sentence for a page, where a command stands between quotes."""
    return text.replace("`", "'")


def _account(daily: list[float]) -> Section:
    above = sum(net > 0 for net in daily)
    says = (
        f"Net of {len(daily)} sealed days, {above} of them above 0; the least {min(daily):.4f}, the greatest {max(daily):.4f}."
    )
    return Section("Equity", says, figures=(_draw_account(daily), _draw_days(daily)))


def _draw_account(daily: list[float]) -> Figure:
    equity = np.concatenate([[1.0], 1.0 + np.array([*accumulate(daily)])])
    line = {
        "x": [*range(len(equity))], "y": round_values(equity), "mode": "lines", "name": "equity",
        "line": {"color": OWN, "width": 2},
    }  # fmt: skip
    return make_figure([line], "equity, 1 at the start", None, "sealed day")


def _draw_days(daily: list[float]) -> Figure:
    values = np.array(daily)
    bars = {
        "type": "bar", "x": [*range(1, len(daily) + 1)], "y": round_values(values), "name": "net",
        "marker": {"color": [OWN if net > 0 else LOSS for net in daily]},
    }  # fmt: skip
    figure = make_figure([bars], "net of the day", ".2%", "sealed day")
    figure["layout"] |= {"height": 220}
    return figure


def _twins(twins: Mapping[str, Mapping[str, float]]) -> Section:
    names = ("trades", "win_rate", "mean_net", "total_return")
    rows = tuple((twin, *(_figure(name, one) if name in one else "" for name in names)) for twin, one in twins.items())
    columns = ("twin", *(name.replace("_", " ") for name in names))
    return Section("The same trades with other sides", grid=Grid(columns, rows))


def _asked(look: Look) -> Section:
    told = look.payload
    rows = (Row(label, _number(told[name])) for name, label in ASKED.items() if told.get(name) not in (None, ""))
    return Section("What was asked", rows=tuple(rows))


def _number(value: Any) -> str:
    return write_number(value) if _is_number(value) else str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
