import { GrowingColumn } from "./growing_column.ts";

/** One product of an order. Amounts are in cents, negative on returns. */
export interface OrderLine {
  product: number;
  quantity: number;
  /** Price times quantity, before the discount; on a return what is paid back. */
  amount: number;
  discount: number;
}

/** All orders and returns, as columns: lines of an order lie together. */
export class OrderBook {
  readonly customer = new GrowingColumn();
  readonly day = new GrowingColumn();
  readonly payment = new GrowingColumn();
  /** First line of each order. */
  readonly firstLine = new GrowingColumn();
  readonly product = new GrowingColumn();
  readonly quantity = new GrowingColumn();
  readonly amount = new GrowingColumn();
  readonly discount = new GrowingColumn();

  get orders(): number {
    return this.customer.length;
  }

  get lines(): number {
    return this.product.length;
  }

  /** Adds an order and returns its number. */
  place(customer: number, day: number, payment: number, lines: OrderLine[]): number {
    this.customer.push(customer);
    this.day.push(day);
    this.payment.push(payment);
    this.firstLine.push(this.lines);
    for (const { product, quantity, amount, discount } of lines) {
      this.product.push(product);
      this.quantity.push(quantity);
      this.amount.push(amount);
      this.discount.push(discount);
    }
    return this.orders - 1;
  }
}
