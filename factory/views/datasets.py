"""A dataset as a person reads it: what it holds, what the import found, its terms and its split. Of the sealed part, dates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from factory.core.answers import Answer, table
from factory.core.errors import UnknownError, did_you_mean
from factory.core.plainyaml import write_inline
from factory.core.times import DAY, iso, now_ms, spell_period
from factory.evidence.deflated_sharpe import deflate_sharpe
from factory.market.catalog import CALENDAR, NONE_BUILT, OVERSHOOT
from factory.market.contracts import describe_settlement, settled_counts
from factory.market.faults import faults_of, tell_mends
from factory.market.spec import PARTITIONS, DatasetSpec
from factory.vault.pools import SEAL_ROWS, find_pool
from factory.views.interpretation import interpret
from factory.views.listing import publication_text
from factory.views.terms import describe_contract

if TYPE_CHECKING:
    from collections.abc import Sequence

    from factory.ledger import Entry
    from factory.tracking import Tracker

SHOWN = 10
"""Places that are listed of one finding."""
NESTED = ("series", "contracts", "split")
"""Parts of a dataset file written one line an entry."""


@dataclass(frozen=True, slots=True)
class DatasetTile:
    """A dataset at a glance.

    Parameters
    ----------
    name : str
    is_simulated : bool
    about : str
    train, validation, sealed : tuple of str
        First day and the day after the last.
    series : list of str
    trials, explorations, looks_left : int
    looks : str
        How many are left, or why there is none.
    best : Answer
        Pipeline, name, Sharpe ratio, and the chance that it is no luck; empty where nothing was scored.
    reading : str
        What the figures of the best trial mean at the number of trials.
    """

    name: str
    is_simulated: bool
    about: str
    train: tuple[str, str]
    validation: tuple[str, str]
    sealed: tuple[str, str]
    series: list[str]
    trials: int
    explorations: int
    looks_left: int
    looks: str
    best: Answer
    reading: str


def list_tiles(tracker: "Tracker") -> list[DatasetTile]:
    """List the datasets of a workspace at a glance."""
    rows = tracker.ledger.of_kinds(SEAL_ROWS)
    return [_make_tile(tracker, name, rows) for name in tracker.catalog.names()]


def require_dataset(tracker: "Tracker", name: str) -> str:
    """Return the name of a dataset that is there.

    Raises
    ------
    UnknownError
        Naming the nearest.
    """
    names = tracker.catalog.names()
    if name not in names:
        raise UnknownError(f"dataset: '{name[:64]}' unknown; {did_you_mean(name, names) if names else NONE_BUILT}")
    return name


def _make_tile(tracker: "Tracker", name: str, rows: "Sequence[Entry]") -> DatasetTile:
    spec, meta = tracker.catalog.spec(name), tracker.catalog.meta(name)
    counts, pool, best = tracker.ledger.counts(name), find_pool(rows, spec, now_ms()), tracker.ledger.best_trial(name)
    told, reading = {}, ""
    if best is not None:
        metrics = best.payload["metrics"]
        reading = interpret(metrics, counts.trials, tracker.ledger.independent(name))
        told = {
            "pipeline": best.payload["pipeline"],
            "name": best.payload["name"],
            "sharpe": metrics.get("sharpe"),
            "deflated": deflate_sharpe(metrics, counts.trials),
        }
    train, validation, sealed = (_days(meta, part) for part in PARTITIONS)
    return DatasetTile(
        name, bool(meta["simulated"]), spec.about, train, validation, sealed, [*spec.series],
        counts.trials, counts.explorations, pool.left, pool.outlook, told, reading,
    )  # fmt: skip


def _days(meta: Mapping[str, Any], partition: str) -> tuple[str, str]:
    part = meta["partitions"][partition]
    return iso(part["start"])[:10], iso(part["end"])[:10]


class Stretch(NamedTuple):
    """One part of a dataset's time line.

    Parameters
    ----------
    name : str
        ``train``, ``gap``, ``validation``, ``gap``, ``sealed``.
    first, last : str
        As ISO text, `last` excluded.
    start, share : float
        Of the whole, in [0, 1].
    days : float
    """

    name: str
    first: str
    last: str
    start: float
    share: float
    days: float


def list_stretches(meta: Mapping[str, Any]) -> list[Stretch]:
    """List the parts of the time line in order: what the split gives, and the gaps between."""
    parts = meta["partitions"]
    edges: list[tuple[str, int, int]] = []
    for name in PARTITIONS:
        start, end = parts[name]["start"], parts[name]["end"]
        if edges and start > edges[-1][2]:
            edges.append(("gap", edges[-1][2], start))
        edges.append((name, start, end))
    begin, whole = edges[0][1], edges[-1][2] - edges[0][1]
    return [
        Stretch(name, iso(start), iso(end), (start - begin) / whole, (end - start) / whole, round((end - start) / DAY, 1))
        for name, start, end in edges
    ]


@dataclass(frozen=True, slots=True)
class DatasetPage:
    """All that a dataset's page tells.

    Parameters
    ----------
    tile : DatasetTile
    stretches : list of Stretch
    series : Answer
        A table, a row a series.
    findings : list of (str, Answer)
        What the import found, by series: a table of what was set aside or noted, where.
    read : list of str
        What a person should know of how files were read.
    faults : Answer
        A table of what falsifies trials.
    mends : str
        How a person declares those.
    contracts : dict of str to list
        Terms and what they say, by contract.
    looks : list of (str, str)
    file : str
        The dataset file, YAML.
    fingerprint : str
    """

    tile: DatasetTile
    stretches: list[Stretch]
    series: Answer
    findings: list[tuple[str, Answer]]
    read: list[str]
    faults: Answer
    mends: str
    contracts: dict[str, list[tuple[str, str]]]
    looks: list[tuple[str, str]]
    file: str
    fingerprint: str


def read_dataset_page(tracker: "Tracker", name: str) -> DatasetPage:
    """Read what a dataset's page tells.

    Raises
    ------
    UnknownError
        If there is no such dataset.
    """
    require_dataset(tracker, name)
    spec, meta, quality = tracker.catalog.spec(name), tracker.catalog.meta(name), tracker.catalog.quality(name)
    rows = tracker.ledger.of_kinds(SEAL_ROWS)
    faults = [(key, fault) for key, facts in meta["series"].items() for fault in faults_of(facts)]
    fault_rows = [
        [key, fault.says, ", ".join(fault.columns), ", ".join(iso(first) for first, _ in fault.spans[:SHOWN]) or "all rows"]
        for key, fault in faults
    ]
    return DatasetPage(
        tile=_make_tile(tracker, name, rows),
        stretches=list_stretches(meta),
        series=_tabulate_series(spec, meta),
        findings=[(key, one) for key, listed in quality.items() if (one := _tabulate_findings(listed))["rows"]],
        read=[f"{key}: {line}" for key, listed in quality.items() for line in listed.get("read", ())],
        faults=table(("series", "what", "columns", "where"), fault_rows),
        mends=tell_mends([fault for _, fault in faults]) if faults else "",
        contracts={
            key: describe_contract(one, meta["series"][one.of][OVERSHOOT], describe_settlement(one, settled_counts(meta, key)))
            for key, one in spec.contracts.items()
        },
        looks=_describe_looks(spec, rows),
        file=write_dataset_file(spec),
        fingerprint=str(meta["fingerprint"]),
    )


def _tabulate_series(spec: DatasetSpec, meta: Mapping[str, Any]) -> Answer:
    columns = ("series", "kind", "market", "period", "published_late", "rows", "missing", "first", "last", "columns")
    rows = [
        [
            name, one["kind"], spec.series[name].underlying, " ".join([spell_period(one["period"]), *_calendar(one)]),
            publication_text(spec.series[name], one["delay"]) or "at once", f"{one['rows']:,}", f"{one['missing']:,}",
            iso(one["first"]), iso(one["last"]), " ".join(one["columns"]),
        ]
        for name, one in meta["series"].items()
    ]  # fmt: skip
    return table(columns, rows)


def _calendar(facts: Mapping[str, Any]) -> list[str]:
    """Name the calendar of a series that has one."""
    return [facts[CALENDAR]] if CALENDAR in facts else []


def _tabulate_findings(quality: Mapping[str, Any]) -> Answer:
    rows = []
    for title, done in (("quarantined", "set aside"), ("noted", "kept")):
        for what, one in quality.get(title, {}).items():
            held = f"{one['count']:,}" + (
                f" ({one['rows']:,} rows, the longest {one['longest']:,})" if "longest" in one else ""
            )
            places = [f"{at}, {where}" if where else at for at, where in _places(one)]
            more = one["count"] - len(places)
            rows.append([what, done, held, [*places, *([f"and {more:,} more"] if more > 0 else [])]])
    return table(("what", "rows_were", "how_many", "where"), rows)


def _places(finding: Mapping[str, Any]) -> list[tuple[str, str]]:
    where = [*finding.get("where", ()), *([""] * SHOWN)]
    return list(zip(finding["at"][:SHOWN], where, strict=False))


def _describe_looks(spec: DatasetSpec, rows: "Sequence[Entry]") -> list[tuple[str, str]]:
    pool = find_pool(rows, spec, now_ms())
    spent = f"{len(pool.spent)} of {pool.looks}"
    told = [("looks spent", spent), ("left", pool.outlook)]
    if pool.obstacle and not pool.closed:
        told.append(("now", pool.obstacle))
    seen = f"{spec.validation_share:.0%} of validation's days are shown to agents' own code"
    return [*told, ("an agent sees", f"train; of validation, scores alone; {seen}; of the sealed part, PASS or FAIL")]


def write_dataset_file(spec: DatasetSpec) -> str:
    """Write the dataset file that a dataset was built from, as YAML: what it left to defaults is left out."""
    lines = []
    for key, value in spec.model_dump(mode="json", exclude_unset=True).items():
        if key in NESTED and isinstance(value, dict) and value:
            lines += [f"{key}:", *(f"  {write_inline(name)}: {write_inline(one)}" for name, one in value.items())]
        else:
            lines.append(f"{key}: {write_inline(value)}")
    return "\n".join(lines) + "\n"
