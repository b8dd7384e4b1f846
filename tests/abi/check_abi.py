#!/usr/bin/env python3
"""The ABI gate: what leaves the library is what the headers say, what the map says and what Python binds, and nothing
of it changes by accident.

Usage: check_abi.py CHECK --source DIR --library libmlsd.so. Each check prints what is wrong and exits with 1. What
each check must find is in test_check_abi.py.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def must(*command):
    """The output of a command without which a check would look at nothing and pass."""
    code, out, err = run(*command)
    if code != 0 or not out.strip():
        sys.exit(f"{' '.join(command)}: exit code {code}: {err.strip() or 'no output'}")
    return out


def public_headers(source):
    paths = sorted((source / "include/mlsd").glob("*.h"))
    if not paths:
        sys.exit(f"no header in {source / 'include/mlsd'}")
    return paths


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


def header_functions(source):
    names = {}
    for path in public_headers(source):
        for match in re.finditer(r"MLSD_API\b[^;(]*?\b(mlsd_\w+)\s*\(", without_comments(path.read_text())):
            names[match.group(1)] = path
    return names


def map_functions(source):
    return set(re.findall(r"^\s+(mlsd_\w+);", (source / "lib/libmlsd.map").read_text(), re.M))


def python_signatures(source):
    text = (source / "bindings/python/mlsd/_signatures.py").read_text()
    return re.findall(r'^\s+"(mlsd_\w+)":', text, re.M)


def exported_functions(library):
    out = must("nm", "-D", "--defined-only", str(library))
    symbols = (line.split()[-1].split("@")[0] for line in out.splitlines())
    return {name for name in symbols if not re.fullmatch(r"MLSD_\d+\.\d+", name)}


def compare(name_a, a, name_b, b):
    problems = [f"{name} is in {name_a} but not in {name_b}" for name in sorted(a - b)]
    return problems + [f"{name} is in {name_b} but not in {name_a}" for name in sorted(b - a)]


def check_symbols(args):
    headers = set(header_functions(args.source))
    python = python_signatures(args.source)
    twice = sorted({name for name in python if python.count(name) > 1})
    return (
        [f"{name} stands in bindings/python/mlsd/_signatures.py more than once: the last one hides the others" for name in twice]
        + compare("the headers", headers, "lib/libmlsd.map", map_functions(args.source))
        + compare("the headers", headers, "the library", exported_functions(args.library))
        + compare("the headers", headers, "bindings/python/mlsd/_signatures.py", set(python))
    )


def check_baseline(args):
    """abidiff against the committed baseline, without suppressions. It is blind without debugging information."""
    sections = must("readelf", "-S", "-W", str(args.library))
    if ".debug_info" not in sections:
        return ["the library has no .debug_info: abidiff would see nothing"]
    baseline = args.source / "tests/abi/libmlsd.abi"
    if not baseline.is_file():
        return [f"there is no {baseline}: tests/abi/check_abi.py write-baseline makes it"]
    code, out, err = run(
        "abidiff", "--no-added-syms", "--drop-private-types", "--headers-dir2", str(args.source / "include"),
        str(baseline), str(args.library),
    )
    return [] if code == 0 else [f"abidiff says {code}:", out, err, "a change on purpose: tests/abi/check_abi.py write-baseline"]


def write_baseline(args):
    baseline = args.source / "tests/abi/libmlsd.abi"
    code, _, err = run(
        "abidw", "--short-locs", "--no-corpus-path", "--no-comp-dir-path", "--type-id-style", "hash",
        "--drop-private-types", "--headers-dir", str(args.source / "include"), "--out-file", str(baseline), str(args.library),
    )
    return [] if code == 0 else [err]


# A guest does not speak, does not die, and changes nothing of the process.
FORBIDDEN = re.compile(
    r"^(v?f?printf|puts|fputs|putchar|fputc|putc|fwrite|perror|psignal|stdout|stderr|stdin|abort|_?exit|_Exit|quick_exit"
    r"|atexit|on_exit|signal|sigaction|raise|setlocale|getenv|secure_getenv|setenv|putenv|unsetenv|__assert_fail|system"
    r"|popen|fork|chdir|umask|srand|rand|random|GOMP_\w+|omp_\w+|__printf_chk|__fprintf_chk|__vfprintf_chk)$"
)


# Their last bits depend on CPU and C library: lib/numeric/mathfun.h has our own. Exact ones (sqrt, fma, floor) may be.
TRANSCENDENTAL = re.compile(
    r"^_*(exp|exp2|exp10|expm1|log|log2|log10|log1p|pow|cbrt|sin|cos|sincos|tan|tanh|sinh|cosh|asin|acos|atan|atan2|asinh"
    r"|acosh|atanh|erf|erfc|lgamma|gamma|tgamma|hypot|j[01n]|y[01n])[fl]?(_r)?(_finite)?$"
)


def check_forbidden(args):
    out = must("nm", "-D", "--undefined-only", str(args.library))
    symbols = sorted({line.split()[-1].split("@")[0] for line in out.splitlines() if line.strip()})
    return [f"the library uses {name}" for name in symbols if FORBIDDEN.match(name) or TRANSCENDENTAL.match(name)]


# The thread's message, numerics and team, and the counted hold on OpenBLAS's threads. The rest is the compiler's.
STATE_ALLOWED = {"error_message", "team_of_thread", "thread_numerics", "hold_mutex", "n_holders", "threads_before"}
STATE_OF_COMPILER = re.compile(r"completed(\.\d+)?|__dso_handle|__TMC_END__|__cpu_\w+")


def check_state(args):
    """Data that can change is shared by every user of the process: there is none but what is named above."""
    table = must("objdump", "-t", str(args.library))
    if "error_message" not in table:
        return ["the library has no symbol table: nothing can be seen"]
    names = re.findall(r"\s\.(?:data|bss|tdata|tbss)\s+[0-9a-f]+\s+(?:\.hidden\s+)?(\S+)$", table, re.M)
    return [
        f"the library has data that can change: {name}"
        for name in names
        if name not in STATE_ALLOWED and not STATE_OF_COMPILER.fullmatch(name) and not name.startswith(".")
    ]


def check_headers(args):
    """Each header is installed and stands alone, as C99 and as C++11, pedantic."""
    headers = public_headers(args.source)
    installed = (args.source / "include/meson.build").read_text()
    problems = [f"{path.name} is not in include/meson.build" for path in headers if f"'mlsd/{path.name}'" not in installed]
    flags = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{args.source / 'include'}", "-fsyntax-only"]
    for path in headers:
        program = f'#include "mlsd/{path.name}"\nextern int not_empty;\n'
        for compiler, standard, suffix in (("cc", "-std=c99", ".c"), ("c++", "-std=c++11", ".cc")):
            with tempfile.NamedTemporaryFile("w", suffix=suffix) as file:
                file.write(program)
                file.flush()
                code, _, err = run(compiler, standard, *flags, file.name)
            if code != 0:
                problems += [f"{path.name} with {standard}:", err]
        text = without_comments(path.read_text())
        for include in re.findall(r"#include\s+(\S+)", text):
            if include not in ("<stddef.h>", "<stdint.h>") and not include.startswith('"mlsd/'):
                problems.append(f"{path.name} includes {include}")
        for word in ("bool", "long", "FILE", "inline", "union", "..."):
            if re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.])", text):
                problems.append(f"{path.name} uses {word}, which may not cross the boundary")
    return problems


def check_documented(args):
    """A comment stands before each function, or before the group it is in, and says since when."""
    problems = []
    for path in public_headers(args.source):
        blocks = re.split(r"\n\s*\n", path.read_text())
        for block in blocks:
            functions = re.findall(r"MLSD_API\b[^;(]*?\b(mlsd_\w+)\s*\(", without_comments(block))
            if not functions:
                continue
            comment = re.match(r"\s*/\*(.*?)\*/", block, re.S)
            if comment is None:
                problems.append(f"{path.name}: {functions[0]} has no comment")
            elif "Since " not in comment.group(1):
                problems.append(f"{path.name}: the comment of {functions[0]} does not say since when")
    return problems


def check_called(args):
    """Every function of the API is called by a test in C and walked by the out-of-memory test where it can fail."""
    tests = "\n".join(p.read_text() for p in (args.source / "tests").rglob("*.c"))
    return [
        f"{name} ({path.name}) is called by no test"
        for name, path in sorted(header_functions(args.source).items())
        if not re.search(rf"\b{name}\b", tests)
    ]


# A context is made by the walk itself; the others take libc's memory, which the walk cannot refuse.
NOT_WALKED = {"mlsd_error_set", "mlsd_status_at", "mlsd_build_info"}


def check_walked(args):
    """Every function that can fail is in a scenario whose allocations are failed one by one."""
    scenarios = "".join(path.read_text() for path in sorted((args.source / "tests/robust").glob("scenarios*.c")))
    support = (args.source / "tests/support" / name for name in set(re.findall(r'#include "(\w+\.h)"', scenarios)))
    scenarios += "".join(path.read_text() for path in support if path.exists())
    text = "".join(without_comments(p.read_text()) for p in sorted((args.source / "include/mlsd").glob("*.h")))
    names = re.findall(r"MLSD_API\s+mlsd_status\s+(mlsd_\w+)", text)
    return [
        f"{name} is in no scenario of tests/robust/scenarios*.c"
        for name in names
        if not name.startswith("mlsd_context_") and name not in NOT_WALKED and not re.search(rf"\b{name}\b", scenarios)
    ]


LAYERS = (
    "base numeric data split metric curve model validate slice online track experiment report distributed".split()
)
OWN_FILES = {"lib/registry.c"}
# Doors: what may be used in one folder (or file) only.
DOORS = (
    (re.compile(r"\b(malloc|calloc|realloc|free|strdup|strndup|posix_memalign|aligned_alloc)\s*\("), ("lib/base/memory.c",), "memory"),
    (re.compile(r"\b(cblas_\w+|LAPACKE_\w+|openblas_\w+)\s*\("), ("lib/numeric/",), "BLAS and LAPACK"),
    (
        re.compile(
            r"(?<!\w)(exp|exp2|expm1|log|log2|log10|log1p|pow|cbrt|sin|cos|tan|tanh|sinh|cosh|asin|acos|atan|atan2|erf|erfc"
            r"|lgamma|lgamma_r|tgamma|hypot)f?\s*\("
        ),
        (),
        "libm's transcendental functions",
    ),
    (re.compile(r"\b(qsort|rand|srand|random|strtod|atof|sscanf|strtok|localtime|gmtime|ctime|strerror)\s*\("), (), "a function that is not stable, not thread-safe or follows the locale"),
)


def library_files(source):
    paths = sorted(p for p in (source / "lib").rglob("*") if p.suffix in (".c", ".h"))
    if not paths:
        sys.exit(f"no source in {source / 'lib'}")
    return paths


def check_layers(args):
    """A folder includes only what stands above it in the list."""
    problems = []
    for path in library_files(args.source):
        name = path.relative_to(args.source).as_posix()
        if name in OWN_FILES:
            continue
        layer = path.relative_to(args.source / "lib").parts[0]
        if layer not in LAYERS:
            problems.append(f"{name} stands in no folder of the list")
            continue
        rank = LAYERS.index(layer)
        for include in re.findall(r'#include\s+"([^"]+)"', path.read_text()):
            folder = include.split("/")[0]
            if folder in LAYERS and LAYERS.index(folder) > rank:
                problems.append(f"{name} includes {include}, which stands below it")
            elif folder not in LAYERS and folder != "mlsd":
                problems.append(f"{name} includes {include}: write the folder")
    return problems


def check_exact(args):
    """What calls BLAS or LAPACK asks first whether numerics are exact, and has a kernel of our own for that case."""
    problems = []
    for path in sorted((args.source / "lib" / "numeric").glob("*.c")):
        text = without_comments(path.read_text())
        for name, body in re.findall(r"(\w+)\([^;{}]*\)\n\{\n(.*?)\n\}\n", text, re.S):
            call = re.search(r"\b(?:cblas|LAPACKE)_\w+", body)
            if call and "is_exact()" not in body[: call.start()]:
                problems.append(f"{path.name}: {name} calls {call[0]} without asking is_exact(): see lib/numeric/exact.h")
    return problems


def check_doors(args):
    problems = []
    for path in library_files(args.source):
        name = path.relative_to(args.source).as_posix()
        text = without_comments(path.read_text())
        text = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)
        for number, line in enumerate(text.splitlines(), 1):
            for pattern, allowed, what in DOORS:
                if pattern.search(line) and not any(name.startswith(a) for a in allowed):
                    problems.append(f"{name}:{number}: {what}: {line.strip()}")
    return problems


def check_house(args):
    """Files: unique names, no long ones, no open ends, no path of a machine."""
    problems = []
    # The owner of the tree is often not who tests it.
    out = must("git", "-c", "safe.directory=*", "-C", str(args.source), "ls-files")
    seen = {}
    for name in out.splitlines():
        path = args.source / name
        top = name.split("/")[0]
        if not re.fullmatch(r"meson\.build|meson_options\.txt|lib|include|tests|bench|bindings|docs|pkg|README\.md|LICENSE|\..*", top):
            problems.append(f"{name}: the top level does not hold such a thing")
        if path.suffix in (".c", ".h") and name.startswith(("lib/", "bindings/", "tests/", "bench/")):
            if path.name in seen:
                problems.append(f"{name} and {seen[path.name]} have the same name")
            seen[path.name] = name
        if path.suffix not in (".c", ".h", ".py", ".build", ".md") or not path.exists() or name.endswith("check_abi.py"):
            continue
        text = path.read_text(errors="replace")
        lines = text.count("\n")
        if path.suffix in (".c", ".py") and lines > 900:
            problems.append(f"{name} has {lines} lines: split it")
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text):
            problems.append(f"{name} has an open end")
        if re.search(r"(?<![\w.$}/])/(home|root|work)/", text):
            problems.append(f"{name} names a path of one machine")
    return problems


CHECKS = {
    "symbols": check_symbols,
    "baseline": check_baseline,
    "write-baseline": write_baseline,
    "forbidden": check_forbidden,
    "state": check_state,
    "headers": check_headers,
    "documented": check_documented,
    "called": check_called,
    "walked": check_walked,
    "layers": check_layers,
    "doors": check_doors,
    "exact": check_exact,
    "house": check_house,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("check", choices=CHECKS)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--library", type=pathlib.Path)
    args = parser.parse_args()
    problems = CHECKS[args.check](args)
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
