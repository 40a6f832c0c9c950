/** The page of jobs: fields from the doc comments of their interface, defaults and declarations from the code. */
import ts from "typescript";
import { DEFAULTS } from "../../lib/jobs/job.ts";
import { join } from "node:path";
import { JOBS } from "../../schedules/jobs.ts";
import { code, NOTE, table } from "./markdown.ts";

const ROOT = join(import.meta.dirname!, "..", "..");

/** The fields of a job and the jobs of the platform. */
export async function jobsPage(): Promise<string> {
  const fields = interfaceFields(await Deno.readTextFile(join(ROOT, "lib/jobs/job.ts")), "Job");
  return `# Jobs

${NOTE}

## Fields of a job

Jobs are declared in \`schedules/jobs.ts\`. A mistake (an unknown job, pipeline or pool, a circle, an invalid cron
field) stops the program at its start, with the place and what is allowed.

${
    table(
      ["field", "type", "meaning", "default"],
      fields.map(({ name, type, meaning }) => [code(name), code(type), meaning, defaultOf(name)]),
    )
  }

## Jobs of the platform

${
    table(
      ["job", "description", "owner", "schedule", "steps", "depends on", "pool"],
      JOBS.jobs.map((job) => [
        code(job.name),
        job.description,
        job.owner,
        "cron" in job.schedule
          ? `${code(job.schedule.cron)} ${job.schedule.timeZone}`
          : "on each new snapshot",
        job.steps.map((step) => code("pipeline" in step ? step.pipeline : step.notebook)).join(", "),
        job.dependsOn.map(code).join(", "),
        job.pool,
      ]),
    )
  }
`;
}

/** The default of a field such as \`retries.limit\`; nothing where there is none or it is an object. */
function defaultOf(field: string): string {
  let value: unknown = DEFAULTS;
  for (const key of field.split(".")) value = (value as Record<string, unknown> | undefined)?.[key];
  if (value === undefined || (typeof value === "object" && !Array.isArray(value))) return "";
  return code(JSON.stringify(value));
}

/** A field of an interface. */
export interface FieldDoc {
  /** With its place in nested interfaces: `retries.limit`. */
  name: string;
  /** As it is written, a name of a union replaced by its members. */
  type: string;
  meaning: string;
}

/**
 * The fields of an interface in a file; fields whose type is another interface of the file are listed one by one, below
 * the text of the field itself.
 *
 * @throws {Error} when the file has no such interface.
 */
export function interfaceFields(source: string, name: string): FieldDoc[] {
  const file = ts.createSourceFile("source.ts", source, ts.ScriptTarget.Latest, true);
  const interfaces = new Map<string, ts.InterfaceDeclaration>();
  const aliases = new Map<string, ts.TypeAliasDeclaration>();
  for (const statement of file.statements) {
    if (ts.isInterfaceDeclaration(statement)) interfaces.set(statement.name.text, statement);
    if (ts.isTypeAliasDeclaration(statement)) aliases.set(statement.name.text, statement);
  }
  const start = interfaces.get(name);
  if (start === undefined) throw new Error(`There is no interface ${name} in the file`);

  const fieldsOf = (declaration: ts.InterfaceDeclaration, prefix: string): FieldDoc[] =>
    declaration.members.filter(ts.isPropertySignature).flatMap((member) => {
      const field = prefix + member.name.getText();
      const type = member.type?.getText() ?? "";
      const nested = interfaces.get(type);
      const alias = aliases.get(type);
      const own = docText(member);
      const meaning = own || docText(nested ?? alias);
      if (nested === undefined) return [{ name: field, type: aliasText(type, alias), meaning }];
      return [{ name: field, type: "object", meaning }, ...fieldsOf(nested, `${field}.`)];
    });
  return fieldsOf(start, "");
}

/** Short unions are shown in place of their name; others keep it. */
function aliasText(type: string, alias: ts.TypeAliasDeclaration | undefined): string {
  const text = alias?.type.getText() ?? "";
  return /^"[^{]*"$/.test(text) ? text : type;
}

/** The doc comment of a node as one line of Markdown. */
function docText(node: ts.Node | undefined): string {
  if (node === undefined) return "";
  return ts.getJSDocCommentsAndTags(node).map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "").join(
    " ",
  )
    .replace(/\{@linkcode (\w+)\}/g, "`$1`").replace(/\s+/g, " ").trim();
}
