"""XGBoost with one thread, on request.

Reads one JSON request a line from standard input and writes one JSON answer a line. Matrices are files of float32, row by
row. Times are CPU seconds of this process.
"""
import json
import sys
import time

import numpy
import xgboost

boosters = {}


def matrix(request):
    return numpy.fromfile(request["values"], dtype=numpy.float32).reshape(-1, request["columns"])


def train(request):
    values = matrix(request)
    labels = numpy.fromfile(request["labels"], dtype=numpy.uint8)
    data = xgboost.DMatrix(values, labels, nthread=1)
    started = time.process_time()
    booster = xgboost.train(
        {"objective": "binary:logistic", "tree_method": "hist", "nthread": 1, **request["parameters"]},
        data,
        num_boost_round=request["rounds"],
    )
    seconds = time.process_time() - started
    boosters[request["name"]] = booster
    booster.save_model(request["model"])
    return {"seconds": seconds}


def timed(request, compute):
    started = time.process_time()
    result = compute()
    seconds = time.process_time() - started
    if "to" in request:
        numpy.ascontiguousarray(result, dtype=numpy.float32).tofile(request["to"])
    return {"seconds": seconds}


def predict(request):
    values, booster = matrix(request), boosters[request["name"]]
    return timed(request, lambda: booster.inplace_predict(values))


def explain(request):
    data, booster = xgboost.DMatrix(matrix(request), nthread=1), boosters[request["name"]]
    return timed(request, lambda: booster.predict(data, pred_contribs=True))


COMMANDS = {"train": train, "predict": predict, "explain": explain}

for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(COMMANDS[request["command"]](request)), flush=True)
