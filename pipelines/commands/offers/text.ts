import { armCounts, type Draw, type DrawState } from "shopflow/offers/ledger/mod.ts";
import {
  assumptionsOf,
  type DrawnList,
  drawTotals,
  knownFrom,
  type Offer,
  offerText,
} from "shopflow/offers/mod.ts";
import { type Business, formatMoney, formatNumber } from "shopflow/kpis/mod.ts";
import { textTable } from "shopflow/cli/mod.ts";
import { countOf, formatCount, formatTimestamp } from "shopflow/runtime/mod.ts";

/** Money in texts of lists, whose currency is the business's and not in the record. */
const amount = (value: number) => formatMoney(value, undefined);

/** A list that was drawn just now, or stands in the ledger. */
export function drawText({ draw, isNew }: DrawnList, isDryRun: boolean): string {
  const head = !isNew
    ? `The list ${draw.id} was drawn already, on ${formatTimestamp(draw.drawnAt)}; it stands as it is.`
    : isDryRun
    ? `Dry run: the list ${draw.id} would be drawn. Nothing was recorded.`
    : `The list ${draw.id} is recorded.`;
  const next = isDryRun ? [] : [
    "",
    `Next: deno task offers export ${draw.id} list.csv`,
    `      deno task offers results ${draw.request.trial}   (outcomes are known from ${knownFrom(draw)})`,
  ];
  return [head, "", listText(draw), ...next].join("\n");
}

/** What a list is, line by line. */
function listText(draw: Draw): string {
  const { request: { offer, trial, budget, most, audience }, rule, randomisation, customers } = draw;
  const { offered, heldOut, expectedCost, valueAtRisk } = drawTotals(draw);
  const global = customers.filter(({ arm }) => arm === "global control").length;
  const limits = [
    budget === null ? "no budget" : `budget ${amount(budget)}`,
    ...(most === null ? [] : [`at most ${countOf(most, "customer")}`]),
    ...(audience === null ? [] : [`audience ${audience}`]),
  ];
  const lines: [string, string][] = [
    ["trial", trial],
    [
      "offer",
      `${offer.name}: ${offerText(offer)}, valid ${draw.startsOn} for ${countOf(offer.validDays, "day")}`,
    ],
    [
      "rule",
      `${rule.name}${rule.ranksBy === rule.name ? "" : `, ranked by ${rule.ranksBy}`}: ${rule.score}` +
      (rule.riskAbove === undefined ? "" : ` above ${rule.riskAbove}`),
    ],
    ...(rule.because === undefined ? [] : [["", rule.because] as [string, string]]),
    ["limits", limits.join(", ")],
    [
      "offered",
      `${countOf(offered, "customer")}, expected to cost ${amount(expectedCost)}; ` +
      `sales at risk ${amount(valueAtRisk)}`,
    ],
    [
      "held out",
      `${countOf(heldOut, "customer")}` +
      (global > 0 ? `, ${formatCount(global)} of them as global control` : "") +
      ` (${
        formatNumber(100 * randomisation.holdOut)
      } %, seed ${randomisation.seed}; each was offered with probability ${
        formatNumber(draw.treatmentProbability)
      })`,
    ],
    ["scores", `${draw.model.name} ${draw.model.version}, snapshot ${draw.snapshot}, as of ${draw.asOf}`],
    [
      "outcomes",
      `orders of ${countOf(offer.outcomeDays, "day")} from ${draw.startsOn} on; known from ${
        knownFrom(draw)
      }`,
    ],
    ...draw.notListed.map(({ reason, customers }, i): [string, string] => [
      i === 0 ? "not listed" : "",
      `${formatCount(customers)} ${reason}`,
    ]),
  ];
  return lines.map(([name, text]) => `${name.padEnd(11)}${text}`).join("\n");
}

/** A list with what happened to it, and its first customers. */
export function stateText({ draw, cancelled, exported }: DrawState, rows: number): string {
  const shown = draw.customers.slice(0, rows);
  return [
    `${draw.id}: ${stateOf({ ...(cancelled && { cancelled }), ...(exported && { exported }) })}`,
    `drawn ${formatTimestamp(draw.drawnAt)}`,
    ...(exported ? [`exported ${formatTimestamp(exported.at)}`] : []),
    ...(cancelled ? [`cancelled ${formatTimestamp(cancelled.at)}: ${cancelled.reason}`] : []),
    "",
    listText(draw),
    "",
    textTable(
      [{ title: "customer" }, { title: "group" }, { title: draw.rule.score, align: "right" }, {
        title: "expected cost",
        align: "right",
      }],
      shown.map(({ customerId, arm, score, expectedCost }) => [
        customerId,
        arm === "offered" ? "offered" : `held out (${arm})`,
        formatNumber(score),
        formatNumber(expectedCost),
      ]),
    ),
    ...(draw.customers.length > shown.length
      ? [`… and ${formatCount(draw.customers.length - shown.length)} more; --rows shows more, --json all`]
      : []),
  ].join("\n");
}

/** What has become of a list, in a word or two. */
function stateOf({ cancelled, exported }: Omit<DrawState, "draw">): string {
  if (cancelled) return "cancelled";
  return exported ? "exported" : "drawn";
}

/** The lists of a ledger, and the offers of the business. */
export function ledgerText(states: DrawState[], offers: Offer[], business: Business): string {
  const money = (value: number) => formatMoney(value, business.currency);
  const assumed = assumptionsOf(business);
  const offered = [
    textTable(
      [
        { title: "offer" },
        { title: "gives" },
        { title: "contact", align: "right" },
        {
          title: "margin",
          align: "right",
        },
        { title: "valid", align: "right" },
        { title: "outcomes", align: "right" },
        {
          title: "budget",
          align: "right",
        },
      ],
      offers.map((offer) => [
        offer.name,
        offerText(offer),
        formatNumber(offer.contactCost),
        `${formatNumber(100 * offer.margin)} %`,
        countOf(offer.validDays, "day"),
        countOf(offer.outcomeDays, "day"),
        offer.budget === undefined ? "none" : money(offer.budget),
      ]),
    ),
    ...(assumed.length === 0
      ? []
      : [`Assumed, since the business file does not say: ${assumed.join(", ")}.`]),
  ];
  const drawn = states.length === 0
    ? [
      "No list was drawn yet. Begin with `deno task offers plan`, then `deno task offers draw OFFER --dry-run`.",
    ]
    : [textTable(
      [
        { title: "list" },
        { title: "trial" },
        { title: "rule" },
        { title: "starts" },
        {
          title: "offered",
          align: "right",
        },
        { title: "held out", align: "right" },
        { title: "known from" },
        { title: "state" },
      ],
      states.map((state) => {
        const { draw } = state, { offered, heldOut } = armCounts(draw);
        return [
          draw.id,
          draw.request.trial,
          draw.rule.name,
          draw.startsOn,
          formatCount(offered),
          formatCount(heldOut),
          knownFrom(draw),
          stateOf(state),
        ];
      }),
    )];
  return [...offered, "", ...drawn].join("\n");
}
