"""Convolutional layers that `layer_matrix` is compared with PyTorch on, live and recorded."""

import json
from pathlib import Path

from oracles import integers

RECORD = Path(__file__).parent / "recorded" / "layers.json"
MODES = ("zeros", "reflect", "replicate", "circular")


def layer(weight, input_shape, **options):
    return {"weight": weight, "input_shape": input_shape, **options}


def plain():
    """Every way to pad, with every option that may meet it."""
    for mode in MODES:
        yield from (
            layer((3, 2, 3), (2, 7), padding=2, stride=2, padding_mode=mode),
            layer((2, 1, 4), (2, 9), padding=3, dilation=2, groups=2, padding_mode=mode),
            layer((2, 2, 4), (2, 8), padding="same", dilation=2, padding_mode=mode),
            layer((3, 2, 3, 2), (2, 5, 6), padding=(1, 2), padding_mode=mode),
            layer((4, 1, 3, 3), (2, 6, 5), padding=2, stride=(2, 3), groups=2, padding_mode=mode),
            layer((2, 2, 2, 3), (2, 7, 6), padding=(3, 1), dilation=(3, 1), padding_mode=mode),
            layer((2, 2, 2, 3), (2, 4, 5), padding="same", padding_mode=mode),
            layer((2, 1, 1, 1), (1, 3, 4), padding=2, stride=2, padding_mode=mode),
            layer((2, 1, 2, 2, 3), (2, 3, 4, 3), padding=(1, 0, 2), groups=2, padding_mode=mode),
            layer((1, 2, 3, 2, 2), (2, 4, 3, 4), padding=1, stride=(2, 1, 3), padding_mode=mode),
        )
    yield layer((2, 2, 3), (2, 6), padding="valid")
    yield layer((2, 2, 3, 3), (2, 5, 6), padding="valid", stride=2)
    yield layer((2, 1, 5), (1, 9), stride=4)
    yield layer((2, 1, 1), (1, 9), stride=4)


def transposed():
    options = {"transposed": True}
    yield from (
        layer((2, 3, 3), (2, 5), stride=2, padding=1, output_padding=1, **options),
        layer((2, 1, 4), (2, 4), stride=3, dilation=2, groups=2, **options),
        layer((1, 2, 2), (1, 4), stride=3, output_padding=2, **options),
        layer((1, 2, 3), (1, 4), dilation=3, output_padding=2, **options),
        layer((1, 1, 3), (1, 6), padding=3, **options),
        layer((2, 3, 3, 2), (2, 4, 3), stride=(2, 1), padding=(1, 0), **options),
        layer((4, 1, 3, 3), (4, 3, 4), stride=2, groups=4, output_padding=(0, 1), **options),
        layer((4, 2, 2, 3), (4, 3, 3), padding=1, dilation=(2, 1), groups=2, **options),
        layer((2, 1, 2, 3, 2), (2, 3, 2, 3), stride=(2, 1, 2), padding=(0, 1, 1), **options),
    )


CASES = [*plain(), *transposed()]


def name(case):
    values = {key: value for key, value in case.items() if key != "transposed"}
    kind = "transposed" if case.get("transposed") else "layer"
    return kind + " " + " ".join(f"{key}={value}" for key, value in values.items())


def data(case):
    """Weights and one input, integers."""
    return integers(case["weight"], 5), integers(case["input_shape"], 8)


def arguments(case):
    return {key: value for key, value in case.items() if key != "weight"}


def torch_layer(case):
    """PyTorch's layer itself, in double precision, with these weights."""
    import torch

    options = {k: v for k, v in arguments(case).items() if k not in ("input_shape", "transposed")}
    ndim = len(case["weight"]) - 2
    first, second = case["weight"][0], case["weight"][1] * case.get("groups", 1)
    if case.get("transposed"):
        kind, channels = f"ConvTranspose{ndim}d", (first, second)
    else:
        kind, channels = f"Conv{ndim}d", (second, first)
    module = getattr(torch.nn, kind)(*channels, case["weight"][2:], bias=False, **options).double()
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(data(case)[0]))
    return module


def recorded():
    return json.loads(RECORD.read_text(encoding="utf-8"))
