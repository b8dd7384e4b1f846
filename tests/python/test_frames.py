"""pandas frames, dicts and tables as features: categories, texts, missing values, nullable types."""

import numpy as np
import pytest

import mlsd
from mlsd.impute import SimpleImputer
from mlsd.linear_model import LogisticRegression, Ridge
from mlsd.pipeline import Pipeline, make_pipeline
from mlsd.preprocessing import OneHotEncoder, StandardScaler

pd = pytest.importorskip("pandas")


@pytest.fixture
def frame():
    rng = np.random.RandomState(3)
    n = 200
    return pd.DataFrame(
        {
            "number": np.where(rng.rand(n) < 0.1, np.nan, rng.randn(n)),
            "whole": rng.randint(0, 50, n),
            "text": rng.choice(["a", "b", None], n),
            "category": pd.Categorical(rng.choice(["u", "v", "w"], n)),
            "codes": pd.Categorical(rng.choice([10, 2], n)),
            "truth": rng.rand(n) < 0.5,
            "nullable": pd.array(np.where(rng.rand(n) < 0.2, None, rng.randint(0, 9, n)), dtype="Int64"),
            "nullable truth": pd.array(np.where(rng.rand(n) < 0.2, None, rng.rand(n) < 0.5), dtype="boolean"),
            "string": pd.array(rng.choice(["p", None], n), dtype="string"),
            "when": pd.date_range("2020-01-01", periods=n),
        }
    )


def test_frames__columns_keep_their_kind(frame):
    table = mlsd.Table(frame)
    assert table.columns == list(frame.columns)
    found = {name: values.dtype.kind for name, values in table.items()}
    assert found == {
        "number": "f", "whole": "i", "text": "O", "category": "O", "codes": "O", "truth": "i", "nullable": "f",
        "nullable truth": "f", "string": "O", "when": "i",
    }
    for name in frame:
        missing = pd.isna(pd.Series(table[name])).to_numpy()
        np.testing.assert_array_equal(missing, frame[name].isna())
    assert set(table["codes"]) == {"10", "2"}
    present = frame["text"].notna().to_numpy()
    assert list(table["text"][present]) == list(frame["text"][present])
    assert list(table["nullable"][frame["nullable"].notna()]) == [float(v) for v in frame["nullable"].dropna()]


def test_frames__two_columns_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two columns are called 'a'"):
        Ridge().fit(pd.DataFrame([[1, 2], [3, 4], [5, 7]], columns=["a", "a"]), [1, 2, 3])


def test_frames__a_pipeline_learns_from_mixed_columns(frame):
    y = np.where(frame["category"] == "u", "yes", "no")
    pipe = Pipeline([("impute", SimpleImputer()), ("hot", OneHotEncoder()), ("scale", StandardScaler()), ("fit", LogisticRegression())])
    assert pipe.fit(frame, y) is pipe
    assert pipe.score(frame, y) == 1.0
    assert list(pipe.classes_) == ["no", "yes"] and pipe.model_.class_names == ["no", "yes"]
    assert list(pipe.feature_names_in_) == list(frame.columns) and pipe.n_features_in_ == frame.shape[1]
    shuffled = frame[list(frame.columns[::-1])]
    np.testing.assert_array_equal(pipe.predict_proba(shuffled), pipe.predict_proba(frame))
    with pytest.raises(KeyError, match="category"):
        pipe.predict(frame.drop(columns="category"))
    one = pipe.predict_proba(frame.iloc[[7]])
    np.testing.assert_array_equal(one, pipe.predict_proba(frame)[[7]])


def test_frames__dicts_and_tables_serve_like_frames(frame):
    X, y = frame[["whole", "truth", "category"]], frame["whole"] * 2.0
    given = (X, {name: X[name].to_numpy() for name in X}, mlsd.Table(X))
    found = [make_pipeline(OneHotEncoder(), Ridge()).fit(data, y).predict(data) for data in given]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_frames__numbers_in_a_frame_are_as_in_an_array(frame):
    X = frame[["whole", "truth"]]
    y = np.random.RandomState(1).randn(len(X))
    by_name, by_place = Ridge().fit(X, y), Ridge().fit(X.to_numpy(dtype=float), y)
    np.testing.assert_array_equal(by_name.coef_, by_place.coef_)
    np.testing.assert_array_equal(by_place.predict(X), by_name.predict(X))


def test_frames__a_target_column_name_may_be_taken(frame):
    X = pd.DataFrame({"target": frame["whole"], "weight": frame["truth"], "target_": frame["whole"] ** 2})
    model = Ridge().fit(X, X["target"] + 1.0, sample_weight=np.ones(len(X)))
    assert list(model.feature_names_in_) == ["target", "weight", "target_"]
    assert model.score(X, X["target"] + 1.0) > 0.99


def test_frames__categories_without_one_hot_are_refused_by_name(frame):
    with pytest.raises(ValueError, match="category"):
        Ridge().fit(frame[["whole", "category"]], frame["whole"])


def test_frames__the_main_job_takes_a_frame(source):
    frame = pd.read_csv(source / "docs/examples/data/hmda.csv")
    by_frame = mlsd.run(frame, "deny", quick=True, n_splits=3)
    by_file = mlsd.run(source / "docs/examples/data/hmda.csv", "deny", quick=True, n_splits=3)
    assert by_frame.verdict == by_file.verdict
    pd.testing.assert_frame_equal(pd.DataFrame(by_file.table("leaderboard")), pd.DataFrame(by_frame.table("leaderboard")))
    again = mlsd.run(frame, spec=mlsd.complete(frame, "deny", quick=True, n_splits=3))
    assert again.verdict == by_frame.verdict


def test_frames__columns_that_differ_at_prediction_are_named_and_numbered():
    X = pd.DataFrame({"age": [1.0, 2.0, 4.0], "income": [3.0, 1.0, 2.0], "rooms": [0.0, 1.0, 5.0]})
    model = Ridge().fit(X, [1.0, 2.0, 3.0])
    with pytest.raises(mlsd.ColumnError, match=r"no column 'income', .*its column 1\); it has 'incomes'"):
        model.predict(X.rename(columns={"income": "incomes"}))
    with pytest.raises(mlsd.DataError, match=r"'rooms' holds text, .* \(its column 2\)"):
        model.predict(X.assign(rooms=["a", "b", "c"]))
    with pytest.raises(ValueError, match="X has 2 features, but Ridge is expecting 3 features as input: .* column 2, 'rooms', is missing"):
        model.predict(X.to_numpy()[:, :2])
    with pytest.raises(ValueError, match="X has 4 features.*column 3 and what follows it is too much"):
        model.predict(np.zeros((1, 4)))
    np.testing.assert_array_equal(model.predict(X[["rooms", "age", "income"]].assign(other=1.0)), model.predict(X))
