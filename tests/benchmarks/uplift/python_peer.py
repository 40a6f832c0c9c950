"""Cross-fitted two-model uplift by scikit-uplift and XGBoost with one thread, as the JSON request on standard input says.

Matrices are files of float32, row by row. Prints CPU seconds of the learning and of the Qini curve, and the scores' figures.
"""
import json
import sys
import time

import numpy
import pandas
import sklift
import xgboost
from sklearn.metrics import auc
from sklift.metrics import qini_curve
from sklift.models import SoloModel, TwoModels

request = json.load(sys.stdin)
values = numpy.fromfile(request["values"], dtype=numpy.float32).reshape(-1, request["columns"])
features = pandas.DataFrame(values)
features.columns = [str(column) for column in features.columns]
arm = pandas.Series(numpy.fromfile(request["arm"], dtype=numpy.uint8).astype(int))
outcome = pandas.Series(numpy.fromfile(request["outcome"], dtype=numpy.uint8).astype(int))
fold = numpy.fromfile(request["fold"], dtype=numpy.uint8)


def classifier():
    return xgboost.XGBClassifier(tree_method="hist", n_jobs=1, **request["parameters"])


def learner():
    if request["learner"] == "S":
        return SoloModel(classifier())
    return TwoModels(classifier(), classifier(), method="vanilla")


started = time.process_time()
uplift = numpy.empty(len(arm))
for left in range(fold.max() + 1):
    train, test = fold != left, fold == left
    model = learner().fit(features[train], outcome[train], arm[train])
    uplift[test] = model.predict(features[test])
learning = time.process_time() - started

started = time.process_time()
at, gains = qini_curve(outcome.to_numpy(), uplift, arm.to_numpy())
curve = time.process_time() - started
treated, rows = arm.sum(), len(arm)
print(json.dumps({
    "version": f"scikit-uplift {sklift.__version__}, XGBoost {xgboost.__version__}",
    "learning": learning,
    "curve": curve,
    "coefficient": auc(at, gains) / treated / rows - gains[-1] / treated / 2,
    "share": float(numpy.interp(0.3 * rows, at, gains) / gains[-1]),
}))
