import assert from "node:assert/strict";
import { join } from "node:path";
import { testWith } from "../../../requirements.ts";

const FOLDER = join(import.meta.dirname!, "../../../../lib/runtime/process");
const scripts = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name.endsWith(".sh"))
  .sort();

testWith(
  ["shellcheck"],
  "shellcheck finds nothing in the shell scripts of supervised processes",
  async () => {
    assert.deepEqual(scripts, ["guard.sh", "start_gate.sh"]);
    const { stdout } = await new Deno.Command("shellcheck", {
      args: ["--shell=sh", "--severity=style", ...scripts],
      cwd: FOLDER,
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "");
  },
);
