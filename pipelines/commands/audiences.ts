/** Named lists of customers: `deno task audiences list | show NAME | save NAME CONDITION… | export NAME [FILE]`. */
import { Command } from "commander";
import { stringify } from "csv-stringify/sync";
import { runCommand, textTable, withLogLevel, writeOutputFile } from "shopflow/cli/mod.ts";
import { loadConfig } from "shopflow/config/mod.ts";
import { InputError, someOf } from "shopflow/errors/mod.ts";
import { findSnapshot, readManifest } from "shopflow/lake/mod.ts";
import { dayAfterLastSale } from "shopflow/ml/mod.ts";
import { countOf, createRuntime, formatCount, formatTimestamp } from "shopflow/runtime/mod.ts";
import {
  type Audience,
  type AudienceWithMembers,
  deletedCustomers,
  LIST_TABLES,
  listAudiences,
  loadAudience,
  readCustomers,
  saveAudience,
} from "shopflow/segments/audiences/mod.ts";
import { parseSelection, PERSONAS, selectionText } from "shopflow/segments/mod.ts";
import { type OpenSnapshot, openSnapshot } from "shopflow/warehouse/mod.ts";
import { createContext, type PipelineContext } from "../context.ts";

type Lake = Pick<PipelineContext, "store" | "runtime">;

const CONDITIONS = `
Conditions, which all must hold; a list's address on the server has the same:
  segment=ID                      ${
  PERSONAS.map(({ id }) => id).join(", ").replace(/(.{60,80}), /g, "$1,\n                                  ")
}
  r=1..5 f=1..5 m=1..5            scores of recency, frequency and money
  cohort=2024-05                  first order in a month; with age=3 ordered=yes|no: (no) order 3 months later
  month=2024-05 from=ID to=ID     segments at the start and the end of a month; from=not-yet: no customer before
  furthest=view|cart|checkout|purchase since=DAY until=DAY [device=NAME | category=NAME]
                                  how far their visits went, from since and before until
  as_of=DAY                       as they were before a day; default: the day after the last sale

Examples:
  deno task audiences save win-back segment=at-risk m=5
  deno task audiences save left-cart furthest=cart since=2024-09-01 until=2024-10-01 device=Mobile
  deno task audiences save vip --ids vip.csv --because "list of the sales team"
  deno task audiences export win-back win_back.csv --contact`;

interface SaveFlags {
  snapshot: string;
  newVersion?: boolean;
  ids?: string;
  because?: string;
  by: string;
  json?: boolean;
}

/** The commands; what they say goes to `print`. */
export function createAudiencesProgram(
  context: () => Lake,
  print: (text: string) => void = console.log,
): Command {
  const answer = (value: unknown, text: string, { json }: { json?: boolean }) =>
    print(json ? JSON.stringify(value, null, 2) : text);
  const program = withLogLevel(new Command("deno task audiences"))
    .description(
      "Named lists of customers. A list never changes once it is saved; saved again, it is a new version.",
    );
  program.command("list")
    .description("list the audiences, the latest version of each")
    .option("--all-versions", "earlier versions, too")
    .option("--json", "print JSON")
    .action(async (flags: { allVersions?: boolean; json?: boolean }) => {
      const { allVersions = false } = flags;
      const audiences = await listAudiences(context().store, { allVersions });
      answer(audiences, audiencesText(audiences), flags);
    });
  program.command("show")
    .description("show who is in an audience, by which definition, of which data")
    .argument("<name>", "its name, or NAME@VERSION")
    .option("--json", "print JSON, with all customers")
    .action(async (name: string, flags: { json?: boolean }) => {
      const audience = await loadAudience(context().store, name);
      answer(audience, audienceText(audience), flags);
    });
  program.command("save")
    .description("save the customers who meet conditions, or those of a file, under a name")
    .argument("<name>", "small letters, digits, _ and -")
    .argument("[conditions...]", "such as segment=at-risk; see below")
    .option(
      "--ids <file>",
      "customer ids instead of conditions: CSV with a column customer_id, or one id a line",
    )
    .option("--because <text>", "who they are, in words; needed with --ids")
    .option("--snapshot <id>", "choose from an earlier snapshot", "current")
    .option("--new-version", "where the name is taken, save as its next version")
    .option("--by <name>", "who saves it, for the record", "command line")
    .option("--json", "print JSON")
    .addHelpText("after", CONDITIONS)
    .action(async (name: string, conditions: string[], flags: SaveFlags) => {
      const saved = await save(context(), name, conditions, flags);
      answer(
        saved,
        `Saved ${
          countOf(saved.customers, "customer")
        } as ${saved.name}@${saved.version}: ${saved.description}.`,
        flags,
      );
    });
  program.command("export")
    .description(
      "write the customers of an audience as CSV, to a file or to the terminal; who was deleted since is left out",
    )
    .argument("<name>", "its name, or NAME@VERSION")
    .argument("[file]", "the file; default: standard output")
    .option(
      "--contact",
      "with names, e-mail addresses and countries of the current snapshot",
    )
    .action(async (name: string, file: string | undefined, { contact = false }: { contact?: boolean }) => {
      const lake = context();
      const audience = await loadAudience(lake.store, name);
      const { csv, left } = await (contact ? contacts : ids)(lake, audience);
      const note = left === 0
        ? ""
        : ` ${countOf(left, "customer")} whom the shop has deleted since ${
          left === 1 ? "is" : "are"
        } left out.`;
      if (file === undefined) {
        if (note !== "") lake.runtime.log.warn(note.trim());
        print(csv.trimEnd());
      } else {
        await writeOutputFile(file, csv);
        print(
          `Wrote ${
            countOf(audience.customers - left, "customer")
          } of ${audience.name}@${audience.version} to ${file}.${note}`,
        );
      }
    });
  return program;
}

async function save(
  { store, runtime }: Lake,
  name: string,
  conditions: string[],
  flags: SaveFlags,
): Promise<Audience> {
  const { newVersion = false, ids, because, by } = flags;
  const snapshot = await findSnapshot(store, flags.snapshot);
  using session = await openSnapshot(store, snapshot, { tables: LIST_TABLES });
  const shared = { name, snapshot, savedAt: runtime.now().toISOString(), savedBy: by };
  if (ids !== undefined) {
    if (conditions.length > 0 || because === undefined || because.trim() === "") {
      throw new InputError("A list of ids needs words instead of conditions", {
        expected: "--ids FILE --because TEXT",
        found: conditions.length > 0 ? `conditions ${conditions.join(" ")}` : "no --because",
      });
    }
    const members = idsIn(await readText(ids), ids);
    await refuseUnknown(session, members);
    return await saveAudience(store, {
      ...shared,
      description: because.trim(),
      asOf: await dayAfterLastSale(session),
      members,
    }, { newVersion });
  }
  const selection = parseSelection(assignments(conditions));
  const { asOf, customers } = await readCustomers(session, selection, {
    deletedSince: await deletedByNow(store),
  });
  return await saveAudience(store, {
    ...shared,
    description: because?.trim() || selectionText(selection),
    conditions: { ...selection, as_of: asOf },
    asOf,
    members: customers.map(({ customer_id }) => customer_id),
  }, { newVersion });
}

function assignments(conditions: string[]): Record<string, string> {
  if (conditions.length === 0) {
    throw new InputError("Nothing says who is in the audience", {
      expected: "conditions such as segment=at-risk, or --ids FILE",
      found: "none",
      remedy: "`deno task audiences save --help` lists the conditions.",
    });
  }
  return Object.fromEntries(conditions.map((text) => {
    const [, name, value] = text.match(/^([a-z_]+)=(.*)$/s) ?? [];
    if (name !== undefined && value !== undefined) return [name, value];
    throw new InputError("Invalid condition of customers", {
      expected: "NAME=VALUE, e.g. segment=at-risk",
      found: JSON.stringify(text),
    });
  }));
}

async function readText(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (cause) {
    throw new InputError(`${file} cannot be read`, {
      expected: "a file of customer ids",
      found: cause instanceof Error ? cause.message.replace(/: \w+ '.*$/, "") : String(cause),
      cause,
    });
  }
}

/** The ids of a file: those of its column customer_id, or its only column. @throws {InputError} when it has neither. */
function idsIn(text: string, file: string): string[] {
  const rows = text.replace(/^\uFEFF/, "").split(/\r?\n/).filter((line) => line.trim() !== "")
    .map((line) => line.split(",").map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")));
  const [head = []] = rows;
  const column = head.indexOf("customer_id");
  if (column >= 0) return rows.slice(1).map((row) => row[column] ?? "").filter((id) => id !== "");
  if (head.length === 1) return rows.map(([id]) => id ?? "");
  throw new InputError(`${file} names no customers`, {
    expected: "a column customer_id, or one id a line",
    found: head.join(", ") || "nothing",
  });
}

async function refuseUnknown(session: OpenSnapshot, ids: string[]): Promise<void> {
  const rows = await session.rows<{ customer_id: string }>(
    "SELECT customer_id FROM dim_customers WHERE is_current AND customer_id <> 'UNKNOWN' AND NOT is_deleted",
  );
  const known = new Set(rows.map(({ customer_id }) => customer_id));
  const unknown = [...new Set(ids)].filter((id) => !known.has(id));
  if (unknown.length === 0) return;
  throw new InputError(
    `${countOf(unknown.length, "id")} of the list ${
      unknown.length === 1 ? "is" : "are"
    } no customer of the snapshot`,
    {
      expected: "ids of dim_customers",
      found: someOf(unknown),
    },
  );
}

async function deletedByNow(store: Lake["store"]): Promise<string[]> {
  const { id } = await readManifest(store);
  using session = await openSnapshot(store, id, { tables: ["dim_customers"] });
  return await deletedCustomers(session);
}

async function ids(
  { store }: Lake,
  { members }: AudienceWithMembers,
): Promise<{ csv: string; left: number }> {
  const deleted = new Set(await deletedByNow(store));
  const found = members.filter((id) => !deleted.has(id));
  return {
    csv: stringify(found.map((id) => [id]), { header: true, columns: ["customer_id"] }),
    left: members.length - found.length,
  };
}

async function contacts(
  { store }: Lake,
  { members }: AudienceWithMembers,
): Promise<{ csv: string; left: number }> {
  const { id } = await readManifest(store);
  using session = await openSnapshot(store, id, { tables: ["dim_customers"] });
  const rows = await session.rows<Record<string, string | null>>(
    `SELECT customer_id, first_name, last_name, email, country FROM dim_customers WHERE is_current AND NOT is_deleted`,
  );
  const people = new Map(rows.map((row) => [row.customer_id, row]));
  const found = members.map((member) => people.get(member)).filter((person) => person !== undefined);
  const columns = ["customer_id", "first_name", "last_name", "email", "country"];
  return {
    csv: stringify(found, { header: true, columns, escape_formulas: true }),
    left: members.length - found.length,
  };
}

function audiencesText(audiences: Audience[]): string {
  if (audiences.length === 0) return "No audience is saved yet. `deno task audiences save --help` says how.";
  return textTable(
    [
      { title: "audience" },
      { title: "customers", align: "right" },
      { title: "as of" },
      { title: "saved (UTC)" },
      { title: "by" },
      { title: "who they are" },
    ],
    audiences.map(({ name, version, customers, asOf, savedAt, savedBy, description }) => [
      `${name}@${version}`,
      formatCount(customers),
      asOf,
      formatTimestamp(savedAt),
      savedBy,
      description,
    ]),
  );
}

/** Ids that a terminal shows. */
const SHOWN = 10;

function audienceText(
  { name, version, description, conditions, snapshot, asOf, savedAt, savedBy, customers, members }:
    AudienceWithMembers,
): string {
  return [
    `${name}@${version}: ${description}`,
    `${countOf(customers, "customer")} as of ${asOf}, from snapshot ${snapshot}`,
    `saved ${formatTimestamp(savedAt)} by ${savedBy}`,
    ...(conditions === undefined
      ? []
      : [`conditions: ${Object.entries(conditions).map(([key, value]) => `${key}=${value}`).join(" ")}`]),
    "",
    ...members.slice(0, SHOWN),
    ...(members.length > SHOWN ? [`… ${formatCount(members.length - SHOWN)} more; --json has all`] : []),
  ].join("\n");
}

if (import.meta.main) {
  await runCommand(async () => {
    const program = createAudiencesProgram(() => createContext(loadConfig(), createRuntime()));
    await program.parseAsync(Deno.args, { from: "user" });
  });
}
