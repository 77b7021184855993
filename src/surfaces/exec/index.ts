export type { ExecOptions } from './exec-options.ts';
export type { ProgramPrinter } from './printer.ts';
export { JsonlPrinter } from './program/jsonl-printer.ts';
export { ResultPrinter } from './program/result-printer.ts';
export { readPrompt } from './read-prompt.ts';
export { type ExecIo, runExec } from './run-exec.ts';
export { isDumb, wantsColour } from './terminal.ts';
