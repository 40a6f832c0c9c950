import { Command, InvalidArgumentError } from "commander";
import { playbookOf } from "shopflow/churn/mod.ts";
import { InputError } from "shopflow/errors/mod.ts";
import { loadAudience } from "shopflow/segments/audiences/mod.ts";
import { readBusiness } from "shopflow/notebook/business_file.ts";
import { type Draw, openOfferLedger } from "shopflow/offers/ledger/mod.ts";
import {
  drawList,
  type DrawnList,
  type DrawOptions,
  mostKnownTrial,
  offerNamed,
  offerPolicyOf,
  openScoredSession,
  readPopulation,
  RULES,
  upliftScores,
} from "shopflow/offers/mod.ts";
import { formatCount } from "shopflow/runtime/mod.ts";
import type { PipelineContext } from "../../context.ts";
import { drawText } from "./text.ts";

interface DrawFlags {
  rule: string;
  trial?: string;
  id?: string;
  budget?: number;
  most?: number;
  holdOut?: number;
  seed?: number;
  starts?: string;
  audience?: string;
  includeLapsed?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

/** A parser of an option's value: a number. */
function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Give a number.");
}

const RULE_LINES = Object.entries(RULES).map(([name, what]) => `  ${name.padEnd(14)} ${what}`).join("\n");

/** `offers draw OFFER`: chooses whom to offer something, divides them at random and records the list. */
export function createDrawCommand(
  context: () => PipelineContext,
  print: (text: string) => void,
): Command {
  return new Command("draw")
    .description(
      "draw a list of customers to be made an offer, within a budget and with a random hold-out, and record it;\n" +
        "drawing the same list again returns the recorded one",
    )
    .argument("<offer>", "the offer, as the business file names it")
    .option("--rule <rule>", `whom the list is for: ${Object.keys(RULES).join(", ")}`, "playbook")
    .option("--budget <amount>", "most that the list may be expected to cost (default: the offer's)", number)
    .option("--most <number>", "most customers on the list, those held out among them", number)
    .option(
      "--hold-out <share>",
      "share of the chosen who get no offer, e.g. 0.2 (default: the trial's; 0.2 in a new one)",
      number,
    )
    .option(
      "--seed <number>",
      "another seed, another hold-out (default: the trial's; 42 in a new one)",
      number,
    )
    .option("--trial <name>", "lists of one trial hold out the same customers (default: the offer's name)")
    .option("--id <name>", "name of the list (default: the trial and the first day)")
    .option(
      "--starts <date>",
      "first day of the offer and of its outcomes (default: the day the scores are as of)",
    )
    .option(
      "--audience <name>",
      "only customers of a saved audience, NAME or NAME@VERSION (default: everybody)",
    )
    .option(
      "--include-lapsed",
      "also customers without an order in the last 90 days: to win back, not to keep",
    )
    .option("--dry-run", "only show what would be drawn")
    .option("--json", "print the list as JSON")
    .addHelpText("after", `\nRules:\n${RULE_LINES}`)
    .action(async (offer: string, flags: DrawFlags) => {
      const drawn = await drawInto(context(), offer, flags);
      print(flags.json ? JSON.stringify(drawn.draw, null, 2) : drawText(drawn, flags.dryRun === true));
    });
}

async function drawInto(
  context: PipelineContext,
  offerName: string,
  flags: DrawFlags,
): Promise<DrawnList & { cancelledAt?: string }> {
  const { store, runtime, config } = context;
  const business = await readBusiness(config.businessFile);
  const offer = offerNamed(business, offerName);
  using opened = await openScoredSession(store);
  const { session, scores } = opened;
  const bar = runtime.progress.start("read the customers", 0);
  const population = await readPopulation(session);
  bar.finish(`${formatCount(population.candidates.length)} with a score as of ${population.asOf}`);
  const { riskAbove, saveRate } = playbookOf(business.playbook);
  const audience = flags.audience === undefined ? undefined : await loadAudience(store, flags.audience);
  const options: DrawOptions = {
    offer,
    trial: flags.trial ?? offer.name,
    id: flags.id,
    rule: flags.rule,
    budget: flags.budget ?? offer.budget ?? null,
    most: flags.most ?? null,
    holdOut: flags.holdOut,
    seed: flags.seed,
    startsOn: flags.starts,
    audience: audience === undefined ? null : `${audience.name}@${audience.version}`,
    activeOnly: flags.includeLapsed !== true,
  };
  const ledger = openOfferLedger(store);
  const uplift = flags.rule === "uplift"
    ? await upliftScores(
      await mostKnownTrial(session, await ledger.read(), offer),
      population.candidates,
      { seed: flags.seed ?? 0, progress: runtime.progress },
    )
    : undefined;
  const draw = (events: Awaited<ReturnType<typeof ledger.read>>): DrawnList =>
    drawList(options, {
      population,
      audience: audience && new Set(audience.members),
      uplift,
      policy: offerPolicyOf(business),
      riskAbove,
      saveRate,
      model: { name: "churn", version: scores.modelVersion },
      snapshot: scores.snapshot,
      now: runtime.now(),
    }, events);
  if (flags.dryRun) return draw(await ledger.read());
  const drawing = runtime.progress.start("draw and record the list", 0);
  let drawn: DrawnList | undefined;
  await ledger.append((events): Draw | undefined => {
    drawn = draw(events);
    if (drawn.isNew && drawn.draw.customers.length === 0) throw nobodyListed(drawn.draw);
    return drawn.isNew ? drawn.draw : undefined;
  });
  drawing.finish(drawn!.isNew ? drawn!.draw.id : `${drawn!.draw.id} was recorded before`);
  return drawn!;
}

function nobodyListed({ notListed, rule }: Draw): InputError {
  return new InputError("Nobody would be on the list, so nothing was recorded", {
    expected: `customers whom the rule ${rule.name} chooses`,
    found: notListed.map(({ reason, customers }) => `${formatCount(customers)} ${reason}`).join(", ") ||
      "no customers",
    remedy:
      "Another --rule, a larger --budget or --include-lapsed lists more; --dry-run shows what comes out.",
  });
}
