"""Tensors on their way to the device, without the host waiting for them."""

import torch


def send(tensor: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """The tensor on the device. From ordinary memory a copy to a GPU makes the host wait; from pinned memory not."""
    if torch.device(device).type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)
