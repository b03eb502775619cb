"""The card of a trial: the honest reading first, then what it rests on."""

from factory.market.spec import SIMULATED
from factory.report.content import Card, Grid, Row, Section, price_banner
from factory.report.diagram import lay_out
from factory.report.earned import list_earned, show_account
from factory.report.figures import show_figures
from factory.report.learned import list_learned
from factory.report.meanings import PROBES
from factory.report.stress import stress_trades
from factory.report.trial import RecordedTrial, export_trades
from factory.report.windows import read_window

SCOPE = (
    "A PASS says that these frozen decisions earned more, after the costs that were set, than they would where direction is a "
    "coin; it says nothing of other dates, sizes or venues, and is no advice."
)
UNAPPROVED = "No sealed look has passed: what stands here was chosen on these very data."
SHOWN_TRADES = 200
"""Trades in the page's list, the newest; the file to download holds all."""
SHOWN_COLUMNS = ("entry", "exit", "side", "reason", "price", "exit_price", "size", "p", "net", "payoff")
LATER = " What a share cost a bar later was not recorded, so that late fills cannot be told."


def make_card(trial: RecordedTrial) -> Card:
    """Make the card of a trial."""
    sections = [
        _standing(trial),
        *_changes(trial),
        show_figures(trial),
        *([show_account(trial)] if trial.count else []),
        _probes(trial),
        *(list_earned(trial) if trial.count else ()),
        _stress(trial),
        *list_learned(trial),
        *([_trades(trial)] if trial.count else []),
        *_strategy(trial),
    ]
    reading = f"{trial.answer['reading'][:1].upper()}{trial.answer['reading'][1:]}. {SCOPE}"
    return Card(trial.facts["name"], _banners(trial), reading, tuple(sections), trial.period, trial)


def _banners(trial: RecordedTrial) -> tuple[str, ...]:
    passed = any(one["verdict"] == "PASS" for one in trial.verdicts)
    return tuple(
        text
        for text in (
            SIMULATED if trial.is_simulated else "",
            price_banner(trial.answer.get("price")),
            "" if passed else UNAPPROVED,
            *trial.review_banners,
        )
        if text
    )


def _standing(trial: RecordedTrial) -> Section:
    verdicts = "; ".join(f"{one['look']}: {one['verdict']}" for one in trial.verdicts) or "none"
    rows = [Row(name, value) for name, value in trial.facts.items() if name != "name"]
    return Section("Where it stands", rows=(*rows, Row("sealed looks", verdicts)))


def _stress(trial: RecordedTrial) -> Section:
    rows = tuple(
        (one.change, f"{one.mean_net:.4g}", f"{one.difference:+.4g}" if one.difference else "") for one in stress_trades(trial)
    )
    return Section(
        "Stress",
        f"Mean net of the same trades; a dearer market would have been traded less.{LATER if trial.is_binary else ''}",
        grid=Grid(("change", "mean net", "difference"), rows) if rows else None,
    )


def _probes(trial: RecordedTrial) -> Section:
    """Say in plain words what each probe asks and what came."""
    if not trial.probes:
        return Section("Leakage probes", "None ran on this trial.")
    findings: dict[str, list[str]] = {}
    marks: dict[str, str] = {}
    for kind, word in (("block", "BLOCKS a sealed look"), ("warn", "warns")):
        for line in trial.probes.get(kind) or ():
            probe, _, came = line.partition(":")
            findings.setdefault(probe, []).append(f"{word}: {came.strip()}")
            marks.setdefault(probe, kind)
    ran = trial.probes.get("ran", "").split()
    order = sorted(PROBES, key=lambda probe: ["block", "warn", ""].index(marks.get(probe, "")))
    rows = tuple((probe, PROBES[probe], "; ".join(findings.get(probe, ())) or _unfound(probe in ran)) for probe in order)
    grid = Grid(("probe", "asks", "what came"), rows, tuple(marks.get(probe, "") for probe in order))
    return Section("Leakage probes", _sum_up(trial), grid=grid)


def _sum_up(trial: RecordedTrial) -> str:
    """Say how many probes block and warn, and which."""
    block, warn = (
        [*dict.fromkeys(line.partition(":")[0] for line in trial.probes.get(kind) or ())] for kind in ("block", "warn")
    )
    if not block and not warn:
        return "No probe found anything."
    blocks = f"{_count(block, 'block')} a sealed look: {', '.join(block)}" if block else "Nothing blocks a sealed look"
    warns = f"{_count(warn, 'warn')}: {', '.join(warn)}" if warn else "nothing warns"
    return f"{blocks}; {warns}."


def _count(probes: list[str], verb: str) -> str:
    return f"{len(probes)} {verb}{'s' if len(probes) == 1 else ''}"


def _unfound(ran: bool) -> str:
    return "nothing found" if ran else "not asked yet"


def _trades(trial: RecordedTrial) -> Section:
    first = max(0, trial.count - SHOWN_TRADES)
    header, *lines = (line.split(",") for line in export_trades(trial, first).splitlines())
    places = [header.index(name) for name in SHOWN_COLUMNS]
    rows = tuple(tuple(_shorten(line[place]) for place in places) for line in reversed(lines))
    windows = tuple(read_window(trial, i) for i in range(trial.count - 1, first - 1, -1))
    more = f"The newest {SHOWN_TRADES} of {trial.count:,}, with their prices; all trades are in the file. " if first else ""
    grid = Grid(tuple(name.replace("_", " ") for name in SHOWN_COLUMNS), rows)
    return Section("Trades", f"{more}Choose one to see the prices around it.", grid=grid, windows=windows)


def _shorten(cell: str) -> str:
    """Write a number of the file shorter; words and moments stay, moments without their T and zone."""
    try:
        return f"{float(cell):.5g}"
    except ValueError:
        return cell.replace("T", " ").removesuffix("Z")


def _strategy(trial: RecordedTrial) -> list[Section]:
    from factory.pipeline import list_parts, render

    return [
        Section("Diagram", "Dotted: chooses or labels decisions.", diagram=lay_out(list_parts(trial.pipeline))),
        Section("Strategy", text=render(trial.pipeline)),
    ]


def _changes(trial: RecordedTrial) -> list[Section]:
    changed = Grid(("what", "before", "after"), tuple(map(tuple, trial.changes)))
    if not trial.changes:
        return []
    of = f"Against its parent {trial.facts['parent']}; an empty cell is a part that is not there."
    return [Section("Changed from its parent", of, grid=changed)]
