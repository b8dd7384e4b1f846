"""Is the model any good, and for whom? Run: python3 first.py docs/examples/data/hmda.csv"""
import sys

import mlsd
from mlsd.impute import SimpleImputer
from mlsd.linear_model import LogisticRegression
from mlsd.model_selection import StratifiedKFold, cross_val_score, train_test_split
from mlsd.pipeline import make_pipeline
from mlsd.preprocessing import OneHotEncoder, StandardScaler

path = sys.argv[1] if len(sys.argv) > 1 else "hmda.csv"
print(mlsd.run(path, "deny", slices=["afam", "single", "selfemp"], quick=True).verdict)

X = mlsd.read_csv(path).to_dict()
y = X.pop("deny")
model = make_pipeline(SimpleImputer(), OneHotEncoder(), StandardScaler(), LogisticRegression(C=0.5))
scores = cross_val_score(model, X, y, cv=StratifiedKFold(10, shuffle=True, random_state=0), scoring="roc_auc")
print(f"roc_auc over 10 folds: {scores.mean():.3f} +- {scores.std():.3f}")
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
print(f"accuracy on the test part: {model.fit(X_train, y_train).score(X_test, y_test):.3f}")
