export {
  type AgentRole,
  agentNote,
  agentRoleMessage,
  agentRoles,
  DEFAULT_AGENT_ROLE,
  lostAgentsNote,
} from './agent-texts.ts';
export { BUDGET_REFUSAL, type BudgetLeft, budgetUsedUp, budgetWarning } from './budget-texts.ts';
export {
  compactionPrompt,
  elidedOutput,
  HANDOVER_HEADINGS,
  type Handover,
  handoverMessage,
  handoverOf,
} from './compaction-texts.ts';
export { isContextMessage } from './context-tags.ts';
export { type EnvironmentFacts, environmentContext, environmentDiff } from './environment-context.ts';
export { onOneLine } from './escape.ts';
export { renderInstructions } from './instructions.ts';
export { noteMark } from './note-mark.ts';
export {
  type FoundTarget,
  REVIEW_RUBRIC,
  reviewNote,
  reviewRequest,
  reviewRubricFor,
  reviewText,
} from './review-texts.ts';
export { chosenSkills } from './skills/chosen-skills.ts';
export { discoverSkills } from './skills/discover-skills.ts';
export type { Skill, SkillFault, Skills } from './skills/skill.ts';
export { chosenSkillLabel, inOrder, isSkillList, skillList } from './skills/skill-texts.ts';
export type { TurnContext } from './turn-context.ts';
export {
  crashNote,
  formNote,
  interruptionNote,
  isRollbackNote,
  planNote,
  rollbackNote,
  serverNote,
  toolsNote,
  undoNote,
  userShellNote,
  verifyNote,
} from './turn-notes.ts';
export { userInstructions } from './user-instructions.ts';
export { userMessage } from './user-message.ts';
