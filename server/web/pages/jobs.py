"""The jobs of all servers of the workspace: how they stand, as it changes."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from factory.core.errors import JobError
from server.web.site import Menu, PageNumber, form_of, person_of, render, require_reviewer, site_of

MENU = Menu("Jobs", "/jobs", 70)
router = APIRouter()


@router.get("/jobs")
def list_jobs(request: Request, page: PageNumber = 1) -> Response:
    """List one page of jobs, newest first."""
    from factory.views.jobs import WATCHED, describe_job

    jobs = site_of(request).state.jobs
    rows = [(job, describe_job(jobs, job)) for job in jobs.list(page, WATCHED)]
    return render(request, "jobs.html", rows=rows, page=page, pages=max(1, -(-jobs.count() // WATCHED)))


@router.get("/jobs/events")
async def watch_jobs(request: Request) -> Response:
    """Send what changes about the newest jobs, while the browser listens."""
    return site_of(request).job_events.watch(person_of(request))


@router.get("/jobs/{id}")
def show_job(request: Request, id: str) -> Response:
    """Show a job: what was asked, how it stands, and its result or its error."""
    from factory.core.plainyaml import write_inline
    from factory.views.jobs import describe_job

    jobs, job = site_of(request).state.jobs, _get_job(request, id)
    # On one line each, as YAML: an agent chose their shape.
    asked = [(name, value if isinstance(value, str) else write_inline(value)) for name, value in job["args"].items()]
    return render(request, "job.html", job=job, stands=describe_job(jobs, job), asked=asked)


@router.post("/jobs/{id}/cancel", dependencies=[Depends(require_reviewer)])
def cancel_job(request: Request, id: str, _: Annotated[Mapping[str, str], Depends(form_of)]) -> Response:
    """Ask a job to stop, for a reviewer."""
    _get_job(request, id)
    site_of(request).state.jobs.cancel(id)
    return RedirectResponse(f"/jobs/{id}", 303)


def _get_job(request: Request, id: str) -> Any:
    try:
        return site_of(request).state.jobs.get(id)
    except JobError as error:
        raise HTTPException(404, error.lines[0]) from None
