"""mlsd: is the model any good, for whom, at what cost? Thin Python bindings on the C library.

    import mlsd
    result = mlsd.run("hmda.csv", target="deny", slices=["afam", "single"])
    print(result.verdict)
    result.save_report("report.html")

mlsd.linear_model, .dummy, .preprocessing, .impute, .pipeline, .model_selection and .metrics have scikit-learn's names
and signatures.
"""

from ._library import (
    CancelledError,
    DataError,
    FileError,
    MlsdError,
    OutOfMemoryError,
    ParameterError,
    UnsupportedError,
    __version__,
    build_info,
    get_threads,
    library_path,
    set_threads,
)
from ._handles import Curve, Dataset, Folds, Model, Result, Spec, Table, leaderboard, run, score, slice_score
from ._estimators import NotFittedError, kinds

read_csv = Table.read_csv

__all__ = [
    "CancelledError",
    "Curve",
    "DataError",
    "Dataset",
    "FileError",
    "Folds",
    "MlsdError",
    "Model",
    "NotFittedError",
    "OutOfMemoryError",
    "ParameterError",
    "Result",
    "Spec",
    "Table",
    "UnsupportedError",
    "__version__",
    "build_info",
    "get_threads",
    "kinds",
    "leaderboard",
    "library_path",
    "read_csv",
    "run",
    "score",
    "set_threads",
    "slice_score",
]
