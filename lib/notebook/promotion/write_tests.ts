import { NotebookError } from "shopflow/errors/mod.ts";
import ts from "typescript";
import type { RecordedCalls } from "./call_recorder.ts";
import type { ReadSource } from "./module_exports.ts";
import { importedNames, parseCode } from "./parse_code.ts";
import type { PromotionPlan } from "./plan_promotion.ts";
import type { Shadow } from "./shadow.ts";
import { type TestedFunction, testPath, testText } from "./test_text.ts";

/**
 * Writes the tests of promoted functions into the shadow, with calls of the notebook as examples where they hold
 * there, too; calls that do not are taken out of `calls`.
 *
 * @param notebook where the functions come from, by its path
 * @param read a file of the repository as it is
 */
export async function writeTests(
  { functions }: PromotionPlan,
  calls: Map<string, RecordedCalls>,
  notebook: string,
  shadow: Shadow,
  read: ReadSource,
): Promise<void> {
  for (const [target, all] of Map.groupBy(functions, (one) => one.target)) {
    const path = testPath(target);
    const existing = await read(path);
    const known = importedLocals(existing ?? "");
    const tested = all.filter(({ name }) => !known.has(name))
      .map(({ name }): TestedFunction => ({
        name,
        specifier: `shopflow/${target.slice("lib/".length)}`,
        calls: calls.get(name),
      }));
    if (tested.length === 0) continue;
    const shown = tested.filter(({ calls }) => calls && calls.examples.length > 0);
    if (shown.length > 0 && !await holds(path, testText(undefined, shown, notebook), shadow)) {
      for (const one of shown) {
        calls.delete(one.name);
        one.calls = undefined;
      }
    }
    await write(path, testText(existing, tested, notebook), shadow);
    await shadow.deno("The test has wrong types", "check", "--quiet", path);
  }
}

/** Whether a test passes; calls that depend on time, chance or state are no examples, nor are those of wrong types. */
async function holds(path: string, text: string, shadow: Shadow): Promise<boolean> {
  try {
    await write(path, text, shadow);
    await shadow.deno("The examples do not hold", "test", "--quiet", "--allow-all", path);
    return true;
  } catch (error) {
    if (error instanceof NotebookError) return false;
    throw error;
  }
}

async function write(path: string, text: string, shadow: Shadow): Promise<void> {
  await shadow.write(path, text);
  await shadow.deno("The test cannot be formatted", "fmt", "--quiet", path);
  await shadow.deno("The test does not pass the linter", "lint", "--quiet", path);
}

/** The names that a file imports: a function that a test file knows has its test. */
function importedLocals(code: string): Set<string> {
  const imports = parseCode(code).statements.filter(ts.isImportDeclaration);
  return new Set(imports.flatMap(importedNames).map(({ local }) => local));
}
