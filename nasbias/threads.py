"""Threads and memory of a process that trains or scores: set together, once, before the first large tensor."""

import ctypes
import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from nasbias.errors import InputError
from nasbias.provenance import count_cores

_P = ParamSpec("_P")
_R = TypeVar("_R")
_MOST_PER_CORE = 4  # threads; 1,024 on two cores wait for each other for ever
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of mallopt(3)


def use_threads(n: int) -> None:
    """Let torch use `n` CPU threads, and let the allocator keep its pages.

    Raises:
        InputError: many more threads than cores.
    """
    import torch

    cores = count_cores()
    if n > _MOST_PER_CORE * cores:
        raise InputError(f"{n:,} threads are too many for {cores} core(s): give {_MOST_PER_CORE * cores} or fewer.")
    torch.set_num_threads(n)
    keep_pages()


def on_one_thread(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The function with linear algebra on one thread: products of matrices of a study's size are slower on several
    (`analyse_bias` on 15,625 architectures: 9.7 s for 4.0 of one)."""

    @functools.wraps(function)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        import scipy.linalg  # noqa: F401  has a BLAS beside numpy's; what is loaded later would not be held to one
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1, user_api="blas"):
            return function(*args, **kwargs)

    return wrapped


def keep_pages() -> bool:
    """Have glibc reuse freed memory instead of giving it back to the kernel; whether it will.

    By default every tensor of 32 MB or more is fresh pages that the kernel has to zero, and what lies free at the top
    is returned: half of the time of scoring NAS-Bench-201 at C=16, N=5 in batches of 256. The process stays as large as
    it ever was. Other allocators are left alone.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        return False
    return all((libc.mallopt(_M_MMAP_THRESHOLD, 1 << 30), libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)))
