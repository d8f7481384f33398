export * from './constants.ts';
export {
  decodeConnectRequest,
  decodeConnectResponse,
  decodeRequestFrame,
  type NumberedRequest,
  writeConnectRequestFrame,
  writeConnectResponseFrame,
  writeEventFrame,
  writeReplyFrame,
  writeRequestFrame,
} from './frames.ts';
export { FrameSplitter } from './frameSplitter.ts';
export { interpretRead, interpretWrite } from './interpreter.ts';
export { beginFrame, endFrame, JuteError, type JuteRefusal } from './jute.ts';
export { multiError } from './multiCodec.ts';
export {
  errorCode,
  internalOperations,
  operationCode,
  type OperationName,
  operationName,
  operations,
  type PlainOperationName,
} from './operations.ts';
export { javaRandomBytes, sessionPassword } from './password.ts';
export { baseName, childPath, isPath, parentPath, pathFault } from './paths.ts';
export {
  decodePeerMessages,
  encodePeerMessage,
  encodePeerMessages,
  zabProtocolVersion,
} from './peerCodec.ts';
export type * from './peerMessages.ts';
export { decodeRecord, encodeRecord, readRecord, writeRecord } from './recordCodec.ts';
export { records } from './records.ts';
export type * from './recordTypes.ts';
export { decodeRequest, encodeRequest, requestType } from './requestCodec.ts';
export type * from './requests.ts';
export { decodeReply, decodeResponse, encodeReply, encodeResponse } from './responseCodec.ts';
export {
  firstSessionId,
  isNoSession,
  nextSessionId,
  noSession,
  parseSessionId,
  sameSession,
  type SessionId,
  sessionIdOf,
  sessionIdText,
  sessionKey,
} from './sessionId.ts';
export { counterMax, counterOf, epochMax, epochOf, isZxid, makeZxid, zxidText } from './zxid.ts';
