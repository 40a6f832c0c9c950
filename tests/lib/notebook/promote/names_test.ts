import assert from "node:assert/strict";
import { freeNames } from "../../../../lib/notebook/promote/names.ts";

const CASES: [what: string, code: string, free: string[]][] = [
  [
    "a name that a cell declares is not free, wherever it does",
    "f(); function f() { return a; } const a = 1;",
    [],
  ],
  [
    "imports, parameters, patterns and catch bind",
    `
    import { a, b as c } from "x";
    const f = ({ p, q: [r = a] }, ...s) => { try { c(p, r, s); } catch (e) { throw e; } };`,
    [],
  ],
  ["a parameter's default is free unless it is bound", "const f = (x, y = rate * x) => y;", ["rate"]],
  [
    "properties, keys and labels are no names",
    "const f = (o) => { out: for (;;) break out; return o.rate + { rate: 1 }.rate; };",
    [],
  ],
  ["a shorthand property is one", "const o = { rate };", ["rate"]],
  ["types and namespaces are names, too", "let f: (x: Row, y: NS.Other) => typeof rate;", [
    "NS",
    "Row",
    "rate",
  ]],
  ["a block hides a name for itself only", "{ const rate = 1; rate; } rate;", ["rate"]],
  [
    "templates, classes and awaits at the top",
    "class A extends Base { m() { return `${rate}`; } } await later;",
    ["Base", "later", "rate"],
  ],
  [
    "globals are free: whether they exist is the type check's business",
    "Math.max(1); console.log(undefined);",
    ["Math", "console"],
  ],
];
for (const [what, code, free] of CASES) {
  Deno.test(what, () => assert.deepEqual([...freeNames(code)].sort(), free));
}
