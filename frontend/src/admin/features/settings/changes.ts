//! What a form changed.

/** The entries of `now` that differ from `before`. */
export function changedValues<Values extends object>(before: Values, now: Values): Partial<Values> {
  return Object.fromEntries(
    Object.entries(now).filter(([name, value]) => value !== before[name as keyof Values]),
  ) as Partial<Values>;
}
