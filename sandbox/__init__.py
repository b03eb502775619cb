"""Runs untrusted Python in a process of its own. Imports nothing of the factory.

::

    outcome = run("print(train.close.mean())", {"train": path}, Limits())

`path` is an Arrow file as `sandbox.frames.write` writes it. What each module is for:

broker     starts the worker, owns the clock and the sizes, trusts nothing that comes back
worker     the process: map the frames, lock down, compile, run, write one answer
lockdown   what the worker gives up before it reads the code
policy     the language: RestrictedPython's compiler, less what it cannot guard, plus what people write
guards     what compiled code calls to read and write attributes
environment  the names that code starts with, print and import among them
facades    the parts of pandas, numpy and others it may see
"""

from sandbox.broker import run
from sandbox.limits import Limits, Outcome

__all__ = ["Limits", "Outcome", "run"]
