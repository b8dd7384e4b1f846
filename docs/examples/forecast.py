"""Is a forecast any better than the last value? Run: python3 forecast.py"""
import numpy as np

from mlsd.model_selection import TimeSeriesSplit, cross_val_score
from mlsd.time_series import AutoReg, ExponentialSmoothing, NaiveForecaster

months = np.arange(120)
noise = np.random.RandomState(0).randn(120)
sales = (200 + 1.5 * months) * (1 + 0.2 * np.sin(2 * np.pi * months / 12)) + 8 * noise

models = {
    "last value": NaiveForecaster(),
    "same month": NaiveForecaster(sp=12),
    "drift": NaiveForecaster(strategy="drift"),
    "Holt-Winters": ExponentialSmoothing(trend="add", seasonal="mul", seasonal_periods=12),
    "AR(p)": AutoReg(max_lags=24, trend="ct"),
}
folds = TimeSeriesSplit(4, test_size=12)  # each year from the years before it
for name, model in models.items():
    score = cross_val_score(model, months[:, None], sales, cv=folds, scoring="neg_mean_absolute_error")
    print(f"{name:>12}: wrong by {-score.mean():.1f} a month")

best = models["Holt-Winters"].fit(sales)
print("the next three months:", best.predict(3).round(1))
print("the next value, 95 of 100 times:", AutoReg(lags=13).fit(sales).predict_interval(1).round(1))
