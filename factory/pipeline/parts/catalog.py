"""Every part by stage: what a pipeline may be built of."""

from dataclasses import dataclass
from inspect import cleandoc
from typing import get_args

from factory.core.errors import PipelineError, did_you_mean
from factory.pipeline.parts.base import Part
from factory.pipeline.parts.describe import Parameter, list_parameters
from factory.pipeline.parts.experts import DEEP_EXPERTS, EXPERTS
from factory.pipeline.parts.labels import LABELS
from factory.pipeline.parts.meta import METAS
from factory.pipeline.parts.samples import SAMPLES
from factory.pipeline.parts.trades import EXITS, ORDERS, SIZES, TRADES, Refit

KINDS: dict[str, tuple[type[Part], ...]] = {
    "sample": SAMPLES,
    "label": LABELS,
    "experts": EXPERTS,
    "networks": DEEP_EXPERTS,
    "meta": METAS,
    "trade": TRADES,
    "size": SIZES,
    "exit": EXITS,
    "order": ORDERS,
    "refit": (Refit,),
}
"""Parts by the key under which they stand; networks are experts on an order book."""


@dataclass(frozen=True, slots=True)
class PartEntry:
    """One part, described.

    Parameters
    ----------
    stage : str
        The key under which it stands.
    kind : str
        Its ``use``; ``refit`` has none.
    about : str
        One line.
    details : str
        What else is to be known of it, for a page; empty of most.
    parameters : list of Parameter
        Its keys, in order.
    example : str
        A valid spelling.
    """

    stage: str
    kind: str
    about: str
    details: str
    parameters: list[Parameter]
    example: str


def _split_docstring(part: type[Part]) -> tuple[str, str]:
    """Split what a part says of itself into its first line and the paragraphs after it."""
    first, _, rest = cleandoc(part.__doc__ or "").partition("\n")
    return first, " ".join(rest.split())


def kind_of(part: type[Part]) -> str:
    """Return the ``use`` of a part; empty where it has none."""
    use = part.model_fields.get("use")
    return str(get_args(use.annotation)[0]) if use else ""


def list_parts(stage: str | None = None) -> list[PartEntry]:
    """List the parts of one stage, or of all in the order of reading.

    Parameters
    ----------
    stage : str or None
        ``sample``, ``label``, ``experts``, ``networks``, ``meta``, ``trade``, ``size``,
        ``exit``, ``order`` or ``refit``.

    Raises
    ------
    PipelineError
        If there is no such stage.
    """
    if stage is not None and stage not in KINDS:
        raise PipelineError(f"part: no stage '{stage}'; {did_you_mean(stage, KINDS)}")
    return [
        PartEntry(name, kind_of(part), *_split_docstring(part), list_parameters(part), part.example)
        for name, kinds in KINDS.items()
        if stage in (None, name)
        for part in kinds
    ]
