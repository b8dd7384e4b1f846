"""mlsd compare: a verdict, a table and a picture in 80 columns, files on request, one line where something is wrong."""
import json
import random
import xml.etree.ElementTree as etree

import pytest

from conftest import DATA, IO, OK, USAGE, assert_refused

# Demsar (2006), JMLR 7:1, Table 6.
DEMSAR = [
    (.763, .768, .771, .798), (.599, .591, .590, .569), (.954, .971, .968, .967), (.628, .661, .654, .657),
    (.882, .888, .886, .898), (.936, .931, .916, .931), (.661, .668, .609, .685), (.583, .583, .563, .625),
    (.775, .838, .866, .875), (1, 1, 1, 1), (.940, .962, .965, .962), (.619, .666, .614, .669),
    (.972, .981, .9754, .975), (.957, .978, .946, .970),
]


@pytest.fixture
def demsar_csv(make_csv):
    rows = [[f"set {i}", *row] for i, row in enumerate(DEMSAR)]
    return make_csv("auc.csv", ["data", "C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"], rows)


def test_friedman_of_a_published_example(mlsd, demsar_csv):
    outcome = mlsd("compare", demsar_csv, "--test", "friedman", "--set", "level=0.9", "--set", "ties=false",
                   "--out", "found.json", "--svg", "picture.svg", variables={"LC_ALL": "C.UTF-8"})
    assert outcome.code == OK, outcome
    assert "14 rows, 4 models, Friedman" in outcome.out
    assert "C4.5+m+cf" in outcome.out and "1.96 a" in outcome.out and "3.14 b" in outcome.out
    assert "critical difference 1.118" in outcome.out and "●" in outcome.out
    assert all(len(line) <= 80 for line in outcome.out.splitlines()[1:]), outcome  # the first has the path
    found = json.loads((mlsd.work / "found.json").read_text())
    assert abs(found["numbers"]["chi2"] - 9.28) < 0.005 and abs(found["numbers"]["statistic"] - 3.69) < 0.005
    picture = etree.parse(mlsd.work / "picture.svg").getroot()
    assert "C4.5+cf" in "".join(picture.itertext())
    plain = mlsd("compare", demsar_csv, "--test", "friedman", variables={"LC_ALL": "C"})
    assert plain.code == OK and plain.out.isascii(), plain


def test_two_columns_of_folds(mlsd, make_csv):
    draw = random.Random(2)
    rows = [(a, a - 0.1 + draw.gauss(0, 0.01)) for a in (draw.gauss(1, 0.05) for _ in range(10))]
    path = make_csv("folds.csv", ["tree", "boost"], rows)
    outcome = mlsd("compare", path, "--test", "corrected_t", "--set", "test_train=0.1111", "--loss")
    assert outcome.code == OK and "'boost' is better than 'tree' by 0.1" in outcome.out, outcome
    refused = mlsd("compare", path, "--test", "corrected_t")
    assert_refused(refused, DATA, "'test_train' is needed")


def test_labels_with_the_truth(mlsd, make_csv):
    rows = [["cat", "cat", "dog" if i < 9 else "cat"] for i in range(30)]
    path = make_csv("labels.csv", ["y", "u", "v"], rows)
    outcome = mlsd("compare", path, "--test", "mcnemar", "--y", "y", "--set", "method=exact")
    assert outcome.code == OK and "'u' is better than 'v' by 0.3" in outcome.out, outcome


def test_control_and_columns(mlsd, demsar_csv):
    outcome = mlsd("compare", demsar_csv, "--test", "wilcoxon", "--columns", "C4.5,C4.5+m,C4.5+cf", "--control", "C4.5")
    assert outcome.code == OK and "C4.5+m - C4.5" in outcome.out and "C4.5+cf - C4.5+m" not in outcome.out, outcome


def test_numbers_with_a_comma_are_texts(mlsd, make_csv):
    path = make_csv("comma.csv", ["a", "b"], [(1, "2,5"), (2, "3,5")])
    assert_refused(mlsd("compare", path, "--test", "friedman"), DATA, "two columns of numbers or more are needed, got 1; 'b' holds texts such as '2,5'")


@pytest.mark.parametrize("arguments, code, words", [
    ([], USAGE, ["'--test' is needed", "mlsd kinds"]),
    (["--test", "fridman"], USAGE, ["friedman"]),
    (["--test", "ridge"], USAGE, ["not a comparison"]),
    (["--test", "friedman", "--set", "tis=1"], USAGE, ["ties"]),
    (["--test", "friedman", "--control", "x"], DATA, ["'--control' is no column"]),
    (["--test", "friedman", "--columns", "C4.5"], DATA, ["two columns", "got 1"]),
    (["--test", "friedman", "--columns", "C4.5,data"], DATA,
     ["column 'data' holds texts such as 'set 0', and friedman compares numbers; leave it out of '--columns'"]),
    (["--test", "cochran_q", "--y", "data", "--columns", "C4.5,C4.5+m"], DATA, ["'data' holds texts", "give another '--y'"]),
    (["--test", "mcnemar", "--y", "C4.5", "--columns", "data,C4.5+m"], DATA, ["'C4.5+m' holds numbers", "leave it out"]),
    (["--test", "mcnemar", "--y", "data"], DATA, ["two columns of labels", "got 0; 'C4.5' holds numbers"]),
    (["--test", "wilcoxon", "--y", "C4.5"], DATA, ["wilcoxon takes no y"]),
    (["--test", "mcnemar", "--loss"], USAGE, ["mcnemar knows what is better"]),
    (["--test", "friedman", "--svg", "none/x.svg"], IO, ["none/x.svg"]),
])
def test_one_line_of_what_is_wrong(mlsd, demsar_csv, arguments, code, words):
    assert_refused(mlsd("compare", demsar_csv, *arguments), code, *words)


def test_two_models_by_group(mlsd, make_csv):
    draw = random.Random(3)
    rows = []
    for _ in range(1500):
        north, label = draw.random() < .2, draw.choice("ny")
        other = "n" if label == "y" else "y"
        old = label if draw.random() < (.9 if north else .8) else other
        new = label if draw.random() < (.7 if north else .92) else other
        rows.append([label, old, new, "north" if north else "south"])
    rows += [["y", "y", "n", "west"]] * 9
    path = make_csv("both.csv", ["y", "old", "new", "region"], rows)
    outcome = mlsd("compare", path, "--y", "y", "--by", "region", "--out", "found.json")
    assert outcome.code == OK, outcome
    assert "but worse where region = north (n = " in " ".join(outcome.out.split()), outcome
    assert "1 group has too few rows to be judged" in " ".join(outcome.out.split()), outcome
    found = {s["slice"]: s for s in json.loads((mlsd.work / "found.json").read_text())["tables"]["slices"]}
    north = [r for r in rows if r[3] == "north"]
    assert found["region = north"]["n"] == len(north)
    assert found["region = north"]["negative_flips"] == sum(r[1] == r[0] != r[2] for r in north)
    assert found["region = west"]["status"] == "low support" and found["region = west"]["finding"] == 0
    assert_refused(mlsd("compare", path, "--y", "y", "--by", "region", "--test", "mcnemar"), USAGE,
                   "'--test' does not go with '--by'")
