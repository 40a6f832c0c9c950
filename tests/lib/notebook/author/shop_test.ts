import { runAlone } from "../../../fixtures/run_alone.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";

Deno.test("a notebook sees the current snapshot, or an older one by its id or the beginning of it", () =>
  withTemporaryFolder((folder) =>
    runAlone(new URL("../time_travel_program.ts", import.meta.url), { SHOPFLOW_LAKE: folder })
  ));
