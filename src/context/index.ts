export { contextMessage, isContextMessage } from './context-message.ts';
export { type EnvironmentFacts, environmentContext, environmentDiff } from './environment/environment-context.ts';
export { onOneLine } from './escape.ts';
export { renderInstructions } from './instructions/render-instructions.ts';
export { userInstructions } from './instructions/user-instructions.ts';
export {
  type AgentRole,
  agentNote,
  agentRoleMessage,
  agentRoles,
  DEFAULT_AGENT_ROLE,
  lostAgentsNote,
} from './notes/agent-texts.ts';
export {
  type FoundTarget,
  REVIEW_RUBRIC,
  reviewNote,
  reviewRequest,
  reviewRubricFor,
  reviewText,
} from './notes/review-texts.ts';
export { BUDGET_REFUSAL, type BudgetLeft, budgetUsedUp, budgetWarning, noteMark } from './notes/tool-lines.ts';
export {
  crashNote,
  endedSessionsNote,
  endedWithRunNote,
  formNote,
  hookNote,
  interruptionNote,
  isRollbackNote,
  planNote,
  rollbackNote,
  serverNote,
  toolsNote,
  undoNote,
  userShellNote,
  verifyNote,
} from './notes/turn-notes.ts';
export { chosenSkills } from './skills/chosen-skills.ts';
export { discoverSkills } from './skills/discover-skills.ts';
export { frontMatter } from './skills/read-skill.ts';
export type { Skill, Skills } from './skills/skill.ts';
export { chosenSkillLabel, inOrder, isSkillList, skillList } from './skills/skill-texts.ts';
export type { TurnContext } from './turn-context.ts';
export { userMessage } from './user-message.ts';
