// deno-fmt-ignore-file
/** Rows of the lake's tables. Generated from the data dictionary by `deno task docs:reference`; change that. */
export interface CuratedRows {
  /** What the rules of staging found and did, one row per rule, also when it found nothing. */
  data_quality: {
    /** VARCHAR. Source table the rule looks at. */ source_table: string;
    /** VARCHAR. Name of the rule. */ rule: string;
    /** VARCHAR. kept (counted only), repaired (a value was changed), dropped (the row is not in the star schema) or inferred (a member was added to a dimension). */ action: string;
    /** BIGINT. Rows that the rule hit. */ rows: number;
    /** DECIMAL(18,2). Money in those rows; missing where no money is involved or no row was hit. */ amount: number | null;
    /** VARCHAR. What the rule means, for people. */ description: string | null;
  };
  /** One row per version of a customer (slowly changing dimension of type 2): the row with `is_current` is that of today, and each customer has exactly one. Facts without a customer point to the member UNKNOWN; ids that only facts know have an inferred member whose attributes are missing. */
  dim_customers: {
    /** VARCHAR. Key of the version; facts have that of the version valid at their time. */ customer_key: string;
    /** VARCHAR. Customer, `CUST000001`. */ customer_id: string;
    /** VARCHAR. E-mail address. */ email: string | null;
    /** VARCHAR. First name. */ first_name: string | null;
    /** VARCHAR. Last name. */ last_name: string | null;
    /** VARCHAR. City. */ city: string | null;
    /** VARCHAR. Country. */ country: string | null;
    /** DATE. Day the account was made. */ signup_date: string | null;
    /** VARCHAR. Segment as the shop derives it from behaviour, churn included; never a feature. */ customer_segment: string | null;
    /** INTEGER. Orders as the shop counts them today, in every version; never a feature. */ total_orders: number | null;
    /** DECIMAL(10,2). Money spent as the shop counts it today, in every version; never a feature. */ total_spent: number | null;
    /** BOOLEAN. True for a member that the source table customers does not have, UNKNOWN among them. */ is_inferred: boolean;
    /** BOOLEAN. True for the version that begins when the source deleted the row. */ is_deleted: boolean;
    /** TIMESTAMP. When the version began to hold in UTC; 1900-01-01 for the first one. */ valid_from: string;
    /** TIMESTAMP. When the next version took over in UTC; missing for the current one. */ valid_to: string | null;
    /** BOOLEAN. True for the version that holds today. */ is_current: boolean;
  };
  /** One row per day from the first to the last on which anything happened, without gaps. */
  dim_dates: {
    /** DATE. Key. */ date: string;
    /** INTEGER. Calendar year. */ year: number | null;
    /** INTEGER. Quarter 1 to 4. */ quarter: number | null;
    /** INTEGER. Month 1 to 12. */ month: number | null;
    /** DATE. First day of the month. */ month_start: string | null;
    /** INTEGER. ISO 8601 week 1 to 53. */ iso_week: number | null;
    /** INTEGER. 1 Monday to 7 Sunday. */ day_of_week: number | null;
    /** BOOLEAN. Saturday or Sunday. */ is_weekend: boolean | null;
  };
  /** One row per version of a product (slowly changing dimension of type 2): the row with `is_current` is that of today, and each product has exactly one. Ids that only facts know have an inferred member. */
  dim_products: {
    /** VARCHAR. Key of the version; facts have that of the version valid at their time. */ product_key: string;
    /** VARCHAR. Product, `PROD00001`. */ product_id: string;
    /** VARCHAR. Name. */ product_name: string | null;
    /** VARCHAR. Category; Unknown where the source has none. */ category: string;
    /** VARCHAR. Brand; Unknown where the source has none. */ brand: string;
    /** DECIMAL(10,2). List price; missing where the source's is zero or negative. */ price: number | null;
    /** DECIMAL(10,2). Purchase cost; missing where the source's is negative. */ cost: number | null;
    /** DECIMAL(5,2). Margin in per cent of the price, as the source gives it. */ margin_pct: number | null;
    /** VARCHAR. Stock status of the source today, in every version; never a feature. */ stock_status: string | null;
    /** BOOLEAN. True for a member that the source table products does not have. */ is_inferred: boolean;
    /** BOOLEAN. True for the version that begins when the source deleted the row. */ is_deleted: boolean;
    /** TIMESTAMP. When the version began to hold in UTC; 1900-01-01 for the first one. */ valid_from: string;
    /** TIMESTAMP. When the next version took over in UTC; missing for the current one. */ valid_to: string | null;
    /** BOOLEAN. True for the version that holds today. */ is_current: boolean;
  };
  /** One row per warehouse in which stock was counted. */
  dim_warehouses: {
    /** VARCHAR. Key, `WH-US-EAST`. */ warehouse_id: string;
    /** VARCHAR. Name; the id where it is not a known one. */ warehouse_name: string | null;
    /** VARCHAR. Region; Unknown where the id does not tell. */ region: string | null;
  };
  /** One row per click on the site. */
  fact_events: {
    /** VARCHAR. Key, `EVT00000001`. */ event_id: string;
    /** VARCHAR. Customer; UNKNOWN where the visitor was not signed in. */ customer_id: string;
    /** VARCHAR. Session. */ session_id: string | null;
    /** VARCHAR. page_view, add_to_cart, remove_from_cart, checkout or purchase. */ event_type: string;
    /** TIMESTAMP. Time in UTC. */ event_timestamp: string;
    /** DATE. Day in UTC. */ event_date: string;
    /** VARCHAR. Product, where the event is about one. */ product_id: string | null;
    /** VARCHAR. Page. */ page_url: string | null;
    /** VARCHAR. Desktop, Mobile or Tablet. */ device_type: string | null;
    /** VARCHAR. Browser. */ browser: string | null;
    /** TIMESTAMP. Time of the first extract that brought the event, in UTC. */ arrived_at: string;
    /** VARCHAR. Version of the customer that held at the time. */ customer_key: string;
    /** VARCHAR. Version of the product that held at the time; missing where there is no product. */ product_key: string | null;
  };
  /** One row per product, warehouse and day. */
  fact_inventory_snapshots: {
    /** VARCHAR. Product. */ product_id: string;
    /** VARCHAR. Warehouse. */ warehouse_id: string;
    /** DATE. Day the stock was counted. */ snapshot_date: string;
    /** INTEGER. Pieces in stock; 0 where the source is negative. */ stock_level: number;
    /** INTEGER. Stock at which the shop orders again. */ reorder_level: number | null;
    /** TIMESTAMP. Time the source wrote the row. */ last_updated: string | null;
    /** BOOLEAN. True when stock_level is 0. */ is_stockout: boolean;
    /** VARCHAR. Version of the product that held at the time. */ product_key: string;
  };
  /** Which customers, products, warehouses and days the facts of a month refer to; dimensions are completed from it. */
  fact_members: {
    /** VARCHAR. Source table of the facts. */ source_table: string | null;
    /** VARCHAR. Month of the facts, `2024-05`. */ month: string | null;
    /** VARCHAR. customer, product, warehouse or date. */ dimension: string | null;
    /** VARCHAR. Id of the member. */ member_id: string | null;
    /** DATE. First day of the month on which a fact refers to it. */ first_date: string | null;
  };
  /** One row per order and product. Several source lines are summed; a sale and its return within one order are netted. */
  fact_orders: {
    /** VARCHAR. Order, `ORD0000001`. */ order_id: string;
    /** VARCHAR. Product; UNKNOWN where the source names none. */ product_id: string;
    /** VARCHAR. Customer; UNKNOWN where the source names none. */ customer_id: string;
    /** DATE. Day of the order. */ order_date: string;
    /** VARCHAR. sale, or return (negative amount; cancellations and credits too). */ line_type: string;
    /** BIGINT. Pieces; negative for a return, 0 where money moved without goods. */ quantity: number;
    /** DECIMAL(18,2). Money before discount; negative for a return. */ order_amount: number;
    /** DECIMAL(18,2). Discount. */ discount_amount: number;
    /** DECIMAL(18,2). order_amount less discount_amount. */ net_amount: number;
    /** VARCHAR. Way of payment. */ payment_method: string | null;
    /** TIMESTAMP. Time of the first extract that brought a line of the order, in UTC. */ arrived_at: string;
    /** VARCHAR. Version of the customer that held at the time. */ customer_key: string;
    /** VARCHAR. Version of the product that held at the time. */ product_key: string;
  };
  /** One row per support ticket in its latest state. */
  fact_support_tickets: {
    /** VARCHAR. Key, `TKT0000001`. */ ticket_id: string;
    /** VARCHAR. Customer; UNKNOWN where the source names none. */ customer_id: string;
    /** TIMESTAMP. Time of creation in UTC. */ created_at: string;
    /** DATE. Day of creation in UTC. */ created_date: string;
    /** TIMESTAMP. Time of resolution in UTC; missing while open and where the source's lies before creation. */ resolved_at: string | null;
    /** VARCHAR. Kind of problem. */ issue_type: string | null;
    /** VARCHAR. Product category the ticket is about. */ issue_category: string | null;
    /** VARCHAR. Low, Medium, High or Critical. */ priority: string | null;
    /** VARCHAR. Open, In Progress, Resolved or Closed. */ status: string | null;
    /** INTEGER. Hours to resolution; missing while open. */ resolution_hours: number | null;
    /** INTEGER. 1 to 5; missing where not given or out of range. */ satisfaction_score: number | null;
    /** VARCHAR. Agent who handled it. */ agent_id: string | null;
    /** VARCHAR. What the customer wrote. */ description: string | null;
    /** VARCHAR. Order it is about, if any; may be unknown. */ order_id: string | null;
    /** VARCHAR. Product it is about, if any. */ product_id: string | null;
    /** TIMESTAMP. Time of the first extract that brought the ticket, in UTC. */ arrived_at: string;
    /** VARCHAR. Version of the customer that held at the time. */ customer_key: string;
    /** VARCHAR. Version of the product that held at the time; missing where there is no product. */ product_key: string | null;
  };
  /** data_quality month by month, for the rules that can be counted so: those of orders, events, support tickets and inventory. Zeros of rules that hit nothing are in the month `undated`. */
  quality_by_month: {
    /** VARCHAR. Source table the rule looks at. */ source_table: string | null;
    /** VARCHAR. Month of the rows, `2024-05`; `undated` for those without a date. */ month: string | null;
    /** VARCHAR. Name of the rule. */ rule: string | null;
    /** VARCHAR. kept, repaired, dropped or inferred. */ action: string | null;
    /** BIGINT. Rows that the rule hit. */ rows: number | null;
    /** DECIMAL(18,2). Money in those rows, where money is involved. */ amount: number | null;
    /** BIGINT. Rows by which source and fact table differ because of the rule. */ explained_rows: number | null;
    /** DECIMAL(18,2). The same, money. */ explained_amount: number | null;
    /** BIGINT. The same, pieces. */ explained_quantity: number | null;
    /** VARCHAR. What the rule means, for people. */ description: string | null;
  };
  /** Source against lake by month: rows, money and quantity (pieces ordered, pieces in stock) of the current source rows, which are those that the live source counted at the extract, of the facts, and what named rules of quality_by_month explain of the difference. */
  reconciliation: {
    /** VARCHAR. Source table. */ source_table: string | null;
    /** VARCHAR. Month of the rows, `2024-05`; `undated` for those without a date. */ month: string | null;
    /** BIGINT. Current rows of the source. */ source_rows: number | null;
    /** DECIMAL(18,2). Their money; 0 where the table has none. */ source_amount: number | null;
    /** BIGINT. Their pieces; 0 where the table has none. */ source_quantity: number | null;
    /** BIGINT. Rows of the fact table. */ lake_rows: number | null;
    /** DECIMAL(18,2). Their money. */ lake_amount: number | null;
    /** BIGINT. Their pieces. */ lake_quantity: number | null;
    /** BIGINT. Rows that rules explain. */ explained_rows: number | null;
    /** DECIMAL(18,2). Money that rules explain. */ explained_amount: number | null;
    /** BIGINT. Pieces that rules explain. */ explained_quantity: number | null;
  };
  /** One row per customer with an order in the 365 days before `as_of`; other customers have no score. */
  scores_churn: {
    /** VARCHAR. the customer */ customer_id: string | null;
    /** DATE. the day after the last order; data from that day on is not used */ as_of: string | null;
    /** INTEGER. days from `as_of` on that the model looks ahead: 30, 60 or 90 */ horizon_days: number | null;
    /** DOUBLE. calibrated probability of no order in the `horizon_days` from `as_of` on */ churn_probability: number | null;
    /** VARCHAR. JSON, up to five of `{topic, feature, value, contribution, effect, text}`, the strongest first; features of one topic are one reason, whose `contribution` is their sum, in log-odds of the trees before the calibration */ reasons: string | null;
    /** DOUBLE. Days since the last order */ recency_days: number | null;
    /** DOUBLE. Orders so far */ order_count: number | null;
    /** DOUBLE. Orders in the last 90 days */ orders_90d: number | null;
    /** DOUBLE. Orders 91 to 180 days ago */ orders_91_180d: number | null;
    /** DOUBLE. Sales so far, after discounts */ net_sales: number | null;
    /** DOUBLE. Sales in the last 90 days */ net_sales_90d: number | null;
    /** DOUBLE. Sales per order */ average_order_value: number | null;
    /** DOUBLE. Items per order */ items_per_order: number | null;
    /** DOUBLE. Days since the first order */ tenure_days: number | null;
    /** DOUBLE. Products bought */ product_count: number | null;
    /** DOUBLE. Categories bought */ category_count: number | null;
    /** DOUBLE. Share of sales given as discounts */ discount_share: number | null;
    /** DOUBLE. Share of the sales of the last 90 days given as discounts */ discount_share_90d: number | null;
    /** DOUBLE. Share of orders with a discount */ discounted_order_share: number | null;
    /** DOUBLE. Returned order lines */ return_count: number | null;
    /** DOUBLE. Order lines returned in the last 180 days */ returns_180d: number | null;
    /** DOUBLE. Days since the last return */ days_since_return: number | null;
    /** DOUBLE. Share of sales returned */ return_share: number | null;
    /** DOUBLE. Mean days between order days */ order_gap_mean_days: number | null;
    /** DOUBLE. Standard deviation of the days between order days */ order_gap_sd_days: number | null;
    /** DOUBLE. Days between the last two order days */ last_order_gap_days: number | null;
    /** DOUBLE. Days since the last order / usual gap */ relative_recency: number | null;
    /** DOUBLE. Days with an order a year before the coming 90 days */ orders_season_last_year: number | null;
    /** DOUBLE. Share of order days that were in the season of the coming 90 days, in earlier years */ season_order_share: number | null;
    /** DOUBLE. Share of sales in the category bought most */ top_category_share: number | null;
    /** DOUBLE. Support tickets in the last 180 days */ tickets_180d: number | null;
    /** DOUBLE. Support tickets of the last 180 days not resolved yet */ tickets_open: number | null;
    /** DOUBLE. Urgent tickets in the last 180 days */ urgent_tickets_180d: number | null;
    /** DOUBLE. Tickets of the last 180 days that are resolved and rated 1 or 2 of 5 */ unhappy_tickets: number | null;
    /** DOUBLE. Mean satisfaction with resolved tickets of the last 180 days, 1 to 5 */ ticket_satisfaction: number | null;
    /** DOUBLE. Mean hours to resolve a ticket of the last 180 days */ ticket_resolution_hours: number | null;
    /** DOUBLE. Days since the last support ticket, if it was in the last 180 days */ days_since_ticket: number | null;
    /** DOUBLE. Sessions in the last 30 days */ sessions_30d: number | null;
    /** DOUBLE. Sessions in the last 90 days */ sessions_90d: number | null;
    /** DOUBLE. Days since the last session, if it was in the last 90 days */ days_since_session: number | null;
    /** DOUBLE. Page views in the last 90 days */ page_views_90d: number | null;
    /** DOUBLE. Carts filled in the last 90 days */ carts_90d: number | null;
    /** DOUBLE. Carts abandoned in the last 90 days */ abandoned_carts_90d: number | null;
    /** DOUBLE. Share of the carts of the last 90 days abandoned */ cart_abandonment_share: number | null;
    /** DOUBLE. Share of the sessions of the last 90 days on a mobile phone */ mobile_session_share: number | null;
    /** DOUBLE. Kinds of device used in the last 90 days */ device_count: number | null;
  };
  /** The 20 best products for every customer who bought or viewed something. With the baseline, everybody gets the best sellers, with their share of recent orders as `score`. */
  scores_recommendations: {
    /** VARCHAR. the customer */ customer_id: string | null;
    /** INTEGER. 1 is the best */ rank: number | null;
    /** VARCHAR. the product */ product_id: string | null;
    /** DOUBLE. sum over the history of weight × similarity; 0 for a best seller that fills up the list */ score: number | null;
    /** VARCHAR. the purchase that contributes most to the score (itself when bought before); null where no purchase does */ because: string | null;
  };
  /** One row per product and warehouse with a stock count; no rows in a shop without stock counts. */
  scores_inventory_plan: {
    /** VARCHAR. the product */ product_id: string | null;
    /** VARCHAR. the warehouse */ warehouse_id: string | null;
    /** DATE. last day with stock counts */ as_of: string | null;
    /** INTEGER. place in the plan, 1 is the most urgent */ urgency: number | null;
    /** VARCHAR. `order now`, `overstock` or `ok` */ action: string | null;
    /** INTEGER. units on hand at the last count */ stock_level: number | null;
    /** DOUBLE. mean demand per day, units */ daily_demand: number | null;
    /** DOUBLE. standard deviation of a day's demand, units */ demand_sd: number | null;
    /** DOUBLE. parameter of the plan */ lead_time_days: number | null;
    /** DOUBLE. parameter of the plan */ service_level: number | null;
    /** DOUBLE. reorder point minus expected demand, units */ safety_stock: number | null;
    /** DOUBLE. order when the stock is below it, units */ reorder_point: number | null;
    /** INTEGER. units to order now; 0 unless `action` is `order now` */ order_quantity: number | null;
    /** DOUBLE. days that the stock lasts; null without demand */ days_of_cover: number | null;
    /** DOUBLE. probability that demand over the lead time exceeds the stock */ stockout_risk: number | null;
    /** BOOLEAN. nothing is in stock */ is_stockout: boolean | null;
    /** BOOLEAN. more than 90 days of demand and more than the reorder point */ is_overstock: boolean | null;
    /** DOUBLE. expected shortage over the lead time if ordered now, units */ expected_lost_units: number | null;
    /** DOUBLE. the same, valued at the price */ expected_lost_sales: number | null;
    /** DOUBLE. unit cost; 55 % of the price if unknown */ unit_cost: number | null;
    /** DOUBLE. price of one unit */ unit_price: number | null;
    /** DOUBLE. cost of the stock */ stock_value: number | null;
    /** DOUBLE. cost of the part above 90 days */ overstock_value: number | null;
  };
  /** One row per customer with an order before `as_of`. Intervals are of 95 % and of the expectation: how well the data tell it, not how far a single customer may be from it. With the baseline, which repeats the last year's purchases, `alive_probability` and the intervals are null. */
  scores_lifetime_value: {
    /** VARCHAR. the customer */ customer_id: string | null;
    /** DATE. the day after the last order; data from that day on is not used */ as_of: string | null;
    /** DOUBLE. probability that the customer has not left for good */ alive_probability: number | null;
    /** DOUBLE. days with an order in the 365 days from `as_of` on, expected */ expected_purchases: number | null;
    /** DOUBLE. lower end of its interval */ expected_purchases_low: number | null;
    /** DOUBLE. upper end */ expected_purchases_high: number | null;
    /** DOUBLE. expected sales of such a day, after discounts; null where no amount is known */ expected_amount: number | null;
    /** DOUBLE. expected sales in the 365 days: purchases × amount */ expected_value: number | null;
    /** DOUBLE. lower end of its interval */ expected_value_low: number | null;
    /** DOUBLE. upper end */ expected_value_high: number | null;
    /** INTEGER. days with an order after the first one */ frequency: number | null;
    /** INTEGER. days from the first order to the last */ recency_days: number | null;
    /** INTEGER. days from the first order to the day before `as_of` */ observed_days: number | null;
    /** INTEGER. days with an order that cost something, the first too */ paid_purchases: number | null;
    /** DOUBLE. mean sales of these days; null where there is none */ mean_amount: number | null;
  };
  /** One row per customer, also of those who never ordered: each is in exactly one segment. */
  scores_segments: {
    /** VARCHAR. the customer */ customer_id: string | null;
    /** DATE. the day after the last order; data from that day on is not used */ as_of: string | null;
    /** VARCHAR. segment: `champions`, `loyal`, `potential-loyalists`, `new`, `promising`, `need-attention`, `about-to-sleep`, `cannot-lose`, `at-risk`, `hibernating`, `no-order` */ segment: string | null;
    /** VARCHAR. segment at the beginning of the last whole month before `as_of`; `not-yet`: not yet a customer then */ segment_before: string | null;
    /** INTEGER. days since the last order; null without an order */ recency_days: number | null;
    /** INTEGER. orders so far */ orders: number | null;
    /** DOUBLE. sales so far, net of discounts and returns */ net_sales: number | null;
    /** INTEGER. score of recency, 1 to 5: 5 is better than at least 80 % of those with an order */ r: number | null;
    /** INTEGER. score of frequency */ f: number | null;
    /** INTEGER. score of money */ m: number | null;
  };
}
