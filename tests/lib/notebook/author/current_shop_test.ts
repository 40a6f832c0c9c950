import { runAlone } from "../../../fixtures/run_alone.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";

Deno.test("`sql` and `table` read the lake without more ado, and values in a query are quoted", () =>
  withTemporaryFolder((folder) =>
    runAlone(new URL("../current_shop_program.ts", import.meta.url), { SHOPFLOW_LAKE: folder })
  ));
