import { CodedError } from '@zookafka/base';
import { type ClientRefusal } from '../core/index.ts';

/** Something that a client could not do; `code` is Kafka's name of the error, or the client's own. */
export class ClientError extends CodedError<ClientRefusal> {
  override readonly name = 'ClientError';
  /** It may have been carried out or not: no answer came. */
  readonly isUnknown: boolean;

  constructor(refusal: ClientRefusal, isUnknown = false) {
    super(refusal, refusal.message);
    this.isUnknown = isUnknown;
  }
}

/** Makes addresses of `host:port,host:port`. @throws {ClientError} BAD_ADDRESS */
export function parseAddresses(
  text: string,
): readonly { readonly host: string; readonly port: number }[] {
  const addresses = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map((one) => {
      const parts = /^\[?([^\]]+?)\]?:(\d+)$/.exec(one);
      const port = Number(parts?.[2]);
      if (parts === null || port < 1 || port > 65_535) {
        throw new ClientError({
          code: 'BAD_ADDRESS',
          message: `Cannot use "${one}" as an address: host:port is accepted, such as 127.0.0.1:9092`,
        });
      }
      return { host: parts[1] as string, port };
    });
  if (addresses.length === 0) {
    throw new ClientError({ code: 'BAD_ADDRESS', message: 'Cannot connect: no broker is named' });
  }
  return addresses;
}
