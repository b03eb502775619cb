"""Sections on what a model learned: whether its chances mean what they say, which inputs matter, how far they moved."""

from factory.core.quoting import shell_line
from factory.report import charts
from factory.report.content import Grid, Section
from factory.report.trial import RecordedTrial

NOISE = "(noise)"
"""Name of the column that is the ruler of a ranking; nothing in a pipeline can be called so."""
RULER = (
    "What shuffling an input costs. The dotted line is a column of noise: what does not clear it with its whole interval is "
    "not shown to carry anything."
)


def list_learned(trial: RecordedTrial) -> list[Section]:
    """List the sections on a trial's chances and inputs."""
    drawn = [figure for figure in (charts.draw_calibration(trial), charts.draw_rolling_auc(trial)) if figure is not None]
    says = "What was predicted against what came, and how well chances rank as time goes on."
    return [*([Section("Chances", says, figures=tuple(drawn))] if drawn else []), _importance(trial), *_drift(trial)]


def _importance(trial: RecordedTrial) -> Section:
    if trial.importance is None:
        command = shell_line("rfcat", "rank", trial.pipeline.id)
        return Section("Importance of inputs", f"Not ranked yet: {command} measures it against a column of noise.")
    rows = [tuple(row) for row in trial.importance["rows"]]
    columns = ("input", "log-loss rise", "95 % from", "to", "AUC fall")
    grid = Grid(columns, tuple((row[0], *(f"{value:.3g}" if value is not None else "" for value in row[1:])) for row in rows))
    return Section("Importance of inputs", RULER, grid=grid, figures=(charts.draw_importance(rows, NOISE),))


def _drift(trial: RecordedTrial) -> list[Section]:
    if not trial.drift:
        return []
    order = sorted(trial.drift.items(), key=lambda one: -one[1].psi)
    grid = Grid(("feature", "PSI", "KS"), tuple((name, f"{one.psi:.4g}", f"{one.ks:.4g}") for name, one in order))
    most = order[0][1].psi
    moved = "little" if most < charts.LITTLE else "somewhat" if most < charts.MUCH else "much"
    says = f"How far each feature moved from train to validation; the most moved did so {moved}."
    return [Section("Drift of features", says, grid=grid, figures=(charts.draw_drift(trial.drift),))]
