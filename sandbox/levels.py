"""How strong the wall is on a machine."""

from enum import StrEnum


class Level(StrEnum):
    """What the operating system holds back from a worker.

    Attributes
    ----------
    STRONG_NS
        System calls, files, limits; and namespaces, in which the workspace is not even visible.
    STRONG
        System calls, files, limits. What a default container allows.
    STRONG_NOFS
        System calls and limits; no file can be opened at all, for want of Landlock.
    WEAK
        The language policy in a process of its own: no wall.
    """

    STRONG_NS = "strong+ns"
    STRONG = "strong"
    STRONG_NOFS = "strong-nofs"
    WEAK = "weak"

    @property
    def about(self) -> str:
        """One plain sentence for people."""
        return ABOUT[self]


ABOUT = {
    Level.STRONG_NS: "code runs behind seccomp, Landlock and namespaces: no files, no network, no processes",
    Level.STRONG: "code runs behind seccomp and Landlock: no files, no network, no processes",
    Level.STRONG_NOFS: "code runs behind seccomp and opens no file; this kernel has no Landlock, so a rare call may fail",
    Level.WEAK: "this machine offers no wall for untrusted code",
}
