"""Kernel ridge regression. Names as in sklearn.kernel_ridge; the class is made from the table of kinds."""

from ._estimators import make_classes

__all__ = make_classes(__name__, "kernel_ridge")


class KernelRidge(KernelRidge):  # noqa: F821 (made above)
    __doc__ = (
        KernelRidge.__doc__  # noqa: F821
        + """
Attributes
----------
dual_coef_ : how much each training row adds
X_fit_ : the training rows
"""
    )

    def _shape_attribute(self, name, value):
        return value if name == "X_fit" else super()._shape_attribute(name, value)
