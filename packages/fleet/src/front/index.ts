export { runFront } from './program.ts';
export { type RunningFront, type StartFrontOptions, startFront } from './start-front.ts';
export { addToken, TokenFileError } from './tokens.ts';
