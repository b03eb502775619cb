"""The one text of a strategy file: a table that reads well in a pull request, then canonical YAML.

The table is made of the YAML below it and of nothing else, so that who has checked the one has checked the other.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from factory.core.foreign import clean_line, shorten
from factory.core.plainyaml import write_inline
from factory.core.quoting import markdown_cell
from factory.pipeline import Pipeline, read_provenance, render
from factory.review.states import APPROVED, PROPOSED, list_banners, list_market_banners

CELL = 600
"""Characters of a cell: whole reasons and comments fit, so that none hides its end in the YAML."""
FIGURES = ("trades", "return", "drawdown", "p_value")
"""Those without an interval."""


def render_strategy(pipeline: Pipeline, provenance: Mapping[str, Any]) -> str:
    """Write a strategy file.

    Parameters
    ----------
    pipeline : Pipeline
    provenance : mapping
        As of :func:`factory.tracking.provenance.make_provenance`; with ``review`` and ``signature`` once a person decided.

    Returns
    -------
    str
        The same for what :func:`~factory.pipeline.read_provenance` reads of it.
    """
    yaml = render(pipeline, provenance)
    lines = _describe(pipeline, read_provenance(yaml))
    return "".join(f"# {line}".rstrip() + "\n" for line in lines) + yaml


def _describe(pipeline: Pipeline, provenance: Mapping[str, Any]) -> Iterator[str]:
    review = provenance.get("review")
    state = str(review["state"]) if isinstance(review, Mapping) else PROPOSED
    yield f"{pipeline.pipeline} {pipeline.id}: {state.upper()}{'' if state == APPROVED else ', and not approved'}"
    if isinstance(review, Mapping):
        yield from list_banners(review)
    yield from list_market_banners(_get(provenance, "data", "market"))
    yield ""
    yield "| what | |"
    yield "| --- | --- |"
    for name, value in _cells(provenance, review):
        if text := clean_line(_spell(value)):
            yield f"| {name} | {markdown_cell(shorten(text, CELL))} |"


def _cells(provenance: Mapping[str, Any], review: Any) -> Iterator[tuple[str, Any]]:
    looks = _list_looks(review["looks"] if isinstance(review, Mapping) else provenance.get("sealed"))
    if isinstance(review, Mapping):
        yield str(review["state"]), f"{review['at']} by {review['by']}: {review['comment'] or 'no comment'}"
    yield "reading", _get(provenance, "reading")
    yield "why", _get(provenance, "why")
    yield "sealed looks", looks or "none"
    yield "data", f"{_get(provenance, 'data', 'name')} ({_get(provenance, 'data', 'market')})"
    yield "trial", f"{_get(provenance, 'ledger', 'trial')} of {_get(provenance, 'ledger', 'trials_on_these_data')}"
    yield "proposed", f"{_get(provenance, 'at')} by {_get(provenance, 'by')}"
    yield "changed from", _get(provenance, "parent")
    scores = _get(provenance, "scores")
    win_rate = " ".join(filter(None, (_spell(_get(scores, name)) for name in ("win_rate", "win_interval"))))
    yield "win rate", win_rate and f"{win_rate}, break-even {_spell(_get(scores, 'break_even'))}"
    yield "mean net", _write_mean(_get(scores, "mean_net"))
    yield "sharpe", " ± ".join(filter(None, (_spell(_get(scores, name)) for name in ("sharpe", "sharpe_error"))))
    for name in FIGURES:
        yield name, _get(scores, name)
    yield "price", _get(provenance, "price")
    yield "probes", _list_probes(_get(provenance, "probes"))


def _spell(value: Any) -> str:
    return value if isinstance(value, str) else write_inline(value)


def _write_mean(value: Any) -> str:
    """Write a mean with the ends of its interval, or that it has none."""
    if not isinstance(value, list) or not value:
        return ""
    mean, *ends = map(_spell, value)
    return f"{mean} [{', '.join(ends)}]" if ends else f"{mean}, no interval"


def _list_looks(looks: Any) -> str:
    """Write sealed looks as a proposal lists them, or as a decision does."""
    rows = looks if isinstance(looks, list) else []
    told = [[one.get(key) for key in ("look", "verdict", "grade")] if isinstance(one, Mapping) else one for one in rows]
    return "; ".join(f"{one[0]}: {one[1]} ({one[2]})" for one in told if isinstance(one, list) and len(one) == 3)


def _list_probes(probes: Any) -> Any:
    """Write what blocks and what warns, one after another."""
    if not isinstance(probes, Mapping):
        return probes
    findings = [(kind, one) for kind, lines in probes.items() for one in (lines if isinstance(lines, list) else [lines])]
    return "; ".join(f"{kind} {_spell(one)}" for kind, one in findings)


def _get(provenance: Any, *path: str) -> Any:
    """Read what stands at a path; "" where a file has something else there."""
    for key in path:
        provenance = provenance.get(key, "") if isinstance(provenance, Mapping) else ""
    return provenance
