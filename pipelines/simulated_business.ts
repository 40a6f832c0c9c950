import { type Config, maskUrl } from "shopflow/config/mod.ts";
import type { Business } from "shopflow/kpis/mod.ts";
import { fileExists } from "shopflow/runtime/mod.ts";
import { dirname, join } from "node:path";

/** The databases of a shop, without passwords. */
export const sourcesOf = ({ postgresUrl, ticketsUrl }: Config): string[] => [
  maskUrl(postgresUrl),
  maskUrl(ticketsUrl),
];

/** Customers of the shop whose story the simulated one tells on its own scale. */
const FOUNDING_CUSTOMERS = 100_000;

/** What a simulated business says of itself; its amounts go with its size. */
function simulatedBusiness(customers: number): Business {
  return {
    currency: "USD",
    lapsed: { baseline: 0.15, target: 0.1 },
    abandonedCarts: { baseline: 0.68 },
    outOfStock: { baseline: 0.2 },
    overstocked: { baseline: 0.3 },
    recommendations: {
      clickThrough: 0.02,
      monthlyGoal: Math.round(200_000 * customers / FOUNDING_CUSTOMERS),
    },
  };
}

/** What the simulator wrote, for which databases: `<home>/shop/business.json`. */
interface SimulatedBusiness {
  sources: string[];
  text: string;
}

const recordPath = ({ home }: Config) => join(home, "shop", "business.json");

/**
 * Writes the business file of a simulated shop, unless a person wrote one or named another.
 *
 * @returns Whether it is there now.
 */
export async function writeSimulatedBusiness(config: Config, customers: number): Promise<boolean> {
  const path = join(config.home, "business.json");
  if (config.businessFile !== path) return false;
  if (await fileExists(path) && !await isSimulated(config)) return false;
  const text = JSON.stringify(simulatedBusiness(customers), null, 2) + "\n";
  const record: SimulatedBusiness = { sources: sourcesOf(config), text };
  await Deno.mkdir(dirname(recordPath(config)), { recursive: true });
  await Deno.writeTextFile(recordPath(config), JSON.stringify(record));
  await Deno.writeTextFile(path, text);
  return true;
}

/**
 * Removes the simulator's business file where another shop took the place of the simulated one, so that nobody is told
 * what that shop says of itself. A file that a person wrote or changed stays.
 *
 * @param isReplaced whether the databases hold another shop now; else only a change of databases counts.
 * @returns Whether one was removed.
 */
export async function removeSimulatedBusiness(
  config: Config,
  { isReplaced = false }: { isReplaced?: boolean } = {},
): Promise<boolean> {
  const record = await readRecord(config);
  if (record === undefined || !await isSimulated(config)) return false;
  if (!isReplaced && record.sources.join() === sourcesOf(config).join()) return false;
  await Deno.remove(config.businessFile);
  return true;
}

/** Whether the business file is as the simulator wrote it. */
async function isSimulated(config: Config): Promise<boolean> {
  const record = await readRecord(config);
  return record !== undefined && await fileExists(config.businessFile) &&
    await Deno.readTextFile(config.businessFile) === record.text;
}

async function readRecord(config: Config): Promise<SimulatedBusiness | undefined> {
  const path = recordPath(config);
  return await fileExists(path) ? JSON.parse(await Deno.readTextFile(path)) : undefined;
}
