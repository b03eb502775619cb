"""The list of all trials: sorted, filtered, searched, paged, and exported."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response, StreamingResponse

from factory.core.errors import did_you_mean
from factory.report.meanings import MEANINGS
from server.web.site import Menu, render, workshop_of

if TYPE_CHECKING:
    from factory.views.trial_list import TrialQuery

MENU = Menu("Trials", "/trials", 10)
PATH, FILE = "/trials", "/trials.csv"
LONGEST = 200
"""Characters of a value in an address."""
MOST_PAGES = 1_000_000
router = APIRouter()


@router.get(PATH)
def show_trials(request: Request) -> Response:
    """Show one page of the list that the address asks for."""
    from factory.ledger.board_row import PROBES
    from factory.ledger.trial_list import FILTERS
    from factory.views.trial_list import COLUMNS, SHOWN, make_page

    query, workshop = read_query(request), workshop_of(request)
    page = make_page(workshop, query)
    if query.page > page.pages:
        raise HTTPException(400, f"page: {query.page} came; the list has {page.pages}")
    return render(
        request,
        "trials.html",
        query=query,
        page=page,
        columns=COLUMNS,
        defaults=SHOWN,
        filters=FILTERS,
        probe_states=PROBES,
        period=_tell_period(workshop, query, page.values["dataset"]),
        meanings=MEANINGS,
        address=address,
        file=f"{FILE}?{urlencode(describe_query(replace(query, page=1)))}",
        spell=spell_figure,
    )


@router.get(FILE)
def export_trials(request: Request) -> Response:
    """Send the whole list that the address asks for as CSV, piece by piece."""
    from factory.views import trial_list

    pieces = trial_list.export_trials(workshop_of(request), read_query(request))
    headers = {"Content-Disposition": 'attachment; filename="trials.csv"'}
    return StreamingResponse(pieces, media_type="text/csv", headers=headers)


def read_query(request: Request) -> "TrialQuery":
    """Read what an address asks for.

    Raises
    ------
    HTTPException
        400, with what is allowed.
    """
    from factory.ledger.board_row import PROBES
    from factory.ledger.trial_list import FILTERS, TrialFilter
    from factory.views.trial_list import COLUMNS, SHOWN, TrialQuery

    named = request.query_params.multi_items()
    for name, value in named:
        _require(name, name, ("q", "sort", "page", "columns", *FILTERS))
        if len(value) > LONGEST:
            raise HTTPException(400, f"{name}: {len(value)} characters came; at most {LONGEST}")
    given = {name: value for name, value in named if value}
    if "probes" in given:
        _require("probes", given["probes"], PROBES)
    sort = given.get("sort", "-sharpe")
    _require("sort", sort.removeprefix("-"), COLUMNS)
    asked = [part for name, value in named if name == "columns" for part in value.split(",") if part]
    for column in asked:
        _require("columns", column, COLUMNS)
    chosen = TrialFilter({name: given[name] for name in FILTERS if name in given}, given.get("q", ""))
    columns = tuple(dict.fromkeys(("strategy", *asked))) if asked else SHOWN
    return TrialQuery(chosen, sort.removeprefix("-"), sort.startswith("-"), columns, read_page(given.get("page", "1")))


def describe_query(query: "TrialQuery") -> list[tuple[str, str]]:
    """Describe what a list was asked for in the words of an address, without what goes without saying."""
    from factory.views.trial_list import SHOWN

    words = [("q", query.chosen.text), *query.chosen.equal.items()]
    words.append(("sort", "" if (query.sort, query.descending) == ("sharpe", True) else _spell_sort(query)))
    words.append(("columns", "" if query.columns == SHOWN else ",".join(query.columns)))
    words.append(("page", "" if query.page == 1 else str(query.page)))
    return [(name, value) for name, value in words if value]


def address(query: "TrialQuery", **changes: Any) -> str:
    """Write the address of a list that is asked for something else as well; sorted anew, it begins at its first page.

    Parameters
    ----------
    query : TrialQuery
    **changes : Any
        Of its fields; ``sort`` alone turns the order round where it is that column's already.
    """
    from factory.views.trial_list import COLUMNS

    if "sort" in changes:
        is_same, is_words = changes["sort"] == query.sort, COLUMNS[changes["sort"]].form in ("words", "strategy", "family")
        changes |= {"descending": not query.descending if is_same else not is_words, "page": 1}
    words = describe_query(replace(query, **changes))
    return f"{PATH}?{urlencode(words)}" if words else PATH


def read_page(text: str) -> int:
    """Read the number of a page.

    Raises
    ------
    HTTPException
        400 for anything else.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= MOST_PAGES):
        raise HTTPException(400, f"page: '{text[:40]}' came; a whole number from 1 on")
    return int(text)


def spell_figure(form: str, value: float | None) -> str:
    """Write a figure for people: ``count``, ``share``, ``change``, or with so many decimals."""
    if value is None:
        return ""
    if form == "count":
        return f"{value:,.0f}"
    if form in ("share", "change"):
        return f"{value:+.1%}" if form == "change" else f"{value:.1%}"
    least = 10.0 ** -int(form)
    return f"<{least:g}" if 0 < value < least / 2 else f"{value:.{form}f}"


def _spell_sort(query: "TrialQuery") -> str:
    return f"-{query.sort}" if query.descending else query.sort


def _require(what: str, value: str, allowed: Any) -> None:
    if value not in allowed:
        raise HTTPException(400, f"{what[:40]}: '{value[:40]}' unknown; {did_you_mean(value[:40], [*allowed])}")


def _tell_period(workshop: Any, query: "TrialQuery", datasets: Mapping[str, int]) -> str:
    """Tell over what period the figures of a list are: of one dataset its days, of several the partition."""
    from factory.core.times import iso

    names = {query.chosen.equal["dataset"]} if "dataset" in query.chosen.equal else {*datasets}
    if len(names) == 1 and (name := names.pop()) in workshop.catalog.names():
        return f"Over validation, {' to '.join(iso(end)[:10] for end in workshop.catalog.spec(name).bounds('validation'))}."
    return "Over validation of its dataset."
