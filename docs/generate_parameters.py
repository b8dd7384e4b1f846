"""Write docs/parameters.md from the table of kinds: mlsd kinds --json | generate_parameters.py > docs/parameters.md.

The test suite runs it and compares, so the page cannot drift from the library.
"""

import json
import sys

FAMILIES = {
    "estimator": "Models",
    "transform": "Transforms",
    "augmentation": "Augmentations",
    "splitter": "Splitters",
    "metric": "Metrics",
    "interval": "Intervals by resampling",
    "validation": "Validation",
    "search": "Searches",
    "comparison": "Comparisons",
    "slicing": "Analyses of slices",
    "robustness": "Robustness",
    "experiment": "The experiment",
    "options": "Options of functions",
    "schedule": "Schedules of the step of a training",
    "context": "The context",
}


# Whole numbers have a bound where doubles stop being exact; that is no bound for a reader.
LARGEST = 2.0**53


def number(text):
    value = float(text)
    if value in (float("inf"), float("-inf")):
        return str(value)
    if abs(value) >= LARGEST:
        return "inf" if value > 0 else "-inf"
    return str(int(value)) if value.is_integer() else f"{value:g}"


def bounds(param):
    if "choices" in param:
        return ", ".join(f"`{choice}`" for choice in param["choices"])
    if "lower" not in param:
        return ""
    low, high = number(param["lower"]), number(param["upper"])
    if (low, high) == ("-inf", "inf"):
        return ""
    left = "(" if param["lower_open"] or low == "-inf" else "["
    right = ")" if param["upper_open"] or high == "inf" else "]"
    scale = ", by factors" if param["scale"] == "log" else ""
    return f"{left}{low}, {high}{right}{scale}"


def sentence(text):
    return text[:1].upper() + text[1:].removesuffix(".").replace("|", "\\|")


def main():
    kinds = json.load(sys.stdin)
    print("# Kinds and parameters\n")
    print("Made by `docs/generate_parameters.py` from the library's own tables; `mlsd kinds NAME` prints the same.\n")
    print("A name is that of the field, scikit-learn's where it has one. Unknown names, wrong types and values out of")
    print("bounds fail when they are set, with the nearest name. \"By factors\" is how a search should step through a range.")
    families = list(FAMILIES) + sorted({k["family"] for k in kinds} - set(FAMILIES))
    for family in families:
        members = [k for k in kinds if k["family"] == family]
        if members:
            print(f"\n## {FAMILIES.get(family, family.capitalize())}")
        for kind in members:
            print(f"\n### {kind['kind']}\n\n{sentence(kind['doc'])}")
            if kind["params"]:
                print("\n| parameter | type | default | values | |\n| --- | --- | --- | --- | --- |")
            for p in kind["params"]:
                kind_of = p["type"] + (" or null" if p["nullable"] else "")
                print(f"| `{p['name']}` | {kind_of} | `{json.dumps(p['default'])}` | {bounds(p)} | {sentence(p['doc'])} |")
            if kind["slots"]:
                print("\n| child | takes | |\n| --- | --- | --- |")
            for s in kind["slots"]:
                many = ", any number" if s["many"] else ""
                print(f"| `{s['name']}` | {s['families'].replace(',', ' or ')}{many} | {sentence(s['doc'])} |")


if __name__ == "__main__":
    main()
