"""What is set from outside: every environment variable that the project reads, in groups that are read together.

A group is a frozen object made of the environment whenever it is asked for, so that a wrong value stops only what needs it.
"""

import os
from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from factory.core.errors import FactoryError, FlowError, SealError

DAY_SECONDS = 86_400
WEAK_IN_WORDS = "I accept that code runs without a wall"


class Settings(BaseModel):
    """A group of settings; each field's alias is its variable."""

    model_config = ConfigDict(frozen=True)
    refusal: ClassVar[type[FactoryError]] = FactoryError
    """What a wrong value raises."""

    @classmethod
    def variables(cls) -> dict[str, str]:
        """Map each field to its environment variable."""
        return {name: str(field.validation_alias) for name, field in cls.model_fields.items()}

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the group; what is not set, or set to nothing, has its default.

        Parameters
        ----------
        environment : mapping, optional
            Default: that of this process.

        Raises
        ------
        FactoryError
            The group's own kind: each wrong value, and what to write.
        """
        variables = os.environ if environment is None else environment
        given = {name: variables[name] for name in cls.variables().values() if variables.get(name)}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            mistakes = error.errors(include_url=False)
            raise cls.refusal(*(f"{one['loc'][0]}: {one['ctx']['error']}" for one in mistakes)) from None


def _whole(least: int, example: int) -> BeforeValidator:
    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ValueError(f"'{text[:20]}' is no whole number of at least {least}; write for example {example}")
        return int(text)

    return BeforeValidator(read)


def _read_seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < DAY_SECONDS:
        raise ValueError(f"'{text[:20]}' came; a number from 0 to {DAY_SECONDS}")
    return value


def _read_looks(text: str) -> int:
    return int(_read_seconds(text))


def _read_consent(text: str) -> bool:
    if text != WEAK_IN_WORDS:
        raise ValueError(f"'{text[:40]}' came; leave it out, or write '{WEAK_IN_WORDS}'")
    return True


Flag = Annotated[bool, BeforeValidator(bool)]
"""On by any text."""


class PlaceSettings(Settings):
    """Where things are kept.

    Parameters
    ----------
    workspace, proposals : str or None
        Folders of the workspace and of proposed strategy files.
    kernels : str or None
        Folder of compiled code.
    container : bool
        Whether this is a container of our own, which no agent shares; set by the Dockerfile.
    """

    workspace: str | None = Field(default=None, validation_alias="RFCAT_WORKSPACE")
    proposals: str | None = Field(default=None, validation_alias="RFCAT_PROPOSALS")
    kernels: str | None = Field(default=None, validation_alias="NUMBA_CACHE_DIR")
    container: Flag = Field(default=False, validation_alias="RFCAT_CONTAINER")


class DownloadSettings(Settings):
    """Where rows are downloaded and order books recorded from.

    Parameters
    ----------
    archive : str
        Base URL of Binance's archives.
    api, stream : str or None
        Base URLs of Binance's API and of its WebSocket streams; None: those of the market.
    gamma, clob : str
        Base URLs of Polymarket's markets and of its prices.
    financial_research, new_york_fed : str
        Base URLs of the APIs of the Office of Financial Research and of the Federal Reserve Bank of New York.
    exchanges : str or None
        Base URL of whichever exchange ccxt asks; None: its own.
    """

    archive: str = Field(default="https://data.binance.vision", validation_alias="RFCAT_BINANCE_ARCHIVE")
    api: str | None = Field(default=None, validation_alias="RFCAT_BINANCE_API")
    stream: str | None = Field(default=None, validation_alias="RFCAT_BINANCE_STREAM")
    gamma: str = Field(default="https://gamma-api.polymarket.com", validation_alias="RFCAT_POLYMARKET_GAMMA")
    clob: str = Field(default="https://clob.polymarket.com", validation_alias="RFCAT_POLYMARKET_CLOB")
    financial_research: str = Field(default="https://data.financialresearch.gov/v1", validation_alias="RFCAT_OFR_API")
    new_york_fed: str = Field(default="https://markets.newyorkfed.org/api", validation_alias="RFCAT_NYFED_API")
    exchanges: str | None = Field(default=None, validation_alias="RFCAT_CCXT_API")


class FitSettings(Settings):
    """How pipelines are fitted.

    Parameters
    ----------
    threads : int
        Folds or trees that are fitted at once; default: one a core.
    """

    refusal = FlowError
    threads: Annotated[int, _whole(1, 2)] = Field(default_factory=lambda: os.cpu_count() or 1, validation_alias="RFCAT_THREADS")


class VerdictSettings(Settings):
    """When a look's verdict is told.

    Parameters
    ----------
    release_seconds : float or None
        From the look to its verdict.
    """

    refusal = SealError
    release_seconds: Annotated[float | None, BeforeValidator(_read_seconds)] = Field(
        default=None, validation_alias="RFCAT_RELEASE_SECONDS"
    )


class LookSettings(Settings):
    """How many looks may be spent on simulated data.

    Parameters
    ----------
    looks_a_day : int or None
        Within 24 hours; 0 for no limit.
    """

    refusal = SealError
    looks_a_day: Annotated[int | None, BeforeValidator(_read_looks)] = Field(default=None, validation_alias="RFCAT_LOOKS_A_DAY")


class ServerSettings(Settings):
    """What the HTTP server asks of callers.

    Parameters
    ----------
    token : str or None
        The bearer token.
    """

    token: str | None = Field(default=None, validation_alias="RFCAT_TOKEN")


class SandboxSettings(Settings):
    """What agents' own code may use.

    Parameters
    ----------
    code, output, wall, cpu, memory : int or None
        Limits of one call: bytes of code, characters that may be printed, seconds, seconds of processor time, MiB on top of
        what a worker starts with. None: the sandbox's own.
    shown : int
        Characters of output in an answer; the rest is paged.
    calls : int
        Of one connection within an hour.
    tokens : int
        That may come back to one connection within an hour, at four characters a token.
    allow_weak : bool
        Whether code may run where there is no wall.
    """

    code: Annotated[int | None, _whole(1, 60)] = Field(default=None, validation_alias="RFCAT_SANDBOX_CODE")
    shown: Annotated[int, _whole(1_000, 1_000)] = Field(default=4_000, validation_alias="RFCAT_SANDBOX_SHOWN")
    output: Annotated[int | None, _whole(1_000, 1_000)] = Field(default=None, validation_alias="RFCAT_SANDBOX_OUTPUT")
    wall: Annotated[int | None, _whole(1, 60)] = Field(default=None, validation_alias="RFCAT_SANDBOX_WALL")
    cpu: Annotated[int | None, _whole(1, 60)] = Field(default=None, validation_alias="RFCAT_SANDBOX_CPU")
    memory: Annotated[int | None, _whole(64, 64)] = Field(default=None, validation_alias="RFCAT_SANDBOX_MEMORY")
    calls: Annotated[int, _whole(0, 60)] = Field(default=60, validation_alias="RFCAT_SANDBOX_CALLS")
    tokens: Annotated[int, _whole(0, 60)] = Field(default=30_000, validation_alias="RFCAT_SANDBOX_TOKENS")
    allow_weak: Annotated[bool, BeforeValidator(_read_consent)] = Field(default=False, validation_alias="RFCAT_SANDBOX_WEAK")


class TerminalSettings(Settings):
    """What a terminal or a shell tells every program.

    Parameters
    ----------
    no_color : bool
        Whether nothing is to be coloured.
    columns : str or None
        The width to keep within; what is no number counts as none.
    completes, completes_long : bool
        Whether a shell asks what may follow ``rfcat``, or the long name: it calls the bare command.
    """

    no_color: Flag = Field(default=False, validation_alias="NO_COLOR")
    columns: str | None = Field(default=None, validation_alias="COLUMNS")
    completes: Flag = Field(default=False, validation_alias="_RFCAT_COMPLETE")
    completes_long: Flag = Field(default=False, validation_alias="_RANDOM_FOREST_CAT_COMPLETE")
