"""In processes of their own: an allocator that has been told something stays so."""

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

from nasbias.errors import InputError  # noqa: E402
from nasbias.threads import use_threads  # noqa: E402

COUNT = """
import resource, sys, torch
from nasbias import threads
if sys.argv[1] == "kept":
    threads.use_threads(1)
    if not threads.keep_pages():
        sys.exit("not glibc")
for _ in range(10):  # aligned blocks fit into freed ones only after a few
    torch.empty(2**24).fill_(1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    torch.empty(2**24).fill_(1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, torch.get_num_threads())
"""


def page_faults(way):
    done = subprocess.run([sys.executable, "-c", COUNT, way], capture_output=True, text=True)
    if "not glibc" in done.stderr:
        pytest.skip("the allocator is not glibc's: it is left alone")
    assert done.returncode == 0, done.stderr
    return [int(number) for number in done.stdout.split()]


def test_memory_of_large_tensors_is_zeroed_by_the_kernel_once():
    faults, threads = page_faults("kept")
    assert threads == 1
    assert faults < 100  # 64 MB are 16,384 pages
    assert page_faults("as it is")[0] > 1000


POOLS = """
from nasbias.threads import on_one_thread

@on_one_thread
def look():
    from threadpoolctl import threadpool_info
    return [(pool["filepath"], pool["num_threads"]) for pool in threadpool_info() if pool["user_api"] == "blas"]

found = look()
print(len({path for path, _ in found}), {threads for _, threads in found})
"""


def test_no_blas_that_a_study_will_load_has_more_than_one_thread():
    done = subprocess.run([sys.executable, "-c", POOLS], capture_output=True, text=True, env={"OMP_NUM_THREADS": "2"})
    assert done.stdout.strip() == "2 {1}", done.stderr  # numpy's and scipy's


def test_a_few_threads_a_core_are_enough(monkeypatch):
    monkeypatch.setattr("nasbias.threads.count_cores", lambda: 2)
    with pytest.raises(InputError, match=r"9 threads are too many for 2 core\(s\): give 8 or fewer"):
        use_threads(9)
