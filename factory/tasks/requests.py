"""What can be refused of heavy work before it waits for a worker."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from factory.core.errors import FactoryError, PipelineError

if TYPE_CHECKING:
    from factory.tracking.tracker import Tracker

OF_A_TRIAL, OF_EXPRESSIONS = ("by", "repeats", "groups", "raw"), ("features", "family", "label", "dataset")
"""Arguments of the two ways to rank."""


def check_request(tracker: "Tracker", kind: str, args: Mapping[str, Any]) -> None:
    """Refuse a request as the work itself would, without its rows.

    Parameters
    ----------
    tracker : Tracker
        Where the work would be done.
    kind : str
        As for :func:`factory.tasks.perform`.
    args : mapping
        Its arguments.

    Raises
    ------
    FactoryError
        One line a mistake.
    """
    check = _CHECKS.get(kind)
    if check is not None:
        check(tracker, **{name: value for name, value in args.items() if value is not None})


def require_one_way(pipeline: str | None, args: Mapping[str, Any]) -> None:
    """Refuse arguments of the one way to rank that come with the other.

    Parameters
    ----------
    pipeline : str or None
        The trial whose inputs are ranked; None: expressions are, on train.
    args : mapping
        What else was said; None where nothing was.

    Raises
    ------
    FactoryError
        If one was given that the chosen way does not know.
    """
    stray = [name for name in (OF_EXPRESSIONS if pipeline else OF_A_TRIAL) if args.get(name) is not None]
    if stray:
        taken = "not taken with a pipeline; leave out either" if pipeline else "taken only with a pipeline; give one"
        raise FactoryError(f"{', '.join(stray)}: {taken}")


def _check_pipeline(tracker: "Tracker", pipeline: str, **_: Any) -> None:
    tracker.check(tracker.resolve(pipeline))


def _check_tune(tracker: "Tracker", pipeline: str, grid: Mapping[str, Any] | None = None, cells: int = 20, **args: Any) -> None:
    from factory.tuning import searched

    if args.get("judge") == "validation" and args.get("by") is not None:
        raise PipelineError("by: not taken with judge=validation, which ranks cells as a leaderboard does; leave out either")
    for cell in searched(tracker.resolve(pipeline), grid, cells):
        tracker.check(cell.pipeline)


def _check_rank(tracker: "Tracker", pipeline: str | None = None, **args: Any) -> None:
    from factory.pipeline.screening import plan_screen

    require_one_way(pipeline, args)
    if pipeline:
        tracker.require_trial(pipeline)
        _check_pipeline(tracker, pipeline)
    else:
        plan_screen(tracker.catalog, tracker.dataset(args.pop("dataset", None)), **args)


def _check_chart(tracker: "Tracker", pipeline: str, chart: str) -> None:
    from factory.views.show import resolve_trial

    resolve_trial(tracker, pipeline, "chart", "draws one trial")


def _check_card(tracker: "Tracker", pipeline: str, form: str) -> None:
    if tracker.find_entry(chosen := tracker.resolve(pipeline)) is None:
        raise PipelineError(f"card: {chosen.id} is no trial yet; backtest it first")


def _check_submit(tracker: "Tracker", pipeline: str, **args: Any) -> None:
    from factory.vault.admission import Request, admit

    admit(tracker.workspace, tracker.ledger, Request(tracker.resolve(pipeline).id, agent=tracker.agent, **args))


_CHECKS: dict[str, Callable[..., None]] = {
    "train": _check_pipeline,
    "backtest": _check_pipeline,
    "tune": _check_tune,
    "rank": _check_rank,
    "chart": _check_chart,
    "card": _check_card,
    "submit": _check_submit,
}
