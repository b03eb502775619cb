"""How single values of a dataset file are spelt."""

import re
from collections.abc import Collection
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticKnownError

from factory.core.times import canonical_duration, iso, moment, spell_period, to_period_ms


def _delay(text: str) -> str:
    return text if text == "0" else canonical_duration(text)


def _wait(text: str) -> str:
    return text if text == "0" else spell_period(to_period_ms(text))


def _underlying(text: str) -> str:
    symbol = re.sub(r"[-/_:. ]", "", text).upper()
    if not re.fullmatch(r"[A-Z0-9]{1,40}", symbol):
        raise ValueError(f"'{text}' is not a market's name; write it as the exchange does, such as BTCUSDT")
    return symbol


def _column(text: str) -> str:
    if not re.fullmatch(r"\w+\.\w+", text):
        raise ValueError(f"'{text[:40]}' is no column; write series.column, such as pm.up")
    return text


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):
        raise ValueError(f"'{text[:40]}' is no time zone; write UTC, or a place such as Europe/Berlin") from None


def _calendar(text: str) -> str:
    if text == "24/7":
        raise ValueError("'24/7' is what a series without a calendar has; remove it")
    if not re.fullmatch(r"[A-Za-z0-9_/]{1,20}", text):
        raise ValueError(f"'{text[:40]}' is no calendar; write a name of exchange_calendars, such as XNYS, CMES or 24/5")
    return text


def one_of(names: Collection[str]) -> BeforeValidator:
    """Build a validator that takes only what a registry has by then, and refuses other names as a Literal does."""

    def require(value: object) -> object:
        if isinstance(value, str) and value in names:
            return value
        *others, last = (repr(name) for name in names)
        raise PydanticKnownError("literal_error", {"expected": f"{', '.join(others)} or {last}" if others else last})

    return BeforeValidator(require)


def take_these(names: Collection[str]) -> WrapValidator:
    """Build a validator that takes some names besides what a field takes."""

    def take(value: object, handler: ValidatorFunctionWrapHandler) -> object:
        return value if isinstance(value, str) and value in names else handler(value)

    return WrapValidator(take)


def _unit(value: object) -> object:
    return UNITS.get(value.strip().lower(), value) if isinstance(value, str) else value


UNITS = {"thousands": 1e3, "millions": 1e6, "billions": 1e9, "percent": 1e-2, "basis points": 1e-4}
"""Units that have a name."""
Unit = Annotated[float, BeforeValidator(_unit), Field(gt=0, allow_inf_nan=False)]
Zone = Annotated[str, AfterValidator(_zone)]
Moment = Annotated[str, AfterValidator(lambda text: iso(moment(text)))]
Delay = Annotated[str, AfterValidator(_delay)]
Wait = Annotated[str, AfterValidator(_wait)]
CalendarName = Annotated[str, AfterValidator(_calendar)]
Column = Annotated[str, AfterValidator(_column)]
Underlying = Annotated[str, AfterValidator(_underlying)]
ONE_OR_MORE = BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)
Globs = Annotated[tuple[str, ...], ONE_OR_MORE, Field(min_length=1)]
