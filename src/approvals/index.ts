export { CommandJudge, type Judgement, shellScript } from './command-judge.ts';
export { quickScan } from './quick-scan.ts';
export type { PlainCommand, Word } from './words.ts';
