/** The UCI data set Online Retail, real transactions of a UK gift shop, as source tables. */
export { readTransactions, type Transaction, type TransactionLine } from "./transaction_file.ts";
export { OnlineRetailTranslation, type RejectedLine } from "./translate.ts";
