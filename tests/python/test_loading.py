"""Where the library is looked for, in which order; what is said when it does not fit; and what an import costs.

Each test builds a tree of its own with the package, and stand-ins for the library made by the C compiler.
"""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import mlsd

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
PACKAGE = pathlib.Path(mlsd.__file__).parent
REAL = pathlib.Path(mlsd.library_path).resolve()


@pytest.fixture
def tree(tmp_path):
    """A checkout with the package in it, and no library."""
    shutil.copytree(PACKAGE, tmp_path / "checkout/bindings/python/mlsd", ignore=shutil.ignore_patterns("*.pyc", "__pycache__"))
    (tmp_path / "checkout/meson.build").write_text("project('mlsd', 'c')\n")
    return tmp_path / "checkout"


def load(tree, code="print(mlsd.library_path)", **environment):
    """(status, output, last line of the errors) of a process that imports the tree's package."""
    plain = {k: v for k, v in os.environ.items() if k not in ("MLSD_LIBRARY", "LD_LIBRARY_PATH")}
    plain.update(PYTHONPATH=str(tree / "bindings/python"), PYTHONDONTWRITEBYTECODE="1", **environment)
    done = subprocess.run(
        [sys.executable, "-c", f"import mlsd\n{code}"], env=plain, capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def put(path, target=REAL):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return path


def fake(path, version):
    """A library that only knows its version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    source = path.with_suffix(".c")
    body = f'const char *mlsd_version_string(void) {{ return "{version}"; }}' if version else "int other;"
    source.write_text(body + "\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(path), str(source)], check=True)
    return path


def test_loading__the_order_of_the_places(tree, tmp_path):
    system = put(tmp_path / "system/libmlsd.so.0")
    build = put(tree / "build/lib/libmlsd.so.0")
    packaged = put(tree / "bindings/python/mlsd/libmlsd.so.0")
    explicit = put(tmp_path / "elsewhere/any-name.so")
    given = {"LD_LIBRARY_PATH": str(system.parent)}

    assert load(tree, MLSD_LIBRARY=str(explicit), **given)[1] == str(explicit)
    assert load(tree, **given)[1] == str(packaged)
    packaged.unlink()
    assert load(tree, **given)[1] == str(build)
    build.unlink()
    assert load(tree, **given)[1] == "libmlsd.so.0"


def test_loading__a_packaged_folder_of_libraries(tree):
    packaged = put(tree / "bindings/python/mlsd/libs/libmlsd.so.0")
    put(tree / "build/lib/libmlsd.so.0")
    assert load(tree)[1] == str(packaged)


def test_loading__builds_are_only_looked_for_beside_a_checkout(tree):
    put(tree / "build-debug/lib/libmlsd.so.0")
    assert load(tree)[0] == 0
    (tree / "meson.build").unlink()
    status, _, err = load(tree)
    assert status == 1 and "build-debug" not in err


def test_loading__what_was_explicitly_named_is_not_replaced(tree, tmp_path):
    put(tree / "build/lib/libmlsd.so.0")
    status, _, err = load(tree, MLSD_LIBRARY=str(tmp_path / "missing.so"))
    assert status == 1 and err.splitlines()[-1].strip().startswith(f"{tmp_path / 'missing.so'}:")
    assert "ImportError: libmlsd was not found; set MLSD_LIBRARY" in err


def test_loading__nothing_found_lists_what_was_tried(tree):
    (tree / "build/lib").mkdir(parents=True)
    (tree / "build/lib/libmlsd.so.0").write_text("not a library")
    status, _, err = load(tree)
    if status == 0:
        pytest.skip("this system has an installed libmlsd")
    tried = err.split("Tried:\n")[1].splitlines()
    assert [line.split(":")[0].strip() for line in tried] == [str(tree / "build/lib/libmlsd.so.0"), "libmlsd.so.0"]


@pytest.mark.parametrize("version, words", [("0.0.9", "is libmlsd 0.0.9, but"), ("1.0.0", "is libmlsd 1.0.0, but"), (None, "is not libmlsd"),
                                            ("0.1.0", "lacks a function"), ("0.2.0", "lacks a function")])
def test_loading__a_library_that_does_not_fit_is_named(tree, tmp_path, version, words):
    path = fake(tmp_path / "odd/libmlsd.so.0", version)
    status, _, err = load(tree, MLSD_LIBRARY=str(path))
    last = err.splitlines()[-1]
    assert status == 1 and last.startswith(f"ImportError: {path} ") and words in last


def test_loading__the_version_is_the_headers(source):
    header = (source / "include/mlsd/version.h").read_text()
    assert f'"{mlsd.__version__}"' in header
    assert mlsd.build_info()["version"] == mlsd.__version__


def test_loading__import_needs_no_numpy_and_little_time(tree):
    put(tree / "build/lib/libmlsd.so.0")
    code = "import sys; print(*sorted(set(sys.modules) & {'numpy', 'pandas', 'sklearn', 'inspect', 'ctypes.util', 'logging', 'subprocess'}))"
    assert load(tree, code) == (0, "", "")
    code = "import mlsd.linear_model, mlsd.model_selection, mlsd.pipeline, sys; print('numpy' in sys.modules)"
    assert load(tree, code) == (0, "False", "")
    timed = "import time, ctypes; b = time.process_time(); import mlsd; a = time.process_time() - b; print(a)"
    seconds = []
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True,
                              env={**os.environ, "PYTHONPATH": str(PACKAGE.parent), "MLSD_LIBRARY": str(REAL)})
        seconds.append(float(done.stdout))
    assert min(seconds) < 0.1, seconds
    print(f"import mlsd: {min(seconds):.3f} s")


def test_loading__modules_come_when_first_used(tree):
    put(tree / "build/lib/libmlsd.so.0")
    assert load(tree, "print(mlsd.linear_model.Ridge(alpha=2.0))")[1] == "Ridge(alpha=2.0)"
    status, _, err = load(tree, "mlsd.linear_modl")
    assert status == 1 and "module 'mlsd' has no attribute 'linear_modl'" in err
    names = dir(mlsd)
    assert "linear_model" in names and "run" in names and not any(n.startswith("_") and n != "__version__" for n in names)
    for name in mlsd.__all__:
        assert hasattr(mlsd, name)


def test_loading__every_public_thing_is_documented():
    import importlib
    import inspect

    modules = [mlsd, *(importlib.import_module(f"mlsd.{name}") for name in mlsd._MODULES)]
    for module in modules:
        for name in module.__all__:
            thing = getattr(module, name)
            if name == "__version__":
                continue
            assert inspect.getdoc(thing), f"{module.__name__}.{name}"
            for member in vars(thing) if inspect.isclass(thing) else ():
                method = getattr(thing, member)
                if inspect.isfunction(method) and not member.startswith("_"):
                    assert inspect.getdoc(method), f"{name}.{member}"
