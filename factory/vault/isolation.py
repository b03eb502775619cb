"""How well the sealed rows are kept from an agent, said plainly."""

from factory.core.settings import PlaceSettings


def describe_seal() -> str:
    """Describe how the vault is kept from an agent on this machine."""
    if PlaceSettings.read().container:
        return "container: an agent outside it reaches the vault only through the server's tools"
    return "same user as the agent: the server's tools keep the vault shut, but a shell could read the disk"
