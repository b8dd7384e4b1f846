"""The report: one file without a network, pictures that an XML parser reads, hostile and many names, what is said."""
import html.parser
import random
import re
import xml.etree.ElementTree as ElementTree

import pytest

from conftest import HMDA, OK, binary_rows, result_of

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(html.parser.HTMLParser):
    """Text of the page, and whether every element that opens closes in turn."""

    def __init__(self, source):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def make_report(mlsd, *arguments):
    outcome = mlsd("run", *arguments, "--quick", "--out", "report")
    assert outcome.code == OK, outcome
    source = (mlsd.work / "report/report.html").read_text(encoding="utf-8")
    return source, Page(source)


def pictures(source):
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", source, re.S)]


def assert_alone(source, page):
    """Nothing is fetched and nothing runs."""
    assert "http:" not in source and "https:" not in source and "url(" not in source and "@import" not in source
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert not {"src", "href", "onload", "onclick"} & {name for name, _ in page.attributes}


def test_hmda(mlsd):
    source, page = make_report(mlsd, HMDA, "--target", "deny", "--slices", "afam,single,selfemp")
    assert_alone(source, page)
    result = result_of(mlsd.work / "report")
    assert result["verdict"] in page.text
    for heading in ["Models, from simple to strong", "On the test part", "For whom", "Training and validation loss",
                    "The data", "Made with"]:
        assert heading in page.text
    leaderboard, front, slices, curve, splits = pictures(source)
    rows = [g for g in leaderboard.iter("g") if "row" in g.get("class", "")]
    assert [g.find("title").text for g in rows] == [row["model"] for row in result["tables"]["leaderboard"]]
    folds = [c for c in leaderboard.iter("circle") if c.get("class") == "fold"]
    assert len(folds) == len(result["tables"]["fold_scores"])
    rows = [g for g in slices.iter("g") if "row" in g.get("class", "")]
    assert [g.find("title").text for g in rows] == [f"{s['column']} = {s['level']}" for s in result["tables"]["slices"]]
    assert sum("strong" in g.get("class") for g in rows) == 1
    assert len(list(curve.iter("path"))) == 2
    ends = [float(text.get("y")) for text in curve.iter("text") if text.get("class") == "end"]
    assert abs(ends[0] - ends[1]) >= 14  # labels never lie on each other
    names = [text.text for text in splits.iter("text") if text.get("class") == "name"]
    assert names == ["parts"] + [f"fold {k}" for k in range(1, int(result["numbers"]["n_splits"]) + 1)]
    notes = [text.text for text in splits.iter("text") if text.get("class") == "note"]
    assert notes[0] == "1666 / 357 / 357" and all(sum(map(int, note.split(" / "))) == 1666 for note in notes[1:])
    for row in result["tables"]["classes"]:
        assert f"{row['class']} {row['training']:,} {row['validation']:,} {row['test']:,}" in page.text


def test_positions_are_inside(mlsd):
    source, _ = make_report(mlsd, HMDA, "--target", "deny", "--slices", "afam,single,selfemp,pirat")
    for picture in pictures(source):
        _, _, width, height = map(float, picture.get("viewBox").split())
        for element in picture.iter():
            for name in ("x", "x1", "x2", "cx"):
                assert 0 <= float(element.get(name, 0)) <= width, ElementTree.tostring(element)
            for name in ("y", "y1", "y2", "cy"):
                assert 0 <= float(element.get(name, 0)) <= height, ElementTree.tostring(element)


HOSTILE = ["<script>alert(1)</script>", "\"quoted\"", "a & b", "it's", "</svg>", "]]>", "\x1b[31m\x07", "äöü ☃ 漢字",
           "-->", "&amp;", "%s%n", "x" * 300]


def test_hostile_names(mlsd, make_csv):
    draw = random.Random(5)
    rows = [row + [draw.choice(HOSTILE)] for row in binary_rows(600)]
    for row in rows:
        row[3] = {"yes": "<b>&yes</b>", "no": "n\"o'"}[row[3]]
    column = "<img src=x onerror=alert(1)> & \"more\""
    path = make_csv("<i>&.csv", ["a", "<b>", "kind", "</title>&y", column], rows)
    source, page = make_report(mlsd, path, "--target", "</title>&y", "--slices", column)
    assert_alone(source, page)
    assert "alert(1)" in page.text and "<script" not in source and "<img" not in source
    assert "\x1b" not in source and "\x07" not in source
    assert page.text.count("<b>&yes</b>") >= 1 and "漢字" in page.text
    slices = pictures(source)[2]
    shown = {g.find("title").text for g in slices.iter("g") if "row" in g.get("class", "")}
    for level in HOSTILE:
        assert f"{column} = {level}".replace("\x1b", "\ufffd").replace("\x07", "\ufffd") in shown
    assert all(len(text.text) <= 27 for text in slices.iter("text") if text.get("class") == "name")


def test_one_level_and_many_levels(mlsd, make_csv):
    draw = random.Random(6)
    rows = [row + ["same", f"level {draw.randrange(90):02}"] for row in binary_rows(4000)]
    path = make_csv("many.csv", ["a", "b", "kind", "y", "one", "many"], rows)
    source, page = make_report(mlsd, path, "--target", "y", "--slices", "one,many")
    result = result_of(mlsd.work / "report")
    slices = result["tables"]["slices"]
    assert len(slices) == 91
    drawn = [g for g in pictures(source)[2].iter("g") if "row" in g.get("class", "")]
    assert len(drawn) == 60 and "The worst 60 of 91 slices" in page.text
    ranked = sorted((s for s in slices if s["status"] == "ok"), key=lambda s: -s["value"])
    shown = {g.find("title").text for g in drawn}
    for s in ranked[:60]:
        assert f"{s['column']} = {s['level']}" in shown
    for s in slices:  # the table has all of them
        assert s["level"] in page.text


def test_one_slice_alone(mlsd, make_csv):
    path = make_csv("one.csv", ["a", "b", "kind", "y", "one"], [row + ["same"] for row in binary_rows(300)])
    source, page = make_report(mlsd, path, "--target", "y", "--slices", "one")
    assert len(pictures(source)) >= 2 and "one = same" in page.text


@pytest.mark.parametrize("target", ["y", "b"])
def test_other_tasks(mlsd, make_csv, target):
    rows = [row[:2] + [row[2], row[2] if target == "y" else row[3]] for row in binary_rows(400)]
    path = make_csv("other.csv", ["a", "b", "kind", "y"], rows)
    source, page = make_report(mlsd, path, "--target", target)
    assert_alone(source, page)
    assert len(pictures(source)) >= 1
    assert ("Rows of each class" in page.text) == (target == "y")
