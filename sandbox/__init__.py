"""Runs untrusted Python in processes of its own. Imports nothing of the factory.

::

    broker = Broker(Limits(), hidden=[workspace])
    outcome = broker.run("print(train.close.mean())", {"train": [path]})

`path` is an Arrow file. From the outside in:

broker       hands calls to the warm parent; owns the clock, the sizes and the queue; limits: how much a call may take
judging      what a call came to, from what was seen outside the worker
parent       the handle on the process that forks; memory: the frames as sealed copies
zygote       that process: imports everything once, forks a worker a call
worker       maps the frames, locks down, compiles, runs, writes one answer
lockdown     what the worker gives up: system, syscalls, seccomp, landlock, namespaces; levels and selftest say what holds
policy       the language: RestrictedPython's compiler, less what it cannot guard, plus what people write
guards       what compiled code calls to read and write attributes
environment  the names that code starts with, print and import among them
facade       a read-only namespace
facades      the parts of pandas, numpy and others it may see; allowed: their names; queries: DataFrame.query of its own
native       what compiled code believes without looking, kept out of reach
fence        an audit hook, where the operating system offers no wall
"""

from sandbox.broker import Broker, pick_frames
from sandbox.judging import refuse, shorten
from sandbox.levels import Level
from sandbox.limits import Limits, Outcome

__all__ = ["Broker", "Level", "Limits", "Outcome", "pick_frames", "refuse", "shorten"]
