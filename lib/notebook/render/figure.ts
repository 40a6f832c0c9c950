/**
 * A picture in the page.
 *
 * @param drawing which drawing of its chart it is: `wide`, for screens, or `narrow`, for phones.
 */
export function figure(content: string, drawing = ""): string {
  const mark = drawing && ` data-drawing="${drawing}"`;
  return `<figure class="chart ${drawing}"${mark}>${content}</figure>`;
}
