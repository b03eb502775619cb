"""A look's report in words: what was told, why, what it means and what it does not."""

from collections.abc import Callable, Mapping
from typing import Any

from factory.core.answers import round_significant
from factory.core.times import iso
from factory.vault.exam import UNSEEN
from factory.vault.likeness import LEVEL as ALIKE
from factory.vault.pools import ALPHA, MARGIN_MS, PASS, PENDING, Look
from factory.vault.rehearsal import SAFETY

Report = Mapping[str, Any]
FOR_YOU_ALONE = "The figures are for the reviewer alone: if one reaches an agent, close the stretch with `rfcat vault retire`."


def explain(look: Look, report: Report, now: int) -> dict[str, str]:
    """Say what a look came to.

    Parameters
    ----------
    look : Look
        As it stands in the ledger, which alone says what was told.
    report : mapping
        What the exam found; empty where no report is kept.
    now : int
        ms UTC.

    Returns
    -------
    dict of str to str
        ``told``, ``why``, ``means`` and ``does not mean``.
    """
    heard = look.heard(now)
    if heard == PENDING:
        words = _pending(look, report)
    elif look.verdict is None:
        words = _unwritten(look, report)
    elif not report:
        words = _unkept(heard)
    elif "failed" in report:
        words = _broken()
    else:
        words = _passed(look, report) if heard == PASS else _failed(look, report)
    told = f"{heard} {_when(look, heard)}: {_subject(look.payload)}"
    return dict(zip(("told", "why", "means", "does not mean"), (told, *words), strict=True))


def _when(look: Look, heard: str) -> str:
    if heard == PENDING:
        return f"until {_moment(look.due)}"
    at_once = look.verdict if not look.release else None
    return f"on {_moment(at_once.at if at_once else look.due)}"


def _subject(told: Mapping[str, Any]) -> str:
    return (
        f"look {told['look']} of {told['looks']} at {told['dataset']}, spent on {told['name']} ({told['pipeline']}), "
        f"claimed to earn {told['claim']:g} a decision"
    )


def _pending(look: Look, report: Report) -> tuple[str, str, str]:
    ended = f"The exam has ended and found {_found(report)}" if report else "The exam goes on, or the vault's process has ended"
    return (
        f"{ended}; what is told, is told at one time whatever it is.",
        "Nothing yet. If the vault's process ends before that time, FAIL is told.",
        "That anybody knows the verdict: the agent must not hear of it before its time.",
    )


def _unwritten(look: Look, report: Report) -> tuple[str, str, str]:
    """Explain that no verdict was written by its time.

    The exam was late, or the vault's process ended or was held up.
    """
    rest = "That anything is known of the pipeline now. What an exam finds without its verdict being told counts for nothing"
    if not report:
        return (
            "No verdict was written by its time, and no report is kept: the vault's process ended before, or had no reviewer.",
            "The exam did not end in time. Its look is spent.",
            f"{rest}.",
        )
    return (
        _why_unwritten(look, report),
        "A FAIL by the clock and not by the checks below. Its look is spent." + _longer_delay(look, report),
        f"{rest}: no certificate, no forward test, and the agent must not hear of it. {FOR_YOU_ALONE}",
    )


def _why_unwritten(look: Look, report: Report) -> str:
    outcome = _found(report)
    if "ended" not in report:  # as reports were before they held it
        return f"No verdict was written by its time though the exam found {outcome}; it was late."
    ended, seconds = int(report["ended"]), look.payload.get("rehearsed")
    rehearsed = f", where its rehearsal on validation took {seconds:.0f}," if seconds else ""
    if ended < look.due - MARGIN_MS:
        return (
            f"The exam ended {(look.due - ended) / 1000:.0f} s before its time and found {outcome}, but no verdict was written "
            "by then: the vault's process was ended or held up."
        )
    return (
        f"The verdict came too late. The exam took {report['seconds']:.0f} s{rehearsed} and ended on {_moment(ended)}; its "
        f"time was up on {_moment(look.due)}. That it found {outcome} was told to nobody."
    )


def _longer_delay(look: Look, report: Report) -> str:
    took, given = float(report.get("seconds", 0)), (look.due - look.entry.at) / 1000
    if not look.release or given >= (least := SAFETY * took + MARGIN_MS / 1000):
        return ""
    return f" Exams that take so long need RFCAT_RELEASE_SECONDS={least:.0f} or more; it was {given:.0f}."


def _unkept(heard: str) -> tuple[str, str, str]:
    why = "The exam came to it; no report of it is kept, since there was no reviewer then or its file is gone."
    return (
        why,
        f"What {heard} means everywhere; `docs/vault.md` says it.",
        "That its figures can still be read: nobody has them.",
    )


def _broken() -> tuple[str, str, str]:
    return (
        "The exam broke on the sealed rows; its error stands below under `failed`.",
        "Nothing was found out about it. Errors are told as FAIL, so that none tells of sealed rows. Its look is spent.",
        f"That the strategy has no edge. {FOR_YOU_ALONE}",
    )


def _passed(look: Look, report: Report) -> tuple[str, str, str]:
    told = look.payload
    parts = explain_checks(told, report)
    price = report.get("highest_price_that_passes")
    assumed = f" Its price was assumed: dearer than {price:.3g} a share the same trades do not pass." if price else ""
    return (
        f"All {len(parts)} parts of the rule hold: {'; '.join(parts.values())}.",
        f"On {_days(report)} sealed days, {_grade(str(told['grade']))}, its decisions earned more than by chance. "
        f"Where directions are coins, at most {ALPHA:.0%} of such pools ever hear a PASS.{_assumed(report['figures'])}",
        f"That it earns the {told['claim']:g} that was claimed, or will go on earning: `rfcat forward {look.name}` watches "
        f"that on newer bars.{assumed} {FOR_YOU_ALONE}",
    )


def _assumed(figures: Mapping[str, float]) -> str:
    """State what else a PASS of a perpetual says, and the assumption that it makes."""
    if "worst_loss" not in figures:
        return ""
    return (
        f" Of trades without a profit in the long run that never lose over {figures['worst_loss']:.2%}, at most {UNSEEN:.0%}."
    )


def _failed(look: Look, report: Report) -> tuple[str, str, str]:
    parts = explain_checks(look.payload, report)
    failed = [text for name, text in parts.items() if not report["checks"][name]]
    held = [name for name in parts if report["checks"][name]]
    do, rest = "do" if len(failed) > 1 else "does", f" These hold: {', '.join(held)}." if held else ""
    return (
        f"{len(failed)} of the {len(parts)} parts of the rule {do} not hold: {'; '.join(failed)}.{rest}",
        f"On {_days(report)} sealed days it did not show, as strictly as this look asks, what it showed on validation. "
        "Its look is spent.",
        "That it has no edge: a look is planned to miss one time in five an edge as large as claimed, and a smaller one "
        f"more often. Nor is it a hint for the next pipeline which part failed. {FOR_YOU_ALONE}",
    )


def explain_checks(told: Mapping[str, Any], report: Report) -> dict[str, str]:
    """Explain, for each part of the rule that was applied, what came and what must hold, by the part's name.

    Parameters
    ----------
    told : mapping
        The look's row.
    report : mapping
        With ``checks``, ``figures``, ``metrics`` and ``level``.
    """
    figures, level = report["figures"], f"must be at most {_short(report['level'])}"
    differs = [value for name, value in figures.items() if name.startswith("differs_")]
    known: dict[str, Callable[[], str]] = {
        "decisions": lambda: f"decisions {figures['decisions']:,.0f}, must be at least {float(told['n_min']) / 2:,.0f}",
        "primary": lambda: f"primary p {_short(figures['p_value'])}, {level}",
        "drift": lambda: f"drift p {_short(figures['drift_p'])}, {level}",
        "ties": lambda: f"ties p {_short(figures['untied_p'])}, {level}",
        "unseen": lambda: f"unseen {_short(figures['unseen_evidence'])}-fold, must be at least {1 / UNSEEN:g}-fold",
        "alike": lambda: f"alike p {_short(min(differs))}, must be at least {_short(ALIKE / len(differs))}",
        "account": lambda: f"account {_short(1 + report['metrics']['total_return'])} of its start, must be above 1",
        "model": lambda: _model(figures),
    }
    return {name: statement() for name, statement in known.items() if name in report["checks"]}


def _model(figures: Mapping[str, float]) -> str:
    if "log_loss" not in figures:
        return "model without labels to score it by"
    least = min(figures["climatology"], figures["null_log_loss"])
    return f"model log-loss {figures['log_loss']:.5f}, must be at most {least:.5f}"


def _grade(grade: str) -> str:
    known = {
        "B": "all later than the model's knowledge cutoff",
        "C": "of which the model may have read",
        "simulated": "simulated",
    }
    return known.get(grade, grade)


def _found(report: Report) -> str:
    return "an error" if "failed" in report else str(report["found"])


def _days(report: Report) -> int:
    return len(report["daily"])


def _short(value: float) -> str:
    return f"{round_significant(value)}"


def _moment(at: int) -> str:
    return iso(at // 1000 * 1000)
