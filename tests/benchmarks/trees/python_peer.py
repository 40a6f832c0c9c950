"""XGBoost with one thread, on request.

Reads one request a line from standard input and writes one answer a line, both JSON. Matrices are files of float32, row by
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


def timed(compute):
    started = time.process_time()
    result = compute()
    return result, time.process_time() - started


def train(request):
    parameters = {"objective": "binary:logistic", "tree_method": "hist", "nthread": 1, **request["parameters"]}
    labels = numpy.fromfile(request["labels"], dtype=numpy.uint8)

    def fit():
        data = xgboost.DMatrix(matrix(request), labels, nthread=1)
        return xgboost.train(parameters, data, num_boost_round=request["rounds"])

    booster, seconds = timed(fit)
    boosters[request["name"]] = booster
    booster.save_model(request["model"])
    return {"seconds": seconds}


def saved(result, seconds, request):
    numpy.ascontiguousarray(result, dtype=numpy.float32).tofile(request["to"])
    return {"seconds": seconds}


def predict(request):
    values, booster = matrix(request), boosters[request["name"]]
    return saved(*timed(lambda: booster.inplace_predict(values)), request)


def explain(request):
    data, booster = xgboost.DMatrix(matrix(request), nthread=1), boosters[request["name"]]
    return saved(*timed(lambda: booster.predict(data, pred_contribs=True)), request)


def version(_):
    return {"version": xgboost.__version__, "seconds": 0}


COMMANDS = {"train": train, "predict": predict, "explain": explain, "version": version}

for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(COMMANDS[request["command"]](request)), flush=True)
