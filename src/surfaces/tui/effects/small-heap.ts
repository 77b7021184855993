/**
 * Keeps the heap near to what is in use, for long threads: it would grow to several times of that, most of it room for new
 * objects, which V8 takes as long as it is there. Not from the start: code that is compiled under another flag than the
 * start's is not kept for later starts (bin/keel.js).
 */
export function keepHeapSmall(): void {
  process.getBuiltinModule('node:v8').setFlagsFromString('--optimize-for-size');
}
