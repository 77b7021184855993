/**
 * Milliseconds from some moment in the past, for differences: no change of the system's clock moves it. As `performance.now()`
 * has it, whose modules take a hundredth of a start to load.
 */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}
