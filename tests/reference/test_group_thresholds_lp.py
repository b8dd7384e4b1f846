"""Thresholds by group against the linear program that defines them (scipy.optimize.linprog over mixtures of all thresholds of each group), for every
constraint, objective and tolerance, on drawn tables; against every vertex that the optimum can be at, on small ones; weights by reweighing against
their formula; policies that are saved, loaded and applied."""

import os
import pickle
from xml.etree import ElementTree

import numpy as np
import pytest

from mlsd import MlsdError, fairness

linprog = pytest.importorskip("scipy.optimize").linprog

CASES = 24 * int(os.environ.get("MLSD_SWEEP", "1"))
CONSTRAINTS = ("demographic_parity", "equal_opportunity", "predictive_equality", "equalized_odds")


def drawn(seed, ties=True):
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(40, 160)), int(rng.integers(2, 5))
    group = np.concatenate([np.repeat(np.arange(k), 4), rng.integers(0, k, n)])
    y = np.concatenate([np.tile([0, 1, 0, 1], k), rng.integers(0, 2, n)])
    score = rng.normal(0, 1, len(y)) + y * rng.uniform(-0.3, 2, k)[group] + rng.normal(0, 1, k)[group]
    weight = rng.integers(1, 4, len(y)) * 1.0 if seed % 2 else None
    return y, np.round(score, 1) if ties else score, group, weight


def points(y, score, w):
    """(FPR, TPR) of every threshold, from all 0 to all 1."""
    cuts = np.concatenate([[np.inf], np.unique(score)[::-1]])
    said = score >= cuts[:, np.newaxis]
    return (said * w * (y == 0)).sum(1) / w[y == 0].sum(), (said * w * (y == 1)).sum(1) / w[y == 1].sum()


def rates_of(constraint, fpr, tpr, base):
    return {
        "demographic_parity": [base * tpr + (1 - base) * fpr], "equal_opportunity": [tpr], "predictive_equality": [fpr],
        "equalized_odds": [tpr, fpr],
    }[constraint]


def oracle(y, score, group, w, constraint, tolerance, gain, cost):
    """max of sum_g share_g (gain_g TPR - cost_g FPR): variables are the mixtures and the lowest rates."""
    names = np.unique(group)
    curves = [points(y[group == g], score[group == g], w[group == g]) for g in names]
    n_rates = 2 if constraint == "equalized_odds" else 1
    n = sum(len(f) for f, _ in curves)
    c, rows, limits, sums, at = np.zeros(n + n_rates), [], [], [], 0
    for g, (fpr, tpr) in zip(names, curves):
        mine = slice(at, at + len(fpr))
        positives, negatives = w[(group == g) & (y == 1)].sum(), w[(group == g) & (y == 0)].sum()
        c[mine] = -(gain * positives * tpr - cost * negatives * fpr)
        one = np.zeros(n + n_rates)
        one[mine] = 1
        sums.append(one)
        for r, rate in enumerate(rates_of(constraint, fpr, tpr, positives / (positives + negatives))):
            for sign, limit in ((1, tolerance), (-1, 0.0)):
                row = np.zeros(n + n_rates)
                row[mine], row[n + r] = sign * rate, -sign
                rows.append(row)
                limits.append(limit)
        at += len(fpr)
    tight = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    found = linprog(c, A_ub=np.array(rows), b_ub=limits, A_eq=np.array(sums), b_eq=np.ones(len(names)), bounds=(0, None), options=tight)
    assert found.status == 0
    return -found.fun


def weights_of(objective, P, N):
    """What a unit of TPR gains and of FPR costs, per positive and per negative; cost_fn is 5 and cost_fp 2."""
    return {"accuracy": (1 / (P + N), 1 / (P + N)), "balanced_accuracy": (0.5 / P, 0.5 / N), "cost": (5 / (P + N), 2 / (P + N))}[objective]


def objective_of(objective, best, P, N):
    return {"accuracy": best + N / (P + N), "balanced_accuracy": best + 0.5, "cost": 5 * P / (P + N) - best}[objective]


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("seed", range(CASES))
def test_as_good_as_the_linear_program(constraint, seed):
    y, score, group, weight = drawn(seed, ties=seed % 3 != 0)
    w = np.ones(len(y)) if weight is None else weight
    tolerance = (0.0, 0.02, 0.1, 0.5)[seed % 4]
    objective = ("accuracy", "balanced_accuracy", "cost")[seed % 3]
    P, N = w[y == 1].sum(), w[y == 0].sum()
    gain, cost = weights_of(objective, P, N)
    policy = fairness.GroupThresholds(
        y, score, group, sample_weight=weight, constraint=constraint, tolerance=tolerance, objective=objective, cost_fn=5, cost_fp=2,
    )
    told = policy.describe()
    best = oracle(y, score, group, w, constraint, tolerance, gain, cost)
    np.testing.assert_allclose(told.number("objective"), objective_of(objective, best, P, N), rtol=0, atol=1e-12)
    assert told.number("gap") <= tolerance + 3e-13
    # What is told is what the policy does, in the mean over coins.
    chance, names = policy.predict_proba(group, score), np.unique(group)
    for j, g in enumerate(names):
        mine = group == g
        for column, rows in (("tpr", mine & (y == 1)), ("fpr", mine & (y == 0)), ("selection_rate", mine)):
            np.testing.assert_allclose(told.table("groups")[column][j], np.average(chance[rows], weights=w[rows]), atol=1e-9)
    correct = np.average(np.where(y == 1, chance, 1 - chance), weights=w)
    if objective == "accuracy":
        np.testing.assert_allclose(told.number("objective"), correct, atol=1e-9)


SLACK = 1e-13


class Hull:
    """Upper and lower chain of a group's ROC points, each a convex hull by looking at all triples."""

    def __init__(self, fpr, tpr):
        points = sorted(set(zip(fpr, tpr)))
        self.chains = []
        for sign in (1, -1):
            kept = []
            for x in sorted({x for x, _ in points}):
                y = max(sign * b for a, b in points if a == x)
                while len(kept) > 1 and (kept[-1][1] - kept[-2][1]) * (x - kept[-2][0]) <= (y - kept[-2][1]) * (kept[-1][0] - kept[-2][0]):
                    kept.pop()
                kept.append((x, y))
            self.chains.append(np.array([(x, sign * y) for x, y in kept]))
        self.vertices = np.vstack(self.chains)

    def at(self, x):
        return [np.interp(x, c[:, 0], c[:, 1]) for c in self.chains]

    def best_in(self, v, u, t, gain, cost):
        """Best gain * y - cost * x in each box; -inf where it holds no point. Every vertex that hull and box together can have is tried."""
        tried = [(np.full(len(v), x), np.full(len(v), y)) for x, y in self.vertices]
        tried += [(x, y) for x in (v, v + t) for y in (u, u + t)]
        tried += [(x, y) for x in (v, v + t) for y in self.at(x)]
        for chain in self.chains:
            for (x0, y0), (x1, y1) in zip(chain[:-1], chain[1:]):
                if y0 != y1:
                    tried += [(x0 + np.clip((y - y0) / (y1 - y0), 0, 1) * (x1 - x0), y) for y in (u, u + t)]
        best = np.full(len(v), -np.inf)
        for x, y in tried:
            up, down = self.at(x)
            fits = (x >= v - SLACK) & (x <= v + t + SLACK) & (y >= u - SLACK) & (y <= u + t + SLACK) & (y <= up + SLACK) & (y >= down - SLACK)
            best = np.where(fits, np.maximum(best, gain * y - cost * x), best)
        return best


def candidates(hulls, t):
    """Where two of the lines meet at which the best of all groups in a box bends: sides through vertices, and shifted hulls."""
    lines = []  # a x + b y = c, and the span of x
    for x, y in {(x, y) for h in hulls for x, y in h.vertices}:
        lines += [(1, 0, x - s, -1, 2) for s in {0, t}] + [(0, 1, y - s, -1, 2) for s in {0, t}]
    lines += [(1, 0, 0, -1, 2), (1, 0, 1 - t, -1, 2), (0, 1, 0, -1, 2), (0, 1, 1 - t, -1, 2)]
    for chain in (c for h in hulls for c in h.chains):
        for (x0, y0), (x1, y1) in zip(chain[:-1], chain[1:]):
            for sx in {0, t}:
                for sy in {0, t}:
                    a, b = y1 - y0, x0 - x1
                    lines.append((a, b, a * (x0 - sx) + b * (y0 - sy), x0 - sx - 1e-9, x1 - sx + 1e-9))
    lines = np.array(sorted(set(lines)))
    i, j = np.triu_indices(len(lines), 1)
    (a, b, c, low, high), (d, e, f, low2, high2) = lines[i].T, lines[j].T
    with np.errstate(all="ignore"):
        x, y = (c * e - b * f) / (a * e - b * d), (a * f - c * d) / (a * e - b * d)
    keep = np.isfinite(x) & np.isfinite(y) & (x >= np.maximum(low, low2)) & (x <= np.minimum(high, high2))
    keep &= (x >= -SLACK) & (x <= 1 - t + SLACK) & (y >= -SLACK) & (y <= 1 - t + SLACK)
    return x[keep], y[keep]


@pytest.mark.parametrize("seed", range(3 * CASES))
def test_equalized_odds_at_the_best_of_all_vertices(seed):
    rng = np.random.default_rng(1000 + seed)
    k = int(rng.integers(2, 4))
    group = np.repeat(np.arange(k), rng.integers(4, 9, k))
    y = rng.integers(0, 2, len(group))
    for g in range(k):
        y[np.flatnonzero(group == g)[:2]] = (0, 1)
    score = np.round(rng.normal(0, 1, len(y)) + y * rng.uniform(-0.5, 1.5, k)[group], 1)
    w = rng.integers(1, 5, len(y)) * 1.0 if seed % 2 else np.ones(len(y))
    t = (0.0, 0.03, 0.125, 0.4)[seed % 4]
    objective = ("accuracy", "balanced_accuracy", "cost")[seed % 3]
    P, N = w[y == 1].sum(), w[y == 0].sum()
    gain, cost = weights_of(objective, P, N)
    hulls = [Hull(*points(y[group == g], score[group == g], w[group == g])) for g in range(k)]
    v, u = candidates(hulls, t)
    best = sum(
        h.best_in(v, u, t, gain * w[(group == g) & (y == 1)].sum(), cost * w[(group == g) & (y == 0)].sum()) for g, h in enumerate(hulls)
    ).max()
    told = fairness.GroupThresholds(
        y, score, group, sample_weight=w, constraint="equalized_odds", tolerance=t, objective=objective, cost_fn=5, cost_fp=2
    ).describe()
    np.testing.assert_allclose(told.number("objective"), objective_of(objective, best, P, N), rtol=0, atol=1e-12)
    assert told.number("gap") <= t + 3e-13


def people(n=4000, seed=0):
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b", "c"], n)
    y = rng.integers(0, 2, n)
    score = rng.normal(0, 1, n) + y * 1.2 + (group == "a") * 0.8
    return y, score, {"group": list(group), "id": [f"person {i}" for i in range(n)]}


def test_one_person_always_gets_one_answer(tmp_path):
    y, score, table = people()
    policy = fairness.GroupThresholds(y, score, table, by="group", id="id", constraint="equalized_odds")
    assert policy.describe().number("is_random") == 1
    said = policy.predict(table, score)
    assert (policy.predict(table, score) == said).all()
    order = np.random.default_rng(1).permutation(len(y))
    shuffled = {name: [values[i] for i in order] for name, values in table.items()}
    assert (policy.predict(shuffled, score[order]) == said[order]).all()
    policy.save(tmp_path / "policy.mlsd")
    again = fairness.GroupThresholds.load(tmp_path / "policy.mlsd")
    assert (again.predict(table, score) == said).all()
    assert again.describe().to_json() == policy.describe().to_json()
    data = policy.to_bytes()
    assert data == (tmp_path / "policy.mlsd").read_bytes()
    copy = pickle.loads(pickle.dumps(policy))
    assert copy.to_bytes() == data and (copy.predict(table, score) == said).all()
    for cut in (b"", data[:40], data[:-1], data + b"x", data[:50] + bytes([data[50] ^ 1]) + data[51:]):
        with pytest.raises(MlsdError, match="."):
            fairness.GroupThresholds.from_bytes(cut)
    # The coins are fair: decisions come as often as the chances say.
    chance = policy.predict_proba(table, score)
    assert abs(said.sum() - chance.sum()) < 5 * np.sqrt((chance * (1 - chance)).sum()) + 1e-9
    # And a higher score never makes the same person worse off.
    assert (policy.predict(table, score + 0.3) >= said).all()
    other = fairness.GroupThresholds(y, score, table, by="group", id="id", constraint="equalized_odds", seed=1)
    assert (other.predict(table, score) != said).any()


def test_rows_that_cannot_be_decided(tmp_path):
    y, score, table = people(400)
    policy = fairness.GroupThresholds(y, score, table, by="group", constraint="equalized_odds")
    with pytest.raises(ValueError, match="needs a coin, and the policy names no id"):
        policy.predict(table, score)
    named = fairness.GroupThresholds(y, score, table, by="group", id="id", constraint="demographic_parity")
    with pytest.raises(ValueError, match="row 1 has group = 'z', which no group of the policy has"):
        named.predict({"group": ["a", "z"], "id": ["1", "2"]}, [0.1, 0.2])
    with pytest.raises(ValueError, match="score.1. is nan, not a finite number"):
        named.predict({"group": ["a", "b"], "id": ["1", "2"]}, [0.1, np.nan])
    named.save(tmp_path / "policy.mlsd")
    whole = (tmp_path / "policy.mlsd").read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.mlsd").write_bytes(whole[:cut])
        with pytest.raises(Exception, match="cut.mlsd"):
            fairness.GroupThresholds.load(tmp_path / "cut.mlsd")


def test_a_group_without_positives_is_bound_by_nothing():
    y = np.array([0, 1, 0, 1, 1, 0, 0, 0])
    score = np.array([0.1, 0.9, 0.4, 0.3, 0.8, 0.2, 0.6, 0.7])
    group = np.array(list("aaabbbcc"))
    told = fairness.GroupThresholds(y, score, group, constraint="equal_opportunity").describe()
    assert told.number("n_unbound") == 1
    assert list(told.table("groups")["bound"]) == [1, 1, 0]
    assert np.isnan(told.table("groups")["tpr"][2]) and told.number("gap") == 0


def test_numbers_as_groups_and_ids():
    rng = np.random.default_rng(3)
    n = 600
    table = {"age": rng.uniform(18, 80, n), "site": rng.integers(1, 4, n), "id": np.arange(n)}
    y, score = rng.integers(0, 2, n), rng.normal(size=n)
    policy = fairness.GroupThresholds(y, score, table, by=["age", "site"], group_bins=2, id="id", constraint="demographic_parity")
    first = {name: values[:50] for name, values in table.items()}
    assert (policy.predict(first, score[:50]) == policy.predict(table, score)[:50]).all()


def test_frontier_is_that_of_the_policies():
    y, score, table = people(500)
    found = fairness.frontier(y, score, table, by="group", constraint="equalized_odds", n_points=5)
    points = found.table("frontier")
    assert (np.diff(points["objective"]) >= -1e-9).all() and (points["gap"] <= points["tolerance"] + 1e-9).all()
    for tolerance, objective in zip(points["tolerance"], points["objective"]):
        policy = fairness.GroupThresholds(y, score, table, by="group", constraint="equalized_odds", tolerance=min(1, tolerance))
        np.testing.assert_allclose(policy.describe().number("objective"), objective, atol=1e-9)
    np.testing.assert_allclose(points["objective"][-1], policy.describe().number("unconstrained"), atol=1e-9)
    assert found.text("plot").count("o") >= 2
    # The picture: a dot for each point, higher where the objective is, to the right in steps of the tolerance.
    svg = ElementTree.fromstring(found.text("svg"))
    dots = np.array([(float(c.get("cx")), float(c.get("cy"))) for c in svg.iter("{http://www.w3.org/2000/svg}circle")])
    assert len(dots) == 5
    np.testing.assert_allclose(np.diff(dots[:, 0]), np.diff(dots[:, 0])[0], atol=0.02)
    rise, points = (dots[:, 1] - dots[0, 1]) / (dots[-1, 1] - dots[0, 1]), points["objective"] - points["objective"][0]
    np.testing.assert_allclose(rise, points / points[-1], atol=1e-3)


@pytest.mark.parametrize("seed", range(CASES))
def test_reweighing(seed):
    rng = np.random.default_rng(seed)
    n = 200
    group, y = rng.integers(0, 4, n), rng.integers(0, 3, n)
    weight = rng.integers(0, 4, n) * 1.0 if seed % 2 else None
    w = np.ones(n) if weight is None else weight
    ours = fairness.reweighing(y, group, sample_weight=weight)
    expected = np.array([
        w[i] * w[group == group[i]].sum() * w[y == y[i]].sum() / w.sum() / w[(group == group[i]) & (y == y[i])].sum() if w[i] > 0 else 0
        for i in range(n)
    ])
    np.testing.assert_allclose(ours, expected, rtol=1e-12)
    base = [np.average(y[group == g] == 1, weights=ours[group == g]) for g in range(4)]
    np.testing.assert_allclose(base, base[0], rtol=1e-12)
