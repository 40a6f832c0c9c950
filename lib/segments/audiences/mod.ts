/** Named lists of customers: chosen by conditions, saved once, never changed. */
export { type CustomerList, deletedCustomers, LIST_TABLES, readCustomers } from "./customers.ts";
export {
  type Audience,
  type AudienceWithMembers,
  findAudience,
  listAudiences,
  loadAudience,
  saveAudience,
} from "./store.ts";
