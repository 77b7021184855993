export { JsonlPrinter } from './jsonl-printer.ts';
export { readPrompt } from './read-prompt.ts';
export { type ExecIo, type ExecOptions, runExec } from './run-exec.ts';
