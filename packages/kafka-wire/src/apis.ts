import { type ByteReader, type ByteWriter } from '@zookafka/base';
import { decodeFields } from './decode.ts';
import { encodeFields } from './encode.ts';
import { beginFrame, finishFrame } from './frameWriter.ts';
import { type HotPaths, hotPaths } from './hot/hotPaths.ts';
import { readTextOrNull, skipTags } from './hot/reading.ts';
import { writeTextOrNull } from './hot/writing.ts';
import { produce } from './messages/00-produce.ts';
import { fetch } from './messages/01-fetch.ts';
import { listOffsets } from './messages/02-list-offsets.ts';
import { metadata } from './messages/03-metadata.ts';
import { offsetCommit } from './messages/08-offset-commit.ts';
import { offsetFetch } from './messages/09-offset-fetch.ts';
import { findCoordinator } from './messages/10-find-coordinator.ts';
import { joinGroup } from './messages/11-join-group.ts';
import { heartbeat } from './messages/12-heartbeat.ts';
import { leaveGroup } from './messages/13-leave-group.ts';
import { syncGroup } from './messages/14-sync-group.ts';
import { describeGroups } from './messages/15-describe-groups.ts';
import { listGroups } from './messages/16-list-groups.ts';
import { apiVersions } from './messages/18-api-versions.ts';
import { createTopics } from './messages/19-create-topics.ts';
import { deleteTopics } from './messages/20-delete-topics.ts';
import { initProducerId } from './messages/22-init-producer-id.ts';
import { offsetForLeaderEpoch } from './messages/23-offset-for-leader-epoch.ts';
import { describeConfigs } from './messages/32-describe-configs.ts';
import { deleteGroups } from './messages/42-delete-groups.ts';
import { describeCluster } from './messages/60-describe-cluster.ts';
import {
  type Decoded,
  type Encodable,
  type Fields,
  type RecordSchema,
  type VersionRange,
} from './schema.ts';
import { asWireError, WireError } from './wireError.ts';

/** Every API key that is spoken, by name. */
export const apis = {
  produce,
  fetch,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  apiVersions,
  createTopics,
  deleteTopics,
  initProducerId,
  offsetForLeaderEpoch,
  describeConfigs,
  deleteGroups,
  describeCluster,
} as const;

/** The name of an API key. */
export type ApiName = keyof typeof apis;
/** A request, decoded. */
export type RequestOf<Name extends ApiName> = {
  [Key in Name]: Decoded<(typeof apis)[Key]['request']>;
}[Name];
/** A response, decoded. */
export type ResponseOf<Name extends ApiName> = {
  [Key in Name]: Decoded<(typeof apis)[Key]['response']>;
}[Name];
/** A request to be encoded: what is left out takes its default. */
export type RequestBody<Name extends ApiName> = { [Key in Name]: Encodable<RequestOf<Key>> }[Name];
/** A response to be encoded: what is left out takes its default. */
export type ResponseBody<Name extends ApiName> = {
  [Key in Name]: Encodable<ResponseOf<Key>>;
}[Name];

const noPaths: HotPaths = {};

const nameByKey = new Map<number, ApiName>(
  (Object.keys(apis) as ApiName[]).map((name) => [apis[name].key, name]),
);

/** @returns the name of an API key, or undefined where it is not spoken */
export function apiName(key: number): ApiName | undefined {
  return nameByKey.get(key);
}

/** What every message asks about its key: objects of one shape, which definitions are not. */
interface ApiFacts {
  readonly min: number;
  readonly max: number;
  readonly flexibleFrom: number;
  readonly hot: HotPaths;
}

const factsByName = new Map<ApiName, ApiFacts>(
  (Object.keys(apis) as ApiName[]).map((name) => {
    const { versions, flexibleFrom } = apis[name];
    const { min, max } = versions;
    return [name, { min, max, flexibleFrom, hot: hotPaths[name] ?? noPaths }];
  }),
);

function factsOf(name: ApiName): ApiFacts {
  return factsByName.get(name) as ApiFacts;
}

/** @returns whether this version is decoded and answered */
export function isServed(name: ApiName, version: number): boolean {
  const { min, max } = factsOf(name);
  return version >= min && version <= max;
}

/** What ApiVersions names, by key. */
export function advertisedVersions(): readonly (VersionRange & { readonly apiKey: number })[] {
  return Object.values(apis).map((schema) => ({
    apiKey: schema.key,
    min: 'advertisedFrom' in schema ? schema.advertisedFrom : schema.versions.min,
    max: schema.versions.max,
  }));
}

/** What stands before a request. */
export interface RequestHead {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
}

/**
 * Reads a request's header: of the form that its key and version have; of an unknown key the form before flexible
 * versions, so that it can still be answered.
 */
export function decodeRequestHead(reader: ByteReader): RequestHead {
  try {
    const apiKey = reader.int16();
    const apiVersion = reader.int16();
    const name = apiName(apiKey);
    const correlationId = reader.int32();
    // Not compact in any version: a broker reads it before it knows what the client speaks.
    const clientId = readTextOrNull(reader, false, 'clientId');
    if (name !== undefined && apiVersion >= factsOf(name).flexibleFrom) skipTags(reader);
    return { apiKey, apiVersion, correlationId, clientId };
  } catch (cause) {
    throw asWireError(cause);
  }
}

/** Reads a request's body. @throws {WireError} UNSUPPORTED_VERSION, or what is wrong with the bytes */
export function decodeRequest<Name extends ApiName>(
  name: Name,
  version: number,
  reader: ByteReader,
): RequestOf<Name> {
  requireVersion(name, version);
  const { hot } = factsOf(name);
  if (hot.decodeRequest === undefined) {
    const { request, flexibleFrom } = apis[name];
    return decodeFields(request as Fields, { version, flexibleFrom }, reader) as RequestOf<Name>;
  }
  try {
    return hot.decodeRequest(reader, version) as RequestOf<Name>;
  } catch (cause) {
    throw asWireError(cause);
  }
}

/** Reads a response's body. @throws {WireError} */
export function decodeResponse<Name extends ApiName>(
  name: Name,
  version: number,
  reader: ByteReader,
): ResponseOf<Name> {
  requireVersion(name, version);
  const { hot } = factsOf(name);
  if (hot.decodeResponse === undefined) {
    const { response, flexibleFrom } = apis[name];
    return decodeFields(response as Fields, { version, flexibleFrom }, reader) as ResponseOf<Name>;
  }
  try {
    return hot.decodeResponse(reader, version) as ResponseOf<Name>;
  } catch (cause) {
    throw asWireError(cause);
  }
}

/**
 * A whole request frame, its length included.
 *
 * @returns chunks to be sent in order: records are referred to, not copied
 */
export function encodeRequestFrame<Name extends ApiName>(
  name: Name,
  head: Omit<RequestHead, 'apiKey'>,
  body: RequestBody<Name>,
): Uint8Array[] {
  const { apiVersion: version, correlationId, clientId } = head;
  const { key, request } = apis[name];
  const { flexibleFrom, hot } = factsOf(name);
  requireVersion(name, version);
  const writer = beginFrame();
  writer.int16(key);
  writer.int16(version);
  writer.int32(correlationId);
  writeTextOrNull(writer, clientId, false);
  if (version >= flexibleFrom) writer.uvarint(0);
  if (hot.encodeRequest !== undefined) hot.encodeRequest(body, version, writer);
  else encodeFields(request, { version, flexibleFrom }, body, writer);
  return finishFrame(writer);
}

/** A whole response frame, its length included: chunks to be sent in order. */
export function encodeResponseFrame<Name extends ApiName>(
  name: Name,
  { apiVersion, correlationId }: { readonly apiVersion: number; readonly correlationId: number },
  body: ResponseBody<Name>,
): Uint8Array[] {
  const { flexibleFrom, hot } = factsOf(name);
  const writer = beginFrame();
  writer.int32(correlationId);
  // Clients read the answer to ApiVersions before they know what the broker speaks: never a flexible header.
  if (apiVersion >= flexibleFrom && name !== 'apiVersions') writer.uvarint(0);
  if (hot.encodeResponse !== undefined && isServed(name, apiVersion)) {
    hot.encodeResponse(body, apiVersion, writer);
  } else encodeFields(apis[name].response, { version: apiVersion, flexibleFrom }, body, writer);
  return finishFrame(writer);
}

/** Reads a response's header. @returns the correlation id @throws {WireError} */
export function decodeResponseHead(name: ApiName, version: number, reader: ByteReader): number {
  try {
    const correlationId = reader.int32();
    if (version >= factsOf(name).flexibleFrom && name !== 'apiVersions') skipTags(reader);
    return correlationId;
  } catch (cause) {
    throw asWireError(cause);
  }
}

/** Reads a record of an internal topic, after the version that stands before it. */
export function decodeRecordData<F extends Fields>(
  schema: RecordSchema<F>,
  version: number,
  reader: ByteReader,
): Decoded<F> {
  const { min, max } = schema.versions;
  if (version < min || version > max) throw unsupported(schema.name, version, schema.versions);
  return decodeFields(schema.fields, { version, flexibleFrom: schema.flexibleFrom }, reader);
}

/** Writes a record of an internal topic, without the version that stands before it. */
export function encodeRecordData<F extends Fields>(
  schema: RecordSchema<F>,
  version: number,
  value: Encodable<Decoded<F>>,
  writer: ByteWriter,
): void {
  const { flexibleFrom } = schema;
  encodeFields(schema.fields, { version, flexibleFrom }, value, writer);
}

function requireVersion(name: ApiName, version: number): void {
  if (!isServed(name, version)) throw unsupported(name, version, apis[name].versions);
}

function unsupported(message: string, version: number, { min, max }: VersionRange): WireError {
  return new WireError(
    { code: 'UNSUPPORTED_VERSION', message, version },
    `Cannot use ${message} in version ${version}: ${min} to ${max} are spoken`,
  );
}
