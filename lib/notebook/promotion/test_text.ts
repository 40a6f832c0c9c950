import { addImports } from "./imports_text.ts";
import type { RecordedCalls } from "./call_recorder.ts";

/** A function that a test is written for. */
export interface TestedFunction {
  name: string;
  /** Its module by the alias, e.g. `shopflow/features/basket.ts`. */
  specifier: string;
  /** What the notebook's run showed of it; without examples, the test fails until somebody writes it. */
  calls?: RecordedCalls;
}

/** The test of a module, e.g. `tests/lib/features/basket_test.ts`. */
export const testPath = (module: string): string => `tests/${module.replace(/\.ts$/, "_test.ts")}`;

/**
 * A test file with a test for each function: the calls that the notebook's run made, or a failure that says what is
 * to be written. Never one that asserts nothing.
 *
 * @param existing the test file as it is, if there is one
 * @param notebook where the functions come from
 */
export function testText(
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
    const task = `${name} came from ${notebook} without an example that can be written down: ` +
      "assert what it gives for arguments whose result is known";
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
  return `Deno.test(${JSON.stringify(`${name} gives what it gave in ${notebook}`)}, ${
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
