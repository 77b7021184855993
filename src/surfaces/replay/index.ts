export { replayThread } from './replay.ts';
export type { Difference, InputDifference, ReplayReport } from './report.ts';
export { reportText } from './report-text.ts';
