import { connectTickets, mongoError } from "./mongo_client.ts";
import type { MonthlyFigures, SourceFigures } from "./monthly_figures.ts";
import { getTicketPage, type SupportApiOptions } from "./support_api_client.ts";
import { utcText } from "./ticket_values.ts";

/**
 * Counts all tickets of a `mongodb:` URL by month, or those of the Support API in all: that is what its `total`
 * says.
 *
 * MongoDB is asked for the creation dates and counted here, since dates that are text (as exports leave them) have
 * no month in its aggregations.
 *
 * @throws {SourceError} when they cannot be reached or read.
 */
export async function countTickets(ticketsUrl: string, options: SupportApiOptions): Promise<SourceFigures> {
  if (!/^https?:/.test(ticketsUrl)) return await countCollection(ticketsUrl);
  const { total } = await getTicketPage(ticketsUrl, { limit: "1", offset: "0" }, options);
  return { rows: total };
}

async function countCollection(url: string): Promise<SourceFigures> {
  await using connection = await connectTickets(url);
  const months: MonthlyFigures = {};
  let rows = 0;
  try {
    const projection = { created_date: 1, _id: 0 };
    for await (const { created_date } of connection.collection.find({}, { projection, batchSize: 10_000 })) {
      // A date of a wrong type stops the table where it is read.
      const month = utcText(created_date)?.slice(0, 7) ?? "undated";
      months[month] ??= { rows: 0, amount: "0.00", quantity: "0" };
      months[month].rows++;
      rows++;
    }
  } catch (error) {
    throw mongoError(error, url);
  }
  return { rows, months };
}
