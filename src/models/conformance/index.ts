export type { Finding } from './finding.ts';
export { Probe } from './probe.ts';
export { isUsable, runChecks } from './run-checks.ts';
