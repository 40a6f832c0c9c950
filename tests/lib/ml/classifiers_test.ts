import { recencyBaseline } from "shopflow/churn/mod.ts";
import { xgboostTrainer } from "shopflow/ml/mod.ts";
import { testClassifierContract } from "../../contracts/classifier_contract.ts";

testClassifierContract(xgboostTrainer({ rounds: 80 }));
testClassifierContract(recencyBaseline());
