export type { ExecOptions } from './exec-options.ts';
export { JsonlPrinter } from './jsonl-printer.ts';
export { readPrompt } from './read-prompt.ts';
export { type ExecIo, runExec } from './run-exec.ts';
export { isDumb, wantsColour } from './terminal.ts';
