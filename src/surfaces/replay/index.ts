export { replayThread } from './replay.ts';
export { reportText } from './report-text.ts';
