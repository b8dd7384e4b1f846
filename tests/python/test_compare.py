"""mlsd.compare: what it takes, what it gives, what it refuses."""
import numpy as np
import pytest

import mlsd
from mlsd import compare as c

RNG = np.random.default_rng(1)
A = RNG.normal(0.8, 0.02, 10)
B = A + 0.05 + RNG.normal(0, 0.01, 10)


def test_attributes_and_verdict():
    r = c.corrected_t_test(A, B, test_train=1 / 9)
    assert r.p_value < 0.05 and r.low < r.difference < r.high and r.min_detectable > 0 and r.df == 9
    assert str(r) == r.verdict and r.verdict.startswith("'b' is better than 'a' by 0.0")
    assert repr(r).startswith("<corrected resampled t: 'b' is better")
    assert r.test == "corrected resampled t" and "deviation" in r.effect_is
    assert list(r.pairs["better"]) == ["b"] and list(r.ranks["model"]) == ["a", "b"]
    with pytest.raises(AttributeError, match="no 'p_valeu'; it has n_rows, statistic"):
        r.p_valeu


@pytest.mark.parametrize("scores", [
    {"tree": A, "line": B}, [A, B], np.column_stack([A, B]), np.column_stack([A, B]).astype(np.float32),
    np.asfortranarray(np.column_stack([A, B])), np.column_stack([A, A, B, B])[:, ::2][:, [0, 1]],
])
def test_kinds_of_scores(scores):
    r = c.compare("wilcoxon", scores)
    assert r.p_value == pytest.approx(2 / 1024)
    assert list(r.ranks["model"]) == (["tree", "line"] if isinstance(scores, dict) else ["a", "b"])


def test_frames():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"tree": A, "line": B, "deep": B + 0.001 * A})
    r = c.friedman_test(frame)
    assert list(r.ranks["model"]) == ["tree", "line", "deep"]
    assert list(c.friedman_test(frame, names=["u", "v", "w"]).ranks["model"]) == ["u", "v", "w"]


def test_labels_of_any_type():
    y = np.array(["cat", "dog", "cat", "eel"] * 10)
    worse = y.copy()
    worse[:12] = "eel"
    r = c.mcnemar_test(y, worse, y)
    by_number = c.mcnemar_test(None, worse == y, np.ones(40))
    assert r.p_value == by_number.p_value and r.difference == by_number.difference > 0
    assert r.verdict.startswith("'b' is better than 'a' by")


def test_each_function():
    y = np.array([0, 1] * 20)
    s = y + RNG.normal(0, 1, 40)
    t = y + RNG.normal(0, 2, 40)
    found = [
        c.bayes_correlated_t_test(A, B, test_train=0.1, rope=0.01), c.five_by_two_f_test(A, B), c.five_by_two_t_test(A, B),
        c.cochran_q_test(y, [s > 0, t > 0, s > t]), c.delong_test(y, s, t), c.diebold_mariano_test(y, s, t, horizon=2),
        c.wilcoxon_test(A, B), c.sign_test(A, B), c.permutation_test(A, B), c.max_t_test([A, B, A + 0.001 * B]),
        c.friedman_test([A, B, A]), c.bayes_signed_rank_test(A, B, rope=0.01),
    ]
    for r in found:
        assert r.verdict and r.n_rows > 0
    assert {r.test for r in found} >= {"DeLong", "Friedman", "max t by sign flips"}
    assert found[0].p_better + found[0].p_equivalent + found[0].p_worse == pytest.approx(1)


def test_pictures():
    r = c.friedman_test({"tree <&>": A, "line": B, "deep": B + 0.01})
    import xml.etree.ElementTree as etree

    assert "tree <&>" in "".join(etree.fromstring(r.svg()).itertext()) and r._repr_svg_() == r.svg()
    lines = r.draw(60).splitlines()
    assert lines[1].startswith("deep") and "critical difference" in r.draw(60)
    assert all(len(line) <= 60 for line in lines)
    pairs = c.compare("wilcoxon", [A, B, B + 0.01])
    assert pairs.draw(ascii=True).isascii() and "b - a" in pairs.draw()
    assert etree.fromstring(pairs.svg()).tag.endswith("svg")


def test_threads_do_not_matter():
    scores = RNG.normal(0, 1, (30, 5))
    before = mlsd.get_threads()
    try:
        seen = set()
        for n in (1, 2, 7):
            mlsd.set_threads(n)
            seen.add(c.max_t_test(scores).to_json() + c.compare("bayes_signed_rank", scores, n_draws=3000).to_json())
        assert len(seen) == 1
    finally:
        mlsd.set_threads(before)


def test_refusals():
    with pytest.raises(ValueError, match="different numbers of scores: 10, 9"):
        c.wilcoxon_test(A, B[:9])
    with pytest.raises(mlsd.ParameterError, match="did you mean 'horizon'"):
        c.diebold_mariano_test(None, A, B, horizn=2)
    with pytest.raises(mlsd.MlsdError, match="row 0 of 'a' is infinite"):
        c.wilcoxon_test([np.inf, 1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="1 dimensions"):
        c.friedman_test(A)
    with pytest.raises(mlsd.MlsdError, match="did you mean 'holm'"):
        c.adjust_p_values([0.1], "hlm")
    with pytest.raises(TypeError):
        c.corrected_t_test(A, B)
