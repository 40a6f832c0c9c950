import { recencyBaseline } from "../../../../lib/churn/baseline.ts";
import { logisticTrainer } from "../../../../lib/ml/classifier/logistic.ts";
import { xgboostTrainer } from "shopflow/ml/classifier/mod.ts";
import { testClassifierContract } from "../../../contracts/classifier_contract.ts";

testClassifierContract(xgboostTrainer({ rounds: 80 }));
testClassifierContract(recencyBaseline());
testClassifierContract(logisticTrainer());
