"""The terms of a contract in words, for people: what it pays and what it costs."""

from factory.core.answers import round_significant
from factory.market.contracts import Binary, Contract, Perpetual


def _percent(share: float) -> str:
    return f"{round_significant(100 * share)} %"


def describe_contract(contract: Contract, overshoot: float, settled: str) -> list[tuple[str, str]]:
    """Describe the terms of a contract in words, a pair a term.

    Parameters
    ----------
    overshoot : float
        How far beyond its price a stop fills, measured on train, as a share of it.
    settled : str
        What settles a binary and how often its bars say otherwise; empty where they settle it.
    """
    own = _describe_binary(contract, settled) if isinstance(contract, Binary) else _describe_perpetual(contract, overshoot)
    steps = [f"{what} in steps of {step:g}" for what, step in (("prices", contract.tick), ("quantities", contract.lot)) if step]
    orders = f"worth {contract.minimum_notional:g} or more, from an account of {contract.equity:,.0f}"
    return [*own, ("orders", "; ".join([orders, *steps]))]


def _describe_binary(contract: Binary, settled: str) -> list[tuple[str, str]]:
    half, after = contract.fee / 4, "" if contract.delay == "0" else f", {contract.delay} after the decision"
    own = ", or the window's own rate where it was recorded" if contract.odds else ""
    rests = f"takes {contract.touched:.0%} of what comes to it, pays no fee and receives {contract.rebate:.0%} of a taker's"
    priced = (
        f"as recorded in {contract.odds}{after}; a decision without a price is not traded, nor are a window's last 20 seconds"
        if contract.odds
        else f"{contract.price:.2f} a share of Up is ASSUMED: nobody recorded what it cost"
    )
    return [
        (
            "pays",
            f"1 a share of Up if {contract.of} closes its {contract.window} window at or above its open, else 0; Down the rest",
        ),
        *([("settlement", settled)] if settled else []),
        ("price", priced),
        ("fee", f"{contract.fee:g} x p x (1 - p) a share at price p: {round_significant(half)} at 0.50{own}"),
        ("spread", f"either side costs {contract.half_spread:g} more than its price"),
        *([("an order that rests", rests)] if contract.odds else []),
    ]


def _describe_perpetual(contract: Perpetual, overshoot: float) -> list[tuple[str, str]]:
    book = f", or half the recorded spread of {contract.book} where that is more" if contract.book else ""
    stop = max(contract.slippage, overshoot)
    return [
        ("pays", f"a perpetual future on {contract.of}, long or short, of up to {contract.leverage:g} times the account"),
        (
            "fees",
            f"{_percent(contract.taker)} of the notional at a market fill, {_percent(contract.maker)} at a limit, each side",
        ),
        ("slippage", f"{_percent(contract.slippage)} of the price at a market fill{book}; {_percent(stop)} at a stop"),
        ("funding", _describe_funding(contract)),
        ("liquidation", f"when equity falls to {_percent(contract.maintenance)} of the notional"),
    ]


def _describe_funding(contract: Perpetual) -> str:
    if isinstance(contract.funding, float):
        payer = "longs" if contract.funding >= 0 else "shorts"
        return f"{_percent(abs(contract.funding))} each {contract.funding_every} is ASSUMED: a cost to {payer}, nobody's income"
    return (
        f"as recorded in {contract.funding}, which longs pay to shorts at each stamp inside the holding time; one that is due "
        "and not recorded costs either side the greatest recorded"
    )
