export { CommandJudge, type Judgement, shellScript } from './command-judge.ts';
export { quickScan } from './quick-scan.ts';
export { DECISIONS } from './rules/decision.ts';
export { ExecPolicy, type PrefixRule, type RuleMatch } from './rules/exec-policy.ts';
export { type HostRule, hostRuleLine, hostRuleMatches, judgeHost } from './rules/host-rule.ts';
export { judgeByRules, type RuleVerdict } from './rules/judge-by-rules.ts';
export { type LoadedRules, loadRuleFiles, loadRules } from './rules/load-rules.ts';
export { mayBeRemembered, remember, rememberLine, ruleLine, wouldMatch } from './rules/remember.ts';
export type { PlainCommand, Word } from './words.ts';
