export {
  type CustomCall,
  type CustomResult,
  type CustomTool,
  type PreparedCall,
  registerCustomTools,
} from './custom-tool.ts';
