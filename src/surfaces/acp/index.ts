export { type AcpOptions, runAcp } from './run-acp.ts';
