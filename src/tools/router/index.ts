export { CallGate } from './call-gate.ts';
export { outputItem, toolCallOf, toolOutputOf } from './call-items.ts';
export { LoopWatch } from './loop-watch.ts';
export { dispatch } from './router.ts';
export { showFailure } from './shown-failures.ts';
export { abortedOutput, BEHIND_UNKNOWN, NOT_BEGUN, STOPPED_BY_SANDBOX } from './unfinished-calls.ts';
