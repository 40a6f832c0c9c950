/** Builds a star schema and scores in the `SHOPFLOW_HOME` that is its argument, from raw files that are there. */
import { loadConfig } from "shopflow/config/mod.ts";
import { createContext } from "../../pipelines/context.ts";
import { transform } from "../../pipelines/steps/transform.ts";
import { stillRuntime } from "../lib/warehouse/small_project.ts";
import { scoreModel } from "../../pipelines/steps/score/score.ts";
import { inventoryModel } from "shopflow/inventory/mod.ts";

const scoreInventory = scoreModel(inventoryModel);

const context = createContext(loadConfig({ SHOPFLOW_HOME: Deno.args[0] }), stillRuntime().runtime);
await transform(context);
await scoreInventory(context);
