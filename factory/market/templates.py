"""Dataset files to begin with."""

from pathlib import Path

from factory.core.errors import DataError, did_you_mean
from factory.market.spec import DatasetSpec, load_spec

_HERE = Path(__file__).parent


def simulated_spec(dataset: str) -> DatasetSpec:
    """Load the dataset file of a simulated market that comes with the project, such as ``btc-sim``."""
    return load_spec(_HERE / f"{dataset.replace('-', '_')}.yaml")


def starter_spec(market: str) -> str:
    """Read the commented dataset file that ``rfcat start`` writes for a person to read and confirm.

    Parameters
    ----------
    market : str
        ``btc``.

    Returns
    -------
    str
        YAML, not yet confirmed.

    Raises
    ------
    DataError
        For a market without one.
    """
    templates = {path.stem.removeprefix("start_"): path for path in _HERE.glob("start_*.yaml")}
    if market not in templates:
        raise DataError(f"start '{market}': unknown; {did_you_mean(market, templates)}")
    return templates[market].read_text(encoding="utf-8")
