/** More than this is cut off at once. */
const popCountMax = 64;

/** Empties an array that is used again: of few items, taking each is cheaper than V8's way to set a length. */
export function clearArray(items: unknown[]): void {
  if (items.length > popCountMax) items.length = 0;
  while (items.length > 0) items.pop();
}
