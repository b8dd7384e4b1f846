"""The golden table in every setting that must not change it: compilers and optimisation, hidden instruction sets,
other processors under qemu, another architecture.

    settings.py [--only WORD]     from the top of the source tree, after `pkg/install test`; builds in build-golden/

A line for each setting: "ok", "FAIL" with the rows that differ, or "SKIP" with what is missing here. The exit code is 0
without a FAIL. Each setting says which kernels it must have got, so that one that did not bite is a failure too.
"""
import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import platform
import shutil
import subprocess
import sys

from check_golden import differences, rows_of

TOP = pathlib.Path(__file__).resolve().parents[2]
HERE = TOP / "tests/golden"
ROOM = TOP / "build-golden"
ARM_ROOT = ROOM / "arm64/root"
ARM_LIBRARIES = ARM_ROOT / "usr/lib/aarch64-linux-gnu"
ARM_PACKAGES = (
    "libopenblas0-pthread libopenblas-pthread-dev liblapacke liblapacke-dev libtmglib3 libgfortran5 libjansson4 libjansson-dev libxxhash0 libxxhash-dev"
).split()
IS_X86 = platform.machine() == "x86_64"
HIDDEN = "glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX,-FMA,-FMA4"


class Unavailable(Exception):
    """What a setting needs cannot be had on this machine."""


class Failure(Exception):
    pass


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", **options)
    if done.returncode != 0:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        said = "\n".join(line for line in lines if "TCG doesn't support" not in line)[-3000:]
        raise Failure(f"{' '.join(map(str, command))[:300]} ended with {done.returncode}: {said}")
    return done.stdout


@dataclasses.dataclass(frozen=True)
class Build:
    """A library and the golden program, made by one compiler with one set of options."""

    name: str
    compiler: str = "gcc"
    options: tuple = ()
    flags: tuple = ()
    is_arm: bool = False

    @property
    def directory(self):
        return ROOM / self.name

    @property
    def program(self):
        return self.directory / "golden"

    def make(self):
        if shutil.which(self.compiler) is None:
            raise Unavailable(f"no {self.compiler}")
        arguments = ["-Dtests=false", "-Ddebug=false", *self.options]
        if self.is_arm:
            arguments += ["--cross-file", str(arm_cross_file())]
        if not (self.directory / "build.ninja").exists():
            shutil.rmtree(self.directory, ignore_errors=True)
            run("meson", "setup", self.directory, *arguments, cwd=TOP, env=os.environ | {"CC": self.compiler})
        run("meson", "compile", "-C", self.directory, "lib/mlsd:shared_library")
        sources = sorted(HERE.glob("*.c"))
        run(self.compiler, "-std=gnu11", "-ffp-contract=off", *self.flags, f"-I{TOP / 'include'}", *sources, "-o", self.program,
            f"-L{self.directory / 'lib'}", "-lmlsd", "-Wl,--allow-shlib-undefined")  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Setting:
    name: str
    build: Build
    prefix: tuple = ()
    variables: tuple = ()
    kernels: str = ""  # what must have computed; "" for whatever is best here

    def check(self, expected):
        """The setting's line, without "ok"."""
        if self.prefix and shutil.which(self.prefix[0]) is None:
            raise Unavailable(f"no {self.prefix[0]}")
        paths = [self.build.directory / "lib"]
        if self.build.is_arm:
            paths += [ARM_LIBRARIES / "openblas-pthread", ARM_LIBRARIES]
        path = ":".join(map(str, paths))
        command = [*self.prefix, self.build.program, HERE / "specs.txt"]
        variables = os.environ | dict(self.variables)
        if self.build.is_arm:  # qemu itself is none of the guest's
            command[1:1] = ["-L", "/usr/aarch64-linux-gnu", "-E", f"LD_LIBRARY_PATH={path}"]
        else:
            variables["LD_LIBRARY_PATH"] = path
        out = run(*map(str, command), env=variables)
        kernels = out.splitlines()[0].removeprefix("# kernels ")
        if self.kernels not in ("", kernels):
            raise Failure(f"computed with the kernels for {kernels}, not {self.kernels}: the setting does not bite")
        found = rows_of(out)
        problems = differences(expected, found)
        if problems:
            raise Failure("\n".join(problems))
        return f"{self.name}: {len(found)} rows agree, {kernels} kernels"


def arm_packages(directory):
    """Debian's libraries for arm64, unpacked beside the system: apt with lists and a status of its own."""
    for name in ("lists/partial", "archives/partial", "debs"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    (directory / "status").write_text("")
    configuration = directory / "apt.conf"
    configuration.write_text(
        f'Dir::State "{directory}";\nDir::State::lists "{directory}/lists";\nDir::State::status "{directory}/status";\n'
        f'Dir::Cache "{directory}";\nAPT::Architecture "arm64";\nAPT::Architectures {{ "arm64"; }};\n'
        'Acquire::Languages "none";\nAPT::Sandbox::User "root";\n'
    )
    environment = os.environ | {"APT_CONFIG": str(configuration)}
    run("apt-get", "update", "-qq", env=environment)
    run("apt-get", "download", "-qq", *ARM_PACKAGES, cwd=directory / "debs", env=environment)
    for package in sorted((directory / "debs").glob("*.deb")):
        run("dpkg", "-x", package, directory / "root")
    pkgconfig = directory / "root/usr/lib/aarch64-linux-gnu/openblas-pthread/pkgconfig"
    for name in ("blas", "lapack"):  # Debian's alternatives would make these
        (pkgconfig / f"{name}.pc").symlink_to(f"{name}-openblas.pc")


def arm_cross_file():
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise Unavailable("no apt-get and dpkg, so no libraries for arm64")
    if not pathlib.Path("/usr/aarch64-linux-gnu/lib/libc.so.6").exists():
        raise Unavailable("no C library for arm64 (libc6-arm64-cross)")
    marker = ROOM / "arm64/unpacked"
    if not marker.exists():
        shutil.rmtree(ROOM / "arm64", ignore_errors=True)
        try:
            arm_packages(ROOM / "arm64")
        except Failure as failure:
            raise Unavailable(f"libraries for arm64 cannot be had: {failure}") from failure
        marker.write_text("")
    usr = ARM_ROOT / "usr"
    blas = ARM_LIBRARIES / "openblas-pthread"
    path = ROOM / "arm64/cross.ini"
    path.write_text(
        "[binaries]\n"
        + "".join(f"{n} = 'aarch64-linux-gnu-{n2}'\n" for n, n2 in (("c", "gcc"), ("ar", "ar"), ("strip", "strip")))
        + "pkgconfig = 'pkg-config'\n"
        f"[properties]\nsys_root = '{ARM_ROOT}'\npkg_config_libdir = ['{ARM_LIBRARIES}/pkgconfig', '{blas}/pkgconfig']\n"
        f"[built-in options]\nc_args = ['-I{usr}/include', '-I{usr}/include/aarch64-linux-gnu']\n"
        f"c_link_args = ['-Wl,-rpath-link,{ARM_LIBRARIES}', '-Wl,-rpath-link,{blas}']\n"
        "[host_machine]\nsystem = 'linux'\ncpu_family = 'aarch64'\ncpu = 'aarch64'\nendian = 'little'\n"
    )
    return path


def settings():
    plain = Build("gcc-O2", "gcc", ("-Doptimization=2",), ("-O2",))
    yield Setting("gcc -O2", plain)
    yield Setting("gcc -O2, instruction sets hidden from the C library", plain, variables=(("GLIBC_TUNABLES", HIDDEN),))
    if IS_X86:
        for core in ("Prescott", "Haswell"):
            yield Setting(f"gcc -O2, OpenBLAS as for {core}", plain, variables=(("OPENBLAS_CORETYPE", core),))
        models = (("Nehalem", "sse2"), ("Opteron_G5", "sse2"), ("Haswell", "avx2"), ("EPYC", "avx2"), ("max", "avx2"))
        for model, kernels in models:
            yield Setting(f"qemu-x86_64 -cpu {model}", plain, ("qemu-x86_64", "-cpu", model), kernels=kernels)
        arm = Build("aarch64", "aarch64-linux-gnu-gcc", ("-Doptimization=3",), ("-O3",), is_arm=True)
        for model in ("cortex-a53", "max"):
            yield Setting(f"qemu-aarch64 -cpu {model}", arm, ("qemu-aarch64", "-cpu", model), kernels="neon")
    for compiler in ("gcc", "clang"):
        for name, level, flags in (("O0", 0, ()), ("O2", 2, ()), ("O3-native", 3, ("-march=native",))):
            if (compiler, name) == ("gcc", "O2"):
                continue
            options = (f"-Doptimization={level}", f"-Dc_args={' '.join(flags)}")
            build = Build(f"{compiler}-{name}", compiler, options, (f"-O{level}", *flags))
            yield Setting(" ".join((compiler, f"-O{level}", *flags)), build)


def outcome_of(setting, expected):
    try:
        return "ok", setting.check(expected)
    except Unavailable as reason:
        return "SKIP", f"{setting.name}: {reason}"
    except Failure as failure:
        return "FAIL", f"{setting.name}: {failure}"


def say(waiting, wait):
    """Print and drop outcomes from the front, in order; the number that failed."""
    failed = 0
    while waiting and (wait or waiting[0].done()):
        word, text = waiting.pop(0).result()
        failed += word == "FAIL"
        print(f"{word:<5} {text}", flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="settings whose name holds this")
    arguments = parser.parse_args()
    expected = rows_of((HERE / "table.txt").read_text())
    chosen = [s for s in settings() if arguments.only in s.name]
    if not chosen:
        sys.exit(f"no setting holds '{arguments.only}'")
    ROOM.mkdir(exist_ok=True)
    failed, made, waiting = 0, {}, []
    # One builds while another computes: emulators use one processor each.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for setting in chosen:
            build = setting.build
            if build not in made:
                try:
                    build.make()
                    made[build] = None
                except (Failure, Unavailable) as problem:
                    made[build] = ("SKIP" if isinstance(problem, Unavailable) else "FAIL", str(problem))
            if made[build] is not None:
                word, text = made[build]
                waiting.append(pool.submit(lambda w=word, t=f"{setting.name}: {text}": (w, t)))
            else:
                waiting.append(pool.submit(outcome_of, setting, expected))
            failed += say(waiting, wait=False)
        failed += say(waiting, wait=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
