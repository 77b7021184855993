export type { ProviderChoice } from './message.ts';
export type { TuiOptions } from './options.ts';
export { runTui } from './run-tui.ts';
export { RESET_MODES, terminalAbilities } from './terminal/index.ts';
