/** What is known of the shop's customers as of a date: the features that models of customers share. */
export { CUSTOMER_FEATURES } from "./features.ts";
export { CUSTOMER_POPULATION_DAYS } from "./orders.ts";
