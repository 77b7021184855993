import type { State } from '../state.ts';

/**
 * A part of the view that is made again only when what it reads has changed: most frames change one part. Its newest result is
 * a cache and nothing else.
 * @param reads all of the state that `make` is given
 */
export function remembered<Key extends keyof State, Part>(
  reads: readonly Key[],
  make: (state: Pick<State, Key>) => Part,
): (state: Pick<State, Key>) => Part {
  // The values alone: a whole state would keep a transcript of long ago in memory.
  let newest: { readonly values: readonly State[Key][]; readonly part: Part } | null = null;
  return (state) => {
    const known = newest;
    if (known !== null && reads.every((key, at) => state[key] === known.values[at])) return known.part;
    const part = make(state);
    newest = { values: reads.map((key) => state[key]), part };
    return part;
  };
}
