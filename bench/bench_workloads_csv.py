"""Reading a numeric CSV file from the page cache: mlsd beside pandas' C reader and data.table's fread.

The file is one block of random rows written again and again, so that every value can be checked: the block must be what
pandas reads with exact conversion, and each repetition must be the block. pandas' default conversion, which is the one
that is timed, is off by a last bit here and there.
"""

import os
import shutil
import subprocess

import numpy as np

from bench_harness import PEER, Check, Measured, Side, Workload, best_of, in_threads
from bench_workloads_models import ours

N_REAL, N_WHOLE = 15, 5
BYTES_IN_ROW = 170

R_SCRIPT = """
suppressMessages(library(data.table))
arguments <- commandArgs(TRUE)
setDTthreads(as.integer(arguments[2]))
start <- proc.time()[["elapsed"]]
d <- fread(arguments[1], showProgress = FALSE)
seconds <- proc.time()[["elapsed"]] - start
cat(sprintf("%.17g", c(seconds, nrow(d), colSums(d))))
"""


def write_file(path, n_bytes, block_bytes):
    """Header, then copies of one block. Returns rows in the block and copies."""
    n_rows = max(1, block_bytes // BYTES_IN_ROW)
    rng = np.random.default_rng(5)
    real = rng.standard_normal((n_rows, N_REAL)) * 10.0 ** rng.integers(-2, 4, N_REAL)
    whole = rng.integers(0, 1_000_000, (n_rows, N_WHOLE))
    line = ",".join(["%.6g"] * N_REAL + ["%d"] * N_WHOLE)
    block = "".join(line % (*a, *b) + "\n" for a, b in zip(real.tolist(), whole.tolist())).encode()
    n_copies = max(2, round(n_bytes / len(block)))
    with open(path, "wb") as file:
        file.write(",".join(f"c{i}" for i in range(N_REAL + N_WHOLE)).encode() + b"\n")
        for _ in range(n_copies):
            file.write(block)
    return n_rows, n_copies


def read_seconds(path, n_threads, repeats):
    """Seconds to read all bytes from the page cache into a buffer that fits the caches."""
    size, step = os.path.getsize(path), 1 << 18
    share = -(-size // n_threads)

    def read(i):
        buffer = bytearray(step)
        for offset in range(i * share, min(size, (i + 1) * share), step):
            os.preadv(descriptor, [buffer], offset)

    descriptor = os.open(path, os.O_RDONLY)
    try:
        return best_of(lambda: in_threads(n_threads, read), repeats)
    finally:
        os.close(descriptor)


def has_fread():
    if shutil.which("Rscript") is None:
        return False
    command = ["Rscript", "-e", 'quit(status = !requireNamespace("data.table", quietly = TRUE))']
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _fread(script, path, n_threads):
    def call():
        command = ["Rscript", script, path, str(n_threads)]
        numbers = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        return Measured(float(numbers[0]), [float(v) for v in numbers[1:]])

    return call


def _check(path, n_rows, n_copies):
    import pandas

    exact = pandas.read_csv(path, nrows=n_rows, float_precision="round_trip")

    def check(out):
        table = out["mlsd 2"].to_dict()
        wrong = 0
        for name in exact.columns:
            values = np.asarray(table[name]).reshape(n_copies, n_rows)
            wrong += int(np.count_nonzero(values != exact[name].to_numpy()))
        yield Check("values that are not the nearest double, of all", wrong, 0)
        sums = np.array([np.sum(table[name]) for name in exact.columns])
        sizes = np.array([np.sum(np.abs(table[name])) for name in exact.columns])
        theirs = out["pandas"].sum().to_numpy()
        yield Check("column sums beside pandas, share", np.max(np.abs(sums - theirs) / sizes), 1e-12)
        if "fread" in out:
            yield Check("rows beside fread, difference", abs(n_rows * n_copies - out["fread"][0]), 0)
            yield Check("column sums beside fread, share", np.max(np.abs(sums - out["fread"][1:]) / sizes), 1e-12)

    return check


def csv_read(bench):
    import mlsd
    import pandas

    path = os.path.join(bench.folder, "numeric.csv")
    n_rows, n_copies = write_file(path, *bench.size((500 << 20, 20 << 20), (50 << 20, 10 << 20), (200_000, 50_000)))
    size = os.path.getsize(path)
    sides = ours(lambda: mlsd.read_csv(path))
    sides.append(Side("pandas C reader", PEER, lambda: pandas.read_csv(path), "1 thread", key="pandas"))
    notes = []
    if not bench.smoke and has_fread():
        script = os.path.join(bench.folder, "fread.R")
        with open(script, "w", encoding="utf-8") as file:
            file.write(R_SCRIPT)
        sides.append(Side("data.table fread", PEER, _fread(script, path, 2), "2 threads", key="fread"))
    else:
        notes.append("fread is not run: small sizes, or no R with data.table (apt-get install r-cran-data.table)")
    floor = {n: read_seconds(path, n, bench.size(3, 3, 1)) for n in (1, 2)}
    fields = (N_REAL + N_WHOLE) * n_rows * n_copies
    return Workload(
        "csv_read",
        f"{size / 1e6:.0f} MB, {n_rows * n_copies:,} x {N_REAL + N_WHOLE} numbers, {fields / 1e6:.1f} million fields",
        sides,
        _check(path, n_rows, n_copies),
        lambda: floor,
        "reading the file's bytes from the page cache",
        bench.size(5, 5, 1),
        notes,
    )


WORKLOADS = {"csv_read": csv_read}
