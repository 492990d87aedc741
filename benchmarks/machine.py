"""The machine that is measured on: its limits, its name, and whether others use it meanwhile."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

_peaks: dict[str, float] = {}


def peak(precision: str) -> float:
    """GFLOP/s that this thread reaches at best: oneDNN's convolutions 3x3 of several widths, and a matrix product."""
    if precision not in _peaks:
        kind = torch.bfloat16 if precision == "bf16" else torch.float32
        tries: list[tuple[float, Callable[[], Tensor]]] = []
        a = torch.randn(1024, 1024).to(kind)
        tries.append((2.0 * 1024**3, lambda: a @ a))
        for channels, side in ((16, 32), (32, 16), (64, 8), (64, 32), (128, 16)):
            x = torch.randn(32, channels, side, side).to(kind).contiguous(memory_format=torch.channels_last)
            w = torch.randn(channels, channels, 3, 3).to(kind).contiguous(memory_format=torch.channels_last)
            tries.append((2.0 * 9 * channels**2 * side**2 * 32, lambda x=x, w=w: F.conv2d(x, w, padding=1)))
        with torch.inference_mode():
            _peaks[precision] = max(flops / _best(go) for flops, go in tries) / 1e9
    return _peaks[precision]


def _best(go: Callable[[], object]) -> float:
    seconds = []
    for _ in range(12):
        began = time.process_time()
        go()
        seconds.append(time.process_time() - began)
    return min(seconds[2:])


def machine() -> str:
    """What was measured on."""
    about = _read("/proc/cpuinfo")
    known = re.findall(r"^model name\s*: (.*)$", about, re.M)
    parts = {"avx512f": "AVX-512", "avx512_bf16": "AVX512_BF16", "amx_bf16": "AMX"}
    has = ", ".join(name for flag, name in parts.items() if flag in about) or "no AVX-512"
    return f"{known[0] if known else 'unknown processor'} ({has}), torch {torch.__version__}"


def stolen() -> tuple[float, float]:
    """Ticks that the hypervisor gave to others, and all, since the machine started; 0, 0 where nobody counts."""
    first = _read("/proc/stat").partition("\n")[0].split()[1:]
    return (float(first[7]), sum(map(float, first[:8]))) if len(first) > 7 else (0.0, 0.0)


def caution(before: tuple[float, float]) -> str:
    """A line where others used the machine meanwhile; their caches and hyperthreads are ours, so CPU time suffers."""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    mine, whole = (now - then for now, then in zip(stolen(), before))
    share = mine / whole if whole else 0.0
    if load <= 1.5 and share < 0.02:
        return ""
    others = f"load {load:.1f} on {cores} cores, {share:.0%} stolen"
    return f"CAUTION: a busy machine ({others}): times are too long, ratios rough"


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
