import { runAlone } from "../../../fixtures/run_alone.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";

Deno.test("cells save audiences by conditions, ids or a table, and load them", () =>
  withTemporaryFolder((folder) =>
    runAlone(new URL("../audience_program.ts", import.meta.url), { SHOPFLOW_LAKE: folder })
  ));
