#!/usr/bin/python3
"""Time mlsd beside scikit-learn, pandas and data.table in one run, and print ratios.

    /usr/bin/python3 bench/run.py [--quick] [--only NAME ...] [--library PATH] [--json FILE]

Both sides do the same work in turns, and a check says that they did. Ratios are peer / mlsd: above 1, mlsd is faster or
smaller. Exit status: 0, 1 when some check failed, 2 for wrong arguments, 77 when a peer is not installed.
"""

import argparse
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
NEEDED = ("numpy", "sklearn", "pandas", "threadpoolctl")


class Bench:
    """What workloads need to know: how large, where, and how fast the machine is."""

    def __init__(self, args, library, folder, limits, peer_threads):
        self.smoke, self.quick = args.smoke, args.quick
        self.package, self.library = str(args.package), library
        self.programs = str(args.programs or pathlib.Path(library).resolve().parent.parent / "bench")
        self.folder, self.limits, self.peer_threads = folder, limits, peer_threads

    def size(self, full, quick, smoke):
        return smoke if self.smoke else quick if self.quick else full


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller sizes: about two minutes instead of nine")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, once: are both sides' results equal?")
    parser.add_argument("--only", action="append", metavar="NAME", help="run this workload (may be repeated)")
    parser.add_argument("--list", action="store_true", help="print the names of the workloads")
    parser.add_argument("--library", metavar="PATH", help="libmlsd.so to measure, instead of MLSD_LIBRARY or a build tree")
    parser.add_argument("--package", metavar="DIR", default=HERE.parent / "bindings" / "python", help="where mlsd's Python package lies")
    parser.add_argument("--programs", metavar="DIR", help="where bench_predict lies, instead of bench/ of the library's build tree")
    parser.add_argument("--json", metavar="FILE", help="write everything that was measured to FILE")
    return parser.parse_args(argv)


def require_peers():
    import importlib.util

    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f"bench: {sys.executable} has no {', '.join(missing)}; run Debian's /usr/bin/python3 after "
            "apt-get install python3-sklearn python3-pandas",
            file=sys.stderr,
        )
        sys.exit(77)


def workloads():
    import bench_workloads_calls
    import bench_workloads_csv
    import bench_workloads_exact
    import bench_workloads_folds
    import bench_workloads_groups
    import bench_workloads_intervals
    import bench_workloads_lasso
    import bench_workloads_least_squares
    import bench_workloads_logistic
    import bench_workloads_metrics
    import bench_workloads_mlp
    import bench_workloads_models
    import bench_workloads_neighbors
    import bench_workloads_projection
    import bench_workloads_search
    import bench_workloads_slices
    import bench_workloads_splits
    import bench_workloads_validate

    made = {}
    modules = (
        bench_workloads_models,
        bench_workloads_least_squares,
        bench_workloads_lasso,
        bench_workloads_neighbors,
        bench_workloads_projection,
        bench_workloads_logistic,
        bench_workloads_mlp,
        bench_workloads_search,
        bench_workloads_slices,
        bench_workloads_splits,
        bench_workloads_folds,
        bench_workloads_groups,
        bench_workloads_intervals,
        bench_workloads_validate,
        bench_workloads_csv,
        bench_workloads_exact,
        bench_workloads_metrics,
        bench_workloads_calls,
    )
    for module in modules:
        made.update(module.WORKLOADS)
    return made, {**bench_workloads_calls.UNITS, **bench_workloads_validate.UNITS}


def chosen(args, made):
    for name in args.only or ():
        if name not in made:
            print(f"bench: no workload {name!r}; there are {', '.join(made)}", file=sys.stderr)
            sys.exit(2)
    if args.smoke:  # the same code as memory_import, and seconds of starting processes
        made = [name for name in made if name == "memory_import" or not name.startswith("memory_")]
    if args.smoke or args.quick:
        made = [name for name in made if not name.endswith("_1e7")]
    return [name for name in made if not args.only or name in args.only]


def print_machine(facts):
    from bench_harness import say

    build = facts["mlsd"]
    peers = ", ".join(f"{name} {version}" for name, version in facts["peers"].items())
    say(f"cpu: {facts['cpu']}; {facts['allowed_cpus']} allowed, load {facts['load_before']}")
    say(f"mlsd: {build['version']}, {build['compiler']}")
    say(f"peers: {peers}; {facts['peer_threads']}")
    say("ratio: how many times as long (or as large) as the last side of mlsd; spread: half the quartiles' distance")


def print_rates(rates):
    from bench_harness import say

    parts = [f"{kind} {rates[kind][1] / 1e9:.3g} and {rates[kind][2] / 1e9:.3g} GFLOP/s" for kind in ("dgemm", "sgemm")]
    parts += (f"{kind} {rates[kind][1] / 1e9:.3g} and {rates[kind][2] / 1e9:.3g} GB/s" for kind in ("read", "write"))
    say(f"limits on 1 and 2 threads, the best seen: {', '.join(parts)}")


def main(argv=None):
    args = parse(argv)
    require_peers()
    made, units = workloads()
    if args.list:
        print("\n".join(made))
        return 0
    names = chosen(args, made)
    if args.library:
        os.environ["MLSD_LIBRARY"] = os.path.abspath(args.library)
    sys.path.insert(0, str(args.package))
    import mlsd
    import sklearn.linear_model  # loads the BLAS and OpenMP that threads are told of
    from bench_harness import PAUSE_SECONDS, Limits, machine, print_workload, save_json, summary_lines
    from threadpoolctl import threadpool_info

    facts, limits = machine(mlsd), Limits()
    blas = max((i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"), default=1)
    print_machine(facts)
    results = []
    with tempfile.TemporaryDirectory(prefix="mlsd-bench-") as folder:
        bench = Bench(args, mlsd.library_path, folder, limits, f"{blas} BLAS threads")
        for name in names:
            workload = made[name](bench)
            if args.smoke:
                workload.limits = dict  # means nothing for tiny sizes
            else:
                limits.measure()
            workload.run(mlsd.set_threads, 0 if args.smoke else PAUSE_SECONDS)
            if workload.limits():
                limits.measure()
            results.append((workload, units.get(name, "s")))
            print_workload(*results[-1])
    print("\nratio: peer / ours\n" + "\n".join(summary_lines(results)))
    facts["load_after"] = round(os.getloadavg()[0], 2)
    if not args.smoke:
        print_rates(limits.rates)
        print(f"load {facts['load_before']} before, {facts['load_after']} after: others' work, and some of our own")
    if args.json:
        save_json(args.json, facts, limits.rates, results)
    failed = [w.name for w, _ in results if not all(check.ok for check in w.checks)]
    if failed:
        print(f"bench: not equal to the peer: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
