"""Base learners whose out-of-fold predictions become inputs of the meta forest."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from factory.core.names import Name
from factory.pipeline.parts.base import READS, BookName, ContractName, FeatureName, Means, Part

See = Annotated[tuple[Name, ...], READS, Field(min_length=1, max_length=64, description="a list of names, such as [r1, vol]")]
"""Names that a learner looks at."""

Leaf = Annotated[int, Field(ge=1, le=100_000), Means("fewest rows in a leaf")]


class Learner(Part):
    """What learners on features share.

    One with a ``target`` is a proxy: it learns how the window of another binary contract that is running at a decision ends,
    and its chance of that is an input of the forest as any expert's.
    """

    use: str
    see: See
    target: Annotated[ContractName | None, Means("learned, not the label"), Field(description="a binary")] = None


class Logistic(Learner):
    """Logistic regression on standardised features."""

    example: ClassVar[str] = "{use: logistic, see: [r1, r15]}"
    use: Literal["logistic"]
    strength: Annotated[float, Field(gt=0, le=1e6), Means("inverse L2 penalty")] = 1.0


class Linear(Learner):
    """Ridge regression on the label's return."""

    example: ClassVar[str] = "{use: linear, see: [r1, r15]}"
    use: Literal["linear"]
    ridge: Annotated[float, Field(ge=0, le=1e6), Means("L2 penalty")] = 1.0


class GradientBoosting(Learner):
    """Histogram gradient boosting."""

    example: ClassVar[str] = "{use: gradient_boosting, see: [r1, r15], rounds: 60}"
    use: Literal["gradient_boosting"]
    rounds: Annotated[int, Field(ge=1, le=1000), Means("trees")] = 60
    leaves: Annotated[int, Field(ge=2, le=255), Means("most in a tree")] = 15
    leaf: Leaf = 200
    rate: Annotated[float, Field(gt=0, le=1), Means("learning rate")] = 0.05


class ExtraTrees(Learner):
    """Extremely randomised trees, of at most 20,000 rows each."""

    example: ClassVar[str] = "{use: extra_trees, see: [r1, r15], trees: 100}"
    use: Literal["extra_trees"]
    trees: Annotated[int, Field(ge=1, le=2000)] = 100
    leaf: Leaf = 200


class Rule(Part):
    """A feature above or below a threshold; train gives its chance of up."""

    example: ClassVar[str] = "{use: rule, of: rsi14, below: 30}"
    use: Literal["rule"]
    of: FeatureName
    above: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _one_side(self) -> "Rule":
        if (self.above is None) == (self.below is None):
            raise ValueError("a rule needs exactly one of above and below, such as below: 30")
        return self


class Network(Part):
    """What networks on an order book share.

    They need the extra ``deep`` to be trained. Of ``cross_fit``, ``folds`` trains a network for each block of train and one on
    all; ``holdout`` trains one, on the first 60 % of train, and predicts the rest: an eighth of the work, and fewer rows for
    the forest.
    """

    use: str
    book: BookName
    levels: Annotated[int, Field(ge=1, le=20), Means("best prices a side")] = 10
    steps: Annotated[int, Field(ge=10, le=500), Means("rows of the book that it looks back on")] = 100
    epochs: Annotated[int, Field(ge=1, le=1000), Means("most passes over train")] = 20
    batch: Annotated[int | None, Field(ge=8, le=4096), Means("rows of a step; by default the profile's")] = None
    profile: Annotated[Literal["adam", "paper"], Means("Adam, batch 128; or rate 0.01, epsilon 1, batch 32")] = "adam"
    patience: Annotated[int, Field(ge=1, le=1000), Means("epochs without a better loss on train's last tenth")] = 5
    cross_fit: Annotated[
        Literal["folds", "holdout"], Means("holdout: trained once on train's first 60 %, predicts the rest")
    ] = "folds"


class DeepLob(Network):
    """Convolutions, an inception module and an LSTM on the last rows of an order book."""

    example: ClassVar[str] = "{use: deeplob, book: book}"
    use: Literal["deeplob"]


class BinCtabl(Network):
    """Bilinear layers with attention over time on the last rows of an order book: small and fast."""

    example: ClassVar[str] = "{use: bin_ctabl, book: book, steps: 10}"
    use: Literal["bin_ctabl"]


Expert = Logistic | Linear | GradientBoosting | ExtraTrees | Rule | DeepLob | BinCtabl
EXPERTS: tuple[type[Part], ...] = (Logistic, Linear, GradientBoosting, ExtraTrees, Rule)

DEEP_EXPERTS: tuple[type[Network], ...] = (DeepLob, BinCtabl)
"""Experts on windows of a book; the others see features."""
