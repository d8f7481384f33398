import {
  type MultiOperation,
  type MultiReadOperation,
  type MultiResult,
  type Response,
} from '@zookafka/zookeeper-wire';
import { type SessionRequest } from './types.ts';

/** @returns the path as the server knows it */
export function serverPath(chroot: string, path: string): string {
  if (chroot === '') return path;
  return path === '/' ? chroot : chroot + path;
}

/** @returns the path as the user knows it; one outside of the chroot stays as it is */
export function clientPath(chroot: string, path: string): string {
  if (chroot === '' || !path.startsWith(chroot)) return path;
  if (path.length === chroot.length) return '/';
  return path.charCodeAt(chroot.length) === 0x2f ? path.slice(chroot.length) : path;
}

/** @returns the request with the server's paths */
export function serverRequest(chroot: string, request: SessionRequest): SessionRequest {
  if (chroot === '') return request;
  switch (request.op) {
    case 'multi':
      return { op: 'multi', operations: request.operations.map((each) => moved(chroot, each)) };
    case 'multiRead':
      return { op: 'multiRead', operations: request.operations.map((each) => moved(chroot, each)) };
    case 'getEphemerals':
      return { ...request, prefixPath: serverPath(chroot, request.prefixPath) };
    case 'whoAmI':
    case 'reconfig':
      return request;
    default:
      return { ...request, path: serverPath(chroot, request.path) };
  }
}

/** @returns the response with the user's paths */
export function clientResponse(chroot: string, response: Response): Response {
  if (chroot === '') return response;
  switch (response.op) {
    case 'create':
    case 'sync':
    case 'create2':
    case 'createContainer':
    case 'createTTL':
      return { ...response, path: clientPath(chroot, response.path) };
    case 'getEphemerals':
      return {
        ...response,
        ephemerals: response.ephemerals.map((path) => clientPath(chroot, path)),
      };
    case 'multi':
      return { op: 'multi', results: response.results.map((each) => clientResult(chroot, each)) };
    default:
      return response;
  }
}

function moved<Operation extends MultiOperation | MultiReadOperation>(
  chroot: string,
  operation: Operation,
): Operation {
  return { ...operation, path: serverPath(chroot, operation.path) };
}

function clientResult(chroot: string, result: MultiResult): MultiResult {
  if (result.op !== 'create' && result.op !== 'create2') return result;
  return { ...result, path: clientPath(chroot, result.path) };
}
