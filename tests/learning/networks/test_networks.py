"""The networks as published: their size, what each layer gives, and what it sees."""

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra deep")

from factory.learning.networks.architecture import Architecture  # noqa: E402
from factory.learning.networks.bin_ctabl import BinCtablNetwork  # noqa: E402
from factory.learning.networks.bin_ctabl_forward import BinCtablForward  # noqa: E402
from factory.learning.networks.deeplob import DeepLobNetwork  # noqa: E402
from factory.learning.networks.deeplob_forward import DeepLobForward  # noqa: E402

PAPER = Architecture("deeplob", levels=10, steps=100, classes=3)
EACH = [(DeepLobNetwork, DeepLobForward), (BinCtablNetwork, BinCtablForward)]
SHAPES = [(10, 100, 3), (1, 10, 2), (3, 17, 2), (20, 50, 3)]


def count(network: Any) -> int:
    return sum(weight.numel() for weight in network.parameters())


def outputs(network: Any, x: Any) -> dict[str, Any]:
    """What each of a network's own layers puts out."""
    layers: dict[str, Any] = {}
    for name, layer in network.named_children():
        layer.register_forward_hook(
            lambda _, given, out, name=name: layers.update({name: out[0] if isinstance(out, tuple) else out})
        )
    layers["logits"] = network(x)
    return layers


def drawn(make: Any, architecture: Architecture) -> Any:
    """A network with every weight moved away from what it starts at."""
    torch.manual_seed(0)
    network = make(architecture)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn(weight.shape))
    return network.eval()


def test_deeplob_has_the_parameters_of_the_paper_s_figure() -> None:
    assert count(DeepLobNetwork(PAPER)) == 60_947
    assert count(DeepLobNetwork(Architecture("deeplob", 10, 10, 2))) == 60_947 - 65


def test_bin_ctabl_has_about_ten_thousand_parameters() -> None:
    assert count(BinCtablNetwork(Architecture("bin_ctabl", 10, 10, 3))) == 11_446


def test_each_layer_of_deeplob_gives_the_shape_of_the_paper() -> None:
    shapes = {name: tuple(out.shape) for name, out in outputs(DeepLobNetwork(PAPER), torch.randn(2, 100, 40)).items()}
    assert shapes == {
        "block1": (2, 16, 100, 20),
        "block2": (2, 16, 100, 10),
        "block3": (2, 16, 100, 1),
        "inception": (2, 96, 100, 1),
        "lstm": (2, 100, 64),
        "head": (2, 3),
        "logits": (2, 3),
    }


def test_each_layer_of_bin_ctabl_gives_its_shape() -> None:
    network = BinCtablNetwork(Architecture("bin_ctabl", 10, 10, 3))
    shapes = {name: tuple(out.shape) for name, out in outputs(network, torch.randn(2, 10, 40)).items()}
    assert shapes == {
        "normalise": (2, 40, 10),
        "layer1": (2, 60, 10),
        "layer2": (2, 120, 5),
        "attend": (2, 3),
        "logits": (2, 3),
    }


@pytest.mark.parametrize(
    ("layer", "before", "after", "columns"),
    [("block1", 2, 4, 2), ("block2", 4, 8, 4), ("block3", 6, 12, 40), ("inception", 8, 14, 40)],
)
def test_each_layer_of_deeplob_sees_as_much_as_it_should(layer: str, before: int, after: int, columns: int) -> None:
    """The middle step: the rows before and after it, and the columns, that move it."""
    x = torch.randn(1, 100, 40, requires_grad=True)
    outputs(drawn(DeepLobNetwork, PAPER), x)[layer][0, :, 49, 0].abs().sum().backward()
    seen = x.grad[0] != 0
    assert torch.nonzero(seen.any(1)).flatten().tolist() == list(range(49 - before, 49 + after + 1))
    assert torch.nonzero(seen.any(0)).flatten().tolist() == list(range(columns))


def test_the_normalisation_of_bin_ctabl_does_not_know_units_of_a_column() -> None:
    network = BinCtablNetwork(Architecture("bin_ctabl", 10, 30, 3))
    with torch.no_grad():
        network.normalise.shares.copy_(torch.tensor([1.0, 0.0]))
        x = torch.randn(4, 30, 40)
        scaled = x * torch.logspace(-1, 3, 40) + torch.linspace(-5, 5, 40)
        torch.testing.assert_close(network(scaled), network(x), rtol=1e-3, atol=1e-3)


def test_a_column_that_stands_still_leaves_bin_ctabl_with_numbers() -> None:
    x = torch.randn(1, 10, 40)
    x[..., 7] = 3.0
    assert torch.isfinite(BinCtablNetwork(Architecture("bin_ctabl", 10, 10, 3))(x)).all()


@pytest.mark.parametrize(("make", "forward"), EACH)
@pytest.mark.parametrize(("levels", "steps", "classes"), SHAPES)
def test_the_forward_pass_without_torch_gives_torch_s_logits(
    make: Any, forward: Any, levels: int, steps: int, classes: int
) -> None:
    network = drawn(make, Architecture("network", levels, steps, classes))
    x = torch.randn(5, steps, 4 * levels)
    flat = forward({name: weight.detach().numpy() for name, weight in network.named_parameters()})
    with torch.inference_mode():
        expected = network(x).numpy()
    np.testing.assert_allclose([flat.logits(window) for window in x.numpy()], expected, rtol=1e-4, atol=1e-4)
