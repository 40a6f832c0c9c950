/**
 * What a day costs beside everything, at full size, out of PostgreSQL and the MongoDB-protocol server and out of a tickets
 * file: extract and transform of an empty lake, of one day more, and of nothing new, and the floor of all that has to be
 * read and written. Prints its part of documentation/reference/benchmarks.md.
 *
 * `SHOPFLOW_TEST_CUSTOMERS` (100000) sets the size, `SHOPFLOW_TEST_ROUNDS` (3) how often each is measured.
 */
import { runCommand } from "shopflow/cli/mod.ts";
import { MongoClient } from "mongodb";
import { join } from "node:path";
import { simulateIntoSources } from "../../../pipelines/commands/simulate.ts";
import { type Servers, withServers } from "../../fixtures/source_servers.ts";
import { aDayLater } from "./a_day_later.ts";
import { measureFloor, measurePipelines } from "./full_size.ts";

const CUSTOMERS = Number(Deno.env.get("SHOPFLOW_TEST_CUSTOMERS") ?? 100_000);
const ROUNDS = Number(Deno.env.get("SHOPFLOW_TEST_ROUNDS") ?? 3);

/** Seconds of one round. */
interface Round {
  full: { extract: number; transform: number; floor: number };
  day: { extract: number; transform: number };
  nothing: { extract: number; transform: number };
  /** Of the same tables with the tickets in a file. */
  file: { full: number; nothing: number };
}

/** Writes the tickets as mongoexport does. */
async function exportTickets(url: string, path: string): Promise<void> {
  await using client = new MongoClient(url);
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  for await (const { _id, ...ticket } of client.db().collection("support_tickets").find({})) {
    const line = JSON.stringify({ _id: { $oid: String(_id) }, ...ticket }, (_, value) => value);
    await file.write(encoder.encode(`${line}\n`));
  }
}

async function measureRound({ context, sql }: Servers, home: string, day: number): Promise<Round> {
  const { config } = context;
  const step = async (name: string) => (await measurePipelines(context, home, [name])).seconds;
  const both = async () => ({ extract: await step("extract"), transform: await step("transform") });
  const everything = await both();
  const floor = (await measureFloor(context, home)).seconds;
  const nothing = await both();
  await aDayLater(sql, config.ticketsUrl, day);
  const oneDay = await both();
  const path = join(config.home, "tickets.jsonl");
  await exportTickets(config.ticketsUrl, path);
  const withFile = { ...context, config: { ...config, ticketsUrl: `file:${path}` } };
  const fileHome = `${home}_file`;
  const file = {
    full: (await measurePipelines(withFile, fileHome, ["extract"])).seconds,
    nothing: (await measurePipelines(withFile, fileHome, ["extract"])).seconds,
  };
  return { full: { ...everything, floor }, day: oneDay, nothing, file };
}

async function main(servers: Servers): Promise<void> {
  const { context } = servers;
  await simulateIntoSources(context, {
    customers: CUSTOMERS,
    products: CUSTOMERS / 20,
    seed: 42,
    until: "2024-12-31",
  });
  const rounds: Round[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    rounds.push(await measureRound(servers, join(context.config.home, `round_${round}`), round));
    console.error(`round ${round}: ${JSON.stringify(rounds.at(-1))}`);
  }
  const quickest = (seconds: (round: Round) => number) => Math.min(...rounds.map(seconds));
  const full = {
    extract: quickest(({ full }) => full.extract),
    both: quickest(({ full }) => full.extract + full.transform),
    floor: quickest(({ full }) => full.floor),
    file: quickest(({ file }) => file.full),
  };
  const row = (name: string, seconds: number, whole: number, aim = "") =>
    `| ${name} | ${seconds.toFixed(1)} s | ${(seconds / whole * 100).toFixed(0)} % | ${aim} |`;
  console.log(`## A day beside everything, at full size

${
    CUSTOMERS.toLocaleString("en-US")
  } customers; what happened on the last day happens again a day later, the customers who
ordered have one order more, a hundred tickets come in and as many change. The quickest of ${ROUNDS} rounds, each step a
process of its own from its start to its end.

| | seconds | of the same of everything | aim |
| --- | ---: | ---: | --- |
${row("everything: \`extract\`", full.extract, full.extract)}
${row("everything: \`extract\` and \`transform\`", full.both, full.both)}
${row("one more day: \`extract\`", quickest(({ day }) => day.extract), full.extract, "20 %")}
${row("one more day: both", quickest(({ day }) => day.extract + day.transform), full.both, "25 %")}
${row("nothing new: \`extract\`", quickest(({ nothing }) => nothing.extract), full.extract)}
${row("nothing new: both", quickest(({ nothing }) => nothing.extract + nothing.transform), full.both)}
${row("with a tickets file, nothing new: \`extract\`", quickest(({ file }) => file.nothing), full.file)}

Everything takes ${(full.both / full.floor).toFixed(2)} times the floor of ${
    full.floor.toFixed(1)
  } s: COPY and cursor thrown
away, the same Parquet written once (aim: 1.7).
`);
}

if (import.meta.main) await runCommand(() => withServers(main));
