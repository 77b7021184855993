export { type ExportFormat, transcript } from './transcript.ts';
