import { Socket } from 'node:net';

/** What Node keeps below a socket: `child_process` hands it from one socket to another in this same way. */
interface WithHandle {
  _handle: { readonly useUserBuffer?: unknown } | null;
}

/**
 * Gives an accepted connection to a new socket that reads into `received`. Node offers `onread` for connections that
 * are made, not for those that are accepted; a socket left alone makes a buffer of 64 KiB for each read, which costs more
 * than what is done with most requests.
 *
 * @param accepted that was read nothing from yet, or all of it; it is closed, the connection is not
 * @param received may be shared by all connections, because it is read from before anything else is read into it
 * @param onBytes given each piece that comes, a view of `received`: valid during the call only
 * @returns the new socket; the same one where this Node has no such handle: then it emits `data` as ever
 */
export function readInto(
  accepted: Socket,
  received: Uint8Array,
  onBytes: (bytes: Uint8Array) => void,
): Socket {
  const owner = accepted as unknown as WithHandle;
  const handle = owner._handle;
  if (typeof handle?.useUserBuffer !== 'function') return accepted;
  owner._handle = null;
  let read = received;
  const callback = (count: number): boolean => {
    // Requests that follow each other are often of one length.
    if (read.length !== count) read = received.subarray(0, count);
    onBytes(read);
    return true;
  };
  const onread = { buffer: received, callback };
  const options = { handle, onread, readable: true, writable: true };
  const socket = new Socket(options);
  // It has no connection any more: this tells the server that counts its sockets.
  accepted.destroy();
  return socket;
}
