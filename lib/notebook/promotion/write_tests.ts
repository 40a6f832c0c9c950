import { NotebookError } from "shopflow/errors/mod.ts";
import ts from "typescript";
import type { RecordedCalls } from "./call_recorder.ts";
import type { ReadSource } from "./module_exports.ts";
import { importedNames, parseCode } from "./parse_code.ts";
import type { PromotionPlan } from "./plan_promotion.ts";
import type { Shadow } from "./shadow.ts";
import { testPath, testText } from "./test_text.ts";

/** Writes the tests into the shadow, with the calls as examples if they hold there; gives their paths. */
export async function writeTests(
  { functions }: PromotionPlan,
  targets: string[],
  calls: Map<string, RecordedCalls>,
  notebook: string,
  shadow: Shadow,
  read: ReadSource,
): Promise<string[]> {
  for (const target of targets) {
    const path = testPath(target);
    const existing = await read(path);
    const known = importedLocals(existing ?? "");
    const tested = functions.filter((one) => one.target === target && !known.has(one.name))
      .map(({ name }) => ({
        name,
        specifier: `shopflow/${target.slice("lib/".length)}`,
        calls: calls.get(name),
      }));
    if (tested.length === 0) continue;
    try {
      await writeTest(path, testText(existing, tested, notebook), shadow);
      await shadow.deno("The examples do not repeat", "test", "--quiet", "--no-check", "--allow-all", path);
    } catch (error) {
      if (!(error instanceof NotebookError)) throw error;
      // Calls that depend on time, chance or state are no examples: the test is to be written by a person.
      for (const { name } of tested) calls.delete(name);
      await writeTest(
        path,
        testText(existing, tested.map((one) => ({ ...one, calls: undefined })), notebook),
        shadow,
      );
    }
  }
  return targets.map(testPath);
}

async function writeTest(path: string, text: string, shadow: Shadow): Promise<void> {
  await shadow.write(path, text);
  await shadow.deno("The test cannot be formatted", "fmt", "--quiet", path);
  await shadow.deno("The test does not pass the linter", "lint", "--quiet", path);
  await shadow.deno("The test has wrong types", "check", "--quiet", path);
}

/** The names that a file imports: a function that a test file knows has its test. */
function importedLocals(code: string): Set<string> {
  const imports = parseCode(code).statements.filter(ts.isImportDeclaration);
  return new Set(imports.flatMap(importedNames).map(({ local }) => local));
}
