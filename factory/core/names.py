"""The spellings of names, everywhere the same."""

from typing import Annotated

from pydantic import StringConstraints

NAME_LENGTH, SLUG_LENGTH = 40, 64
"""Most characters of the one and of the other."""

Name = Annotated[str, StringConstraints(pattern=rf"^[a-z][a-z0-9_]{{0,{NAME_LENGTH - 1}}}$")]
"""Name of a feature, an expert or a series."""

Slug = Annotated[str, StringConstraints(pattern=rf"^[a-z0-9][a-z0-9-]{{0,{SLUG_LENGTH - 1}}}$")]
"""Name of a pipeline, a dataset or a contract."""
