export type { ExecOptions } from './exec-options.ts';
export { JsonlPrinter } from './jsonl-printer.ts';
export type { ProgramPrinter } from './printer.ts';
export { readPrompt } from './read-prompt.ts';
export { ResultPrinter } from './result-printer.ts';
export { type ExecIo, runExec } from './run-exec.ts';
export { isDumb, wantsColour } from './terminal.ts';
