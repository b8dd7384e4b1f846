"""What goes wrong with fairness and thresholds by group is said in one line that names the culprit and what to do."""

import numpy as np
import pytest

import mlsd
from mlsd import fairness

N = 400
RNG = np.random.default_rng(0)
Y = RNG.integers(0, 2, N)
SCORE = RNG.normal(size=N) + Y
P = 1 / (1 + np.exp(-SCORE))
G = np.array(["a", "b"])[RNG.integers(0, 2, N)]
TABLE = {"g": list(G), "id": [f"p{i}" for i in range(N)]}


def assess(y=Y, prediction=P, groups=G, **params):
    return fairness.assess(y, prediction, groups, permutations=9, **params)


def policy(y=Y, score=SCORE, groups=G, **params):
    return fairness.GroupThresholds(y, score, groups, **params)


def changed(values, at, value):
    values = np.array(values, float)
    values[at] = value
    return values


MANY = {"g": [f"u{i}" for i in range(100000)]}
MANY_Y, MANY_P = np.arange(100000) % 2, np.linspace(0, 1, 100000)


@pytest.mark.parametrize("call, message", [
    (lambda: assess(MANY_Y, MANY_P, MANY), "'by' makes 100000 groups at column 'g', more than max_groups 1000; merge its values"),
    (lambda: policy(MANY_Y, MANY_P, MANY), "'by' makes 100000 groups at column 'g', more than max_groups 1000; merge its values"),
    (lambda: fairness.reweighing(MANY_Y, MANY), "'by' makes 100000 groups at column 'g', more than max_groups 1000"),
    (lambda: fairness.assess(
        MANY_Y[:10000], MANY_P[:10000], {"g": MANY["g"][:10000], "c": MANY["g"][:10000]}, by="g", control="c", max_groups=10000
    ), "'by' makes 10000 groups within each of the 10000 cells of 'control', more than 10000000 in all; merge values of either"),
    (lambda: policy(groups=TABLE), "each of the 400 rows is a group of its own; name the columns that make groups in 'by', and the one"),
    (lambda: policy(0 * Y), "no group has rows of both classes in y, so that equalized_odds binds nothing; is y right?"),
    (lambda: policy(0 * Y, constraint="equal_opportunity"), "no group has a row of class 1 in y, so that equal_opportunity binds nothing"),
    (lambda: policy(0 * Y + 1, constraint="predictive_equality"), "no group has a row of class 0 in y"),
    (lambda: fairness.frontier(0 * Y, SCORE, G), "no group has rows of both classes in y"),
    (lambda: assess(sample_weight=0.0 * Y), "all weights are 0, so that no row counts"),
    (lambda: policy(sample_weight=0.0 * Y), "all weights are 0, so that no row counts"),
    (lambda: policy(sample_weight=changed(Y, 5, -1)), "weight.5. is -1, not 0 or a number between 1e-100 and 1e100"),
    (lambda: policy(sample_weight=(G == "a") * 1.0, constraint="none").predict({"group": ["a", "b"]}, [0, 1]), "row 1 is of group 'b', whose"),
    (lambda: assess(prediction=changed(P, 7, np.nan)), "prediction.7. is nan, not a probability in .0, 1."),
    (lambda: policy(score=changed(SCORE, 7, np.nan)), "score.7. is nan, not a finite number; leave the row out"),
    (lambda: policy(score=changed(SCORE, 7, -np.inf)), "score.7. is -inf, not a finite number"),
    (lambda: assess(changed(Y, 3, np.nan)), "y.3. is nan, not a class number"),
    (lambda: policy(2 * Y - 1), "y.[0-9]+. is -1, not 0 or 1; 1 is the class that a high score speaks for"),
    (lambda: policy(np.where(Y, "yes", "no")), "y holds texts such as '(yes|no)'; give class numbers, 1 for the favourable class"),
    (lambda: fairness.reweighing(np.where(Y, "yes", "no"), G), "y holds texts such as '(yes|no)'; give class numbers"),
    (lambda: policy(score=SCORE[:-1]), "the table of groups has 400 rows, prediction has 399"),
    (lambda: policy(score=np.c_[1 - P, P]), "score must be 400 x 1, got 400 x 2"),
    (lambda: assess([], [], []), "there are no rows to judge"),
    (lambda: assess(groups=TABLE, by="gg"), "no column 'gg'; did you mean 'g'?"),
    (lambda: assess(groups=TABLE, by="g", strata=["idd"]), "no column 'idd'; did you mean 'id'?"),
    (lambda: assess(groups=TABLE, by="g", features=["id"]), "'features' names 'id', a column of texts; give numbers"),
    (lambda: assess(unprivileged="a"), "'unprivileged' is given without 'privileged'"),
    (lambda: assess(privileged="A"), "privileged is 'A', which no group is called; the first is 'a'"),
    (lambda: policy(constraint="equalised_odds"), "'equalised_odds' is not a choice for 'constraint'; did you mean 'equalized_odds'?"),
])
def test_refused(call, message):
    with pytest.raises((mlsd.MlsdError, ValueError), match=message) as told:
        call()
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("people, message", [
    ({"g": ["a", "z"], "id": ["1", "2"]}, "row 1 has g = 'z', which no group of the policy has; fit it anew with such rows"),
    ({"g": ["a", None], "id": ["1", "2"]}, "row 1 has no value in 'g', as no row of the policy's fit had; fit it anew"),
    ({"g": [1.0, 2.0], "id": ["1", "2"]}, "column 'g' holds numbers, but held texts when the policy was fitted; make it the same"),
    ({"h": ["a", "b"], "id": ["1", "2"]}, "no column 'g'"),
    ({"g": ["a", "b"]}, "no column 'id'"),
    ({"g": ["a", "b", "a", "b"], "id": ["1", "2", None, None]}, "row [23] has no id in 'id'"),
])
def test_people_that_a_policy_does_not_know(people, message):
    fitted = policy(groups=TABLE, by="g", id="id")
    with pytest.raises(mlsd.MlsdError, match=message):
        fitted.predict(people, np.arange(len(people["id"] if "id" in people else people["g"])))


def test_combinations_and_numbers_that_a_policy_does_not_know():
    both = {"g": list(G), "h": ["x" if g == "a" else "y" for g in G]}
    with pytest.raises(mlsd.MlsdError, match="row 0 is of 'g = a and h = y', a group that the policy does not know"):
        policy(groups=both, by=["g", "h"], constraint="none").predict({"g": ["a"], "h": ["y"]}, [0])
    sites = policy(groups={"site": np.arange(N) % 3 + 1}, by="site")
    with pytest.raises(mlsd.MlsdError, match="row 1 has site = '9', which no group of the policy has"):
        sites.predict_proba({"site": [1, 9]}, [0, 1])
    with pytest.raises(mlsd.MlsdError, match="column 'site' holds texts, but held numbers when the policy was fitted"):
        sites.predict_proba({"site": ["1", "2"]}, [0, 1])
    ages = policy(groups={"age": np.linspace(20, 60, N)}, by="age")
    assert "the numbers of 'age' are cut into 4 bins" in ages.describe().verdict
    assert len(ages.predict_proba({"age": [1.0, 200.0]}, [0, 1])) == 2  # the outer bins are open
    with pytest.raises(mlsd.MlsdError, match="row 0 has no value in 'age'"):
        ages.predict_proba({"age": [np.nan]}, [0])


def test_one_group_is_nothing_to_compare():
    alone = assess(groups=np.array(["a"] * N))
    assert "cannot tell, since 'a' is all there is to compare; name columns with different values in 'by'" in alone.verdict
    assert np.isnan(alone.number("demographic_parity_difference"))
    told = policy(groups=np.array(["a"] * N)).describe()
    assert told.verdict.startswith("1 group, with none that it could be equal to") and told.number("is_random") == 0


def test_a_group_of_one_row_is_not_judged():
    told = assess(groups=np.array(["c", *G[1:]]))
    assert "1 group has fewer than 20 rows and is not judged" in told.verdict
    chosen = policy(groups=np.array(["c", *G[1:]])).describe()
    assert "the rate is not defined for group 'c', which nothing binds" in chosen.verdict


def test_numbers_that_are_cut_are_said():
    sites = np.arange(N) % 25
    assert "4 groups (of numbers that are cut into bins; raise max_values, 20, if each is a group)" in assess(groups=sites).verdict
    assert assess(groups=sites, max_values=25).verdict.startswith("25 groups: ")


def measure(result, name):
    table = result.table("measures")
    at = list(table["measure"]).index(name)
    return tuple(table[column][at] for column in ("value", "low", "high"))


@pytest.mark.parametrize("unit", [1e-170, 1e160, 1e307])
def test_weights_whose_squares_are_no_numbers(unit):
    weight = np.full(N, unit)
    with pytest.raises(ValueError, match="weight.0. is .*, not 0 or a number between 1e-100 and 1e100"):
        assess(sample_weight=weight)
    with pytest.raises(ValueError, match="weight.0. is .*, not 0 or a number between 1e-100 and 1e100"):
        policy(sample_weight=weight)


def test_differential_fairness_does_not_ask_the_unit_of_weights():
    """Foulds et al. (2020), eq. 8: shares (k + c/2) / (n + c) of n rows, and so are their limits."""
    accepted = (P > 0.5).astype(float)
    plain = measure(assess(prediction=accepted), "differential_fairness")
    for unit in (1 / N, 1.0, 100.0):
        assert measure(assess(prediction=accepted, sample_weight=np.full(N, unit)), "differential_fairness") == pytest.approx(plain, rel=1e-9)
    k, n = (np.array([f(g) for g in "ab"], float) for f in (lambda g: accepted[G == g].sum(), lambda g: (G == g).sum()))
    for c in (1, 100, 1e4, 1e6):
        q = (k + c / 2) / (n + c)
        value, low, high = measure(assess(prediction=accepted, concentration=c), "differential_fairness")
        assert value == pytest.approx(max(abs(np.log(q[0] / q[1])), abs(np.log((1 - q[0]) / (1 - q[1])))), rel=1e-9)
        assert low <= value <= high


def test_means_of_areas_at_any_power():
    """A generalised mean lies between the least and the greatest, and goes to them with its power (Hardy, Littlewood & Polya)."""
    three = np.array(["a", "b", "c"])[RNG.integers(0, 3, N)]
    least = measure(assess(groups=three), "subgroup_auc_min")
    means = [measure(assess(groups=three, mean_power=power), "subgroup_auc_mean") for power in (-1000, -300, -5, 0, 1, 300, 1000)]
    assert all(low <= value <= high for value, low, high in means)
    assert all(a[0] < b[0] for a, b in zip(means, means[1:]))
    assert means[0][0] == pytest.approx(least[0] * 3 ** (1 / 1000), rel=1e-6)  # of three, the least alone counts


def test_rows_that_weigh_nothing_move_no_threshold():
    score, weight = np.round(P, 2), RNG.choice([0.0, 0.0, 1.0], N)
    kept = weight > 0
    whole = policy(score=score, sample_weight=weight, constraint="none").describe().table("thresholds")
    part = fairness.GroupThresholds(Y[kept], score[kept], G[kept], constraint="none").describe().table("thresholds")
    assert list(whole["threshold"]) == list(part["threshold"])


def test_noise_of_many_values_explains_nothing_away():
    """By construction `town` has to do with nothing: a few rows a town are no reason to say that the difference is chance."""
    alarms = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        group = rng.choice(["a", "b"], 600)
        accepted = (rng.random(600) < np.where(group == "a", 0.5, 0.3)).astype(float)
        town = [f"t{v}" for v in rng.integers(0, 300, 600)]
        strata = fairness.assess(rng.integers(0, 2, 600), accepted, {"g": group, "town": town}, by="g", permutations=9).table("strata")
        alarms += [
            (a, within) for a, rate, pooled, within in zip(*(strata[c] for c in ("alarm", "rate", "pooled_odds_ratio", "odds_ratio")))
            if rate == "selection_rate" and a == "vanishes" and 2 * abs(np.log(within)) >= abs(np.log(pooled))
        ]
    assert not alarms
