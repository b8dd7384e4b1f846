"""Do the pages run as printed? Usage: check_pages.py --source DIR --build DIR PAGE

A page is read from top to bottom as one shell session in an empty home directory with the clone in ~/mlsd:

- ```sh blocks are run,
- ```c and ```python blocks are saved under the name in their first line, and a later ```sh block must use them,
- in ```console blocks the commands "$ mlsd ..." and "$ pkg/run" are run, and the lines printed below them must be among
  what they print, in that order, numbers and drawings aside. Other commands there (needing root or a network) are not run.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
FILE_NAME = re.compile(r"^(?:/\*|#)\s*([\w.]+\.(?:c|py))\b")
# What pkg/run does once it has installed and built.
PKG_RUN = (
    "mlsd run docs/examples/data/hmda.csv --target deny --slices afam,single,selfemp --out $HOME/pkg-run-hmda --overwrite"
)
ELSEWHERE = re.compile(r"(installing|configuring|building|report)\b.*|\[?\.\.\.\]?")


def masked(line):
    """A line without numbers, spaces, intervals drawn and names of places."""
    line = re.sub(r"[-+]?\d[\d.e+-]*", "#", line)
    return re.sub(r"[\s|o.>*-]+", "", line)


class Page:
    def __init__(self, path):
        self.text = path.read_text()
        self.name = path.name
        self.script = ["set -eu"]
        self.saved = {}  # file name -> is it used later?
        self.sessions = []  # (line number, command, lines printed)
        self.problems = []
        for match in BLOCK.finditer(self.text):
            self.line = self.text.count("\n", 0, match.start()) + 1
            handler = getattr(self, f"add_{match.group(1)}", None)
            if handler:
                handler(match.group(2))
        self.problems += [f"{self.name}: {name} is shown, and no ```sh block uses it" for name, used in self.saved.items() if not used]

    def add_sh(self, body):
        self.script += [f"echo '--- {self.name}:{self.line}'", body]
        for name in self.saved:
            if name in body or pathlib.Path(name).stem in body.split():
                self.saved[name] = True

    def add_file(self, body):
        match = FILE_NAME.match(body)
        if not match:
            self.problems.append(f"{self.name}:{self.line}: the first line of the block does not name its file")
            return
        self.saved[match.group(1)] = False
        self.script.append(f"cat > {match.group(1)} <<'END_OF_BLOCK'\n{body}END_OF_BLOCK")

    add_c = add_python = add_file

    def add_console(self, body):
        for part in re.split(r"^\$ ", body, flags=re.M)[1:]:
            command, _, printed = part.partition("\n")
            if not command.startswith(("mlsd ", "pkg/run")):
                continue
            number = len(self.sessions)
            self.sessions.append((self.line, command, printed.splitlines()))
            run = command.replace("pkg/run", PKG_RUN)
            self.script.append(f"{run} >$HOME/session-{number}.txt 2>&1 || echo exit code $? >>$HOME/session-{number}.txt")

    def check_sessions(self, home):
        for number, (line, command, printed) in enumerate(self.sessions):
            said = (home / f"session-{number}.txt").read_text().splitlines()
            actual = iter([masked(s) for s in said])
            for shown in printed:
                wanted = masked(shown)
                if wanted in ("", "#") or ELSEWHERE.fullmatch(shown.strip()):
                    continue
                if wanted not in actual:
                    self.problems.append(f"{self.name}:{line}: '$ {command}' does not print: {shown}\nit prints:\n" + "\n".join(said))
                    break


def make_home(home, source, build):
    clone = home / "mlsd"
    clone.mkdir()
    for path in source.iterdir():
        if not path.name.startswith(("build", ".")):
            (clone / path.name).symlink_to(path)
    (clone / "build").symlink_to(build)
    tools = home / "bin"
    tools.mkdir()
    (tools / "python3").symlink_to(sys.executable)
    return clone


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("page", type=pathlib.Path)
    args = parser.parse_args()
    source, build = args.source.resolve(), args.build.resolve()
    page = Page(args.page.resolve())
    if len(page.script) == 1:
        page.problems.append(f"{page.name}: nothing to run")
    with tempfile.TemporaryDirectory() as directory:
        home = pathlib.Path(directory)
        clone = make_home(home, source, build)
        environment = {
            "HOME": str(home),
            "PATH": f"{home / 'bin'}:{build / 'bindings/cli'}:{os.environ['PATH']}",
            "MLSD_LIBRARY": str(build / "lib/libmlsd.so.0"),
        }
        done = subprocess.run(
            ["sh", "-c", "\n".join(page.script)], cwd=clone, env=environment, capture_output=True, text=True, check=False
        )
        print(done.stdout, done.stderr, sep="")
        if done.returncode != 0:
            page.problems.append(f"{page.name}: a block ended with exit code {done.returncode}: see the last line number above")
        else:
            page.check_sessions(home)
    print(*page.problems, sep="\n")
    return 1 if page.problems else 0


if __name__ == "__main__":
    sys.exit(main())
