"""What can be traded and at what least cost; set by a person in the dataset file."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from factory.names import Name
from factory.times import Duration

Fraction = Annotated[float, Field(ge=0, lt=1)]


class Binary(BaseModel):
    """A contract that pays 1 when the window closes at or above its open, else 0.

    Parameters
    ----------
    of : str
        Series that settles it.
    window : duration
        Windows start at multiples of it, UTC.
    price : float
        Assumed price of the Up share at the window's start; Down costs 1 - price.
    odds : str or None
        Series of values whose column ``up`` is the recorded price of the Up share, used instead of
        `price` where given. A window without a price stamped at its start is not traded.
    fee : float
        Taker fee rate: shares x fee x p x (1 - p).
    half_spread : float
        Added to the price of either side.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    use: Literal["binary"]
    of: Name
    window: Duration
    price: Annotated[float, Field(gt=0, lt=1)] = 0.5
    odds: Name | None = None
    fee: Fraction
    half_spread: Fraction


class Perpetual(BaseModel):
    """A perpetual future.

    Parameters
    ----------
    of : str
        Series whose bars fill it.
    taker, maker : float
        Fees, share of notional a side. Market fills pay taker; take-profit limits pay maker.
    slippage : float
        Share of price lost at each market fill.
    funding : float
        Assumed funding rate each `funding_every`, paid by longs, received by shorts.
    funding_every : duration
        At multiples of it, UTC.
    leverage : float
        Greatest notional over equity.
    maintenance : float
        Equity over notional at which the position is liquidated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    use: Literal["perpetual"]
    of: Name
    taker: Fraction
    maker: Fraction
    slippage: Fraction
    funding: Annotated[float, Field(gt=-0.1, lt=0.1)]
    funding_every: Duration = "8h"
    leverage: Annotated[float, Field(ge=1, le=125)]
    maintenance: Fraction = 0.005


Contract = Annotated[Binary | Perpetual, Field(discriminator="use")]
