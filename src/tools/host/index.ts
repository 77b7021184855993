export {
  callText,
  LocalToolHost,
  type ToolHost,
  unknownOutcome,
} from './tool-host.ts';
