"""What a position in a perpetual pays, or receives, at each stamp of funding.

An exchange looks at who holds a position at the stamp, within some seconds of it. A fill at a stamp may fall on either side
of it: it pays there what is a cost to it and receives nothing, so that a rate that is known at its stamp earns nothing.
"""

import numpy as np
from numpy import int64

from factory.backtest.kernel import Bars, Funding
from factory.core.errors import FlowError
from factory.core.times import to_ms
from factory.market.contracts import Contract, Perpetual
from factory.market.funding import read_record
from factory.market.series import Partition


def assume_funding(contract: Perpetual, bars: Bars) -> Funding:
    """Lay the assumed rate on the times of some bars: a cost to one side, income to nobody.

    Raises
    ------
    FlowError
        If the contract's is recorded: then what was recorded must come.
    """
    if not isinstance(contract.funding, float):
        raise FlowError(f"trade.contract: the recorded funding of '{contract.funding}' did not come")
    every, one = to_ms(contract.funding_every), np.empty(0, int64)
    if contract.funding and len(bars.time):
        one = np.arange(-(-bars.time[0] // every) * every, bars.time[-1] + bars.period, every, dtype=int64)
    return Funding(
        time=one,
        long=np.full(len(one), max(contract.funding, 0.0)),
        short=np.full(len(one), max(-contract.funding, 0.0)),
        is_recorded=False,
    )


def read_funding(contract: Contract, partition: Partition) -> Funding | None:
    """Read the recorded funding of a contract on a partition; None where it is assumed, or there is none.

    Where a payment was due and none is recorded, each side pays the greatest rate that was ever recorded of either sign.
    """
    if not isinstance(contract, Perpetual) or contract.funding_column is None:
        return None
    series, column = contract.funding_column
    record = read_record(partition.series[series], column, partition.start, partition.end)
    worst = np.full(len(record.missed), np.max(np.abs(record.rate), initial=0.0))
    time = np.concatenate([record.time, record.missed])
    order = np.argsort(time)
    return Funding(
        time=time[order],
        long=np.concatenate([record.rate, worst])[order],
        short=np.concatenate([-record.rate, worst])[order],
        is_recorded=True,
    )
