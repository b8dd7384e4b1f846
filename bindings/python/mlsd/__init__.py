"""mlsd: is the model any good, for whom, at what cost? Thin Python bindings on the C library.

    import mlsd
    result = mlsd.run("hmda.csv", target="deny", slices=["afam", "single"])
    print(result.verdict)
    result.save_report("report.html")

mlsd.linear_model, .naive_bayes, .neighbors, .neural_network, .kernel_ridge, .discriminant_analysis, .calibration, .isotonic, .decomposition, .dummy, .ensemble,
.preprocessing, .impute, .compose, .augment, .pipeline, .model_selection, .svm, .metrics and .utils have scikit-learn's names
and signatures. Messages of the library go to the logger "mlsd" of the logging module.
"""

from ._errors import (
    ArgumentError,
    CallbackError,
    CancelledError,
    ColumnError,
    DataError,
    FileError,
    FitFailedWarning,
    FormatError,
    InternalError,
    MlsdError,
    NotFittedError,
    NumericError,
    OutOfMemoryError,
    ParameterError,
    UnsupportedError,
)
from ._diagnosis import Diagnosis, diagnose
from ._handles import Dataset, Folds, Model, Spec, Table
from ._library import (
    __version__,
    build_info,
    get_numerics,
    get_threads,
    kinds,
    library_path,
    set_progress,
    set_numerics,
    set_threads,
)
from ._loss_curve import Curve
from ._results import Result, complete, cross_validate, evaluate, leaderboard, run, score, validate

read_csv = Table.read_csv

_MODULES = (
    "audit", "augment", "calibration", "compare", "compose", "decomposition", "discriminant_analysis", "dummy", "ensemble", "factorization", "fairness",
    "feature_selection", "impute", "intervals", "isotonic", "kernel_ridge",
    "linear_model", "metrics", "model_selection", "naive_bayes", "neighbors", "neural_network", "pipeline", "preprocessing",
    "robustness", "slices", "svm", "time_series", "utils",
)

__all__ = [name for name in dir() if not name.startswith("_")] + ["__version__"]


def __getattr__(name):
    """The modules, imported when first used."""
    if name not in _MODULES:
        raise AttributeError(f"module 'mlsd' has no attribute {name!r}")
    import importlib

    return importlib.import_module(f"mlsd.{name}")


def __dir__():
    return sorted([*__all__, *_MODULES])
