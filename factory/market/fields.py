"""How single values of a dataset file are spelt."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from factory.times import canonical_duration, iso, moment


def _delay(text: str) -> str:
    return text if text == "0" else canonical_duration(text)


def _underlying(text: str) -> str:
    found = re.sub(r"[-/_:. ]", "", text).upper()
    if not re.fullmatch(r"[A-Z0-9]{1,40}", found):
        raise ValueError(f"'{text}' is not a market's name; write it as the exchange does, such as BTCUSDT")
    return found


def _column(text: str) -> str:
    if not re.fullmatch(r"\w+\.\w+", text):
        raise ValueError(f"'{text[:40]}' is no column; write series.column, such as pm.up")
    return text


Moment = Annotated[str, AfterValidator(lambda text: iso(moment(text)))]
Delay = Annotated[str, AfterValidator(_delay)]
Column = Annotated[str, AfterValidator(_column)]
Underlying = Annotated[str, AfterValidator(_underlying)]
Globs = Annotated[
    tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value), Field(min_length=1)
]
