"""The tables of a workspace's database."""

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)

VERSION = 6
"""Raised whenever a table comes or changes; kept in SQLite's ``user_version``."""
ONLY_ADDED = (1, 2, 3, 4, 5)
"""Older versions whose workspaces are brought up to date: they lack tables, and differ in those that follow from the rows."""

METADATA = MetaData()

LEDGER = Table(
    "ledger",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(40), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("payload", Text, nullable=False),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    # The next three repeat what the payload says, so that counting needs no JSON; verification compares them.
    Column("dataset", String(64)),
    Column("subject", String(64)),
    Column("count", Integer, nullable=False),
    UniqueConstraint("kind", "subject"),
    Index("ledger_by_dataset", "dataset", "kind", "seq"),
)

# What the rows amount to, one row for each that counts: see `running`.
TOTALS = Table(
    "ledger_totals",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("dataset", String(64), nullable=False),
    Column("trials", Integer, nullable=False),
    Column("explorations", Integer, nullable=False),
    Column("of_validation", Integer, nullable=False),
    Column("sharpes", Integer, nullable=False),
    Column("sharpe_mean", Float, nullable=False),
    Column("sharpe_squares", Float, nullable=False),
    Column("hash", String(64), nullable=False),
    Index("totals_by_dataset", "dataset", "seq"),
)

FIGURES = (
    "trades",
    "win_rate",
    "break_even",
    "mean_net",
    "mean_low",
    "mean_high",
    "p_value",
    "sharpe",
    "sharpe_error",
    "sharpe_luck",
    "total_return",
    "max_drawdown",
    "turnover",
    "costs",
    "auc",
    "log_loss",
)
"""Metrics of a trial by which lists are sorted; the board repeats them."""

# What lists of trials are sorted, filtered and searched by: see `board_row`.
BOARD = Table(
    "ledger_board",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("dataset", String(64), nullable=False),
    Column("idea", String(120), nullable=False),
    Column("unjudged", Boolean, nullable=False),
    Column("pipeline", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("parent", String(64)),
    Column("family", String(64), nullable=False),
    Column("changed", Text),
    Column("agent", String(200), nullable=False),
    Column("why", Text, nullable=False),
    Column("contract", String(64), nullable=False),
    Column("probes", String(8), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    # The trial of the parent on the same rows at the same terms, and the Sharpe ratio beyond its own.
    Column("parent_seq", Integer),
    Column("gain", Float),
    Column("gain_error", Float),
    *(Column(name, Float) for name in FIGURES),
    Index("board_by_rank", "dataset", "idea", "unjudged", "sharpe"),
    Index("board_by_sharpe", "unjudged", "sharpe", "seq"),
    Index("board_by_family", "family", "unjudged", "sharpe"),
    Index("board_by_pipeline", "pipeline"),
    Index("board_by_agent", "agent"),
    Index("board_by_contract", "contract"),
)

DAILY_SUMS = Table(
    "ledger_daily_sums",
    METADATA,
    Column("dataset", String(64), primary_key=True),
    Column("length", Integer, primary_key=True, autoincrement=False),
    Column("first", Integer, nullable=False),
    Column("trials", Integer, nullable=False),
    Column("varying", Integer, nullable=False),
    Column("total", LargeBinary, nullable=False),
    Column("hash", String(64), nullable=False),
)

FOLLOWING = (TOTALS, BOARD, DAILY_SUMS)
"""Tables that follow from the ledger's rows, and are made anew from them where they are missing."""

PIPELINES = Table(
    "pipelines",
    METADATA,
    Column("id", String(12), primary_key=True),
    Column("name", String(64), nullable=False, index=True),
    Column("yaml", Text, nullable=False),
    Column("parent", String(12)),
    Column("dataset", String(64), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False, index=True),
)

# Which pipelines were defined whole under a name, and by whom; a name is the first agent's.
NAMES = Table(
    "names",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("pipeline", String(12), primary_key=True),
    Column("agent", String(200), nullable=False),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("pipeline", String(12), nullable=False, index=True),
    Column("kind", String(40), nullable=False),
    Column("dataset", String(64), nullable=False, index=True),
    Column("result", Text, nullable=False),
    Column("created", BigInteger, nullable=False, index=True),
)

CALLS = Table(
    "calls",
    METADATA,
    Column("id", String(20), primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("agent", String(200), nullable=False),
    Column("dataset", String(64), nullable=False),
    Column("code", String(64), nullable=False),
    Column("seconds", Float, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("limit", String(20)),
    Column("output", Text),
)

JOBS = Table(
    "jobs",
    METADATA,
    Column("id", String(20), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("args", Text, nullable=False),
    Column("owner", String(200), nullable=False),
    Column("server", String(32), nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("progress", Float, nullable=False),
    Column("message", Text, nullable=False),
    Column("result", Text),
    Column("error", Text),
    Column("created", BigInteger, nullable=False, index=True),
    Column("started", BigInteger),
    Column("finished", BigInteger),
    Column("cancel_asked", BigInteger),
)

PEOPLE = Table(
    "people",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("role", String(12), nullable=False),
    Column("password", String(200), nullable=False),
    Column("added", BigInteger, nullable=False),
)

# Who is signed in to the pages; the browser's secret itself is not kept.
SIGN_INS = Table(
    "sign_ins",
    METADATA,
    Column("secret_hash", String(64), primary_key=True),
    Column("person", String(64), nullable=False, index=True),
    Column("form_token", String(64), nullable=False),
    Column("ends", BigInteger, nullable=False),
)

_REFUSE = "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
TRIGGERS = {
    "ledger_no_update": f"CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger {_REFUSE}",
    "ledger_no_delete": f"CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger {_REFUSE}",
    # INSERT OR REPLACE deletes without firing the trigger above.
    "ledger_in_order": (
        "CREATE TRIGGER ledger_in_order BEFORE INSERT ON ledger "
        f"WHEN NEW.seq <> coalesce((SELECT max(seq) FROM ledger), 0) + 1 {_REFUSE}"
    ),
}
"""What keeps the rows of the ledger as they were written, by name; whoever opens the database requires them."""

for _statement in TRIGGERS.values():
    event.listen(LEDGER, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]
