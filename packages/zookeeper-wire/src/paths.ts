/**
 * Why a text is no path of a znode, or undefined when it is one. Source: ZooKeeper's rules for paths.
 *
 * @returns a sentence without a full stop
 */
export function pathFault(path: string): string | undefined {
  if (path.length === 0) return 'a path is not empty';
  if (path.charCodeAt(0) !== slash) return 'a path starts with /';
  if (path.length === 1) return undefined;
  if (path.charCodeAt(path.length - 1) === slash) return 'a path does not end with /';
  let start = 1;
  for (let index = 1; index < path.length; index++) {
    const code = path.charCodeAt(index);
    if (code === slash) {
      const fault = componentFault(path, start, index);
      if (fault !== undefined) return fault;
      start = index + 1;
    } else if (isForbidden(code)) {
      return `a path holds no character U+${code.toString(16).padStart(4, '0')}`;
    }
  }
  return componentFault(path, start, path.length);
}

/** @returns whether a text is the path of a znode */
export function isPath(path: string): boolean {
  return pathFault(path) === undefined;
}

/** @returns the path of the parent; of `/` itself there is none, then the empty text */
export function parentPath(path: string): string {
  const last = path.lastIndexOf('/');
  if (last > 0) return path.slice(0, last);
  return path.length > 1 ? '/' : '';
}

/** @returns the last component of a path */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** @returns the path of a child */
export function childPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

const slash = 0x2f;
const dot = 0x2e;

function componentFault(path: string, start: number, end: number): string | undefined {
  const length = end - start;
  if (length === 0) return 'a path has no empty component';
  if (length > 2 || path.charCodeAt(start) !== dot) return undefined;
  if (length === 1 || path.charCodeAt(start + 1) === dot) return 'a path is not relative';
  return undefined;
}

function isForbidden(code: number): boolean {
  if (code < 0x20) return true;
  if (code < 0x7f) return false;
  return code <= 0x9f || (code >= 0xd800 && code <= 0xf8ff) || code >= 0xfff0;
}
