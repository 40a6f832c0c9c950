/** Processes that do not outlive the program that starts them. */
export { type Lease, startSupervised, type SupervisedProcess } from "./supervised_process.ts";
