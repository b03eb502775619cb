"""What can be traded and at what least cost; set by a person in the dataset file."""

from collections.abc import Mapping
from math import sqrt
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
    model_validator,
)

from factory.core.names import Name
from factory.core.times import Duration, to_ms
from factory.market.spec_fields import Column, Delay, Moment

Fraction = Annotated[float, Field(ge=0, lt=1)]
Step = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Money = Annotated[float, Field(gt=0, allow_inf_nan=False)]
MOST_FUNDING = 0.1
"""Rates of funding are below it: a greater one was not written as a share."""
USUAL_FUNDING = 0.002
"""Half of all recorded rates are at most this: those of no exchange are so great for long, and percents are."""


def _is_column(funding: object) -> bool:
    """Check whether funding names a column, as what has a letter in front does; numbers come as text too."""
    return isinstance(funding, str) and funding[:1].isidentifier()


Funding = Annotated[
    Annotated[float, Field(gt=-MOST_FUNDING, lt=MOST_FUNDING), Tag("rate")] | Annotated[Column, Tag("column")],
    Discriminator(lambda funding: "column" if _is_column(funding) else "rate"),
    Field(description=f"a number, above -{MOST_FUNDING:g} to below {MOST_FUNDING:g}, or a column such as funding.rate"),
]


class Orders(BaseModel):
    """What an exchange takes as an order, and how large the account is that places them.

    A trade is always as large as a whole number of lots in an account of `equity`, however the equity of the backtest
    grew or shrank before it.

    Parameters
    ----------
    tick : float
        Step of prices, to whose worse side fills are rounded; 0 where none is known.
    lot : float
        Step of quantities (coins of a perpetual, shares of a binary), rounded down; 0 where none is known.
    minimum_notional : float
        Least worth of an order, in the currency of its price.
    equity : float
        Of the account, in the same currency.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tick: Step = 0.0
    lot: Step = 0.0
    minimum_notional: Money = 5.0
    equity: Money = 10_000.0


class Settlement(BaseModel):
    """What decides how a window of a binary contract ends. Ties are Up."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ByBars(Settlement):
    """The close of the window's last bar against the open of its first."""

    use: Literal["bars"] = "bars"


class ByPoint(Settlement):
    """The value in effect at the window's close against that at its open.

    Parameters
    ----------
    of : str
        Series of values whose column ``price``, or only column, is compared: the one stamped at a moment or last before it,
        at most 60 of its periods old.
    """

    use: Literal["point"]
    of: Name


class ByTwap(Settlement):
    """The time-weighted average before the window's close against that before its open.

    A part of the move that decides is over when the window opens, so that no fixed price is fair: such a contract needs
    `odds`.

    Parameters
    ----------
    of : str
        As of a ``point``.
    lookback : duration
        How far back the average reaches; the market's own metadata say so.
    from : moment
        First window that is settled so; those that open before are by the value in effect, as of a ``point``.
    """

    use: Literal["twap"]
    of: Name
    lookback: Duration
    since: Annotated[Moment | None, Field(alias="from")] = None


class ByRecord(Settlement):
    """What the market itself recorded.

    Parameters
    ----------
    of : str
        Series of outcomes, or of values, whose column ``up`` holds 1 for Up, 0 for Down and 0.5 for a void window, stamped at
        the window's start. A void window pays one half a share of either side.
    """

    use: Literal["recorded"]
    of: Name


MOST_AGE = 60
"""Periods of its series for which a value that settles stays in effect."""
Settle = Annotated[ByBars | ByPoint | ByTwap | ByRecord, Field(discriminator="use")]
BARS = ByBars()
"""What settles a binary of which the dataset file says nothing else."""


TOUCHED = 0.25
"""Share of a level that a resting order takes of which nobody says how long it waited: all of it would flatter fourfold."""
LAST_MOMENTS = 20_000
"""Milliseconds before a window's end in which its book empties and nothing is filled."""


class Binary(Orders):
    """A contract that pays 1 when the window closes at or above its open, else 0.

    Parameters
    ----------
    of : str
        Series that settles it.
    window : duration
        Windows start at multiples of it, UTC; of a market that closes they are counted from each open.
    price : float
        Assumed price of the Up share at the window's start; Down costs 1 - price.
    odds : str or None
        Series of odds or values whose column ``up`` is the recorded price of the Up share, used instead of
        `price` where given; with columns ``ask`` and ``bid`` a side costs its best offer where that is more than
        `half_spread` above the middle, and no more is bought than ``ask_size`` and ``bid_size`` say was offered. What is
        read is the quote of the same window in effect at the fill, younger than the series' period, ``quote_age`` counted;
        without one, and in the last 20 seconds of a window, nothing is filled. Columns ``fee``, ``tick`` and
        ``minimum_size`` are the window's own terms where they hold a number: instead of the contract's, and of both least
        orders the larger.
    delay : duration
        From a decision to its fill, for orders that rest too.
    fee : float
        Taker fee rate: shares x fee x p x (1 - p).
    rebate : float
        Share of the taker's fee that an order which rested receives. No exam counts it.
    touched : float
        Share of the shares offered at a resting order's price that it takes: others rest there too.
    half_spread : float
        Added to the price of either side.
    settle : settlement
        What decides which side is paid: ``{use: bars}`` of `of`, or another series. Labels, trades, exams and forward tests
        take their truth from there.
    tick, lot, minimum_notional, equity : float
        See :class:`Orders`; an order is worth its all-in stake, at least 1.
    """

    use: Literal["binary"]
    of: Name
    window: Duration
    price: Annotated[float, Field(gt=0, lt=1)] = 0.5
    odds: Name | None = None
    fee: Fraction
    half_spread: Fraction
    # What was hashed before fills inside windows were known must hash alike.
    delay: Annotated[Delay, Field(exclude_if=lambda delay: delay == "0")] = "0"
    rebate: Annotated[Fraction, Field(exclude_if=lambda rebate: rebate == 0)] = 0.0
    touched: Annotated[float, Field(gt=0, le=1, exclude_if=lambda touched: touched == TOUCHED)] = TOUCHED
    # What was hashed before settlements were known must hash alike.
    settle: Annotated[Settle, Field(exclude_if=lambda settle: settle.use == "bars")] = BARS
    minimum_notional: Money = 1.0

    @property
    def delay_ms(self) -> int:
        """Milliseconds from a decision to its fill."""
        return 0 if self.delay == "0" else to_ms(self.delay)

    @property
    def settles_by_bars(self) -> bool:
        """Whether the bars that it is on decide how its windows end."""
        return isinstance(self.settle, ByBars)


class Perpetual(Orders):
    """A perpetual future.

    Parameters
    ----------
    of : str
        Series whose bars fill it.
    taker, maker : float
        Fees, share of notional a side. Market fills pay taker; take-profit limits pay maker.
    slippage : float
        Share of price lost at each market fill; at a stop or a liquidation the greater of this and
        the series' measured overshoot.
    book : str or None
        Series of order books, of whose recorded spread each market fill pays half where that is more than `slippage`; of the
        widest that was recorded where none is known at the fill.
    funding : number, or a column
        Assumed rate each `funding_every`: a cost to longs where it is positive, to shorts where it is negative, and
        income to nobody, since nobody recorded that it was paid. Or a column of a series of values, such as
        ``btc_funding.rate``, that recorded at each stamp what longs paid and shorts received, at intervals as they were.
    funding_every : duration
        Of an assumed rate: at multiples of it, UTC. A recorded one has stamps of its own.
    leverage : float
        Greatest notional over equity.
    maintenance : float
        Equity over notional at which the position is liquidated.
    tick, lot, minimum_notional, equity : float
        See :class:`Orders`.
    """

    use: Literal["perpetual"]
    of: Name
    taker: Fraction
    maker: Fraction
    slippage: Fraction
    # What was hashed before books were known must hash alike.
    book: Annotated[Name | None, Field(exclude_if=lambda book: book is None)] = None
    funding: Funding
    funding_every: Duration = "8h"
    leverage: Annotated[float, Field(ge=1, le=125)]
    maintenance: Fraction = 0.005

    @property
    def funding_column(self) -> tuple[str, str] | None:
        """Series and column of the recorded rate; None where it is assumed."""
        if isinstance(self.funding, float):
            return None
        series, _, column = self.funding.partition(".")
        return series, column

    @model_validator(mode="after")
    def _timed_once(self) -> Self:
        if self.funding_column and "funding_every" in self.model_fields_set:
            raise ValueError(f"funding_every: {self.funding} has stamps of its own; remove funding_every")
        return self

    @model_serializer(mode="wrap")
    def _without_times(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = handler(self)
        if self.funding_column:
            written.pop("funding_every", None)
        return written


Contract = Annotated[Binary | Perpetual, Field(discriminator="use")]
SETTLED = "settled"
"""In a dataset's meta: how often the bars of each contract say otherwise than what settles it."""


def describe_settlement(contract: Contract, counted: Mapping[str, int] | None) -> str:
    """Say what settles a contract, and how often its bars say otherwise; nothing where they settle it.

    Parameters
    ----------
    counted : mapping of str to int or None
        Of :func:`~factory.market.settlement.compare_with_bars` on the open part of a dataset.
    """
    if not isinstance(contract, Binary) or isinstance(contract.settle, ByBars):
        return ""
    settle = contract.settle
    how = {"point": "by the value of", "twap": "by averages of", "recorded": "as recorded in"}[settle.use]
    if not counted or not counted["windows"]:
        return f"settled {how} {settle.of}, which no window of bars can be compared with"
    share = counted["otherwise"] / counted["windows"]
    told = f"settled {how} {settle.of}, of which bars miss {share:.2%} of {counted['windows']:,} windows"
    return f"{told}{_describe_unsettled(counted)}"


def _describe_unsettled(counted: Mapping[str, int]) -> str:
    """Say how many windows nothing settles, and whether bars went another way in them; nothing where there are none."""
    lost, windows = counted.get("unsettled", 0), counted["windows"]
    if not lost:
        return ""
    here, there = counted["unsettled_up"] / lost, counted["up"] / windows
    error = sqrt(max(there * (1 - there), 1e-9) * (1 / lost + 1 / windows))
    apart = " and are no random ones" if abs(here - there) > 3 * error else ""
    return (
        f", and {lost:,} have no outcome ({lost / (lost + windows):.1%}; by bars {here:.0%} Up, of the others {there:.0%})"
        f"{apart}: one that is wanted counts as lost in a look"
    )


def settled_counts(meta: Mapping[str, Any], contract: str) -> Mapping[str, int] | None:
    """Read what was counted of a contract from a dataset's meta; None where bars settle it."""
    counted: Mapping[str, int] | None = meta.get(SETTLED, {}).get(contract)
    return counted
