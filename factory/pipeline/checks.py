"""Whether a pipeline fits its dataset; computed from the dataset's file and meta alone."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from factory.core.errors import ExpressionError, PipelineError, did_you_mean
from factory.core.times import to_duration, to_ms
from factory.expressions.expression import Expression
from factory.market.book_columns import EVENTS, MOST_LEVELS, book_columns
from factory.market.contracts import Binary, Perpetual
from factory.market.pace import read_paces
from factory.market.series_kinds import name_traded_kinds
from factory.market.spec import DatasetSpec
from factory.pipeline.model import Pipeline
from factory.pipeline.parts.experts import Learner, Network
from factory.pipeline.parts.labels import MidMove, TripleBarrier, WindowEnd, count_classes
from factory.pipeline.parts.samples import Clock, Events
from factory.pipeline.parts.trades import After, Barriers, Limit, LongOrShort, Trade, UpOrDown, Volatility
from factory.pipeline.references import find_unused

FEW_DECISIONS = 300
"""Fewer in validation, and an interval around a score is too wide to learn from."""

LEAST_EVERY = "1h"
"""Refits more often than that take hours and hardly differ."""

LEAST_HORIZONS = 10
"""Labels end to end that a refit's window must hold."""

NO_BOOK = "it has none; describe_market(dataset='{}') lists its series"
"""Said of a dataset where an order book is asked for."""

LONG_WARM_UP = 0.05
"""Share of train lost to a look-back, beyond the rows before train, above which the author is told."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What can be computed of a pipeline without its data.

    Parameters
    ----------
    look_back : dict of str to int
        How far back each feature reaches at a decision, ms, settling rows included.
    label_span : int
        Longest time from a fill to its label's end, ms.
    warnings : tuple of str
        One line each: legal, and perhaps not meant.
    """

    look_back: dict[str, int]
    label_span: int
    warnings: tuple[str, ...]


def check_pipeline(pipeline: Pipeline, spec: DatasetSpec, meta: Mapping[str, Any]) -> Facts:
    """Check a pipeline against its dataset.

    Parameters
    ----------
    pipeline : Pipeline
        What was defined.
    spec : DatasetSpec
        The dataset's file.
    meta : mapping
        What the build wrote down; of ``series`` the columns are read, and the first stamps.

    Returns
    -------
    Facts
        Look-backs, label span and warnings.

    Raises
    ------
    PipelineError
        One line a mistake.
    """
    mistakes = [
        *_features(pipeline, spec, meta),
        *_books(pipeline, meta),
        *_label(pipeline, spec, meta),
        *_sample(pipeline, spec, meta),
        *_spans(pipeline, spec),
        *_refit(pipeline, spec),
        *_targets(pipeline, spec),
        *_trade(pipeline, spec, meta),
        *_also(pipeline, spec),
    ]
    look_back = {} if mistakes else _look_back(pipeline, spec, meta)
    mistakes += _too_long(look_back, spec)
    if mistakes:
        raise PipelineError(*mistakes)
    return Facts(look_back, to_ms(pipeline.label.horizon), tuple(_warnings(pipeline, spec, meta, look_back)))


def _train(spec: DatasetSpec) -> int:
    start, end = spec.bounds("train")
    return end - start


def _features(pipeline: Pipeline, spec: DatasetSpec, meta: Mapping[str, Any]) -> Iterator[str]:
    columns = {name: set(series["columns"]) for name, series in meta["series"].items()}
    periods = {name: series.period_ms for name, series in spec.series.items()}
    for name, expression in pipeline.expressions().items():
        try:
            expression.check(columns, periods)
        except ExpressionError as error:
            yield from (f"features.{name}: {line}" for line in error.lines)


def _books(pipeline: Pipeline, meta: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each book that a network is to look at and that the dataset does not hold, or with fewer levels."""
    books = _book_levels(meta)
    for name, part in pipeline.experts.items():
        if not isinstance(part, Network):
            continue
        if part.book not in books:
            yield _no_book(f"experts.{name}.book", part.book, pipeline, books)
        elif part.levels > (most := books[part.book]):
            yield f"experts.{name}.levels: {part.levels}, and {part.book} has {most}; write levels: {most}"


def _targets(pipeline: Pipeline, spec: DatasetSpec) -> Iterator[str]:
    """Yield a line for each expert that is to learn a contract which has no windows, or longer ones than the gap."""
    for name, part in pipeline.experts.items():
        if not isinstance(part, Learner) or part.target is None:
            continue
        path, contract = f"experts.{name}.target", spec.binaries.get(part.target)
        if contract is None:
            hint = did_you_mean(part.target, spec.binaries) if spec.binaries else "it has none; leave target out"
            yield f"{path}: no binary contract '{part.target}' in {pipeline.data}; {hint}"
        elif count_classes(pipeline.label) > 2:
            yield f"{path}: {pipeline.label.use} tells three classes, and a window ends in two ways; leave target out"
        elif to_ms(contract.window) > spec.gap:
            yield f"{path}: windows of {contract.window} are longer than the gap of {to_duration(spec.gap)}; name shorter ones"


def _book_levels(meta: Mapping[str, Any]) -> dict[str, int]:
    """Count the levels of each order book that a dataset holds."""
    counted = {name: _count_levels(series["columns"]) for name, series in meta["series"].items()}
    return {name: levels for name, levels in counted.items() if levels}


def _no_book(path: str, name: str, pipeline: Pipeline, books: Mapping[str, int]) -> str:
    hint = did_you_mean(name, books) if books else NO_BOOK.format(pipeline.data)
    return f"{path}: no order book '{name}' in {pipeline.data}; {hint}"


def _count_levels(columns: Collection[str]) -> int:
    """Count the levels of the book that a series holds on both sides; 0 where it is none."""
    level = 0
    while level < MOST_LEVELS and set(book_columns(level + 1)) <= set(columns):
        level += 1
    return level


def _look_back(pipeline: Pipeline, spec: DatasetSpec, meta: Mapping[str, Any]) -> dict[str, int]:
    periods = {name: series.period_ms for name, series in spec.series.items()}
    delays = {name: series.delay_ms for name, series in spec.series.items()}
    paces = read_paces(meta)
    return {name: expression.lookback(periods, delays, paces) for name, expression in pipeline.expressions().items()}


def _too_long(look_back: Mapping[str, int], spec: DatasetSpec) -> Iterator[str]:
    train = _train(spec)
    for name, reach in look_back.items():
        if reach >= train:
            yield f"features.{name}: looks back {span_text(reach)}, and train is {span_text(train)}; use shorter windows"


def _label(pipeline: Pipeline, spec: DatasetSpec, meta: Mapping[str, Any]) -> Iterator[str]:
    label = pipeline.label
    series = spec.series.get(label.of)
    if series is None or label.of not in spec.traded:
        none = f"no series of {name_traded_kinds()} '{label.of}' in {pipeline.data}"
        yield f"label.of: {none}; {did_you_mean(label.of, spec.traded)}"
    elif to_ms(label.horizon) % series.period_ms:
        yield f"label.horizon: {label.horizon} is not whole bars of {series.period}; write a multiple of {series.period}"
    elif isinstance(label, WindowEnd) and not isinstance(spec.contracts.get(pipeline.trade.contract), Binary):
        mend = f"write {{use: up_down, of: {label.of}, horizon: {label.horizon}}}"
        yield f"label.use: window_end is of a binary contract's window, and {pipeline.trade.contract} is none; {mend}"
    elif isinstance(label, MidMove):
        yield from _mid_move(pipeline, label, series.period_ms, spec, meta)


def _mid_move(pipeline: Pipeline, label: MidMove, bar: int, spec: DatasetSpec, meta: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for a label on a book that is not there, does not meet the bars, or counts no updates."""
    books = _book_levels(meta)
    if label.book not in books:
        yield _no_book("label.book", label.book, pipeline, books)
    elif bar % spec.series[label.book].period_ms:
        row = spec.series[label.book].period
        yield f"label.book: rows of {label.book} are {row} apart, and bars of {label.of} begin between them; use another book"
    elif label.events is not None and EVENTS not in meta["series"][label.book]["columns"]:
        yield f"label.events: {label.book} does not count updates; leave events out"


def _sample(pipeline: Pipeline, spec: DatasetSpec, meta: Mapping[str, Any]) -> Iterator[str]:
    sample, series = pipeline.sample, spec.series.get(pipeline.label.of)
    if isinstance(sample, Events):
        books = _book_levels(meta)
        if sample.of not in books:
            yield _no_book("sample.of", sample.of, pipeline, books)
        elif EVENTS not in meta["series"][sample.of]["columns"]:
            every = spec.series[sample.of].period
            yield f"sample.of: {sample.of} does not count updates; write sample: {{use: clock, every: {every}}}"
    if not isinstance(sample, Clock) or series is None:
        return
    start, end = spec.bounds("validation")
    if to_ms(sample.every) % series.period_ms:
        yield f"sample.every: {sample.every} is between bars of {series.period}; write a multiple of {series.period}"
    elif -(-start // to_ms(sample.every)) * to_ms(sample.every) >= end:
        yield f"sample.every: {sample.every} never comes in validation, which is {span_text(end - start)}; sample more often"


def _spans(pipeline: Pipeline, spec: DatasetSpec) -> Iterator[str]:
    spans = {"label.horizon": pipeline.label.horizon}
    for path, trade in pipeline.trades.items():
        if isinstance(trade, LongOrShort) and isinstance(trade.exit, After):
            spans[f"{path}.exit.hold"] = trade.exit.hold
    for path, span in spans.items():
        if to_ms(span) > spec.gap:
            yield f"{path}: {span} spans past the gap between partitions; at most {span_text(spec.gap)}"


def _refit(pipeline: Pipeline, spec: DatasetSpec) -> Iterator[str]:
    """Yield a line for each way in which refits learn nothing new, learn from next to nothing, or leave rows out."""
    refit, horizon = pipeline.refit, pipeline.label.horizon
    if refit is None:
        return
    floors = {LEAST_EVERY: to_ms(LEAST_EVERY), f"label.horizon, {horizon}": to_ms(horizon)}
    if isinstance(pipeline.sample, Clock):
        floors[f"sample.every, {pipeline.sample.every}"] = to_ms(pipeline.sample.every)
    floor = max(floors, key=lambda name: floors[name])
    if to_ms(refit.every) < floors[floor]:
        yield f"refit.every: {refit.every} is shorter than {floor}; write {to_duration(floors[floor])} or longer"
    window, least = to_ms(refit.window), LEAST_HORIZONS * to_ms(horizon)
    if window < least:
        yield (
            f"refit.window: {refit.window} is shorter than {LEAST_HORIZONS} times label.horizon, {horizon}; "
            f"write {to_duration(least)} or longer"
        )
    elif window < to_ms(refit.every):
        yield (
            f"refit.window: {refit.window} is shorter than refit.every, {refit.every}, so some rows are never learned from; "
            f"write {refit.every} or longer"
        )
    elif window > _train(spec):
        yield f"refit.window: {refit.window} is longer than train, {span_text(_train(spec))}; make it shorter"


def _trade(pipeline: Pipeline, spec: DatasetSpec, meta: Mapping[str, Any]) -> Iterator[str]:
    trade = pipeline.trade
    contract = spec.contracts.get(trade.contract)
    mistakes = list(_contract("trade", trade, pipeline.data, spec))
    yield from mistakes
    if contract is None or mistakes:
        return
    if pipeline.label.of != contract.of:
        others = [name for name, one in spec.contracts.items() if (one.of, one.use) == (pipeline.label.of, contract.use)]
        instead = f", or trade.contract: {' or '.join(others)}" if others else ""
        yield f"label.of: '{pipeline.label.of}', but {trade.contract} trades {contract.of}; write of: {contract.of}{instead}"
    if isinstance(contract, Binary):
        yield from _window(pipeline, contract, spec)
        yield from _order(pipeline, contract, meta)
    else:
        yield from _leverage("trade", trade, contract)


def _also(pipeline: Pipeline, spec: DatasetSpec) -> Iterator[str]:
    """Yield a line for each trade beside the first whose contract is not there, or is on a series without its exits."""
    for path, trade in list(pipeline.trades.items())[1:]:
        contract = spec.contracts.get(trade.contract)
        mistakes = list(_contract(path, trade, pipeline.data, spec))
        yield from mistakes
        if mistakes or not isinstance(contract, Perpetual) or not isinstance(trade, LongOrShort):
            continue
        yield from _leverage(path, trade, contract)
        if isinstance(trade.exit, Barriers) and contract.of != pipeline.label.of:
            yield (
                f"{path}.exit: the label's barriers stand on {pipeline.label.of}, and {trade.contract} is on {contract.of}; "
                f"write exit: {{use: after, hold: {pipeline.label.horizon}}}"
            )


def _contract(path: str, trade: Trade, data: str, spec: DatasetSpec) -> Iterator[str]:
    """Yield a line where a trade's contract is not there, or of another kind."""
    contract = spec.contracts.get(trade.contract)
    if contract is None:
        hint = did_you_mean(trade.contract, spec.contracts) if spec.contracts else "it has none; ask a person to add one"
        yield f"{path}.contract: no contract '{trade.contract}' in {data}; {hint}"
        return
    wanted = "up_or_down" if isinstance(contract, Binary) else "long_or_short"
    if trade.use != wanted and path == "trade":
        yield f"{path}.use: {trade.use} does not fit {trade.contract}, a {contract.use} contract; write use: {wanted}"
    elif trade.use != wanted:
        yield f"{path}.contract: {trade.contract} is a {contract.use} contract, and only perpetuals share an account; name one"


def _leverage(path: str, trade: Trade, contract: Perpetual) -> Iterator[str]:
    if isinstance(trade.size, Volatility) and trade.size.leverage > contract.leverage:
        most = f"{contract.leverage:g}"
        yield f"{path}.size.leverage: {trade.size.leverage:g} is above what {trade.contract} allows; at most {most}"


def _warm_up(expression: Expression, spec: DatasetSpec, meta: Mapping[str, Any]) -> int:
    """Compute how many milliseconds before train there are rows of every series that an expression reads."""
    start, _ = spec.bounds("train")
    return max(0, start - max((meta["series"][name]["first"] for name in expression.series), default=start))


def _window(pipeline: Pipeline, contract: Binary, spec: DatasetSpec) -> Iterator[str]:
    """Yield a line where decisions do not fit a binary contract, which is settled at its window's end."""
    label, sample, window = pipeline.label, pipeline.sample, contract.window
    running = f"{{use: window_end, of: {contract.of}, horizon: {window}}}"
    if label.use not in ("up_down", "window_end") or label.horizon != window:
        yield (
            f"label: {label.use} over {label.horizon} is not what {pipeline.trade.contract} settles; "
            f"write {{use: up_down, of: {contract.of}, horizon: {window}}}"
        )
    if isinstance(sample, Clock) and to_ms(sample.every) % to_ms(window) == 0:
        return
    path, inside = ("sample.every", sample.every) if isinstance(sample, Clock) else ("sample.use", sample.use)
    at_starts = f"write {window} or a multiple" if isinstance(sample, Clock) else f"write {{use: clock, every: {window}}}"
    if contract.odds is None:
        yield (
            f"{path}: {inside} decides inside windows of {window}, whose strike is known by then, and "
            f"{pipeline.trade.contract} has a fixed price; {at_starts}, or ask a person for recorded odds"
        )
    elif not isinstance(label, WindowEnd):
        yield f"{path}: {inside} decides inside windows of {window}; {at_starts}, or write label: {running}"
    else:
        yield from _odds_step(pipeline, contract, spec)


def _odds_step(pipeline: Pipeline, contract: Binary, spec: DatasetSpec) -> Iterator[str]:
    """Yield a line where quotes are further apart than decisions, so that most of them would have none."""
    assert contract.odds is not None, "prices inside a window are recorded"
    sample, odds, bars = pipeline.sample, spec.series[contract.odds], spec.series.get(contract.of)
    every = to_ms(sample.every) if isinstance(sample, Clock) else bars.period_ms if bars else odds.period_ms
    if odds.period_ms > every:
        path = f"sample.every: {sample.every}" if isinstance(sample, Clock) else f"sample.use: {sample.use}"
        mend = f"write {{use: clock, every: {odds.period}}}"
        yield f"{path} decides more often than {contract.odds} quotes, each {odds.period}; {mend}"


def _order(pipeline: Pipeline, contract: Binary, meta: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line where an order is to rest and nobody recorded between what."""
    trade = pipeline.trade
    if not isinstance(trade, UpOrDown) or not isinstance(trade.order, Limit):
        return
    held = set() if contract.odds is None else set(meta["series"][contract.odds]["columns"])
    if not {"bid", "ask"} <= held:
        whose = contract.odds or trade.contract
        yield f"trade.order: {whose} has no recorded bid and ask to rest between; write order: {{use: market}}"


def _warnings(pipeline: Pipeline, spec: DatasetSpec, meta: Mapping[str, Any], look_back: Mapping[str, int]) -> Iterator[str]:
    if pipeline.also:
        yield "also: several contracts share one account in a backtest; no sealed look examines such a pipeline yet"
    for path in find_unused(pipeline.features, pipeline.experts, list(pipeline.mentions())):
        yield f"{path}: nothing looks at it; name it in a see, or delete it"
    if isinstance(pipeline.label, TripleBarrier) and pipeline.label.unit in pipeline.features:
        label, read = pipeline.label, pipeline.expressions()[pipeline.label.unit].series
        if read and label.of not in read:
            others = " and ".join(sorted(read))
            yield f"label.unit: {label.unit} reads {others}, and barriers stand on {label.of}; a unit of its own may fit better"
    for name, expression in pipeline.expressions().items():
        reach = look_back[name]
        share = (reach - _warm_up(expression, spec, meta)) / _train(spec)
        if share > LONG_WARM_UP:
            yield f"features.{name}: looks back {span_text(reach)}; the first {share:.0%} of train is lost to it"
    if isinstance(pipeline.sample, Clock):
        start, end = spec.bounds("validation")
        every, paces = to_ms(pipeline.sample.every), read_paces(meta)
        decisions = int((end - start) / (paces[pipeline.label.of].step(every) if pipeline.label.of in paces else every))
        if decisions < FEW_DECISIONS:
            yield f"sample.every: about {decisions} decisions in validation; too few to tell an edge from luck"


def span_text(ms: int) -> str:
    """Write a length of time as refusals and listings spell it."""
    days = to_ms("1d")
    return f"{ms / days:.4g} days" if ms >= 2 * days else to_duration(ms)
