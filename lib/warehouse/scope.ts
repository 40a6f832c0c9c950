import { WarehouseError } from "shopflow/errors/mod.ts";
import { engineMacros } from "./engine_macros.ts";
import type { SourceDoc } from "./schema_file.ts";
import { sqlName } from "./session.ts";
import type { TemplateScope } from "./template.ts";

/** What a file used of the project while it was rendered. */
export interface UsedByFile {
  refs: Set<string>;
  /** Source tables, as `source.table`. */
  sources: Set<string>;
  config: Record<string, unknown>;
}

/** Makes the Jinja names of the project known to one file at a time. */
export interface ProjectScope {
  /** @param file Path for messages. */
  forFile(file: string): { scope: TemplateScope; used: UsedByFile };
}

/** SQL name of a model. */
export function relationOf(model: string): string {
  return sqlName(model);
}

/** SQL name of a source table. */
export function sourceRelationOf({ schema, table }: Pick<SourceDoc, "schema" | "table">): string {
  return `${sqlName(schema)}.${sqlName(table)}`;
}

/** The Jinja names of a project with the given models, sources and variables. */
export function createScope(
  { names, sources, vars }: {
    names: Map<string, string>;
    sources: SourceDoc[];
    vars: Record<string, unknown>;
  },
): ProjectScope {
  return {
    forFile(file) {
      const used: UsedByFile = { refs: new Set(), sources: new Set(), config: {} };
      const scope: TemplateScope = {
        ref(model) {
          if (!names.has(model)) {
            throw new WarehouseError(`${file} has a ref() to a model that does not exist`, {
              expected: `one of ${[...names.keys()].join(", ")}`,
              found: String(model),
            });
          }
          used.refs.add(model);
          return relationOf(model);
        },
        source(source, table) {
          const found = sources.find((doc) => doc.source === source && doc.table === table);
          if (found !== undefined) {
            used.sources.add(`${source}.${table}`);
            return sourceRelationOf(found);
          }
          throw new WarehouseError(`${file} has a source() that no schema file declares`, {
            expected: `one of ${sources.map((doc) => `${doc.source}.${doc.table}`).join(", ")}`,
            found: `${source}.${table}`,
          });
        },
        var(name, fallback) {
          const value = vars[name] ?? fallback;
          if (value !== undefined) return value;
          throw new WarehouseError(`${file} uses a variable that has no value`, {
            expected: `one of ${Object.keys(vars).join(", ")}`,
            found: String(name),
            remedy: "Give it a value beneath `vars` in dbt_project.yml.",
          });
        },
        config(settings) {
          Object.assign(used.config, settings);
          return "";
        },
        is_incremental: () => false,
        ...engineMacros(file),
      };
      return { scope, used };
    },
  };
}
