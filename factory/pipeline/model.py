"""The pipeline itself: one strategy, described and frozen."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from factory.core import canonical
from factory.core.errors import PipelineError
from factory.core.names import Name, Slug
from factory.expressions.expression import Expression
from factory.expressions.grammar import BARS
from factory.pipeline.changes import apply_changes
from factory.pipeline.features import canonical_text, expression
from factory.pipeline.messages import Mistakes, explain
from factory.pipeline.parts.base import Part
from factory.pipeline.parts.experts import Expert, Learner
from factory.pipeline.parts.labels import Label
from factory.pipeline.parts.meta import Meta
from factory.pipeline.parts.samples import Sample
from factory.pipeline.parts.trades import Refit, Trade
from factory.pipeline.references import check_references, check_stages
from factory.pipeline.search_space import Range, read_tune

SCHEMA_VERSION = 1
"""Part of every id; raised whenever a default or a part's meaning changes."""

WITH_COLUMN = re.compile(rf"\b([a-z]\w*)\.(?:{'|'.join(BARS)})\b")
"""A series with one of the columns of bars."""

MOST_ALSO = 7
"""Trades beside the first."""

UNIDENTIFIED = frozenset({"pipeline", "about", "tune"})


class Pipeline(Part):
    """One strategy, from columns to positions.

    Parameters
    ----------
    pipeline : str
        Its name.
    about : str
        One line for people.
    data : str
        The dataset.
    features : dict of str to str
        Canonical text of each feature's expression.
    sample, label, meta, trade
        One part each.
    also : dict of str to part
        More trades on the same chances and in the same account, each on a perpetual of its own, by name; may be empty.
    experts : dict of str to part
        Base learners; may be empty.
    refit : Refit or None
        Walk-forward refitting; None is never.
    tune : dict of str to tuple or Range
        Literals that a search may set, by path.
    """

    pipeline: Slug
    about: Annotated[str, Field(max_length=400)] = ""
    data: Annotated[Slug, Field(description="the name of a dataset")]
    features: Annotated[dict[Name, str], Field(min_length=1, max_length=200)]
    sample: Annotated[Sample, Field(discriminator="use")]
    label: Annotated[Label, Field(discriminator="use")]
    experts: Annotated[dict[Name, Annotated[Expert, Field(discriminator="use")]], Field(default_factory=dict, max_length=32)]
    meta: Meta
    trade: Annotated[Trade, Field(discriminator="use")]
    also: Annotated[dict[Name, Annotated[Trade, Field(discriminator="use")]], Field(default_factory=dict, max_length=MOST_ALSO)]
    refit: Refit | None = None
    tune: Annotated[dict[str, tuple[int | float | str, ...] | Range], Field(default_factory=dict, max_length=12)]

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Pipeline":
        """Make a pipeline of plain values.

        Parameters
        ----------
        raw : mapping
            Stages by name; scalars may be text. With one expert ``meta`` may be left out: a forest over it.

        Raises
        ------
        PipelineError
            One line a mistake.
        """
        whole = _with_meta(raw)
        try:
            return cls.model_validate(whole, context=_series(whole))
        except ValidationError as error:
            raise PipelineError(*explain(error, whole, cls)) from None

    @field_validator("about")
    @classmethod
    def _one_line(cls, text: str) -> str:
        line = " ".join(text.split())
        if not line.isprintable():
            raise ValueError("holds a character that cannot be printed; remove it")
        return line

    @field_validator("features")
    @classmethod
    def _canonical(cls, features: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        texts, mistakes = {}, []
        for name in features:
            try:
                texts[name] = canonical_text(name, features, info.context or {})
            except PipelineError as error:
                mistakes += [f"features.{name}: {line}" for line in error.lines]
        if mistakes:
            raise Mistakes(mistakes)
        return texts

    @field_validator("tune", mode="before")
    @classmethod
    def _tunable(cls, raw: Any, info: ValidationInfo) -> Any:
        stages = {name for name, field in cls.model_fields.items() if field.is_required()}
        if not isinstance(raw, Mapping) or not stages <= set(info.data):
            return raw
        try:
            base = cls(**info.data)
        except ValidationError:
            return raw
        return read_tune(raw, base.changed)

    @model_validator(mode="after")
    def _resolved(self) -> "Pipeline":
        mentions = list(self.mentions())
        mistakes = [*check_references(self.features, self.experts, mentions), *check_stages(self.trades, self.label)]
        if mistakes:
            raise Mistakes(mistakes)
        return self

    def plain(self) -> dict[str, Any]:
        """Return the pipeline as plain values, stages in order, defaults left out."""
        return self.model_dump(exclude_defaults=True, by_alias=True)

    @property
    def digest(self) -> str:
        """SHA-256 of what the pipeline computes: neither name, ``about`` nor ``tune``."""
        return canonical.digest(self._identity())

    @property
    def id(self) -> str:
        """First 12 hex digits of the digest."""
        return self.digest[: canonical.SHORT]

    def _identity(self) -> dict[str, Any]:
        kept = {stage: value for stage, value in self.plain().items() if stage not in UNIDENTIFIED}
        return {"schema": SCHEMA_VERSION, **kept}

    @property
    def learned_from(self) -> set[str]:
        """Features and experts that an expert or the meta forest sees; others only sample, label or size."""
        return {name for part in (*self.experts.values(), self.meta) for name in part.inputs}

    @property
    def targets(self) -> tuple[str, ...]:
        """Contracts whose windows experts learn in the label's place, in order of their names."""
        return tuple(sorted({part.target for part in self.experts.values() if isinstance(part, Learner) and part.target}))

    @property
    def trades(self) -> dict[str, Trade]:
        """Every trade by its path, the first one first, others in order of their names: in which they find room for margin."""
        return {"trade": self.trade, **{f"also.{name}": self.also[name] for name in sorted(self.also)}}

    @property
    def contracts(self) -> tuple[str, ...]:
        """What is traded, in the order of :attr:`trades`."""
        return tuple(trade.contract for trade in self.trades.values())

    def expressions(self) -> dict[str, Expression]:
        """Return the parsed features, by name."""
        return {name: expression(text) for name, text in self.features.items()}

    def changed(self, changes: Mapping[str, Any]) -> "Pipeline":
        """Make a child with some values set or deleted.

        Parameters
        ----------
        changes : mapping of str to Any
            Values by path: ``{"meta.leaf": 200, "experts.fast": {...}}``.
            None deletes a part, its mentions in ``see`` and its ``tune``
            entries, or puts a parameter back to its default.

        Raises
        ------
        PipelineError
            One line a mistake.
        """
        return Pipeline.of(apply_changes(self.plain(), changes, Pipeline))


def _series(raw: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Find the series that an author names, the label's first, with the columns of bars."""
    label, features = raw.get("label"), raw.get("features")
    of = label.get("of") if isinstance(label, Mapping) else None
    texts = features.values() if isinstance(features, Mapping) else ()
    named = [of, *(name for text in texts if isinstance(text, str) for name in WITH_COLUMN.findall(text))]
    return {name: BARS for name in named if isinstance(name, str) and name.isidentifier()}


def _with_meta(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add a forest over the only expert to what an author wrote, where no other is given."""
    experts = raw.get("experts")
    if "meta" in raw or not isinstance(experts, Mapping) or len(experts) != 1:
        return raw
    return {**raw, "meta": {"use": "forest", "see": [*experts]}}
