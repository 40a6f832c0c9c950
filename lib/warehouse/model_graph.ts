import { WarehouseError } from "shopflow/errors/mod.ts";

/**
 * Orders models so that each comes after those it reads; among equals by name.
 *
 * @throws {WarehouseError} when models read each other in a circle.
 */
export function inDependencyOrder<T extends { name: string; refs: string[] }>(models: T[]): T[] {
  const byName = new Map(models.map((model) => [model.name, model]));
  const ordered: T[] = [];
  const done = new Set<string>();
  const visit = (model: T, path: string[]) => {
    if (done.has(model.name)) return;
    if (path.includes(model.name)) {
      throw new WarehouseError("SQL models read each other in a circle", {
        found: [...path.slice(path.indexOf(model.name)), model.name].join(" -> "),
        remedy: "Move what both need into a model of its own.",
      });
    }
    for (const name of model.refs.toSorted()) {
      const read = byName.get(name);
      if (read !== undefined) visit(read, [...path, model.name]);
    }
    done.add(model.name);
    ordered.push(model);
  };
  for (const model of models.toSorted((a, b) => a.name < b.name ? -1 : 1)) visit(model, []);
  return ordered;
}
