"""Pools of looks: what is left of them is counted over all that anyone spent on the same sealed stretch of a market.

Whatever a look is called, on whichever dataset, horizon or contract, it draws
on the pool of its underlyings and its dates (STATISTICS section 2.2).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from factory.core.answers import pluralize
from factory.core.canonical import short_id
from factory.core.errors import SealError
from factory.core.settings import LookSettings, VerdictSettings
from factory.core.times import DAY, iso
from factory.ledger import Entry
from factory.market.spec import DatasetSpec
from factory.vault.reviewer import KIND as REVIEWER
from factory.vault.reviewer import find_reviewer

ALPHA = 0.05
"""Of a pool, over all its looks."""
LOOK, VERDICT, GRANT, RETIREMENT, WAIVER, FORWARD = "look", "verdict", "grant", "retirement", "waiver", "forward"
SEAL_ROWS = (REVIEWER, LOOK, VERDICT, GRANT, RETIREMENT, WAIVER, FORWARD)
PASS, FAIL, PENDING = "PASS", "FAIL", "pending"
JOINT, APART = "joint", "apart"
"""Rules for levels: each look gets what is left of the sum of levels given those that failed before it, or its own alone."""
RELEASE_SECONDS = 120
MARGIN_MS = 2_000
"""Before its release a verdict is written at the same moment whatever the exam took; one that comes later has failed."""
AT_ONCE_MS = 600_000
"""How long a verdict that is told as soon as it is known may take to be known."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One market over one sealed stretch of time, ms UTC."""

    identity: str
    start: int
    end: int

    def meets(self, other: "Claim") -> bool:
        """Check whether both are of one market and share time."""
        return self.identity == other.identity and self.start < other.end and other.start < self.end

    def plain(self) -> list[Any]:
        """Convert it to the form that the ledger holds."""
        return [self.identity, self.start, self.end]


@dataclass(frozen=True, slots=True)
class Look:
    """A look that was spent.

    Parameters
    ----------
    entry : Entry
        Its row.
    verdict : Entry or None
        The row of its verdict. A look without one when its time has come has failed.
    """

    entry: Entry
    verdict: Entry | None

    @property
    def name(self) -> str:
        """``look-`` and the number of its row."""
        return f"look-{self.entry.seq}"

    @property
    def payload(self) -> Mapping[str, Any]:
        """What was written when it was spent."""
        return self.entry.payload

    @property
    def release(self) -> int:
        """When its verdict is told, ms UTC; 0 where that is as soon as it is known."""
        return int(self.payload["release"])

    @property
    def due(self) -> int:
        """When it has failed if no verdict is written by then, ms UTC."""
        return self.release or self.entry.at + AT_ONCE_MS

    @property
    def claims(self) -> set[Claim]:
        """What it drew on."""
        return _claims(self.payload)

    def heard(self, now: int) -> str:
        """Return the verdict that may be told of the look: ``PASS``, ``FAIL`` or ``pending``."""
        if now < (self.due if self.verdict is None else self.release):
            return PENDING
        return FAIL if self.verdict is None else str(self.verdict.payload["verdict"])


@dataclass(frozen=True, slots=True)
class Pool:
    """The looks at one sealed stretch.

    Parameters
    ----------
    claims : frozenset of Claim
        All that its looks drew on, and what the dataset itself seals.
    looks : int
        How many there are in all; fixed by the first.
    weights : tuple of float
        Share of alpha for looks after 0, 1, ... passes; ``(1.0,)`` closes the pool at its first.
    a_day : int or None
        Most looks within 24 hours; None for no limit.
    spent : tuple of Look
        In order.
    retired : bool
        Whether sealed figures were disclosed.
    now : int
        When the pool was read, ms UTC.
    """

    claims: frozenset[Claim]
    looks: int
    weights: tuple[float, ...]
    a_day: int | None
    spent: tuple[Look, ...]
    retired: bool
    now: int

    @property
    def id(self) -> str:
        """Hash of what it seals."""
        return short_id(sorted(claim.plain() for claim in self.claims))

    @property
    def passes(self) -> int:
        """PASS verdicts that were told."""
        return sum(look.heard(self.now) == PASS for look in self.spent)

    @property
    def closed(self) -> str | None:
        """Why no look can be spent, or None."""
        if self.retired:
            return "this sealed stretch is retired; a person extends the dataset with new bars"
        if self.passes >= len(self.weights):
            return "this sealed stretch closed at its PASS; what passed is watched on new bars"
        if len(self.spent) >= self.looks:
            return f"all {self.looks} looks are spent; a person extends the dataset with new bars"
        return None

    @property
    def left(self) -> int:
        """Looks that can still be spent."""
        return 0 if self.closed else self.looks - len(self.spent)

    @property
    def outlook(self) -> str:
        """How many looks are left and how often one may be spent, or why there is none, in a few words."""
        if self.closed:
            return f"0 looks left: {self.closed.partition(';')[0]}"
        return f"{pluralize(self.left, 'look')} left" + (f", {self.a_day} a day" if self.a_day else "")

    @property
    def levels(self) -> str:
        """The rule for levels that the pool began with, by which it ends."""
        return str(self.spent[0].payload.get("levels", APART)) if self.spent else JOINT

    def level(self) -> float:
        """Compute the own level of the next look."""
        from factory.statistics.alpha import level_after

        return level_after(ALPHA, self.looks, len(self.spent) + 1, self.passes, self.weights)

    @property
    def obstacle(self) -> str | None:
        """Why no look can be spent now: the pool is closed, its looks of the day are spent, or one awaits its verdict."""
        if self.closed:
            return self.closed
        today = [look for look in self.spent if self.now - look.entry.at < DAY]
        if self.a_day is not None and len(today) >= self.a_day:
            most = f"{len(today)} of {self.a_day} looks within 24 hours"
            after = iso(-(-(today[-self.a_day].entry.at + DAY) // 1000) * 1000)
            return f"{most} are spent on this market; the next can be spent after {after}; keep testing on validation"
        pending = next((look for look in self.spent if look.heard(self.now) == PENDING), None)
        if pending is None:
            return None
        # Its verdict may close the pool, and the next look's level depends on it.
        due = iso(-(-pending.due // 1000) * 1000)
        return f"{pending.name} at the same sealed stretch is pending, its verdict comes by {due}; submit again then"

    def refuse_spent(self) -> None:
        """Refuse a look that is not there, or not yet.

        Raises
        ------
        SealError
            If there is an obstacle.
        """
        if self.obstacle:
            raise SealError(f"submit: {self.obstacle}; nothing was spent")


def sealed_claims(spec: DatasetSpec) -> set[Claim]:
    """Collect what a dataset seals: each market that a contract is on."""
    start, end = spec.split.span("sealed")
    markets = {identity for contract in spec.contracts.values() for identity in spec.identities(contract.of)}
    return {Claim(identity, start, end) for identity in markets}


def read_looks(entries: Sequence[Entry]) -> list[Look]:
    """Read the looks among rows of the ledger, oldest first."""
    verdicts = {entry.payload["subject"]: entry for entry in entries if entry.kind == VERDICT}
    return [Look(entry, verdicts.get(entry.hash)) for entry in entries if entry.kind == LOOK]


def find_look(entries: Sequence[Entry], name: str) -> Look | None:
    """Find the look with a name, such as look-12."""
    return next((look for look in read_looks(entries) if look.name == name), None)


def find_pool(entries: Sequence[Entry], spec: DatasetSpec, now: int, more: Iterable[Claim] = ()) -> Pool:
    """Find the pool that a look at a dataset draws on.

    Parameters
    ----------
    entries : sequence of Entry
        The ledger's rows of :data:`SEAL_ROWS`.
    spec : DatasetSpec
        The dataset.
    now : int
        ms UTC.
    more : iterable of Claim
        Of markets that move with it.
    """
    looks = read_looks(entries)
    claims, spent = _reach(sealed_claims(spec) | set(more), looks)
    grants = _granted(entries, spec.dataset)
    of_file: Mapping[str, Any] = {"looks": spec.looks}
    terms = spent[0].payload if spent else next((one for one in reversed(grants) if "looks" in one), of_file)
    return Pool(
        claims=frozenset(claims),
        looks=int(terms["looks"]),
        weights=tuple(terms.get("weights") or (1.0,)),
        a_day=_a_day(grants, simulated=spec.simulated is not None),
        spent=tuple(spent),
        retired=any(_meet(_claims(entry.payload), claims) for entry in entries if entry.kind in (RETIREMENT, FORWARD)),
        now=now,
    )


def release_seconds(simulated: bool) -> float:
    """Read the delay from a look to its verdict, seconds.

    ``RFCAT_RELEASE_SECONDS``, by default and on real data at least 120.

    Raises
    ------
    SealError
        If it is no number, or shorter than the data allow.
    """
    asked = VerdictSettings.read().release_seconds
    seconds = float(RELEASE_SECONDS) if asked is None else asked
    if seconds < RELEASE_SECONDS and not simulated:
        raise SealError(f"RFCAT_RELEASE_SECONDS: {seconds:g} came; on real data at least {RELEASE_SECONDS}")
    return seconds


def _a_day(grants: Sequence[Mapping[str, Any]], *, simulated: bool) -> int | None:
    granted = next((one["a_day"] for one in reversed(grants) if "a_day" in one), None)
    if granted is not None:
        return int(granted)
    asked = LookSettings.read().looks_a_day if simulated else None
    return 1 if asked is None else asked or None


def _granted(entries: Sequence[Entry], dataset: str) -> list[Mapping[str, Any]]:
    """Read the grants for a dataset that the reviewer signed, oldest first."""
    reviewer = find_reviewer(entries)
    grants = [entry.payload for entry in entries if entry.kind == GRANT and entry.payload["dataset"] == dataset]
    return [payload for payload in grants if reviewer and reviewer.signed(payload)]


def _claims(payload: Mapping[str, Any]) -> set[Claim]:
    return {Claim(*plain) for plain in payload["claims"]}


def _meet(some: Iterable[Claim], others: Iterable[Claim]) -> bool:
    others = list(others)
    return any(one.meets(other) for one in some for other in others)


def _reach(claims: set[Claim], looks: Sequence[Look]) -> tuple[set[Claim], list[Look]]:
    """Find all looks that share a market and time with some claims, or with another such look."""
    reached: list[Look] = []
    rest = list(looks)
    while near := [look for look in rest if _meet(look.claims, claims)]:
        reached += near
        claims = claims.union(*(look.claims for look in near))
        rest = [look for look in rest if look not in near]
    return claims, sorted(reached, key=lambda look: look.entry.seq)


def read_waivers(entries: Sequence[Entry], pipeline: str) -> set[str]:
    """Read which probes the reviewer waived for a pipeline, by signed rows."""
    reviewer = find_reviewer(entries)
    waivers = [entry.payload for entry in entries if entry.kind == WAIVER and entry.payload["pipeline"] == pipeline]
    return {str(payload["probe"]) for payload in waivers if reviewer and reviewer.signed(payload)}
