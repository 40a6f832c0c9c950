/** The UCI data set Online Retail, real transactions of a UK gift shop, as source tables. */
export { type FileFormats, type StatedFormats, type Survey, surveyTransactions } from "./survey.ts";
export { readTransactions, type Transaction, type TransactionLine } from "./transaction_file.ts";
export { OnlineRetailTranslation, type RejectedLines } from "./translate.ts";
