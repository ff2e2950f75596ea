/** A list whose first item is there, as the compiler knows. */
export type NonEmpty<T> = readonly [T, ...T[]];

/** `map` that keeps what the compiler knows. */
export function mapAll<T, U>([first, ...others]: NonEmpty<T>, change: (item: T) => U): NonEmpty<U> {
  return [change(first), ...others.map((item) => change(item))];
}
