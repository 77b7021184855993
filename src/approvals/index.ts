export { type ApprovedCommand, canonicalCommands } from './canonical-commands.ts';
export { CommandJudge, type Judgement, shellScript } from './command-judge.ts';
export { quickScan } from './quick-scan.ts';
export { DECISIONS, ExecPolicy, type PrefixRule, type RuleMatch } from './rules/exec-policy.ts';
export { judgeByRules, type RuleVerdict } from './rules/judge-by-rules.ts';
export { type LoadedRules, loadRuleFiles, loadRules } from './rules/load-rules.ts';
export { mayBeRemembered, remember, ruleLine, wouldMatch } from './rules/remember.ts';
export type { PlainCommand, Word } from './words.ts';
