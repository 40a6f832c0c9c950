import { createRandom } from "shopflow/runtime/mod.ts";
import { type Calendar, createCalendar, createSeason, type Season } from "./calendar.ts";
import { type Catalogue, createCatalogue } from "./catalogue.ts";
import { createDropOut, type DropOut } from "./drop_out.ts";
import { EventLog, OrderBook } from "./records.ts";
import { createPopulation, createTaste, type Population, type Taste } from "./population.ts";
import { createStock, type Stock } from "./stock.ts";
import { createSupportDesk, type SupportDesk } from "./support_desk.ts";

/** The simulated shop and its customers while the days go by. */
export interface World {
  calendar: Calendar;
  season: Season;
  catalogue: Catalogue;
  population: Population;
  taste: Taste;
  stock: Stock;
  dropOut: DropOut;
  support: SupportDesk;
  orders: OrderBook;
  events: EventLog;
}

/** The world before its first day. Each part has its own stream of random numbers. */
export function createWorld(
  { customers, products, seed, until }: { customers: number; products: number; seed: number; until: string },
): World {
  const stream = (name: string) => createRandom(seed, `simulation/${name}`);
  const calendar = createCalendar(until);
  const season = createSeason(calendar);
  const catalogue = createCatalogue(products, stream("catalogue"));
  const population = createPopulation(customers, { season, catalogue }, stream("population"));
  return {
    calendar,
    season,
    catalogue,
    population,
    taste: createTaste({ catalogue, season, population }, stream("taste")),
    stock: createStock({ calendar, catalogue, customers }, stream("stock")),
    dropOut: createDropOut({ calendar, population }, stream("drop-out")),
    support: createSupportDesk(stream("support")),
    orders: new OrderBook(),
    events: new EventLog(),
  };
}
