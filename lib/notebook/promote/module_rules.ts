/**
 * Modules of the repository by level: a module imports itself and modules of its own and lower levels, nothing
 * else. `tests/architecture_test.ts` checks all code by these rules, a promotion the code that it moves.
 */
export const LEVELS: string[][] = [
  ["lib/errors", "lib/config", "lib/runtime", "lib/cli"],
  ["lib/lake", "lib/sources"],
  ["lib/warehouse"],
  ["lib/ml", "lib/simulation"],
  ["lib/customers"],
  [
    "lib/churn",
    "lib/recommendation",
    "lib/inventory",
    "lib/lifetime_value",
    "lib/kpis",
    "lib/offers",
    "lib/segments",
  ],
  ["lib/models"],
  ["lib/notebook", "lib/jobs"],
  ["pipelines", "server", "notebooks"],
  ["schedules"],
];

/** Modules that are computation only: rows in, rows out. */
export const PURE_MODULES = [
  "lib/ml",
  "lib/simulation",
  "lib/customers",
  "lib/churn",
  "lib/recommendation",
  "lib/inventory",
  "lib/lifetime_value",
  "lib/kpis",
  "lib/segments",
  "lib/offers",
  "lib/models",
];

/** Drivers of databases and clouds, and the modules that may know them. */
const DRIVERS = ["pg", "pg-copy-streams", "mongodb", "@duckdb/", "@electric-sql/", "@aws-sdk/"];
export const DRIVER_MODULES = ["lib/sources", "lib/lake", "lib/warehouse"];

/** The module of a file by its path from the top of the repository. */
export function moduleOf(file: string): string {
  const [first = "", second] = file.split("/");
  return first === "lib" ? `lib/${second}` : first;
}

/** Whether a module may import another. Tests, and what generates reference pages (`documentation`), may import all. */
export function mayImport(from: string, to: string): boolean {
  if (from === to || from === "tests" || from === "documentation") return true;
  const level = (module: string) => LEVELS.findIndex((modules) => modules.includes(module));
  const neighbours = level(from) === level(to) && level(from) < LEVELS.length - 2;
  return level(to) >= 0 && (level(to) < level(from) || neighbours);
}

/** Whether an import, by a package's name or with `npm:`, is of a driver. */
export function isDriver(specifier: string): boolean {
  const name = specifier.replace(/^npm:\/?/, "").replace(/(?<=.)@\d.*$/, "");
  return DRIVERS.some((driver) => driver.endsWith("/") ? name.startsWith(driver) : name === driver);
}
