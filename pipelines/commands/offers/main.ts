/** Offers: `deno task offers list | show | draw | plan | results | export | cancel`. */
import { Command } from "commander";
import { stringify } from "csv-stringify/sync";
import { runCommand, wholeNumber, withLogLevel, writeOutputFile } from "shopflow/cli/mod.ts";
import { loadConfig } from "shopflow/config/mod.ts";
import { InputError, someOf } from "shopflow/errors/mod.ts";
import { readBusiness } from "shopflow/notebook/business_file.ts";
import {
  cancelDraw,
  type Draw,
  type DrawState,
  drawStates,
  lastValidDay,
  openOfferLedger,
  recordExport,
} from "shopflow/offers/ledger/mod.ts";
import { offersOf } from "shopflow/offers/mod.ts";
import { countOf, createRuntime } from "shopflow/runtime/mod.ts";
import { createContext, type PipelineContext } from "../../context.ts";
import { createDrawCommand } from "./draw.ts";
import { createPlanCommand } from "./plan.ts";
import { createResultsCommand } from "./results.ts";
import { ledgerText, stateText } from "./text.ts";

interface OutputFlags {
  json?: boolean;
}

/** The commands; what they say goes to `print`. */
export function createOffersProgram(
  context: () => PipelineContext,
  print: (text: string) => void = console.log,
): Command {
  const answer = (value: unknown, text: () => string, { json }: OutputFlags) =>
    print(json ? JSON.stringify(value, null, 2) : text());

  const program = withLogLevel(new Command("deno task offers"))
    .description(
      "Choose whom to make an offer, hold some out at random, record who got what and why, and read the effect.\n" +
        "The ledger is in the lake; nothing in it is ever changed or deleted.",
    );
  program.command("list")
    .description("list the business's offers and the lists that were drawn")
    .option("--json", "print JSON")
    .action(async (flags: OutputFlags) => {
      const { store, config } = context();
      const business = await readBusiness(config.businessFile);
      const states = drawStates(await openOfferLedger(store).read());
      const offers = offersOf(business);
      const summaries = states.map(({ draw: { customers, ...draw }, ...rest }) => ({
        ...draw,
        customers: customers.length,
        ...rest,
      }));
      answer({ offers, lists: summaries }, () => ledgerText(states, offers, business), flags);
    });
  program.command("show")
    .description("show one list: by which rule, from which scores, who was offered and who was held out")
    .argument("<list>", "id of the list")
    .option("--rows <number>", "how many customers to show", wholeNumber, 10)
    .option("--json", "print JSON, with every customer")
    .action(async (id: string, flags: OutputFlags & { rows: number }) => {
      const state = await findDraw(context(), id);
      answer(state, () => stateText(state, flags.rows), flags);
    });
  program.addCommand(createDrawCommand(context, print));
  program.addCommand(createPlanCommand(context, print));
  program.addCommand(createResultsCommand(context, print));
  program.command("export")
    .description("write the customers who are offered something as CSV, for the program that sends it")
    .argument("<list>", "id of the list")
    .argument("<file>", "where to write it")
    .option(
      "--with-held-out",
      "also those who were held out, with their group: for analysis, not for sending",
    )
    .action(async (id: string, file: string, flags: { withHeldOut?: boolean }) => {
      const { store, runtime } = context();
      const state = await findDraw(context(), id);
      if (state.cancelled !== undefined) {
        throw new InputError(`The list ${id} was cancelled`, {
          expected: "a list that stands",
          found: `cancelled on ${state.cancelled.at.slice(0, 10)}: ${state.cancelled.reason}`,
        });
      }
      const customers = exportedRows(state.draw, flags.withHeldOut === true);
      await writeOutputFile(file, stringify(customers, { header: true }));
      // Without the held-out it may be sent, which a cancellation has to know of.
      if (!flags.withHeldOut) await recordExport(openOfferLedger(store), id, customers.length, runtime.now());
      print(`${countOf(customers.length, "customer")} written to ${file}`);
    });
  program.command("cancel")
    .description(
      "cancel a list that was not sent: its customers may be listed again, and it counts in no result",
    )
    .argument("<list>", "id of the list")
    .requiredOption("--reason <text>", "the reason, for the record")
    .option("--not-sent", "the list was exported, but surely not sent")
    .option("--json", "print JSON")
    .action(async (id: string, flags: OutputFlags & { reason: string; notSent?: boolean }) => {
      const { store, runtime } = context();
      await findDraw(context(), id);
      const event = await cancelDraw(openOfferLedger(store), {
        id,
        reason: flags.reason,
        notSent: flags.notSent === true,
        now: runtime.now(),
      });
      answer(event, () => `The list ${id} is cancelled. Its record stays.`, flags);
    });
  return program;
}

/** @throws {InputError} when there is no such list. */
async function findDraw({ store }: Pick<PipelineContext, "store">, id: string): Promise<DrawState> {
  const states = drawStates(await openOfferLedger(store).read());
  const found = states.find(({ draw }) => draw.id === id);
  if (found !== undefined) return found;
  throw new InputError("There is no such list", {
    expected: states.length === 0 ? "a list; none was drawn yet" : someOf(states.map(({ draw }) => draw.id)),
    found: JSON.stringify(id),
    remedy: "`deno task offers list` has all lists.",
  });
}

/** What is written of each customer. */
function exportedRows(draw: Draw, withHeldOut: boolean) {
  const { id, startsOn, request: { offer, trial }, customers } = draw;
  return customers.filter(({ arm }) => withHeldOut || arm === "offered").map((
    { customerId, arm, score },
  ) => ({
    customer_id: customerId,
    ...(withHeldOut && { group: arm === "offered" ? "offered" : `held out (${arm})`, score }),
    offer: offer.name,
    discount_percent: offer.discount === undefined ? "" : Number((100 * offer.discount).toFixed(2)),
    amount: offer.amount ?? "",
    valid_from: startsOn,
    valid_until: lastValidDay(draw),
    list: id,
    trial,
  }));
}

if (import.meta.main) {
  await runCommand(async () => {
    const program = createOffersProgram(() => createContext(loadConfig(), createRuntime()));
    await program.parseAsync(Deno.args, { from: "user" });
  });
}
