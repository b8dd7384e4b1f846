"""Ctrl-C stops a long call at once, in a process of its own; what callbacks raise comes out of the call.

Limits: the library answers a cancel within 0.1 s; the tests allow LATENCY for a busy machine.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import mlsd

LATENCY = 0.5

# Each job takes many seconds when it is left alone.
JOBS = {
    "fit": """
X = np.random.RandomState(0).randn(400000, 60)
model = mlsd.linear_model.LogisticRegression(max_iter=10**6, tol=1e-300)
y = X[:, 0] > 0
def job():
    while True:
        model.fit(X, y)
""",
    "cross-validation": """
X = np.random.RandomState(0).randn(200000, 60)
y = X[:, 0]
cv = mlsd.model_selection.KFold(200)
def job():
    mlsd.model_selection.cross_val_score(mlsd.linear_model.RidgeCV(alphas=np.logspace(-5, 5, 200)), X, y, cv=cv)
    mlsd.model_selection.cross_val_score(mlsd.linear_model.LogisticRegression(), X, y > 0, cv=100)
""",
    "read CSV": """
line = b",".join(b"%.17f" % v for v in np.random.RandomState(0).rand(50)) + b"\\n"
text = b",".join(b"c%d" % i for i in range(50)) + b"\\n" + line * 400000
class File:
    def read(self): return text
def job():
    while True:
        mlsd.read_csv(File())
""",
    "slice search": """
rng = np.random.RandomState(0)
groups = mlsd.Table({f"c{i}": rng.randint(0, 12, 400000).astype(float) for i in range(20)})
errors = (rng.rand(400000) < 0.1).astype(float)
def job():
    while True:
        mlsd.slices.search(groups, errors=errors, alpha=1.0, min_support=300)
""",
    "experiment": """
rng = np.random.RandomState(0)
columns = {f"c{i}": rng.randn(200000) for i in range(30)}
columns["y"] = np.where(columns["c0"] + rng.randn(200000) > 0, "a", "b")
table = mlsd.Table(columns)
def job():
    mlsd.run(table, "y")
""",
}

PROGRAM = """
import json, signal, sys, time
import numpy as np
import mlsd
mlsd.set_threads({threads})
{job}
before = signal.getsignal(signal.SIGINT)
print("ready", flush=True)
stopped = None
try:
    job()
except KeyboardInterrupt:
    stopped = time.monotonic()
usable = mlsd.linear_model.Ridge().fit([[1.0], [2.0], [3.0]], [1.0, 2.0, 3.0]).score([[1.0], [2.0]], [1.0, 2.0]) > 0.5
print(json.dumps({{"stopped": stopped, "usable": bool(usable), "same": signal.getsignal(signal.SIGINT) is before}}))
"""


def interrupt(program, delay=0.6):
    """Run a program, send SIGINT `delay` seconds after it is ready; (what it says, seconds until it stopped, stderr)."""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    try:
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    said = json.loads(out.splitlines()[-1]) if out.strip() else {}
    return said, (said.get("stopped") or float("inf")) - sent, err


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("job", JOBS)
def test_interrupt__control_c_stops_a_long_call(job, threads):
    said, seconds, err = interrupt(PROGRAM.format(job=JOBS[job], threads=threads))
    assert err == ""
    assert said["usable"] and said["same"]
    assert 0 <= seconds < LATENCY, f"{job}: {seconds:.3f} s"
    print(f"{job}, {threads} threads: {seconds:.3f} s")


def test_interrupt__a_handler_of_the_program_decides():
    job = JOBS["fit"].split("def job")[0] + """
class Stop(Exception): pass
count = [0]
def handler(number, frame):
    count[0] += 1
    raise Stop
signal.signal(signal.SIGINT, handler)
def job():
    try:
        while True:
            model.fit(X, y)
    except Stop:
        assert count == [1] and signal.getsignal(signal.SIGINT) is handler
        raise KeyboardInterrupt
"""
    said, seconds, err = interrupt(PROGRAM.format(job=job, threads=2).replace("is before", "is handler"))
    assert err == "" and said["same"] and seconds < LATENCY


def test_interrupt__a_handler_that_does_not_raise_lets_the_call_go_on():
    program = """
import json, signal, time
import numpy as np
import mlsd
seen = []
signal.signal(signal.SIGINT, lambda number, frame: seen.append(time.monotonic()))
X = np.random.RandomState(0).randn(300000, 40)
print("ready", flush=True)
while not seen:
    mlsd.linear_model.LogisticRegression().fit(X, X[:, 0] > 0)
print(json.dumps({"stopped": seen[0]}))
"""
    _, seconds, err = interrupt(program)
    assert err == "" and seconds < LATENCY


def test_interrupt__an_ignored_signal_stays_ignored():
    program = """
import json, signal, time
import numpy as np
import mlsd
signal.signal(signal.SIGINT, signal.SIG_IGN)
X = np.random.RandomState(0).randn(100000, 30)
print("ready", flush=True)
end = time.monotonic() + 1.5
while time.monotonic() < end:
    mlsd.linear_model.LogisticRegression().fit(X, X[:, 0] > 0)
print(json.dumps({"stopped": time.monotonic()}))
"""
    said, seconds, err = interrupt(program)
    assert err == "" and said and seconds > 0.5


def test_interrupt__calls_of_other_threads_go_on():
    job = """
import threading
X = np.random.RandomState(0).randn(100000, 40)
y = X[:, 0] + np.random.RandomState(1).randn(100000) > 0
expected = mlsd.linear_model.LogisticRegression().fit(X, y).coef_
found, stop = [], threading.Event()
def work():
    while not stop.is_set():
        found.append(mlsd.linear_model.LogisticRegression().fit(X, y).coef_)
def job():
    thread = threading.Thread(target=work)
    thread.start()
    try:
        while True:
            mlsd.linear_model.LogisticRegression().fit(X, y)
    finally:
        stopped = time.monotonic()
        n = len(found)
        while len(found) < n + 2: time.sleep(0.01)
        stop.set()
        thread.join()
        assert all((f == expected).all() for f in found)
"""
    said, _, err = interrupt(PROGRAM.format(job=job, threads=1))
    assert err == "" and said["usable"] and said["stopped"]


@pytest.fixture
def progress():
    yield mlsd.set_progress
    mlsd.set_progress(None)


def long_fit():
    X = np.random.RandomState(0).randn(300000, 40)
    return lambda: mlsd.linear_model.LogisticRegression(max_iter=10**6, tol=1e-300).fit(X, X[:, 0] + X[:, 1] ** 2 > 0)


def test_interrupt__progress_is_told(progress):
    seen = []
    progress(lambda *event: seen.append((*event, threading.get_ident())))
    X = np.random.RandomState(0).randn(100000, 40)
    mlsd.model_selection.cross_val_score(mlsd.linear_model.LogisticRegression(), X, X[:, 0] > 0, cv=20)
    assert any(stage and total == 20 for stage, _, total, _ in seen), seen
    for stage, done, total, thread in seen:
        assert isinstance(stage, str) and 0 <= done and (total == 0 or done <= total)
        assert thread == threading.get_ident()


def test_interrupt__while_a_handle_ends_is_not_lost():
    class Ending:
        """A library in which an interrupt arrives while a handle is freed."""

        def mlsd_spec_free(self, _handle):
            signal.raise_signal(signal.SIGINT)

    spec = mlsd.Spec("ridge")
    handle, spec._h = spec._h, ctypes.c_void_p(1)
    try:
        with pytest.raises(KeyboardInterrupt):
            spec.__del__(Ending())
            time.sleep(30)
    finally:
        spec._h = handle


@pytest.mark.parametrize("kind", [ZeroDivisionError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_interrupt__what_a_callback_raises_comes_out(progress, kind, capfd):
    calls = []

    def raises(stage, done, total):
        calls.append(stage)
        raise kind("from the callback")

    X = np.random.RandomState(0).randn(100000, 40)
    model, cv = mlsd.linear_model.LogisticRegression(), mlsd.model_selection.KFold(200)
    progress(raises)
    started = time.monotonic()
    with pytest.raises(kind, match="from the callback") as caught:
        mlsd.model_selection.cross_val_score(model, X, X[:, 0] > 0, cv=cv)
    assert time.monotonic() - started < 5  # all folds take many seconds
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
    assert len(calls) == 1
    progress(None)
    assert mlsd.linear_model.Ridge().fit([[1.0], [2.0]], [1.0, 2.0]).n_features_in_ == 1
    assert capfd.readouterr().err == ""


def test_interrupt__a_callback_may_call_the_library(progress):
    inner = []

    def callback(stage, done, total):
        inner.append(mlsd.model_selection.cross_val_score(mlsd.linear_model.Ridge(), np.arange(40.0)[:, None], np.arange(40.0))[0])

    progress(callback)
    long_fit()()
    assert inner and inner[0] > 0.9


def test_interrupt__callbacks_in_many_threads(progress):
    failures, n_calls = [], []

    def callback(stage, done, total):
        n_calls.append(1)
        if threading.current_thread().name == "cancelled":
            raise InterruptedError

    def work():
        try:
            while True:
                long_fit()()
                if threading.current_thread().name != "cancelled":
                    break
        except InterruptedError as error:
            failures.append((threading.current_thread().name, type(error)))

    progress(callback)
    threads = [threading.Thread(target=work, name=name) for name in ("a", "cancelled", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [("cancelled", InterruptedError)] and n_calls


def test_interrupt__messages_go_to_the_logging_module(caplog):
    import io

    with caplog.at_level("INFO", logger="mlsd"):
        table = mlsd.read_csv(io.StringIO("a,a,\n1,2,3\n"))
    assert len(table.columns) == 3
    assert any("a" in record.getMessage() and record.levelname in ("WARNING", "INFO") for record in caplog.records)
