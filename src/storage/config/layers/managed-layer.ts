import { KeelError } from '../../../foundation/protocol/index.ts';
import { isTable, type Layer, originOf, type Table, valueAt } from './layer.ts';

/**
 * Refuses flags that the administrator's file contradicts: a run must not look as if they counted.
 * @throws KeelError `invalidConfig`
 */
export function refuseOverruled(flags: Layer, managed: Layer): void {
  const [path] = overruled(flags.table, managed.table);
  if (path === undefined) return;
  const [asked, set] = [flags, managed].map(({ table }) => JSON.stringify(valueAt(table, path)));
  throw new KeelError(
    'invalidConfig',
    `${path.join('.')} = ${asked} was asked for on the command line, but ${originOf([managed], path)} sets ${set} for this machine: leave the option out`,
  );
}

/** A warning for each value of a layer that the administrator's file replaces. */
export function overruledWarnings(layer: Layer, managed: Layer): string[] {
  return overruled(layer.table, managed.table).map(
    (path) => `${layer.name}: ${path.join('.')} has no effect: ${originOf([managed], path)} sets it for this machine`,
  );
}

/** The paths of values that another table replaces by something else. */
function overruled(table: Table, by: Table, path: readonly string[] = []): (readonly string[])[] {
  return Object.entries(table).flatMap(([key, value]) => {
    const other = by[key];
    const here = [...path, key];
    if (other === undefined) return [];
    if (isTable(value) && isTable(other)) return overruled(value, other, here);
    return JSON.stringify(value) === JSON.stringify(other) ? [] : [here];
  });
}
