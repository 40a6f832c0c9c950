import { Command, InvalidArgumentError } from "commander";
import { playbookOf } from "shopflow/churn/mod.ts";
import { textTable } from "shopflow/cli/mod.ts";
import { formatNumber } from "shopflow/kpis/mod.ts";
import { readBusiness } from "shopflow/notebook/business_file.ts";
import { planTrial } from "shopflow/offers/effect/mod.ts";
import { openScoredSession, readPopulation } from "shopflow/offers/mod.ts";
import { formatCount } from "shopflow/runtime/mod.ts";
import type { PipelineContext } from "../../context.ts";

type TrialDesign = Parameters<typeof planTrial>[0];
type TrialPlan = ReturnType<typeof planTrial>;

interface PlanFlags {
  baseline?: number;
  effect?: number;
  customers?: number;
  power: number;
  alpha: number;
  holdOut: number;
  deviation?: number;
  correlation: number;
  json?: boolean;
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Give a number.");
}

/** `offers plan`: how many customers a trial needs, or what effect those that there are can show. */
export function createPlanCommand(context: () => PipelineContext, print: (text: string) => void): Command {
  return new Command("plan")
    .description(
      "work out how many customers a trial needs to find an effect, or which effect a number of customers can show;\n" +
        "what is not given comes from the shop: the share who order from the churn scores, the effect from the playbook",
    )
    .option("--baseline <share>", "share of customers who order without an offer, e.g. 0.6", number)
    .option("--effect <difference>", "least difference worth finding: 0.02 is two points of a share", number)
    .option("--customers <number>", "how many customers there are: which effect can they show?", number)
    .option("--power <probability>", "probability of finding that effect", number, 0.8)
    .option("--alpha <probability>", "probability of finding an effect where there is none", number, 0.05)
    .option("--hold-out <share>", "share of the customers who get no offer", number, 0.2)
    .option(
      "--deviation <amount>",
      "plan for an amount a customer, of this standard deviation, not for a share",
      number,
    )
    .option(
      "--correlation <number>",
      "of the outcome with spend before the offer, which CUPED takes off",
      number,
      0,
    )
    .option("--json", "print JSON")
    .action(async (flags: PlanFlags) => {
      const { design, sources } = await designOf(context(), flags);
      const plan = planTrial(design);
      print(flags.json ? JSON.stringify({ design, ...plan }, null, 2) : planText(design, plan, sources));
    });
}

/** The design that the options describe, completed from the shop, and where each number comes from. */
async function designOf(
  context: PipelineContext,
  flags: PlanFlags,
): Promise<{ design: TrialDesign; sources: string[] }> {
  const sources: string[] = [];
  const design: TrialDesign = {
    measure: flags.deviation === undefined ? "rate" : "mean",
    power: flags.power,
    alpha: flags.alpha,
    treatedShare: 1 - flags.holdOut,
    covariateCorrelation: flags.correlation,
    ...(flags.deviation !== undefined && { standardDeviation: flags.deviation }),
    ...(flags.baseline !== undefined && { baseline: flags.baseline }),
    ...(flags.effect !== undefined && { effect: flags.effect }),
    ...(flags.customers !== undefined && { rows: flags.customers }),
  };
  const isRate = design.measure === "rate";
  const lacksEffect = flags.effect === undefined && flags.customers === undefined;
  if (isRate && (flags.baseline === undefined || lacksEffect)) {
    const business = await readBusiness(context.config.businessFile);
    using opened = await openScoredSession(context.store);
    const { candidates, asOf } = await readPopulation(opened.session);
    const active = candidates.filter(({ isActive }) => isActive);
    const risk = active.reduce((sum, { covariates }) => sum + covariates.churn_probability, 0) /
      active.length;
    design.baseline ??= 1 - risk;
    if (flags.baseline === undefined) {
      sources.push(
        `baseline: ${
          formatCount(active.length)
        } active customers, expected to order by their churn scores as of ${asOf}`,
      );
    }
    if (lacksEffect) {
      const { saveRate } = playbookOf(business.playbook);
      design.effect = saveRate * risk;
      sources.push(
        `effect: the playbook's save rate of ${formatNumber(saveRate)}` +
          `${
            business.playbook?.saveRate === undefined ? ", which is assumed," : ""
          } of those who would leave`,
      );
    }
  }
  // With both, the power follows.
  if (design.rows !== undefined && design.effect !== undefined) delete design.power;
  return { design, sources };
}

function planText(design: TrialDesign, plan: TrialPlan, sources: string[]): string {
  const isRate = design.measure === "rate";
  const text = (value: number) => isRate ? `${formatNumber(100 * value)} points` : formatNumber(value);
  const effects = [0.25, 0.5, 1, 1.5, 2].map((factor) => plan.effect * factor)
    .filter((effect) => !isRate || (design.baseline! + effect < 1 && design.baseline! + effect > 0));
  const { rows: _rows, ...open } = design;
  return [
    `${formatCount(plan.rows)} customers: ${formatCount(plan.treated)} get the offer, ${
      formatCount(plan.control)
    } are held out.`,
    `An effect of ${text(plan.effect)} ${
      isRate ? `on ${formatNumber(100 * design.baseline!)} % who order ` : ""
    }` +
    `is found with a probability of ${formatNumber(100 * plan.power)} %; the interval will be about ± ${
      text(plan.intervalHalfWidth)
    }.`,
    ...sources,
    "",
    "Other effects:",
    textTable(
      [{ title: "effect", align: "right" }, { title: "customers needed", align: "right" }],
      effects.map((effect) => [
        text(effect),
        formatCount(planTrial({ ...open, effect, power: design.power ?? 0.8 }).rows),
      ]),
    ),
  ].join("\n");
}
