"""A dataset file drafted from what files say: commented, and for a person to read before anything is built."""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from factory.core.names import SLUG_LENGTH
from factory.core.plainyaml import write_inline
from factory.core.quoting import shell_line, terminal_line
from factory.core.times import DAY, iso, to_ms
from factory.market.faults import ABSENT, FROZEN, JUMP, Fault
from factory.market.files import NONE
from factory.market.inspection import Inspection
from factory.market.series_kinds import series_kind
from factory.market.templates import starter_spec

COSTS = {
    "taker": "0.001",
    "maker": "0.0005",
    "slippage": "0.0005",
    "funding": "0.0001",
    "funding_every": "8h",
    "leverage": "3",
    "maintenance": "0.005",
}
"""Of a perpetual of which nothing is known: set high on purpose."""
WINDOW = "5m"
"""Of the binary contract on minutes."""
SHARES = (0.6, 0.2)
"""Of the days that go to train and to validation."""
FEWEST_DAYS = 10
"""Days below which two of ten leave nothing of validation after its gap."""
WIDTH, LISTED, NEAR = 118, 50, 0.02
"""Characters of a comment, entries of a list in one, and how near a factor is to a whole number that is meant."""


def name_dataset(series: str) -> str:
    """Make a name of a dataset out of that of a series."""
    return re.sub(r"[^a-z0-9]+", "-", series.lower()).strip("-")[:SLUG_LENGTH]


def draft_dataset(name: str, file: str, inspected: Sequence[Inspection]) -> str:
    """Draft a dataset file.

    Parameters
    ----------
    name : str
        Of the dataset.
    file : str
        Name of the file, for the command that builds it.
    inspected : sequence of Inspection
        Its series, at least one of which is traded.

    Returns
    -------
    str
        YAML that :func:`~factory.market.spec.load_spec` takes, not yet confirmed.
    """
    traded = [one for one in inspected if series_kind(one.spec.kind).is_traded]
    split, share, looks = starter_spec("btc").split("\n\n")[-3:]
    first, last = max(one.span[0] for one in traded), min(one.span[1] for one in traded)
    markets = ", ".join(f"{one.spec.period} {one.spec.kind} of {one.spec.underlying}" for one in inspected)
    about = f"From files of my own: {markets}."
    parts = [
        [
            "# The rules of your market. You fix them; agents can neither see past them nor change them.",
            f'# Read it, adapt it, set "confirmed: true", then run:  {shell_line("rfcat", "dataset", "build", file)}',
            f"dataset: {name}",
            f"about: {write_inline(about[:300])}",
            "confirmed: false",
        ],
        [
            "# Inputs, by the name that features use. Times are UTC.",
            '# "underlying" is what the seal goes by: no other dataset may open the rows sealed below. See that it is spelt as',
            "# the exchange spells it.",
            "series:",
            *(line for one in inspected for line in _write_series(one)),
        ],
        [
            "# What can be traded, at what least cost. Every score is net of these; be pessimistic.",
            "contracts:",
            *(line for one in traded for line in _write_contracts(one)),
        ],
        [*_comments(split), *_note_short(first, last), *_write_split(first, last)],
        share.splitlines(),
        looks.splitlines(),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def propose_split(first: int, last: int) -> dict[str, tuple[int, int]]:
    """Propose a split on dates, 60, 20 and 20 of a hundred days; of too few, the least that leaves something of each part.

    Parameters
    ----------
    first, last : int
        First stamp, and the end of the last row, ms UTC.

    Returns
    -------
    dict of str to (int, int)
        Bounds of train, validation and sealed, ms UTC.
    """
    begin = -(-first // DAY)
    days = last // DAY - begin
    if days < FEWEST_DAYS:
        begin, days = first // DAY, FEWEST_DAYS
    train, validation = (round(share * days) for share in SHARES)
    bounds = [begin * DAY, (begin + train) * DAY, (begin + train + validation) * DAY, (begin + days) * DAY]
    return dict(zip(("train", "validation", "sealed"), pairwise(bounds), strict=True))


def _write_split(first: int, last: int) -> list[str]:
    spans = propose_split(first, last).items()
    return ["split:", *(f"  {part}: {write_inline([iso(begin), iso(end)])}" for part, (begin, end) in spans)]


def _note_short(first: int, last: int) -> list[str]:
    if last // DAY + first // -DAY >= FEWEST_DAYS:
        return []
    held = f"{iso(first)} to {iso(last)}" if last > first else "no moment that all bars share"
    return _comment(
        f"THE FILES ARE TOO SHORT TO SPLIT: they hold {held}, and it takes {FEWEST_DAYS} whole days at least. "
        "These dates reach beyond them: get more rows and write your own."
    )


def _comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#")]


def _comment(text: str, indent: str = "") -> list[str]:
    """Fold a text into lines of comment."""
    return [f"{indent}# {line}" for line in textwrap.wrap(terminal_line(text), WIDTH, break_on_hyphens=False)]


def _write_series(one: Inspection) -> Iterator[str]:
    files = ", ".join(name for name, _ in one.frame.files) or one.name
    others = round((1 - one.share) * (len(one.frame) - 1))
    kept = f", {one.spec.period} from one to the next{f' but for {others:,}' if others else ''}" if one.share else ""
    yield from _comment(f"{files}: {len(one.frame):,} rows, {iso(one.span[0])} to {iso(one.span[1])}{kept}.", "  ")
    for remark in (*one.frame.notes, *one.remarks, *_tell_findings(one)):
        yield from _comment(remark, "  ")
    yield f"  {one.name}:"
    for key, value in one.keys.items():
        yield f"    {key}: {write_inline(value)}"
    yield from _write_jumps(one)
    for fault in one.quality.faults:
        if fault.kind != JUMP:
            yield from _write_mend(one, fault)


def _tell_findings(one: Inspection) -> Iterator[str]:
    """Tell of the rows that were set aside or are remarkable, a line a kind."""
    told = one.quality.summary(None, None)
    for title in ("quarantined", "noted"):
        for fault, finding in told[title].items():
            aside = "set aside, missing in the dataset: " if title == "quarantined" else ""
            runs = f", together {finding['rows']:,} rows, the longest {finding['longest']:,}" if "rows" in finding else ""
            where = f" ({finding['where'][0]})" if finding.get("where") else ""
            yield f"{aside}{fault}: {finding['count']:,}{runs}, first {finding['at'][0]}{where}"


def _write_mend(one: Inspection, fault: Fault) -> Iterator[str]:
    """Write what is wrong with many rows as a comment, and the line that declares it as another."""
    indent = "    "
    yield from _comment(f"FAULT: {fault.line}.", indent)
    if fault.kind == FROZEN:
        yield from _comment("To leave these rows out, as in a gap, take this line in:", indent)
        yield f"{indent}# exclude: {write_inline([[iso(begin), iso(end)] for begin, end in fault.spans[:LISTED]])}"
    elif fault.kind != ABSENT:
        source: Mapping[str, Any] = one.keys["source"]
        columns = {**source.get("columns", {}), "volume": NONE}
        yield from _comment("Where that volume counts nothing, take this line in place of the source above:", indent)
        yield f"{indent}# source: {write_inline({**source, 'columns': columns})}"


def _write_jumps(one: Inspection) -> Iterator[str]:
    jumps = one.measure_jumps()[:LISTED]
    if not jumps:
        return
    indent = "    "
    yield from _comment(f"FAULT: {'; '.join(fault.line for fault in one.quality.faults if fault.kind == JUMP)}.", indent)
    yield from _comment(
        "Where coins were redenominated or shares split, take this line in: prices before each moment are multiplied by its "
        "factor, volumes divided; factor: 1 says that the market truly moved so.", indent,
    )  # fmt: skip
    yield f"{indent}# adjust: {write_inline([{'at': iso(at), 'factor': _round_factor(ratio)} for at, ratio in jumps])}"


def _round_factor(ratio: float) -> str:
    """Round a factor to the whole number, or the one over a whole number, that it is near to."""
    whole = round(max(ratio, 1 / ratio))
    factor = whole if ratio >= 1 else 1 / whole
    return f"{factor:.12g}" if abs(ratio / factor - 1) < NEAR else f"{ratio:.4g}"


def _write_contracts(one: Inspection) -> Iterator[str]:
    slug = name_dataset(one.name)
    if to_ms(WINDOW) % one.spec.period_ms == 0:
        yield from _comment(
            f"Pays 1 if {one.name} ends the window of {WINDOW} at or above its start. The price of 0.50 is assumed, not "
            "recorded, and every score says so. Taker fee: shares x fee x p x (1 - p).", "  ",
        )  # fmt: skip
        binary = {"use": "binary", "of": one.name, "window": WINDOW, "price": "0.5", "fee": "0.07", "half_spread": "0.01"}
        yield f"  {slug}-{WINDOW}: {write_inline(binary)}"
    yield from _comment(
        "A perpetual at high costs, as nothing is known of your exchange: set what yours asks. Fees and slippage are shares of "
        "notional a side; funding is assumed: longs pay it, nobody receives it. tick:, lot:, minimum_notional: and equity: may "
        "be set too.", "  ",
    )  # fmt: skip
    yield f"  {slug}-perpetual: {write_inline({'use': 'perpetual', 'of': one.name, **COSTS})}"
