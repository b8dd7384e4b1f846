"""What check_golden.py says of rows that differ, are new, or are gone. A check that cannot fail is a defect."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from check_golden import differences, rows_of  # noqa: E402

TABLE = "# made\nridge regression aaaa\nridge binary MLSD_E_DATA\n"


def test_equal_rows_agree():
    assert differences(rows_of(TABLE), rows_of(TABLE)) == []


def test_each_difference_is_named():
    found = rows_of("# other\nridge regression bbbb\nlasso wide cccc\n")
    assert differences(rows_of(TABLE), found) == [
        "ridge on regression: bbbb in place of aaaa",
        "ridge on binary: in the table, but no longer computed",
        "lasso on wide: has no row in the table yet",
    ]
