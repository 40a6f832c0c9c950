import { recencyBaseline, xgboostTrainer } from "shopflow/models/mod.ts";
import { testClassifierContract } from "../../contracts/classifier_contract.ts";

testClassifierContract(xgboostTrainer({ rounds: 80 }));
testClassifierContract(recencyBaseline());
