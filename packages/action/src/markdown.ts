/**
 * A text for Markdown that means nothing but itself: names, reasons and titles come from recipes, images and pull requests, and may try
 * to be tables, links, HTML or mentions.
 */
export function text(value: string): string {
  return value.replace(/[\r\n]+/g, ' ').replace(/[&<>"'`|*_[\]()!@#~\\$:{}]/g, (char) => `&#${char.charCodeAt(0)};`)
}

/** The same in a fixed-width font. */
export function code(value: string): string {
  return `<code>${text(value)}</code>`
}
