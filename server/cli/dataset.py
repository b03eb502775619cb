"""Commands on datasets."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from factory.core.quoting import shell_line
from server.cli.commands import answering, group
from server.cli.common import perform, workshop_of
from server.cli.dataset_init import init
from server.cli.reviewer import Secret, unlocked
from server.cli.screen import bar, say
from server.cli.screen import show as print_answer

if TYPE_CHECKING:
    from factory.market.spec import DatasetSpec
    from factory.workshop import Workshop

app = group()
answering(app)(init)

MOST = 1_000
"""Pipelines of a dataset that are looked through for their names, newest first."""
FINAL = "; its split is final from now on: what is sealed stays so, and `rfcat dataset extend` alone adds to it"


@answering(app)
def build(context: typer.Context, file: Annotated[Path, typer.Argument(help="A dataset file, confirmed by you.")]) -> None:
    """Import a dataset's files, check them, split them and seal the last part. The split is final from the first build on."""
    from factory.market.spec import load_spec

    spec, workshop = load_spec(file), workshop_of(context, new=True)
    build_into(workshop, spec, file.parent)
    print_answer(workshop.describe(spec.dataset))


@answering(app)
def extend(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The dataset file with a later sealed part; what was sealed is validation.")],
    secret: Secret = None,
) -> None:
    """Take new bars in: seal them with fresh looks, and retire what was sealed into validation."""
    from factory.market.build import build as build_dataset
    from factory.market.spec import load_spec
    from factory.tracking.earlier import read_scored, tell_stale_trials
    from factory.vault import grants

    spec, workshop = load_spec(file), workshop_of(context)
    before, reviewer = workshop.catalog.spec(workshop.dataset(spec.dataset)), unlocked(workshop, secret)
    if before.split == spec.split:
        say(f"{spec.dataset} is split like this already")
    else:
        opening, scored = grants.make_retirement(workshop.ledger, reviewer, before), read_scored(workshop, spec.dataset)
        thin: list[str] = []
        with bar(f"dataset {spec.dataset}") as report:
            build_dataset(workshop.workspace, spec, file.parent, report, opening, warn=thin.append)
        if told := [*thin, *filter(None, [tell_stale_trials(workshop, spec.dataset, scored)])]:
            say("\n".join(told))
    print_answer(workshop.describe(spec.dataset))


@answering(app)
def fresh(context: typer.Context, name: Annotated[str, typer.Argument(help="Name of a simulated dataset.")]) -> None:
    """Draw a simulated dataset anew under the next free name, with a seed that nobody chose and fresh looks."""
    print_answer(perform(context, "fresh", f"drawing {name} anew", dataset=name))


@answering(app, "list")
def list_datasets(context: typer.Context) -> None:
    """List the datasets of the workspace."""
    print_answer(workshop_of(context).describe())


@answering(app)
def show(context: typer.Context, name: Annotated[str, typer.Argument(help="Name of a dataset.")]) -> None:
    """Show one dataset: series, contracts, split, looks left, and what the import found."""
    workshop = workshop_of(context)
    quality = {key: one["quality"] for key, one in workshop.catalog.meta(name)["series"].items()}
    described = workshop.describe(name)
    pipelines = _list_pipelines(workshop, name, described.get("pipelines", {}))
    print_answer({**described, **({"pipelines": pipelines} if pipelines else {}), "quality": quality})


def _list_pipelines(workshop: "Workshop", dataset: str, shipped: Mapping[str, str]) -> dict[str, str]:
    """List the pipelines of a dataset by name: the shipped ones that run there, and those that were defined on it."""
    ids = {name: {id: None} for name, id in shipped.items()}
    for one in workshop.store.pipelines(dataset, size=MOST):
        ids.setdefault(one.name, {})[one.id] = None
    more = shell_line("rfcat", "show", "pipelines", "--dataset", dataset)
    listed = {name: [*known] for name, known in ids.items()}
    return {name: ids[0] if len(ids) == 1 else f"{ids[0]} and {len(ids) - 1} more: {more}" for name, ids in listed.items()}


def build_into(workshop: "Workshop", spec: "DatasetSpec", folder: Path) -> None:
    """Build a dataset under a progress bar; its files are named from a folder."""
    from factory.market.build import build as build_dataset
    from factory.tracking.earlier import read_scored, tell_stale_trials

    is_new, before = spec.dataset not in workshop.catalog.names(), read_scored(workshop, spec.dataset)
    thin: list[str] = []
    with bar(f"dataset {spec.dataset}") as report:
        build_dataset(workshop.workspace, spec, folder, report, warn=thin.append)
    stale = filter(None, [tell_stale_trials(workshop, spec.dataset, before)])
    say("\n".join([f"built {spec.dataset}{FINAL if is_new else ''}", *thin, *stale]))
