/**
 * Rooms of the repository in the order of the design: a room imports itself, rooms of lower levels, and nothing
 * else. `tests/architecture_test.ts` checks all code by these rules, a promotion the code that it moves.
 */
export const LEVELS: string[][] = [
  ["lib/errors", "lib/config", "lib/runtime", "lib/cli"],
  ["lib/lake", "lib/sources"],
  ["lib/warehouse"],
  ["lib/ml", "lib/simulation"],
  ["lib/churn", "lib/recommendation", "lib/inventory", "lib/kpis"],
  ["lib/models"],
  ["lib/notebook", "lib/jobs"],
  ["pipelines", "server", "notebooks"],
  ["schedules"],
];

/** Rooms that are computation only: rows in, rows out. */
export const PURE_ROOMS = [
  "lib/ml",
  "lib/simulation",
  "lib/churn",
  "lib/recommendation",
  "lib/inventory",
  "lib/kpis",
  "lib/models",
];

/** Drivers of databases and clouds, and the rooms that may know them. */
const DRIVERS = ["pg", "pg-copy-streams", "mongodb", "@duckdb/", "@electric-sql/", "@aws-sdk/"];
export const DRIVER_ROOMS = ["lib/sources", "lib/lake", "lib/warehouse"];

/** The room of a file by its path from the top of the repository. */
export function roomOf(file: string): string {
  const parts = file.split("/");
  return parts[0] === "lib" ? parts.slice(0, 2).join("/") : parts[0]!;
}

/** Whether a room may import another. */
export function mayImport(from: string, to: string): boolean {
  if (from === to || from === "tests") return true;
  const level = (room: string) => LEVELS.findIndex((rooms) => rooms.includes(room));
  const neighbours = level(from) === level(to) && level(from) < LEVELS.length - 2;
  return level(to) >= 0 && (level(to) < level(from) || neighbours);
}

/** Whether an import, by a package's name or with `npm:`, is of a driver. */
export function isDriver(specifier: string): boolean {
  const name = specifier.replace(/^npm:\/?/, "").replace(/(?<=.)@\d.*$/, "");
  return DRIVERS.some((driver) => driver.endsWith("/") ? name.startsWith(driver) : name === driver);
}
