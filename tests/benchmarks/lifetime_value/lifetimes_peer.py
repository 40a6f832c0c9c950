"""BG/NBD, its predictions and Gamma-Gamma by the package lifetimes, on a summary of customers.

Arguments: a CSV file with frequency, recency, T, count, mean_amount; a horizon. Prints one JSON object: seconds of each part and
the parameters.
"""
import json
import sys
import time

started = time.perf_counter()
import pandas
from lifetimes import BetaGeoFitter, GammaGammaFitter

imported = time.perf_counter()
data = pandas.read_csv(sys.argv[1])
horizon = float(sys.argv[2])
fit_started = time.perf_counter()
model = BetaGeoFitter().fit(data["frequency"], data["recency"], data["T"])
fitted = time.perf_counter()
expected = model.conditional_expected_number_of_purchases_up_to_time(
    horizon, data["frequency"], data["recency"], data["T"]
)
alive = model.conditional_probability_alive(data["frequency"], data["recency"], data["T"])
predicted = time.perf_counter()
paid = data[data["count"] > 0]
money = GammaGammaFitter().fit(paid["count"], paid["mean_amount"])
print(json.dumps({
    "import": imported - started,
    "fit": fitted - fit_started,
    "predict": predicted - fitted,
    "money": time.perf_counter() - predicted,
    "parameters": {name: float(value) for name, value in {**model.params_, **money.params_}.items()},
    "expected": float(expected.sum()),
}))
