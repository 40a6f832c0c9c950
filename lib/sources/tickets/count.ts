import { BSON, type Document, MongoServerError } from "mongodb";
import { type MonthlyTotals, NO_ROWS, type SourceTotals } from "../source.ts";
import { NO_MAPPING, type TicketMapping } from "../compare/mapping.ts";
import { utcText } from "./values.ts";
import { connectTickets, mongoError } from "./mongodb.ts";
import { getTicketPage, type SupportApiOptions } from "./support_api.ts";

/**
 * Whether tickets can be counted by month for less than it takes to read them: the Support API says its total, and a
 * MongoDB server can group by month. Servers that speak its protocol but cannot would have every ticket read for its
 * date; they are asked for a group of no tickets, which costs nothing.
 *
 * @throws {SourceError} when the server cannot be reached or refuses the user.
 */
export async function canCountTickets(ticketsUrl: string, mapping = NO_MAPPING.tickets!): Promise<boolean> {
  if (ticketsUrl.startsWith("file:")) return false;
  if (/^https?:/.test(ticketsUrl)) return true;
  await using connection = await connectTickets(ticketsUrl, mapping.collection);
  try {
    const none = { $match: { _id: new BSON.ObjectId("000000000000000000000000") } };
    await connection.collection.aggregate([none, ...monthCounts(mapping)]).toArray();
    return true;
  } catch (error) {
    if (error instanceof MongoServerError && isNotImplemented(error)) return false;
    throw mongoError(error, ticketsUrl);
  }
}

/** CommandNotSupported, CommandNotFound, NotImplemented, and what servers of older versions say of an operator. */
const NOT_IMPLEMENTED: unknown[] = [115, 59, 238, 15952, 15999, 40324, 168];

const isNotImplemented = ({ code, message }: MongoServerError) =>
  NOT_IMPLEMENTED.includes(code) ||
  /not (yet )?(implemented|supported)|unrecogni[sz]ed|unknown/i.test(message);

/**
 * Counts all tickets of a `mongodb:` URL by month, or those of the Support API in all: that is what its `total`
 * says.
 *
 * @throws {SourceError} when they cannot be reached or read.
 */
export async function countTickets(
  ticketsUrl: string,
  { mapping, ...options }: SupportApiOptions & { mapping: TicketMapping },
): Promise<SourceTotals> {
  if (!/^https?:/.test(ticketsUrl)) return await countCollection(ticketsUrl, mapping);
  const { total } = await getTicketPage(ticketsUrl, { limit: "1", offset: "0" }, options);
  return { rows: total };
}

/** First days outside the years that MongoDB can write as text. */
const [FIRST_DAY, AFTER_LAST_DAY] = [new Date("0001-01-01T00:00:00Z"), new Date("+010000-01-01T00:00:00Z")];

/**
 * Stages that count tickets by month on the server: `{ _id: { month } | { value }, rows }`. What is no date of a year
 * that MongoDB can write, as dates that exports leave as text, is grouped by its value and gets its month here, by the
 * same rule as the tickets that are read.
 */
export function monthCounts({ columns }: TicketMapping): Document[] {
  const date = `$${columns.created_date ?? "created_date"}`;
  return [
    {
      $group: {
        _id: {
          $cond: [
            {
              $and: [
                { $eq: [{ $type: date }, "date"] },
                { $gte: [date, FIRST_DAY] },
                { $lt: [date, AFTER_LAST_DAY] },
              ],
            },
            { month: { $dateToString: { format: "%Y-%m", date } } },
            { value: date },
          ],
        },
        rows: { $sum: 1 },
      },
    },
  ];
}

/** Control totals from what {@linkcode monthCounts} gives. */
export function totalsOfMonths(groups: Iterable<Document>): SourceTotals {
  const months: MonthlyTotals = {};
  let rows = 0;
  for (const group of groups) {
    // A date of a wrong type stops the table where it is read.
    const month: string = group._id.month ?? utcText(group._id.value)?.slice(0, 7) ?? "undated";
    (months[month] ??= { ...NO_ROWS }).rows += group.rows;
    rows += group.rows;
  }
  return { rows, months };
}

async function countCollection(url: string, mapping: TicketMapping): Promise<SourceTotals> {
  await using connection = await connectTickets(url, mapping.collection);
  try {
    return totalsOfMonths(
      await connection.collection.aggregate(monthCounts(mapping), { allowDiskUse: true }).toArray(),
    );
  } catch (error) {
    throw mongoError(error, url);
  }
}
