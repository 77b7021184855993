export { runFront } from './program.ts';
export { startFront } from './start-front.ts';
export { addToken } from './tokens.ts';
