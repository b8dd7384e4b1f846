"""The measuring itself: sides in turns, medians and spread, the machine and its limits, and the table.

A workload is a list of sides that do the same work, a check that they did, and, where physics has something to say, the
seconds it needs at least. The sides run one after the other, round after round, each round starting with another side,
so that a busy neighbour hits all of them alike. What each workload does stands in bench_workloads_*.py.
"""

import contextlib
import gc
import json
import os
import platform
import statistics
import sys
import textwrap
import time

import numpy as np

OURS, PEER, FLOOR = "ours", "peer", "floor"
PAUSE_SECONDS = 0.06  # OpenBLAS's own threads spin for some 30 ms after a call; the next side must not pay for them


class Side:
    """One way to do the work. `call` returns whatever the check wants, or Measured with its own seconds."""

    def __init__(self, name, role, call, threads="", n_threads=None, key=None, limits=None, most=None):
        self.name, self.role, self.call, self.threads = name, role, call, threads
        self.most = most  # a slow side is run so often and each time counts, the first too; None: as often as all
        self.limits = limits  # as the workload's, of this side alone
        self.n_threads = n_threads  # what mlsd is told before each call
        self.key = key or name
        self.values, self.output = [], None

    @property
    def median(self):
        return statistics.median(self.values)

    @property
    def best(self):
        return min(self.values)

    @property
    def spread(self):
        """Half of the distance between the quartiles, as a share of the median."""
        if len(self.values) < 4:
            return (max(self.values) - self.best) / 2 / self.median
        low, _, high = statistics.quantiles(self.values, n=4)
        return (high - low) / 2 / self.median


class Measured:
    """What a side measured itself: seconds of another process or of one of many calls, or megabytes."""

    def __init__(self, value, output=None):
        self.value, self.output = value, output


class Workload:
    """limits: a function that gives the least seconds by number of threads."""

    def __init__(self, name, title, sides, check, limits=None, limit_text="", repeats=5, notes=()):
        self.name, self.title, self.sides, self.check = name, title, sides, check
        self.limits = limits or dict
        self.limit_text, self.repeats, self.notes = limit_text, repeats, list(notes)
        self.checks = []

    def limit_for(self, side):
        limits = self.limits()
        return (side.limits() if side.limits and limits else limits).get(side.n_threads or 1)

    def all_notes(self):
        """Lines; a note may be a function of the workload, asked when everything is measured, that may have nothing to say."""
        return [line for line in (note(self) if callable(note) else note for note in self.notes) if line]

    def run(self, set_threads, pause=PAUSE_SECONDS):
        """Time all sides in turns; the first round is not counted, and its outputs are checked."""
        for side in self.sides:
            self._turn(side, set_threads, pause, counted=self.repeats == 1 or side.most is not None)
        self.checks = list(self.check({side.key: side.output for side in self.sides}))
        for side in self.sides:
            side.output = None
        for i in range(self.repeats if self.repeats > 1 else 0):
            k = i % len(self.sides)
            for side in self.sides[k:] + self.sides[:k]:
                if side.most is None or len(side.values) < side.most:
                    self._turn(side, set_threads, pause, counted=True)

    def _turn(self, side, set_threads, pause, counted):
        if side.n_threads is not None:
            set_threads(side.n_threads)
        side_output = side.output
        gc.collect()
        gc.disable()
        time.sleep(pause)
        try:
            start = time.perf_counter()
            output = side.call()
            seconds = time.perf_counter() - start
        finally:
            gc.enable()
        if isinstance(output, Measured):
            seconds, output = output.value, output.output
        if counted:
            side.values.append(seconds)
        # The first output is for the check; later ones go at once, so that each call finds the same free memory.
        side.output = output if side_output is None and not side.values[1:] else None


class Check:
    """That two sides did equal work: a number that must not exceed what is allowed."""

    def __init__(self, text, value, allowed):
        self.text, self.value, self.allowed = text, float(value), float(allowed)

    @property
    def ok(self):
        return self.value <= self.allowed

    def __str__(self):
        return f"{self.text}: {self.value:.2g} (allowed {self.allowed:.2g}) {'ok' if self.ok else 'NOT EQUAL'}"


# --- the machine ----------------------------------------------------------------------------------


def blas_text():
    """The BLAS that scikit-learn runs on and its threads, and those of OpenMP."""
    from threadpoolctl import threadpool_info

    parts = {f"{i['internal_api']} {i['version'] or ''}".strip(): i["num_threads"] for i in threadpool_info()}
    return ", ".join(f"{name} x {n} threads" for name, n in parts.items())


def cpu_text():
    """Vendor, family, model and vector units, from /proc/cpuinfo where there is one."""
    facts = {}
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            key, _, value = line.partition(":")
            facts.setdefault(key.strip(), value.strip())
    if not facts:
        return platform.machine()
    vectors = [f for f in ("avx2", "fma", "avx512f") if f in facts.get("flags", "").split()]
    name, family, model = (facts.get(key, "?") for key in ("model name", "cpu family", "model"))
    return f"{name}, family {family}, model {model}, {' '.join(vectors)}"


def machine(mlsd):
    """What the numbers were measured on; no names of hosts."""
    import pandas
    import scipy
    import sklearn

    return {
        "cpu": cpu_text(),
        "allowed_cpus": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "mlsd": mlsd.build_info(),
        "peers": {m.__name__: m.__version__ for m in (np, scipy, sklearn, pandas)},
        "peer_threads": blas_text(),
    }


def best_of(call, repeats):
    """Least seconds of several calls."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def in_threads(n, call):
    """Run call(0) ... call(n - 1), each in a thread of its own; NumPy lets go of the lock inside."""
    import threading

    threads = [threading.Thread(target=call, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Limits:
    """Rates by number of threads: dgemm and sgemm flops/s, bytes/s read from and written to memory; the best that were seen.

    They are measured again before and after each workload, so that one busy moment does not make the machine look slow.
    """

    def __init__(self):
        self.rates = {kind: {1: 0.0, 2: 0.0} for kind in ("dgemm", "sgemm", "read", "write")}
        size = 1200
        squares = [np.random.default_rng(i).random((size, size)) for i in range(2)]
        self._squares = {"dgemm": squares, "sgemm": [a.astype(np.float32) for a in squares]}
        self._products = {kind: [np.empty_like(a) for a in these] for kind, these in self._squares.items()}
        self._memory = np.ones(1 << 24)  # 128 MiB: more than the caches

    def measure(self, repeats=3):
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            for n in (1, 2):
                parts = np.split(self._memory, n)
                for kind, squares in self._squares.items():
                    self._saw(kind, n, n * 2 * len(squares[0]) ** 3, lambda i: self._multiply(kind, i), repeats)
                self._saw("read", n, self._memory.nbytes, lambda i: np.dot(parts[i], parts[i]), repeats)
                self._saw("write", n, self._memory.nbytes, lambda i: parts[i].fill(1.0), repeats)

    def _multiply(self, kind, i):
        square = self._squares[kind][i]
        np.dot(square, square, out=self._products[kind][i])

    def _saw(self, kind, n, work, call, repeats):
        rate = work / best_of(lambda: in_threads(n, call), repeats)
        for threads in range(n, 3):  # one thread's rate is a rate that two can have
            self.rates[kind][threads] = max(self.rates[kind][threads], rate)

    def seconds(self, flops=0.0, read=0.0, write=0.0, flops_f32=0.0):
        """Seconds by number of threads that so much work needs at least; work of different kinds may overlap."""
        work, r = {"dgemm": flops, "sgemm": flops_f32, "read": read, "write": write}, self.rates
        return {n: max(amount / r[kind][n] for kind, amount in work.items() if amount > 0) for n in (1, 2)}


# --- what is printed ------------------------------------------------------------------------------


def duration(seconds):
    for unit, factor in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 1:
            return f"{_digits(seconds * factor)} {unit}"
    return f"{_digits(seconds * 1e9)} ns"


def _digits(value):
    return f"{value:.3g}" if value < 99.95 else f"{value:.0f}"


def amount(value, unit):
    return duration(value) if unit == "s" else f"{_digits(value)} {unit}"


def _ratio(value):
    return f"{value:.2g}x" if value < 10 else f"{value:.0f}x"


def say(text, indent="", out=sys.stdout):
    """A line of words, folded at 100 columns."""
    print(textwrap.fill(text, 100, initial_indent=indent, subsequent_indent=indent + "    "), file=out)


HEADER = f"  {'':39}{'median':>9}{'best':>9}{'spread':>8} |{'ratio':>7}{'of best':>8} |{'x limit':>8}"


def print_workload(workload, unit="s", out=sys.stdout):
    """One block: a line for each side; ratios say how many times as long as the last of ours a side takes."""
    base = [s for s in workload.sides if s.role == OURS][-1]
    print(file=out)
    say(f"{workload.name}: {workload.title}", out=out)
    print(HEADER, file=out)
    for side in workload.sides:
        name = f"{side.name}{', ' + side.threads if side.threads else ''}"
        ratio = "1" if side is base else _ratio(side.median / base.median)
        best = "1" if side is base else _ratio(side.best / base.best)
        limit = workload.limit_for(side) if side.role == OURS else None
        over = f"{side.best / limit:.3g}" if limit else ""
        print(
            f"  {name[:39]:39}{amount(side.median, unit):>9}{amount(side.best, unit):>9}{side.spread * 100:>6.0f} % |"
            f"{ratio:>7}{best:>8} |{over:>8}",
            file=out,
        )
    for line in workload.all_notes():
        say(f"note: {line}", "  ", out)
    limits = workload.limits()
    if limits:
        text = ", ".join(f"{duration(s)} on {n}" for n, s in limits.items())
        say(f"limit: {workload.limit_text}: {text} threads", "  ", out)
    for check in workload.checks:
        say(f"same: {check}", "  ", out)
    out.flush()


SUMMARY = f"{'workload':21}{'ours':17}{'median':>9}  {'peer':25}{'median':>9}{'ratio':>8}{'x limit':>8}"


def summary_lines(results):
    """One line for each side of ours and each peer: medians, peer / ours, and how far our best is from the limit."""
    lines = [SUMMARY, "-" * len(SUMMARY)]
    for workload, unit in results:
        label = workload.name
        for ours in (s for s in workload.sides if s.role == OURS):
            limit = workload.limit_for(ours)
            over = f"{ours.best / limit:.3g}" if limit else ""
            for peer in (s for s in workload.sides if s.role == PEER):
                lines.append(
                    f"{label:21}{ours.name[:16]:17}{amount(ours.median, unit):>9}  {peer.name[:24]:25}"
                    f"{amount(peer.median, unit):>9}{_ratio(peer.median / ours.median):>8}{over:>8}"
                )
                label = ""
    return lines


def as_json(workload, unit):
    base = [s for s in workload.sides if s.role == OURS][-1]
    return {
        "name": workload.name,
        "title": workload.title,
        "unit": unit,
        "sides": [
            {
                "name": s.name,
                "role": s.role,
                "threads": s.threads,
                "values": s.values,
                "median": s.median,
                "best": s.best,
                "spread": s.spread,
                "ratio": s.median / base.median,
                "ratio_of_best": s.best / base.best,
                "limit": workload.limit_for(s) if s.role == OURS else None,
            }
            for s in workload.sides
        ],
        "limits": {str(n): s for n, s in workload.limits().items()},
        "limit": workload.limit_text,
        "checks": [{"text": c.text, "value": c.value, "allowed": c.allowed, "ok": c.ok} for c in workload.checks],
        "notes": workload.all_notes(),
    }


def save_json(path, facts, rates, results):
    document = {
        "machine": facts,
        "rates": {k: {str(n): v for n, v in r.items()} for k, r in rates.items()},
        "workloads": [as_json(w, unit) for w, unit in results],
    }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
