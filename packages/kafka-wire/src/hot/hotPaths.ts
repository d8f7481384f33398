import { type ByteReader } from '@zookafka/base';
import { type GatherWriter } from '../gatherWriter.ts';
import { decodeFetchRequest } from './fetchRequest.ts';
import { encodeFetchRequest } from './fetchRequestWriting.ts';
import { decodeFetchResponse } from './fetchResponseReading.ts';
import { encodeFetchResponse } from './fetchResponseWriting.ts';
import { decodeProduceRequest, encodeProduceRequest } from './produceRequest.ts';
import { encodeProduceResponse } from './produceResponse.ts';

/** Straight-line code of one API key, for the directions in which records flow. */
export interface HotPaths {
  decodeRequest?(reader: ByteReader, version: number): object;
  encodeRequest?(body: object, version: number, writer: GatherWriter): void;
  decodeResponse?(reader: ByteReader, version: number): object;
  encodeResponse?(body: object, version: number, writer: GatherWriter): void;
}

/** By the name of the API key. The interpreter is the oracle: tests compare both over all versions. */
export const hotPaths: Readonly<Record<string, HotPaths | undefined>> = {
  produce: {
    decodeRequest: decodeProduceRequest,
    encodeRequest: encodeProduceRequest,
    encodeResponse: encodeProduceResponse,
  },
  fetch: {
    decodeRequest: decodeFetchRequest,
    encodeRequest: encodeFetchRequest,
    decodeResponse: decodeFetchResponse,
    encodeResponse: encodeFetchResponse,
  },
};
