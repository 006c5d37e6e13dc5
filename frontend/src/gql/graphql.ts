/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
export type ApplicationSettingsPatch = {
  acceptOnlyStreamsInDataStore?: boolean | null | undefined;
  allowedPublisherCidr?: string | null | undefined;
  enableTimeTokenForPlay?: boolean | null | undefined;
  enableTimeTokenForPublish?: boolean | null | undefined;
  endSessionAtExpiry?: boolean | null | undefined;
  hashControlPlayEnabled?: boolean | null | undefined;
  hashControlPublishEnabled?: boolean | null | undefined;
  ipFilterEnabled?: boolean | null | undefined;
  jwtRequireScope?: boolean | null | undefined;
  jwtStreamSecretKey?: string | null | undefined;
  playJwtControlEnabled?: boolean | null | undefined;
  playTokenControlEnabled?: boolean | null | undefined;
  publishJwtControlEnabled?: boolean | null | undefined;
  publishTokenControlEnabled?: boolean | null | undefined;
  remoteAllowedCidr?: string | null | undefined;
  timeTokenPeriod?: number | null | undefined;
  timeTokenReplayProtection?: boolean | null | undefined;
  timeTokenSecretForPlay?: string | null | undefined;
  timeTokenSecretForPublish?: string | null | undefined;
  timeTokenSubscriberOnly?: boolean | null | undefined;
  tokenHashSecret?: string | null | undefined;
};

export type AuditFilter = {
  application?: string | null | undefined;
  code?: string | null | undefined;
  kind?: AuditKind | null | undefined;
  outcome?: Outcome | null | undefined;
  streamId?: string | null | undefined;
  subscriberId?: string | null | undefined;
};

export type AuditKind =
  | 'ACTION'
  | 'DECISION'
  | 'LOGIN';

export type BlockOperation =
  | 'PLAY'
  | 'PUBLISH'
  | 'PUBLISH_PLAY';

export type BlockSubscriberInput = {
  application: string;
  operation: BlockOperation;
  seconds: number;
  streamId: string;
  subscriberId: string;
};

export type BroadcastFilter = {
  search?: string | null | undefined;
  status?: BroadcastStatus | null | undefined;
};

export type BroadcastStatus =
  | 'BROADCASTING'
  | 'CREATED'
  | 'ERROR'
  | 'FAILED'
  | 'FINISHED'
  | 'PREPARING'
  | 'TERMINATED_UNEXPECTEDLY';

export type ConnectionEventKind =
  | 'CONNECTED'
  | 'DISCONNECTED';

export type CreateBroadcastInput = {
  application: string;
  name?: string | null | undefined;
  streamId?: string | null | undefined;
};

export type CreateFirstAdministratorInput = {
  email: string;
  password: string;
  setUpCode?: string | null | undefined;
};

export type CreateSubscriberInput = {
  application: string;
  concurrentConnectionsLimit?: number | null | undefined;
  generateSecret?: boolean | null | undefined;
  name?: string | null | undefined;
  secret?: string | null | undefined;
  streamId: string;
  subscriberId: string;
  totpPeriodSeconds?: number | null | undefined;
  type?: Operation | null | undefined;
};

export type DisconnectSessionInput = {
  sessionId: string;
};

export type GenerateCodeInput = {
  application: string;
  operation?: Operation | null | undefined;
  streamId: string;
  subscriberId: string;
};

export type LoginInput = {
  email: string;
  password: string;
};

export type Operation =
  | 'PLAY'
  | 'PUBLISH';

export type Outcome =
  | 'ALLOWED'
  | 'DENIED';

export type ProblemCode =
  | 'ALREADY_EXISTS'
  | 'CONFLICT'
  | 'FORBIDDEN'
  | 'INVALID'
  | 'LIMIT'
  | 'MISSING'
  | 'NOT_FOUND'
  | 'NOT_LIVE'
  | 'SECRET_NOT_CONFIGURED'
  | 'THROTTLED'
  | 'UNAUTHENTICATED'
  | 'WRONG_CREDENTIALS';

export type Protocol =
  | 'DASH'
  | 'HLS'
  | 'RTMP'
  | 'SRT'
  | 'VOD'
  | 'WEBRTC'
  | 'WHEP'
  | 'WHIP';

export type ReasonCode =
  | 'ADDRESS_NOT_ALLOWED'
  | 'AUTHORITY_UNREACHABLE'
  | 'BLOCKED'
  | 'CODE_INVALID'
  | 'CODE_MISSING'
  | 'CODE_REPLAYED'
  | 'CONCURRENCY_LIMIT'
  | 'HASH_INVALID'
  | 'JWT_EXPIRED'
  | 'JWT_INVALID'
  | 'JWT_MISSING'
  | 'PLAYBACK_DISABLED'
  | 'PUBLISHER_LIMIT'
  | 'RESOURCE_LIMIT'
  | 'SECRET_NOT_CONFIGURED'
  | 'STREAM_ABSENT'
  | 'STREAM_ID_INVALID'
  | 'STREAM_ID_MISSING'
  | 'STREAM_IN_USE'
  | 'STREAM_NOT_ACTIVE'
  | 'SUBSCRIBER_TYPE_MISMATCH'
  | 'SUBSCRIBER_UNKNOWN'
  | 'TOKEN_EXPIRED'
  | 'TOKEN_INVALID'
  | 'TOKEN_MISSING'
  | 'TOKEN_SPENT'
  | 'TOO_MANY_GUESSES'
  | 'UNKNOWN_APPLICATION'
  | 'UNREGISTERED_STREAM'
  | 'VIEWER_LIMIT'
  | 'WEBHOOK_REFUSED'
  | 'WEBHOOK_UNREACHABLE';

export type Role =
  | 'ADMIN'
  | 'OPERATOR'
  | 'VIEWER';

export type SecurityMode =
  | 'HASH'
  | 'JWT'
  | 'ONE_TIME_TOKEN'
  | 'TOTP'
  | 'WEBHOOK';

export type SessionEventKind =
  | 'ENDED'
  | 'RESUMED'
  | 'STARTED'
  | 'SUSPENDED';

export type SessionState =
  | 'ACTIVE'
  | 'ENDED'
  | 'SUSPENDED';

export type StopBroadcastInput = {
  application: string;
  streamId: string;
};

export type UnblockSubscriberInput = {
  application: string;
  operation: BlockOperation;
  streamId: string;
  subscriberId: string;
};

export type UpdateApplicationSettingsInput = {
  application: string;
  settings: ApplicationSettingsPatch;
};

export type WhoQueryVariables = Exact<{ [key: string]: never; }>;


export type WhoQuery = { viewer: { authenticated: boolean, name: string | null, role: Role | null }, server: { version: string, firstAdministratorNeeded: boolean, setUpCodeNeeded: boolean } };

export type ApplicationNamesQueryVariables = Exact<{ [key: string]: never; }>;


export type ApplicationNamesQuery = { applications: { nodes: Array<{ id: string, name: string }> } };

export type LogOutMutationVariables = Exact<{ [key: string]: never; }>;


export type LogOutMutation = { logout: { problems: Array<{ code: ProblemCode, message: string }> } };

export type BlockSubscriberMutationVariables = Exact<{
  input: BlockSubscriberInput;
}>;


export type BlockSubscriberMutation = { blockSubscriber: { sessionsStopped: number, sessionsSuspended: number, workersAcknowledged: number, tookMs: number, workersPending: Array<{ name: string }>, problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type UnblockSubscriberMutationVariables = Exact<{
  input: UnblockSubscriberInput;
}>;


export type UnblockSubscriberMutation = { unblockSubscriber: { workersAcknowledged: number, workersPending: Array<{ name: string }>, problems: Array<{ code: ProblemCode, message: string }> } };

export type Addresses_BroadcastFragment = { urls: { player: string, publish: Array<{ protocol: Protocol, url: string }>, play: Array<{ protocol: Protocol, url: string }> } };

export type BroadcastTable_BroadcastFragment = { id: string, streamId: string, name: string | null, status: BroadcastStatus, createdAt: string, application: { name: string }, live: { since: string, protocol: Protocol, bitrateBps: string, viewerCount: number, viewers: Array<{ protocol: Protocol, count: number }> } | null };

export type CreateBroadcastMutationVariables = Exact<{
  input: CreateBroadcastInput;
}>;


export type CreateBroadcastMutation = { createBroadcast: { broadcast: { id: string, streamId: string } | null, problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type LivePicture_LiveStreamFragment = { since: string, protocol: Protocol, speed: number, viewerCount: number, viewers: Array<{ protocol: Protocol, count: number }>, video: { codec: string, width: number, height: number } | null, audio: { codec: string, sampleRateHz: number, channels: number } | null };

export type BroadcastStatsSubscriptionVariables = Exact<{
  application: string;
  streamId: string;
}>;


export type BroadcastStatsSubscription = { broadcastStats: { at: string, bitrateBps: string, speed: number, viewerCount: number, viewers: Array<{ protocol: Protocol, count: number }> } };

export type StopBroadcastMutationVariables = Exact<{
  input: StopBroadcastInput;
}>;


export type StopBroadcastMutation = { stopBroadcast: { problems: Array<{ code: ProblemCode, message: string }> } };

export type AuditQueryVariables = Exact<{
  filter?: AuditFilter | null | undefined;
  after?: string | null | undefined;
}>;


export type AuditQuery = { audit: { pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, at: string, kind: AuditKind, outcome: Outcome, code: string, actor: string | null, application: string | null, streamId: string | null, subscriberId: string | null, operation: Operation | null, protocol: Protocol | null, address: string | null, durationMs: number }> } };

export type DecisionsSubscriptionVariables = Exact<{
  application?: string | null | undefined;
  outcome?: Outcome | null | undefined;
}>;


export type DecisionsSubscription = { decisions: { id: string, at: string, outcome: Outcome, reason: ReasonCode | null, application: string | null, streamId: string | null, subscriberId: string | null, operation: Operation | null, protocol: Protocol | null, address: string | null, durationMs: number } };

export type CreateFirstAdministratorMutationVariables = Exact<{
  input: CreateFirstAdministratorInput;
}>;


export type CreateFirstAdministratorMutation = { createFirstAdministrator: { problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type LogInMutationVariables = Exact<{
  input: LoginInput;
}>;


export type LogInMutation = { login: { accessToken: string | null, problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type OpenDoors_ApplicationFragment = { name: string, openDoors: Array<{ message: string, setting: string }> };

export type ServerStatsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type ServerStatsSubscription = { serverStats: { liveStreams: number, viewerCount: number, workers: number, receivedBps: string } };

export type ConnectionEvents_ConnectionEventFragment = { id: string, at: string, kind: ConnectionEventKind, subscriberId: string, operation: Operation, protocol: Protocol, address: string };

export type DisconnectSessionMutationVariables = Exact<{
  input: DisconnectSessionInput;
}>;


export type DisconnectSessionMutation = { disconnectSession: { problems: Array<{ code: ProblemCode, message: string }> } };

export type SessionTable_SessionFragment = { id: string, subscriberId: string | null, operation: Operation, protocol: Protocol, state: SessionState, address: string, userAgent: string | null, since: string, admittedBy: Array<SecurityMode>, worker: { id: string, name: string }, stats: { bytes: string, videoBitrateBps: string, audioBitrateBps: string, droppedFrames: string } };

export type SecurityForm_ApplicationFragment = { name: string, settings: { acceptOnlyStreamsInDataStore: boolean, publishTokenControlEnabled: boolean, playTokenControlEnabled: boolean, publishJwtControlEnabled: boolean, playJwtControlEnabled: boolean, hashControlPublishEnabled: boolean, hashControlPlayEnabled: boolean, enableTimeTokenForPublish: boolean, enableTimeTokenForPlay: boolean, timeTokenPeriod: number, timeTokenReplayProtection: boolean, jwtRequireScope: boolean, endSessionAtExpiry: boolean, allowedPublisherCidr: string, ipFilterEnabled: boolean, remoteAllowedCidr: string, hasTokenHashSecret: boolean, hasJwtStreamSecretKey: boolean, hasTimeTokenSecretForPublish: boolean, hasTimeTokenSecretForPlay: boolean } };

export type UpdateSettingsMutationVariables = Exact<{
  input: UpdateApplicationSettingsInput;
}>;


export type UpdateSettingsMutation = { updateApplicationSettings: { application: { id: string, name: string, settings: { acceptOnlyStreamsInDataStore: boolean, publishTokenControlEnabled: boolean, playTokenControlEnabled: boolean, publishJwtControlEnabled: boolean, playJwtControlEnabled: boolean, hashControlPublishEnabled: boolean, hashControlPlayEnabled: boolean, enableTimeTokenForPublish: boolean, enableTimeTokenForPlay: boolean, timeTokenPeriod: number, timeTokenReplayProtection: boolean, jwtRequireScope: boolean, endSessionAtExpiry: boolean, allowedPublisherCidr: string, ipFilterEnabled: boolean, remoteAllowedCidr: string, hasTokenHashSecret: boolean, hasJwtStreamSecretKey: boolean, hasTimeTokenSecretForPublish: boolean, hasTimeTokenSecretForPlay: boolean } } | null, problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type GenerateCodeMutationVariables = Exact<{
  input: GenerateCodeInput;
}>;


export type GenerateCodeMutation = { generateCode: { code: string | null, periodSeconds: number | null, stepEndsAt: string | null, problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type CreateSubscriberMutationVariables = Exact<{
  input: CreateSubscriberInput;
}>;


export type CreateSubscriberMutation = { createSubscriber: { secret: string | null, otpauthUrl: string | null, subscriber: { id: string, subscriberId: string } | null, problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type SubscriberTable_SubscriberFragment = { id: string, subscriberId: string, name: string | null, type: Operation | null, hasSecret: boolean, totpPeriodSeconds: number, connected: boolean, averageVideoBitrate: string, averageAudioBitrate: string, publishBlock: { until: string } | null, playBlock: { until: string } | null };

export type BroadcastQueryVariables = Exact<{
  application: string;
  streamId: string;
  subscribersAfter?: string | null | undefined;
}>;


export type BroadcastQuery = { broadcast: { id: string, name: string | null, status: BroadcastStatus, live: { since: string, protocol: Protocol, speed: number, viewerCount: number, viewers: Array<{ protocol: Protocol, count: number }>, video: { codec: string, width: number, height: number } | null, audio: { codec: string, sampleRateHz: number, channels: number } | null } | null, subscribers: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, subscriberId: string, name: string | null, type: Operation | null, hasSecret: boolean, totpPeriodSeconds: number, connected: boolean, averageVideoBitrate: string, averageAudioBitrate: string, publishBlock: { until: string } | null, playBlock: { until: string } | null }> }, sessions: { totalCount: number, nodes: Array<{ id: string, subscriberId: string | null, operation: Operation, protocol: Protocol, state: SessionState, address: string, userAgent: string | null, since: string, admittedBy: Array<SecurityMode>, worker: { id: string, name: string }, stats: { bytes: string, videoBitrateBps: string, audioBitrateBps: string, droppedFrames: string } }> }, connectionEvents: { nodes: Array<{ id: string, at: string, kind: ConnectionEventKind, subscriberId: string, operation: Operation, protocol: Protocol, address: string }> }, urls: { player: string, publish: Array<{ protocol: Protocol, url: string }>, play: Array<{ protocol: Protocol, url: string }> } } | null };

export type SessionEventsSubscriptionVariables = Exact<{
  application: string;
  streamId: string;
}>;


export type SessionEventsSubscription = { sessionEvents: { kind: SessionEventKind, at: string } };

export type BroadcastsQueryVariables = Exact<{
  application: string;
  filter?: BroadcastFilter | null | undefined;
  after?: string | null | undefined;
}>;


export type BroadcastsQuery = { application: { id: string, name: string, broadcasts: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, streamId: string, name: string | null, status: BroadcastStatus, createdAt: string, application: { name: string }, live: { since: string, protocol: Protocol, bitrateBps: string, viewerCount: number, viewers: Array<{ protocol: Protocol, count: number }> } | null }> }, openDoors: Array<{ message: string, setting: string }> } | null };

export type OverviewQueryVariables = Exact<{ [key: string]: never; }>;


export type OverviewQuery = { applications: { nodes: Array<{ id: string, name: string, broadcasts: { nodes: Array<{ id: string, streamId: string, name: string | null, status: BroadcastStatus, createdAt: string, application: { name: string }, live: { since: string, protocol: Protocol, bitrateBps: string, viewerCount: number, viewers: Array<{ protocol: Protocol, count: number }> } | null }> }, openDoors: Array<{ message: string, setting: string }> }> } };

export type SettingsQueryVariables = Exact<{
  application: string;
}>;


export type SettingsQuery = { application: { id: string, name: string, openDoors: Array<{ message: string, setting: string }>, settings: { acceptOnlyStreamsInDataStore: boolean, publishTokenControlEnabled: boolean, playTokenControlEnabled: boolean, publishJwtControlEnabled: boolean, playJwtControlEnabled: boolean, hashControlPublishEnabled: boolean, hashControlPlayEnabled: boolean, enableTimeTokenForPublish: boolean, enableTimeTokenForPlay: boolean, timeTokenPeriod: number, timeTokenReplayProtection: boolean, jwtRequireScope: boolean, endSessionAtExpiry: boolean, allowedPublisherCidr: string, ipFilterEnabled: boolean, remoteAllowedCidr: string, hasTokenHashSecret: boolean, hasJwtStreamSecretKey: boolean, hasTimeTokenSecretForPublish: boolean, hasTimeTokenSecretForPlay: boolean } } | null };

export const Addresses_BroadcastFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Addresses_broadcast"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Broadcast"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"urls"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"publish"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}},{"kind":"Field","name":{"kind":"Name","value":"play"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}},{"kind":"Field","name":{"kind":"Name","value":"player"}}]}}]}}]} as unknown as DocumentNode<Addresses_BroadcastFragment, unknown>;
export const BroadcastTable_BroadcastFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"BroadcastTable_broadcast"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Broadcast"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"streamId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"application"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"live"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"bitrateBps"}},{"kind":"Field","name":{"kind":"Name","value":"viewerCount"}},{"kind":"Field","name":{"kind":"Name","value":"viewers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"count"}}]}}]}}]}}]} as unknown as DocumentNode<BroadcastTable_BroadcastFragment, unknown>;
export const LivePicture_LiveStreamFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"LivePicture_liveStream"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"LiveStream"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"speed"}},{"kind":"Field","name":{"kind":"Name","value":"viewerCount"}},{"kind":"Field","name":{"kind":"Name","value":"viewers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"count"}}]}},{"kind":"Field","name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"codec"}},{"kind":"Field","name":{"kind":"Name","value":"width"}},{"kind":"Field","name":{"kind":"Name","value":"height"}}]}},{"kind":"Field","name":{"kind":"Name","value":"audio"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"codec"}},{"kind":"Field","name":{"kind":"Name","value":"sampleRateHz"}},{"kind":"Field","name":{"kind":"Name","value":"channels"}}]}}]}}]} as unknown as DocumentNode<LivePicture_LiveStreamFragment, unknown>;
export const OpenDoors_ApplicationFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OpenDoors_application"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Application"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"openDoors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"setting"}}]}}]}}]} as unknown as DocumentNode<OpenDoors_ApplicationFragment, unknown>;
export const ConnectionEvents_ConnectionEventFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ConnectionEvents_connectionEvent"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ConnectionEvent"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"operation"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"address"}}]}}]} as unknown as DocumentNode<ConnectionEvents_ConnectionEventFragment, unknown>;
export const SessionTable_SessionFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SessionTable_session"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Session"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"operation"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"userAgent"}},{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"admittedBy"}},{"kind":"Field","name":{"kind":"Name","value":"worker"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"stats"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"videoBitrateBps"}},{"kind":"Field","name":{"kind":"Name","value":"audioBitrateBps"}},{"kind":"Field","name":{"kind":"Name","value":"droppedFrames"}}]}}]}}]} as unknown as DocumentNode<SessionTable_SessionFragment, unknown>;
export const SecurityForm_ApplicationFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SecurityForm_application"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Application"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"settings"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"acceptOnlyStreamsInDataStore"}},{"kind":"Field","name":{"kind":"Name","value":"publishTokenControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"playTokenControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"publishJwtControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"playJwtControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"hashControlPublishEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"hashControlPlayEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"enableTimeTokenForPublish"}},{"kind":"Field","name":{"kind":"Name","value":"enableTimeTokenForPlay"}},{"kind":"Field","name":{"kind":"Name","value":"timeTokenPeriod"}},{"kind":"Field","name":{"kind":"Name","value":"timeTokenReplayProtection"}},{"kind":"Field","name":{"kind":"Name","value":"jwtRequireScope"}},{"kind":"Field","name":{"kind":"Name","value":"endSessionAtExpiry"}},{"kind":"Field","name":{"kind":"Name","value":"allowedPublisherCidr"}},{"kind":"Field","name":{"kind":"Name","value":"ipFilterEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"remoteAllowedCidr"}},{"kind":"Field","name":{"kind":"Name","value":"hasTokenHashSecret"}},{"kind":"Field","name":{"kind":"Name","value":"hasJwtStreamSecretKey"}},{"kind":"Field","name":{"kind":"Name","value":"hasTimeTokenSecretForPublish"}},{"kind":"Field","name":{"kind":"Name","value":"hasTimeTokenSecretForPlay"}}]}}]}}]} as unknown as DocumentNode<SecurityForm_ApplicationFragment, unknown>;
export const SubscriberTable_SubscriberFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SubscriberTable_subscriber"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Subscriber"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"hasSecret"}},{"kind":"Field","name":{"kind":"Name","value":"totpPeriodSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"connected"}},{"kind":"Field","name":{"kind":"Name","value":"averageVideoBitrate"}},{"kind":"Field","name":{"kind":"Name","value":"averageAudioBitrate"}},{"kind":"Field","name":{"kind":"Name","value":"publishBlock"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"until"}}]}},{"kind":"Field","name":{"kind":"Name","value":"playBlock"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"until"}}]}}]}}]} as unknown as DocumentNode<SubscriberTable_SubscriberFragment, unknown>;
export const WhoDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Who"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"viewer"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"authenticated"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"role"}}]}},{"kind":"Field","name":{"kind":"Name","value":"server"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"firstAdministratorNeeded"}},{"kind":"Field","name":{"kind":"Name","value":"setUpCodeNeeded"}}]}}]}}]} as unknown as DocumentNode<WhoQuery, WhoQueryVariables>;
export const ApplicationNamesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ApplicationNames"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"applications"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"250"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}}]}}]} as unknown as DocumentNode<ApplicationNamesQuery, ApplicationNamesQueryVariables>;
export const LogOutDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"LogOut"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"logout"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<LogOutMutation, LogOutMutationVariables>;
export const BlockSubscriberDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"BlockSubscriber"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"BlockSubscriberInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"blockSubscriber"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"sessionsStopped"}},{"kind":"Field","name":{"kind":"Name","value":"sessionsSuspended"}},{"kind":"Field","name":{"kind":"Name","value":"workersAcknowledged"}},{"kind":"Field","name":{"kind":"Name","value":"workersPending"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"tookMs"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}}]} as unknown as DocumentNode<BlockSubscriberMutation, BlockSubscriberMutationVariables>;
export const UnblockSubscriberDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"UnblockSubscriber"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"UnblockSubscriberInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"unblockSubscriber"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"workersAcknowledged"}},{"kind":"Field","name":{"kind":"Name","value":"workersPending"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<UnblockSubscriberMutation, UnblockSubscriberMutationVariables>;
export const CreateBroadcastDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateBroadcast"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateBroadcastInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createBroadcast"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"broadcast"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"streamId"}}]}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}}]} as unknown as DocumentNode<CreateBroadcastMutation, CreateBroadcastMutationVariables>;
export const BroadcastStatsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"BroadcastStats"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"application"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"streamId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"broadcastStats"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"application"},"value":{"kind":"Variable","name":{"kind":"Name","value":"application"}}},{"kind":"Argument","name":{"kind":"Name","value":"streamId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"streamId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"bitrateBps"}},{"kind":"Field","name":{"kind":"Name","value":"speed"}},{"kind":"Field","name":{"kind":"Name","value":"viewerCount"}},{"kind":"Field","name":{"kind":"Name","value":"viewers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"count"}}]}}]}}]}}]} as unknown as DocumentNode<BroadcastStatsSubscription, BroadcastStatsSubscriptionVariables>;
export const StopBroadcastDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"StopBroadcast"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"StopBroadcastInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stopBroadcast"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<StopBroadcastMutation, StopBroadcastMutationVariables>;
export const AuditDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Audit"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"AuditFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"audit"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"actor"}},{"kind":"Field","name":{"kind":"Name","value":"application"}},{"kind":"Field","name":{"kind":"Name","value":"streamId"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"operation"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"durationMs"}}]}}]}}]}}]} as unknown as DocumentNode<AuditQuery, AuditQueryVariables>;
export const DecisionsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"Decisions"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"application"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"outcome"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Outcome"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"decisions"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"application"},"value":{"kind":"Variable","name":{"kind":"Name","value":"application"}}},{"kind":"Argument","name":{"kind":"Name","value":"outcome"},"value":{"kind":"Variable","name":{"kind":"Name","value":"outcome"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"application"}},{"kind":"Field","name":{"kind":"Name","value":"streamId"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"operation"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"durationMs"}}]}}]}}]} as unknown as DocumentNode<DecisionsSubscription, DecisionsSubscriptionVariables>;
export const CreateFirstAdministratorDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateFirstAdministrator"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateFirstAdministratorInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createFirstAdministrator"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}}]} as unknown as DocumentNode<CreateFirstAdministratorMutation, CreateFirstAdministratorMutationVariables>;
export const LogInDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"LogIn"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"LoginInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"login"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"accessToken"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}}]} as unknown as DocumentNode<LogInMutation, LogInMutationVariables>;
export const ServerStatsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"ServerStats"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"serverStats"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"liveStreams"}},{"kind":"Field","name":{"kind":"Name","value":"viewerCount"}},{"kind":"Field","name":{"kind":"Name","value":"workers"}},{"kind":"Field","name":{"kind":"Name","value":"receivedBps"}}]}}]}}]} as unknown as DocumentNode<ServerStatsSubscription, ServerStatsSubscriptionVariables>;
export const DisconnectSessionDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DisconnectSession"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DisconnectSessionInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"disconnectSession"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<DisconnectSessionMutation, DisconnectSessionMutationVariables>;
export const UpdateSettingsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"UpdateSettings"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"UpdateApplicationSettingsInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"updateApplicationSettings"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"application"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"SecurityForm_application"}}]}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SecurityForm_application"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Application"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"settings"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"acceptOnlyStreamsInDataStore"}},{"kind":"Field","name":{"kind":"Name","value":"publishTokenControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"playTokenControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"publishJwtControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"playJwtControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"hashControlPublishEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"hashControlPlayEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"enableTimeTokenForPublish"}},{"kind":"Field","name":{"kind":"Name","value":"enableTimeTokenForPlay"}},{"kind":"Field","name":{"kind":"Name","value":"timeTokenPeriod"}},{"kind":"Field","name":{"kind":"Name","value":"timeTokenReplayProtection"}},{"kind":"Field","name":{"kind":"Name","value":"jwtRequireScope"}},{"kind":"Field","name":{"kind":"Name","value":"endSessionAtExpiry"}},{"kind":"Field","name":{"kind":"Name","value":"allowedPublisherCidr"}},{"kind":"Field","name":{"kind":"Name","value":"ipFilterEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"remoteAllowedCidr"}},{"kind":"Field","name":{"kind":"Name","value":"hasTokenHashSecret"}},{"kind":"Field","name":{"kind":"Name","value":"hasJwtStreamSecretKey"}},{"kind":"Field","name":{"kind":"Name","value":"hasTimeTokenSecretForPublish"}},{"kind":"Field","name":{"kind":"Name","value":"hasTimeTokenSecretForPlay"}}]}}]}}]} as unknown as DocumentNode<UpdateSettingsMutation, UpdateSettingsMutationVariables>;
export const GenerateCodeDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"GenerateCode"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"GenerateCodeInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"generateCode"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"periodSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"stepEndsAt"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}}]} as unknown as DocumentNode<GenerateCodeMutation, GenerateCodeMutationVariables>;
export const CreateSubscriberDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateSubscriber"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateSubscriberInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createSubscriber"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"subscriber"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}}]}},{"kind":"Field","name":{"kind":"Name","value":"secret"}},{"kind":"Field","name":{"kind":"Name","value":"otpauthUrl"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}}]} as unknown as DocumentNode<CreateSubscriberMutation, CreateSubscriberMutationVariables>;
export const BroadcastDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Broadcast"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"application"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"streamId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"subscribersAfter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"broadcast"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"application"},"value":{"kind":"Variable","name":{"kind":"Name","value":"application"}}},{"kind":"Argument","name":{"kind":"Name","value":"streamId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"streamId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"live"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"LivePicture_liveStream"}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Addresses_broadcast"}},{"kind":"Field","name":{"kind":"Name","value":"subscribers"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"subscribersAfter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"SubscriberTable_subscriber"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"sessions"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"100"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"open"},"value":{"kind":"BooleanValue","value":true}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"SessionTable_session"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"connectionEvents"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ConnectionEvents_connectionEvent"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"LivePicture_liveStream"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"LiveStream"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"speed"}},{"kind":"Field","name":{"kind":"Name","value":"viewerCount"}},{"kind":"Field","name":{"kind":"Name","value":"viewers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"count"}}]}},{"kind":"Field","name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"codec"}},{"kind":"Field","name":{"kind":"Name","value":"width"}},{"kind":"Field","name":{"kind":"Name","value":"height"}}]}},{"kind":"Field","name":{"kind":"Name","value":"audio"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"codec"}},{"kind":"Field","name":{"kind":"Name","value":"sampleRateHz"}},{"kind":"Field","name":{"kind":"Name","value":"channels"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Addresses_broadcast"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Broadcast"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"urls"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"publish"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}},{"kind":"Field","name":{"kind":"Name","value":"play"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}},{"kind":"Field","name":{"kind":"Name","value":"player"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SubscriberTable_subscriber"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Subscriber"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"hasSecret"}},{"kind":"Field","name":{"kind":"Name","value":"totpPeriodSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"connected"}},{"kind":"Field","name":{"kind":"Name","value":"averageVideoBitrate"}},{"kind":"Field","name":{"kind":"Name","value":"averageAudioBitrate"}},{"kind":"Field","name":{"kind":"Name","value":"publishBlock"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"until"}}]}},{"kind":"Field","name":{"kind":"Name","value":"playBlock"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"until"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SessionTable_session"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Session"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"operation"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"userAgent"}},{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"admittedBy"}},{"kind":"Field","name":{"kind":"Name","value":"worker"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"stats"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"videoBitrateBps"}},{"kind":"Field","name":{"kind":"Name","value":"audioBitrateBps"}},{"kind":"Field","name":{"kind":"Name","value":"droppedFrames"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ConnectionEvents_connectionEvent"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ConnectionEvent"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"operation"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"address"}}]}}]} as unknown as DocumentNode<BroadcastQuery, BroadcastQueryVariables>;
export const SessionEventsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"SessionEvents"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"application"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"streamId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"sessionEvents"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"application"},"value":{"kind":"Variable","name":{"kind":"Name","value":"application"}}},{"kind":"Argument","name":{"kind":"Name","value":"streamId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"streamId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"at"}}]}}]}}]} as unknown as DocumentNode<SessionEventsSubscription, SessionEventsSubscriptionVariables>;
export const BroadcastsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Broadcasts"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"application"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"BroadcastFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"application"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"name"},"value":{"kind":"Variable","name":{"kind":"Name","value":"application"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"OpenDoors_application"}},{"kind":"Field","name":{"kind":"Name","value":"broadcasts"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"BroadcastTable_broadcast"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OpenDoors_application"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Application"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"openDoors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"setting"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"BroadcastTable_broadcast"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Broadcast"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"streamId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"application"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"live"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"bitrateBps"}},{"kind":"Field","name":{"kind":"Name","value":"viewerCount"}},{"kind":"Field","name":{"kind":"Name","value":"viewers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"count"}}]}}]}}]}}]} as unknown as DocumentNode<BroadcastsQuery, BroadcastsQueryVariables>;
export const OverviewDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Overview"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"applications"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"OpenDoors_application"}},{"kind":"Field","name":{"kind":"Name","value":"broadcasts"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"status"},"value":{"kind":"EnumValue","value":"BROADCASTING"}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"BroadcastTable_broadcast"}}]}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OpenDoors_application"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Application"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"openDoors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"setting"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"BroadcastTable_broadcast"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Broadcast"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"streamId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"application"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"live"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"bitrateBps"}},{"kind":"Field","name":{"kind":"Name","value":"viewerCount"}},{"kind":"Field","name":{"kind":"Name","value":"viewers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"count"}}]}}]}}]}}]} as unknown as DocumentNode<OverviewQuery, OverviewQueryVariables>;
export const SettingsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Settings"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"application"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"application"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"name"},"value":{"kind":"Variable","name":{"kind":"Name","value":"application"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"OpenDoors_application"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"SecurityForm_application"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OpenDoors_application"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Application"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"openDoors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"setting"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SecurityForm_application"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Application"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"settings"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"acceptOnlyStreamsInDataStore"}},{"kind":"Field","name":{"kind":"Name","value":"publishTokenControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"playTokenControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"publishJwtControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"playJwtControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"hashControlPublishEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"hashControlPlayEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"enableTimeTokenForPublish"}},{"kind":"Field","name":{"kind":"Name","value":"enableTimeTokenForPlay"}},{"kind":"Field","name":{"kind":"Name","value":"timeTokenPeriod"}},{"kind":"Field","name":{"kind":"Name","value":"timeTokenReplayProtection"}},{"kind":"Field","name":{"kind":"Name","value":"jwtRequireScope"}},{"kind":"Field","name":{"kind":"Name","value":"endSessionAtExpiry"}},{"kind":"Field","name":{"kind":"Name","value":"allowedPublisherCidr"}},{"kind":"Field","name":{"kind":"Name","value":"ipFilterEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"remoteAllowedCidr"}},{"kind":"Field","name":{"kind":"Name","value":"hasTokenHashSecret"}},{"kind":"Field","name":{"kind":"Name","value":"hasJwtStreamSecretKey"}},{"kind":"Field","name":{"kind":"Name","value":"hasTimeTokenSecretForPublish"}},{"kind":"Field","name":{"kind":"Name","value":"hasTimeTokenSecretForPlay"}}]}}]}}]} as unknown as DocumentNode<SettingsQuery, SettingsQueryVariables>;