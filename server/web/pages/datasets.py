"""The datasets: what they hold, what the import found, their terms and splits."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from server.web.site import Menu, render, workshop_of

MENU = Menu("Datasets", "/datasets", 40)
router = APIRouter()


@router.get("/datasets")
def list_datasets(request: Request) -> Response:
    """List the datasets of the workspace."""
    from factory.views.datasets import list_tiles

    return render(request, "datasets.html", tiles=list_tiles(workshop_of(request)))


@router.get("/datasets/{name}")
def show_dataset(request: Request, name: str) -> Response:
    """Show a dataset: of train and validation all, of the sealed part its dates."""
    from factory.views.dataset_pictures import draw_dataset
    from factory.views.datasets import read_dataset_page

    workshop = workshop_of(request)
    page = read_dataset_page(workshop, name)
    return render(request, "dataset.html", page=page, drawn=draw_dataset(workshop, name))
