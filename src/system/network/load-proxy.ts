/** What judges destinations and what serves programs; loaded where hosts are listed only. */
export function loadProxy(): Promise<typeof import('./live.ts')> {
  return import('./live.ts');
}
