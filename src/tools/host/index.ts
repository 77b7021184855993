export {
  callDigest,
  LocalToolHost,
  type ToolHost,
  unknownOutcome,
} from './tool-host.ts';
