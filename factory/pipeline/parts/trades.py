"""What is done with a probability, and how much of it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from factory.core.times import Duration
from factory.pipeline.parts.base import ContractName, Means, Part

Share = Annotated[float, Field(ge=0.0001, le=1)]


class Fixed(Part):
    """The same share of equity each time."""

    example: ClassVar[str] = "{use: fixed, share: 0.01}"
    use: Literal["fixed"]
    share: Annotated[Share, Means("of equity")]


class Kelly(Part):
    """A fraction of the Kelly stake for the predicted chance and the contract's price, capped."""

    example: ClassVar[str] = "{use: kelly, fraction: 0.2, cap: 0.01}"
    use: Literal["kelly"]
    fraction: Annotated[Share, Means("of the full Kelly stake")]
    cap: Annotated[Share, Means("greatest share of equity")]


class Volatility(Part):
    """Exposure that targets a yearly volatility, from the realised volatility of the last day, up to a leverage."""

    example: ClassVar[str] = "{use: volatility, yearly: 0.15, leverage: 2}"
    use: Literal["volatility"]
    yearly: Annotated[float, Field(ge=0.001, le=5), Means("target volatility")]
    leverage: Annotated[float, Field(ge=0.001, le=125), Means("greatest exposure over equity")]


Size = Annotated[Fixed | Kelly | Volatility, Field(discriminator="use")]
SIZES: tuple[type[Part], ...] = (Fixed, Kelly, Volatility)


class Barriers(Part):
    """Leave at the label's barriers or at its horizon; needs a triple_barrier label."""

    example: ClassVar[str] = "{use: barriers}"
    use: Literal["barriers"]


class After(Part):
    """Leave after a fixed time."""

    example: ClassVar[str] = "{use: after, hold: 1h}"
    use: Literal["after"]
    hold: Duration


class Signal(Part):
    """Leave at the first later decision whose probability no longer supports the side by `keep`."""

    example: ClassVar[str] = "{use: signal, keep: 0.5}"
    use: Literal["signal"]
    keep: Annotated[float, Field(gt=0, lt=1), Means("least chance of the side held")]


Exit = Annotated[Barriers | After | Signal, Field(discriminator="use")]
EXITS: tuple[type[Part], ...] = (Barriers, After, Signal)


class Market(Part):
    """Buy at what is offered."""

    example: ClassVar[str] = "{use: market}"
    use: Literal["market"]


class Limit(Part):
    """Rest at the best bid for the side, without a taker fee, until a later offer comes to it or the window's last 20 s."""

    example: ClassVar[str] = "{use: limit}"
    use: Literal["limit"]


Order = Annotated[Market | Limit, Field(discriminator="use")]
ORDERS: tuple[type[Part], ...] = (Market, Limit)
MARKET = Market(use="market")


class UpOrDown(Part):
    """Buy the side of a binary contract whose chance exceeds its all-in price by `edge`."""

    example: ClassVar[str] = "{use: up_or_down, contract: polymarket-btc-5m, edge: 0.02, size: {use: fixed, share: 0.01}}"
    use: Literal["up_or_down"]
    contract: ContractName
    edge: Annotated[float, Field(ge=0, lt=1), Means("least chance above the all-in price")]
    size: Size
    order: Annotated[Order, Means("market, or limit: rest at the bid")] = MARKET


class LongOrShort(Part):
    """Go long a perpetual at a chance of up of `enter` and above, short at such a chance of down; more of them under `also`.

    Of two classes `enter` is at least 0.5; of three, where a flat outcome has a chance of its own, at least 0.34.
    """

    example: ClassVar[str] = (
        "{use: long_or_short, contract: btc-perpetual, enter: 0.55, exit: {use: barriers}, "
        "size: {use: volatility, yearly: 0.15, leverage: 2}}"
    )
    use: Literal["long_or_short"]
    contract: ContractName
    enter: Annotated[float, Field(ge=0.34, lt=1), Means("least chance of the side taken; from 0.5, of three classes from 0.34")]
    exit: Exit
    size: Size


Trade = UpOrDown | LongOrShort
TRADES: tuple[type[Part], ...] = (UpOrDown, LongOrShort)


class Refit(Part):
    """Walk the frozen recipe forward: refit every so often on a window of resolved labels."""

    example: ClassVar[str] = "{every: 30d, window: 180d}"
    every: Annotated[Duration, Means("time between refits")]
    window: Annotated[Duration, Means("how far back each refit learns")]
