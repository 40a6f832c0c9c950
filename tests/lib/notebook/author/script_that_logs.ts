/** A script as a user writes it; `experiment_slow_test.ts` runs it. */
import { openExperiment } from "shopflow/notebook/kernel.ts";

const experiment = openExperiment("script");
await experiment.log({ parameters: { password: "hunter2" }, metrics: { auc: 0.5 } });
