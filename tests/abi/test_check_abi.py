"""Each check of check_abi.py finds the fault it is there for, in a small tree made for it, and nothing in the tree without.

A check that cannot fail is a defect. CHECKS is compared with the cases here, so a new check needs a case.
"""

import argparse
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_abi

HEADER = """/* example.h - one function. */
#ifndef EXAMPLE_H
#define EXAMPLE_H
#include <stdint.h>
#define MLSD_API __attribute__((visibility("default")))
#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlsd_matrix {
    const void *data;
    int64_t rows;
} mlsd_matrix;

/* The number of rows. Since 0.1. */
MLSD_API int64_t mlsd_rows(const mlsd_matrix *matrix);

#ifdef __cplusplus
}
#endif
#endif
"""
SOURCE = """/* example.c - the function. */
#include "mlsd/example.h"
static _Thread_local char error_message[512];
int64_t mlsd_rows(const mlsd_matrix *matrix)
{
    return matrix->rows + error_message[0];
}
"""
TREE = {
    "include/mlsd/example.h": HEADER,
    "include/meson.build": "install_headers('mlsd/example.h')\n",
    "lib/base/example.c": SOURCE,
    "lib/libmlsd.map": "MLSD_0.1 {\n  global:\n    mlsd_rows;\n  local: *;\n};\n",
    "bindings/python/mlsd/_signatures.py": 'SIGNATURES = {\n    "mlsd_rows": (I64, [P]),\n}\n',
    "tests/unit/test_example.c": "/* test. */\nvoid use(void) { mlsd_rows(0); }\n",
    "tests/robust/scenarios.c": "/* walked. */\n",
    "README.md": "An example.\n",
}


def build(source):
    library = source / "libmlsd.so"
    subprocess.run(
        ["cc", "-std=c11", "-g", "-shared", "-fPIC", "-fvisibility=hidden", f"-I{source / 'include'}", f"-I{source / 'lib'}",
         f"-Wl,--version-script,{source / 'lib/libmlsd.map'}", *map(str, sorted((source / "lib").rglob("*.c"))), "-o", str(library)],
        check=True,
    )  # fmt: skip
    return argparse.Namespace(source=source, library=library)


def write(source, files):
    for name, text in files.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def tree(tmp_path):
    """The sound tree, with its baseline."""
    write(tmp_path, TREE)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    args = build(tmp_path)
    (tmp_path / "tests/abi").mkdir()
    assert check_abi.write_baseline(args) == []
    (tmp_path / ".gitignore").write_text("libmlsd.so\n")
    return tmp_path


def problems(source, check):
    args = build(source)
    subprocess.run(["git", "-C", str(source), "add", "-A"], check=True)
    return "\n".join(check_abi.CHECKS[check](args))


def in_header(old, new):
    assert old in HEADER
    return {"include/mlsd/example.h": HEADER.replace(old, new)}


def in_source(line):
    return {"lib/base/example.c": SOURCE.replace('"mlsd/example.h"\n', '"mlsd/example.h"\n' + line + "\n")}


DECLARED = "MLSD_API int64_t mlsd_rows(const mlsd_matrix *matrix);"
# (check, what is changed, what the check must say)
CASES = [
    ("symbols", in_header(DECLARED, DECLARED + "\nMLSD_API void mlsd_more(void);"), "mlsd_more is in the headers but not in"),
    ("symbols", {"lib/libmlsd.map": "MLSD_0.1 {\n  global:\n    mlsd_rows;\n    mlsd_old;\n  local: *;\n};\n"}, "mlsd_old is in lib/libmlsd.map"),
    ("symbols", {"lib/libmlsd.map": "MLSD_0.1 {\n  global:\n    *;\n};\n", **in_source("MLSD_API int leak(void);\nint leak(void) { return 1; }")},
     "leak is in the library"),
    ("symbols", {"bindings/python/mlsd/_signatures.py": "SIGNATURES = {\n}\n"}, "not in bindings/python"),
    ("baseline", in_header("int64_t rows;", "int64_t columns, rows;"), "abidiff says"),
    ("baseline", in_header("(const mlsd_matrix *matrix)", "(const mlsd_matrix *matrix, double base)")
     | {"lib/base/example.c": SOURCE.replace("*matrix)", "*matrix, double base)").replace("rows +", "rows + (int)base +")}, "abidiff says"),
    ("forbidden", in_source('#include <stdio.h>\nvoid speak(void);\nvoid speak(void) { puts("hello"); }'), "uses puts"),
    ("forbidden", in_source("#include <stdlib.h>\nvoid die(void);\nvoid die(void) { exit(1); }"), "uses exit"),
    ("forbidden", in_source('#include <stdlib.h>\nconst char *look(void);\nconst char *look(void) { return getenv("X"); }'), "uses getenv"),
    ("forbidden", in_source("double exp(double);\ndouble grow(double);\ndouble grow(double x) { return exp(x); }"), "uses exp"),
    ("state", in_source("int counter;\nint next(void);\nint next(void) { return ++counter; }"), "can change: counter"),
    ("state", in_source("int next(void);\nint next(void) { static int calls = 7; return ++calls; }"), "can change: calls"),
    ("headers", in_header("#include <stdint.h>\n", "") | {"lib/base/example.c": "#include <stdint.h>\n" + SOURCE}, "with -std=c99"),
    ("headers", in_header("*matrix);", "*class);"), "with -std=c++11"),
    ("headers", in_header("#include <stdint.h>", "#include <stdint.h>\n#include <stdio.h>"), "includes <stdio.h>"),
    ("headers", in_header("MLSD_API int64_t mlsd_rows", "MLSD_API long mlsd_rows")
     | {"lib/base/example.c": SOURCE.replace("int64_t mlsd_rows", "long mlsd_rows")}, "uses long"),
    ("headers", {"include/meson.build": "install_headers()\n"}, "example.h is not in include/meson.build"),
    ("documented", in_header("/* The number of rows. Since 0.1. */", ""), "mlsd_rows has no comment"),
    ("documented", in_header(" Since 0.1.", ""), "does not say since when"),
    ("called", {"tests/unit/test_example.c": "/* nothing. */\n"}, "mlsd_rows (example.h) is called by no test"),
    ("walked", in_header(DECLARED, DECLARED + "\nMLSD_API mlsd_status mlsd_more(void);")
     | {"lib/base/example.c": "#include <stdint.h>\ntypedef int32_t mlsd_status;\n" + SOURCE}, "mlsd_more is in no scenario"),
    ("layers", in_source('#include "numeric/sum.h"') | {"lib/numeric/sum.h": "/* sum. */\n"}, "stands below it"),
    ("layers", in_source('#include "near.h"') | {"lib/base/near.h": "/* near. */\n"}, "write the folder"),
    ("layers", {"lib/extra/other.c": "/* other. */\nint other;\n"}, "stands in no folder"),
    ("doors", in_source("#include <stdlib.h>\nvoid *take(void);\nvoid *take(void) { return malloc(8); }"), "example.c:5: memory"),
    ("doors", in_source("#include <math.h>\ndouble e(double);\ndouble e(double x) { return exp(x); }"), "transcendental"),
    ("doors", in_source("int cblas_f(int);\nint g(void);\nint g(void) { return cblas_f(1); }\nint cblas_f(int x) { return x; }"), "BLAS"),
    ("exact", {"lib/numeric/blas.c": "/* blas. */\nvoid f(int n)\n{\n    g(n);\n    cblas_f(n);\n    is_exact();\n}\n"}, "f calls cblas_f"),
    ("doors", in_source('#include <stdlib.h>\ndouble r(void);\ndouble r(void) { return strtod("1", 0); }'), "follows the locale"),
    ("house", {"notes.txt": "x\n"}, "notes.txt: the top level"),
    ("house", {"lib/numeric/example.c": "/* twice. */\n"}, "have the same name"),
    ("house", {"README.md": "TO" + "DO: write.\n"}, "has an open end"),
    ("house", {"README.md": "See /" + "home/me/notes.\n"}, "names a path of one machine"),
    ("house", {"bindings/python/mlsd/long.py": "x = 1\n" * 901}, "split it"),
]  # fmt: skip


@pytest.mark.parametrize("check", sorted(set(check_abi.CHECKS) - {"write-baseline"}))
def test_sound_tree_passes(tree, check):
    assert problems(tree, check) == ""


@pytest.mark.parametrize("check, change, said", CASES, ids=[f"{c[0]}-{c[2][:30]}" for c in CASES])
def test_fault_is_found(tree, check, change, said):
    write(tree, change)
    assert said in problems(tree, check)


def test_every_check_has_a_fault():
    assert {c[0] for c in CASES} == set(check_abi.CHECKS) - {"write-baseline"}


def test_baseline_of_stripped_library_fails(tree):
    args = build(tree)
    subprocess.run(["strip", str(args.library)], check=True)
    assert "no .debug_info" in "\n".join(check_abi.check_baseline(args))
    assert "no symbol table" in "\n".join(check_abi.check_state(args))


def test_added_function_keeps_the_baseline(tree):
    write(tree, in_header(DECLARED, DECLARED + "\n/* New. Since 0.2. */\nMLSD_API int64_t mlsd_new(void);"))
    write(tree, {"lib/base/more.c": '#include "mlsd/example.h"\nint64_t mlsd_new(void) { return 1; }\n'})
    write(tree, {"lib/libmlsd.map": TREE["lib/libmlsd.map"] + "MLSD_0.2 {\n  global:\n    mlsd_new;\n} MLSD_0.1;\n"})
    assert problems(tree, "baseline") == ""


def test_private_type_may_change(tree):
    files = {
        "lib/base/inner.h": "/* inner. */\nstruct mlsd_inner { int64_t a; };\n",
        **in_header(DECLARED, DECLARED + "\n/* New. Since 0.1. */\nMLSD_API int64_t mlsd_a(const struct mlsd_inner *inner);"),
        "lib/base/more.c": '#include <stdint.h>\n#include "base/inner.h"\n#include "mlsd/example.h"\n'
        "int64_t mlsd_a(const struct mlsd_inner *inner) { return inner->a; }\n",
        "lib/libmlsd.map": TREE["lib/libmlsd.map"].replace("mlsd_rows;", "mlsd_a;\n    mlsd_rows;"),
    }
    files["include/mlsd/example.h"] = files["include/mlsd/example.h"].replace("typedef struct", "struct mlsd_inner;\ntypedef struct")
    write(tree, files)
    assert check_abi.write_baseline(build(tree)) == []
    write(tree, {"lib/base/inner.h": "/* inner. */\nstruct mlsd_inner { int64_t b, a; };\n"})
    assert problems(tree, "baseline") == ""


@pytest.mark.parametrize("check", ["symbols", "forbidden", "state", "baseline"])
def test_missing_library_is_no_success(tree, check):
    args = argparse.Namespace(source=tree, library=tree / "absent.so")
    with pytest.raises((SystemExit, AssertionError)):
        assert not check_abi.CHECKS[check](args)


@pytest.mark.parametrize("check", ["headers", "documented", "layers", "doors", "house"])
def test_empty_tree_is_no_success(tmp_path, check):
    with pytest.raises(SystemExit):
        check_abi.CHECKS[check](argparse.Namespace(source=tmp_path, library=None))
