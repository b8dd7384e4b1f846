"""Compare the sums that golden.c prints with the table, row by row; or write the table anew.

    check_golden.py TABLE COMMAND...            compare; COMMAND runs golden, such as "build/tests/golden/golden specs.txt"
    check_golden.py --update TABLE COMMAND...   write the table

A sum that differs means that the bytes of a model or of folds depend on something they must not, or that a method was
changed on purpose: then the table is written anew in the same commit.
"""
import argparse
import pathlib
import subprocess
import sys

HINT = "write the table anew with `ninja -C BUILD golden-update` if that is meant"


def rows_of(text):
    rows = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, data, total = line.split()
            rows[name, data] = total
    return rows


def without_comments(text):
    return "".join(line + "\n" for line in text.splitlines() if not line.startswith("#"))


def differences(expected, found):
    """One line for each row that is not as it should be."""
    lines = []
    for key in [*expected, *(k for k in found if k not in expected)]:
        name = " on ".join(key)
        if key not in found:
            lines.append(f"{name}: in the table, but no longer computed")
        elif key not in expected:
            lines.append(f"{name}: has no row in the table yet")
        elif expected[key] != found[key]:
            lines.append(f"{name}: {found[key][:16]} in place of {expected[key][:16]}")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("table", type=pathlib.Path)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    done = subprocess.run(arguments.command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"golden ended with {done.returncode}")
    found = rows_of(done.stdout)
    if not found:
        sys.exit("golden printed no rows")
    if arguments.update:
        arguments.table.write_text("# Made by check_golden.py --update: name, data set, sha256 or status.\n" + without_comments(done.stdout))
        print(f"{len(found)} rows written to {arguments.table}")
        return
    problems = differences(rows_of(arguments.table.read_text()), found)
    if problems:
        sys.exit("\n".join([*problems, f"{len(problems)} of {len(found)} rows differ; {HINT}"]))
    print(f"{len(found)} rows agree")


if __name__ == "__main__":
    main()
