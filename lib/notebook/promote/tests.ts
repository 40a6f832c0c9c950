import { addImports } from "./imports.ts";
import type { RecordedCalls } from "./verify.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import ts from "typescript";
import { importedNames, parseCode, type ReadSource } from "./names.ts";
import type { PromotionPlan } from "./plan.ts";
import type { Sandbox } from "./sandbox.ts";

/** A function that a test is written for. */
interface TestedFunction {
  name: string;
  /** Its module by the alias, e.g. `shopflow/ml/basket.ts`. */
  specifier: string;
  /** What the notebook's run showed of it; without examples, the test fails until somebody writes it. */
  calls?: RecordedCalls | undefined;
}

/** The test of a module, e.g. `tests/lib/ml/basket_test.ts`. */
export const testPath = (module: string): string => `tests/${module.replace(/\.ts$/, "_test.ts")}`;

/**
 * A test file with a test for each function: the calls that the notebook's run made, or a failure that says what is
 * to be written. Never one that asserts nothing.
 *
 * @param existing the test file as it is, if there is one
 * @param notebook where the functions come from
 */
function testText(
  existing: string | undefined,
  functions: TestedFunction[],
  notebook: string,
): string {
  const tests = functions.map((one) => oneTest(one, notebook)).join("\n");
  const code = existing === undefined ? tests : `${existing.trimEnd()}\n\n${tests}`;
  const assertion = { specifier: "node:assert/strict", imported: "default", local: "assert", isType: false };
  return addImports(code, [
    assertion,
    ...functions.map(({ name, specifier }) => ({ specifier, imported: name, local: name, isType: false })),
  ]);
}

function oneTest({ name, calls }: TestedFunction, notebook: string): string {
  const examples = calls?.examples ?? [];
  if (examples.length === 0) {
    const task = `${name} came from ${notebook} without an example that can be written as code: ` +
      "assert its result for known arguments";
    return `Deno.test(${JSON.stringify(`${name} has a test`)}, () => {
  assert.equal(typeof ${name}, "function");
  assert.fail(${JSON.stringify(task)});
});
`;
  }
  const isAsync = examples.some(({ isPromise }) => isPromise);
  const assertions = examples.map(({ arguments: list, result }) => {
    const call = `${name}(${list.map(literal).join(", ")})`;
    return `  assert.deepEqual(${isAsync ? "await " : ""}${call}, ${literal(result)});`;
  });
  return `Deno.test(${JSON.stringify(`${name} returns what it returned in ${notebook}`)}, ${
    isAsync ? "async " : ""
  }() => {
${assertions.join("\n")}
});
`;
}

/** A JSON value as people write it in code. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, inner]) =>
    `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)}: ${literal(inner)}`
  );
  return `{ ${entries.join(", ")} }`;
}

/**
 * Writes the tests of promoted functions into the sandbox, with calls of the notebook as examples where they hold
 * there, too; calls that do not are taken out of `calls`.
 *
 * @param notebook where the functions come from, by its path
 * @param read a file of the repository as it is
 */
export async function writeTests(
  { functions }: PromotionPlan,
  calls: Map<string, RecordedCalls>,
  notebook: string,
  sandbox: Sandbox,
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
    if (shown.length > 0 && !await holds(path, testText(undefined, shown, notebook), sandbox)) {
      for (const one of shown) {
        calls.delete(one.name);
        one.calls = undefined;
      }
    }
    await write(path, testText(existing, tested, notebook), sandbox);
    await sandbox.deno("The test has wrong types", "check", "--quiet", path);
  }
}

/** Whether a test passes; calls that depend on time, chance or state are no examples, nor are those of wrong types. */
async function holds(path: string, text: string, sandbox: Sandbox): Promise<boolean> {
  try {
    await write(path, text, sandbox);
    await sandbox.deno("The examples fail", "test", "--quiet", "--allow-all", path);
    return true;
  } catch (error) {
    if (error instanceof NotebookError) return false;
    throw error;
  }
}

async function write(path: string, text: string, sandbox: Sandbox): Promise<void> {
  await sandbox.write(path, text);
  await sandbox.deno("The test cannot be formatted", "fmt", "--quiet", path);
  await sandbox.deno("The test does not pass the linter", "lint", "--quiet", path);
}

/** The names that a file imports: a function that a test file knows has its test. */
function importedLocals(code: string): Set<string> {
  const imports = parseCode(code).statements.filter(ts.isImportDeclaration);
  return new Set(imports.flatMap(importedNames).map(({ local }) => local));
}
