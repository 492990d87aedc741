"""Ctrl-C and SIGTERM, kept and raised."""

import multiprocessing
import os
import signal
import threading

import pytest

from nasbias.interrupts import Interrupted, deferred, raised


def test_a_signal_is_kept_until_it_is_asked_for_and_handlers_are_put_back():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with deferred() as signalled:
        assert signalled() is None
        os.kill(os.getpid(), signal.SIGTERM)
        assert signalled() == signal.SIGTERM
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_second_signal_does_not_wait():
    with pytest.raises(Interrupted) as caught, deferred():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
    assert caught.value.exit_code == 130 and "at once" in caught.value.text


def survive_two(pipe):
    with deferred() as signalled:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        pipe.send(signalled())


def test_a_worker_that_hears_it_twice_saves_all_the_same():
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    worker = context.Process(target=survive_two, args=(there,))
    worker.start()
    worker.join(60)
    assert worker.exitcode == 0 and here.recv() == signal.SIGTERM


def test_a_sigterm_is_raised_with_the_code_that_shells_know():
    with pytest.raises(KeyboardInterrupt) as caught, raised():
        os.kill(os.getpid(), signal.SIGTERM)
    assert isinstance(caught.value, Interrupted) and caught.value.exit_code == 143


def test_what_ignores_a_signal_goes_on_ignoring_it():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with deferred() as signalled, raised():
            os.kill(os.getpid(), signal.SIGINT)
            assert signalled() is None
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_have_no_signals_and_work_all_the_same():
    seen = []

    def work():
        with deferred() as signalled, raised():
            seen.append(signalled())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [None]
