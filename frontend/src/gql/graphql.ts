/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** What a rule said. */
export type AccessVerdict =
  /** It was not asked, because an earlier rule had refused. */
  | 'NOT_REACHED'
  /** No objection: it passed, or does not apply. */
  | 'NO_OBJECTION'
  /** No. */
  | 'REFUSED';

/** Changes to settings. What is left out stays as it is; null resets a setting to its default. */
export type ApplicationSettingsPatch = {
  /** Refuse to join conference rooms that have no record. */
  acceptOnlyRoomsInDataStore?: boolean | null | undefined;
  /** Refuse to publish streams that have no record. */
  acceptOnlyStreamsInDataStore?: boolean | null | undefined;
  /** The names of those files have the date and the time in them. */
  addDateTimeToMp4FileName?: boolean | null | undefined;
  /** A subscriber may replace its own live publisher. */
  allowPublishTakeover?: boolean | null | undefined;
  /** Networks that may publish, with commas between; empty lets every address. */
  allowedPublisherCIDR?: string | null | undefined;
  /** WebRTC may use AV1. */
  av1Enabled?: boolean | null | undefined;
  /** The key of requests between servers. Write only. */
  clusterCommunicationKey?: string | null | undefined;
  /** Sent as `Content-Security-Policy` with the application's pages, when not empty. */
  contentSecurityPolicyHeaderValue?: string | null | undefined;
  /** Pages of the origins of `corsAllowedOrigins` may send credentials. */
  corsAllowCredentials?: boolean | null | undefined;
  /** Origins whose pages may read answers, with commas between; `*` for all. */
  corsAllowedOrigins?: string | null | undefined;
  /** Kept for other software, seconds. */
  dashFragmentDuration?: string | null | undefined;
  /** Streams can be played with DASH. */
  dashMuxingEnabled?: boolean | null | undefined;
  /** Kept for other software, seconds; DASH segments follow `hlsTime`. */
  dashSegDuration?: string | null | undefined;
  /** How far behind the publisher DASH players are asked to stay, seconds. */
  dashTargetLatency?: string | null | undefined;
  /** Messages can be sent over WebRTC's data channels. */
  dataChannelEnabled?: boolean | null | undefined;
  /** Whom the messages of WebRTC players reach: `all`, `publisher` or `none`. */
  dataChannelPlayerDistribution?: string | null | undefined;
  /** The webhook that is sent every message of a data channel; empty for none. */
  dataChannelWebHookURL?: string | null | undefined;
  /** Playing needs a subscriber id and its time-based code. */
  enableTimeTokenForPlay?: boolean | null | undefined;
  /** Publishing needs a subscriber id and its time-based code. */
  enableTimeTokenForPublish?: boolean | null | undefined;
  /** A session ends when the credential that admitted it expires. */
  endSessionAtExpiry?: boolean | null | undefined;
  /** WebRTC may use H.264. */
  h264Enabled?: boolean | null | undefined;
  /** Playing needs a hash of `tokenHashSecret`. */
  hashControlPlayEnabled?: boolean | null | undefined;
  /** Publishing needs a hash of `tokenHashSecret`. */
  hashControlPublishEnabled?: boolean | null | undefined;
  /** Segments in a live playlist. */
  hlsListSize?: number | null | undefined;
  /** Streams can be played with HLS. */
  hlsMuxingEnabled?: boolean | null | undefined;
  /** Empty for a live window, `event` to keep every segment in the playlist. */
  hlsPlayListType?: string | null | undefined;
  /** The form of HLS segments: `fmp4`. */
  hlsSegmentType?: string | null | undefined;
  /** Length of a segment of HLS and DASH, seconds. */
  hlsTime?: number | null | undefined;
  /** Most publishers of the application; -1 for no limit. */
  ingestingStreamLimit?: number | null | undefined;
  /** Only the networks of `remoteAllowedCIDR` may call the REST API without a login. */
  ipFilterEnabled?: boolean | null | undefined;
  /** Where the public keys of stream JWTs are; empty for none. */
  jwksURL?: string | null | undefined;
  /** The REST API can be called with a JWT signed with `jwtSecretKey`. */
  jwtControlEnabled?: boolean | null | undefined;
  /** A stream JWT must name its stream and its operation. */
  jwtRequireScope?: boolean | null | undefined;
  /** The key of JWTs that the REST API takes. Write only. */
  jwtSecretKey?: string | null | undefined;
  /** The key of stream JWTs. Write only. */
  jwtStreamSecretKey?: string | null | undefined;
  /** The webhook that is told what happens; empty for none. */
  listenerHookURL?: string | null | undefined;
  /** Most bits per second of a published stream; 0 for any. */
  maxBitrateAccept?: number | null | undefined;
  /** Most pictures per second of a published stream; 0 for any. */
  maxFpsAccept?: number | null | undefined;
  /** Most pixels in height of a published stream; 0 for any. */
  maxResolutionAccept?: number | null | undefined;
  /** Every stream is recorded to an MP4 file, unless its broadcast says otherwise. */
  mp4MuxingEnabled?: boolean | null | undefined;
  /** Any setting by a name that REST knows, older spellings too. A field above wins over one here. */
  other?: Array<OtherSettingInput> | null | undefined;
  /** Playing needs a JWT signed with `jwtStreamSecretKey`. */
  playJwtControlEnabled?: boolean | null | undefined;
  /** Playing needs a one-time token. */
  playTokenControlEnabled?: boolean | null | undefined;
  /** A stream is played once for each WebSocket. */
  playWebRTCStreamOnceForEachSession?: boolean | null | undefined;
  /** Publishing needs a JWT signed with `jwtStreamSecretKey`. */
  publishJwtControlEnabled?: boolean | null | undefined;
  /** Publishing needs a one-time token. */
  publishTokenControlEnabled?: boolean | null | undefined;
  /** Networks that may call the REST API without a login, with commas between. */
  remoteAllowedCIDR?: string | null | undefined;
  /** How long RTMP media is held back to smooth its arrival, milliseconds. */
  rtmpIngestBufferTimeMs?: number | null | undefined;
  /** Streams can be played with RTMP. */
  rtmpPlaybackEnabled?: boolean | null | undefined;
  /** How long SRT media is held back for lost packets, milliseconds. */
  srtReceiveLatencyInMs?: number | null | undefined;
  /** The STUN or TURN server that WebRTC clients are told; empty for none. */
  stunServerURI?: string | null | undefined;
  /** The key with which subscribers prove who they are. Write only. */
  subscriberAuthenticationKey?: string | null | undefined;
  /** Longest life of an HTTP player's ticket, seconds. */
  ticketMaxLifeSeconds?: number | null | undefined;
  /** Length of a step of time-based codes for subscribers without a period of their own, seconds. */
  timeTokenPeriod?: number | null | undefined;
  /** A time-based code admits again only the client that used it first. */
  timeTokenReplayProtection?: boolean | null | undefined;
  /** What playing codes of subscribers without a secret of their own derive from. Write only. */
  timeTokenSecretForPlay?: string | null | undefined;
  /** What publishing codes of subscribers without a secret of their own derive from. Write only. */
  timeTokenSecretForPublish?: string | null | undefined;
  /** The older switch: publishing and playing need a time-based code. */
  timeTokenSubscriberOnly?: boolean | null | undefined;
  /** The secret of hash credentials. Write only. */
  tokenHashSecret?: string | null | undefined;
  /** The password that goes with `turnServerUsername`; WebRTC clients are told it. Write only here. */
  turnServerCredential?: string | null | undefined;
  /** The name by which WebRTC clients log in to the TURN server. */
  turnServerUsername?: string | null | undefined;
  /** WebRTC may use VP8. */
  vp8Enabled?: boolean | null | undefined;
  /** WebRTC may use VP9. */
  vp9Enabled?: boolean | null | undefined;
  /** How long a WebRTC publisher may send nothing after it was let in, milliseconds. */
  webRTCClientStartTimeoutMs?: number | null | undefined;
  /** Streams can be published and played with WebRTC. */
  webRTCEnabled?: boolean | null | undefined;
  /** WebRTC clients are told TCP addresses where workers have them. */
  webRTCTcpCandidatesEnabled?: boolean | null | undefined;
  /** Video may be transcoded between WebRTC and other protocols, at the cost of much processor time. Audio always is. */
  webRTCTranscodingAllowed?: boolean | null | undefined;
  /** Most WebRTC viewers of the application; -1 for no limit. */
  webRTCViewerLimit?: number | null | undefined;
  /** The webhook that is asked before anybody publishes; empty for none. */
  webhookAuthenticateURL?: string | null | undefined;
  /** The media type of what webhooks are sent. */
  webhookContentType?: string | null | undefined;
  /** The webhook that is asked before anybody plays; empty for none. */
  webhookPlayAuthUrl?: string | null | undefined;
  /** How often a webhook is told again that did not answer. */
  webhookRetryCount?: number | null | undefined;
  /** Between two tries of a webhook, milliseconds. */
  webhookRetryDelay?: number | null | undefined;
  /** The key that webhook bodies are signed with. Write only. */
  webhookSigningSecret?: string | null | undefined;
  /** Between two reports of a live stream to the webhook, milliseconds; -1 for none. */
  webhookStreamStatusUpdatePeriodMs?: number | null | undefined;
  /** Keep statistics of streams. */
  writeStatsToDatastore?: boolean | null | undefined;
  /** Keep connection events of subscribers. */
  writeSubscriberEventsToDatastore?: boolean | null | undefined;
};

/** Which audit records to list. */
export type AuditFilter = {
  /** From this IP address alone. */
  address?: string | null | undefined;
  /** Of this application alone. Left out: of all that you may see the audit of. */
  application?: string | null | undefined;
  /** With this code alone (`block-subscriber`). Not together with `reason`. */
  code?: string | null | undefined;
  /** Of this kind alone. */
  kind?: AuditKind | null | undefined;
  /** What was allowed alone, or what was refused alone. */
  outcome?: Outcome | null | undefined;
  /** Refused for this reason alone. */
  reason?: ReasonCode | null | undefined;
  /** From this time on. */
  since?: string | null | undefined;
  /** About this stream alone. */
  streamId?: string | null | undefined;
  /** About this subscriber alone. */
  subscriberId?: string | null | undefined;
  /** Before this time. */
  until?: string | null | undefined;
};

/** What an audit record is about. */
export type AuditKind =
  /** Somebody managed something. */
  | 'ACTION'
  /** The gate decided whether somebody may publish or play. */
  | 'DECISION'
  /** Somebody logged in or out, or failed to. */
  | 'LOGIN';

/** In which order audit records are listed. */
export type AuditOrder =
  /** The newest first. */
  | 'NEWEST_FIRST'
  /** The oldest first. */
  | 'OLDEST_FIRST';

/** What a block forbids. */
export type BlockOperation =
  /** Playing alone. */
  | 'PLAY'
  /** Publishing alone. */
  | 'PUBLISH'
  /** Publishing and playing. */
  | 'PUBLISH_PLAY';

/** What `blockSubscriber` takes. Neither the stream nor the subscriber needs a record. */
export type BlockSubscriberInput = {
  /** The application's name. */
  application: string;
  /** What to forbid; both when left out. */
  operation?: BlockOperation;
  /** From now on. At most ten years; 0 lifts the block. */
  seconds: number;
  /** The stream. */
  streamId: string;
  /** Whom to block. */
  subscriberId: string;
};

/** Which broadcasts to list. */
export type BroadcastFilter = {
  /** Tracks of this broadcast alone. */
  mainTrack?: string | null | undefined;
  /** Rooms alone, or all but rooms. */
  room?: boolean | null | undefined;
  /** A part of the stream id or the name, in any case. */
  search?: string | null | undefined;
  /** Of this status alone. */
  status?: BroadcastStatus | null | undefined;
  /** Of this type alone. */
  type?: BroadcastType | null | undefined;
};

/** Where a broadcast stands. */
export type BroadcastStatus =
  /** It is live. */
  | 'BROADCASTING'
  /** It was never live. */
  | 'CREATED'
  /** Something went wrong. */
  | 'ERROR'
  /** It could not be started. */
  | 'FAILED'
  /** It was live and ended in order. */
  | 'FINISHED'
  /** It is being started. */
  | 'PREPARING'
  /** It was live and its publisher was lost. */
  | 'TERMINATED_UNEXPECTEDLY';

/** Where the media of a broadcast comes from. */
export type BroadcastType =
  /** An IP camera, which the server pulls from. */
  | 'IP_CAMERA'
  /** A publisher sends it. */
  | 'LIVE_STREAM'
  /** Several recordings, one after the other. */
  | 'PLAYLIST'
  /** Another address that the server pulls from. */
  | 'STREAM_SOURCE'
  /** A recording. */
  | 'VOD';

/** Which connection events to list. */
export type ConnectionEventFilter = {
  /** Comings alone, or goings alone. */
  kind?: ConnectionEventKind | null | undefined;
  /** Of publishers alone, or of players alone. */
  operation?: Operation | null | undefined;
  /** Of this protocol alone. */
  protocol?: Protocol | null | undefined;
  /** From this time on. */
  since?: string | null | undefined;
  /** Of this subscriber alone. */
  subscriberId?: string | null | undefined;
  /** Before this time. */
  until?: string | null | undefined;
};

/** Whether a subscriber came or went. */
export type ConnectionEventKind =
  /** A session began. */
  | 'CONNECTED'
  /** A session ended. */
  | 'DISCONNECTED';

/** What `createApiKey` takes. */
export type CreateApiKeyInput = {
  /** When it ends; never when left out. */
  expiresAt?: string | null | undefined;
  /** Its roles; none beyond your own. */
  grants: Array<GrantInput>;
  /** What it is for. */
  name: string;
};

/** What `createBroadcast` takes. */
export type CreateBroadcastInput = {
  /** The application's name. */
  application: string;
  /** Most DASH viewers at a time; -1 for no limit. */
  dashViewerLimit?: number | null | undefined;
  /** A description for people. */
  description?: string | null | undefined;
  /** Publishing is refused this long after creation, milliseconds; never when left out. */
  expireDurationMs?: number | null | undefined;
  /** Most HLS viewers at a time; -1 for no limit. */
  hlsViewerLimit?: number | null | undefined;
  /** The webhook that is told what happens to this broadcast alone. */
  listenerHookURL?: string | null | undefined;
  /** The broadcast that this one is a track of. */
  mainTrack?: string | null | undefined;
  /** A text of your own, which the server only keeps. */
  metadata?: string | null | undefined;
  /** A name for people. */
  name?: string | null | undefined;
  /** The end of the planned window. */
  plannedEnd?: string | null | undefined;
  /** The begin of the planned window. It counts when both ends are set. */
  plannedStart?: string | null | undefined;
  /** It only gathers others, its tracks. */
  room?: boolean;
  /** What the server pulls it from, for the types `IP_CAMERA` and `STREAM_SOURCE`. Write only. */
  sourceUrl?: string | null | undefined;
  /** The name in addresses: letters, digits, dot, dash and underscore. One is made when left out. */
  streamId?: string | null | undefined;
  /** Where the media comes from; a publisher when left out. */
  type?: BroadcastType | null | undefined;
  /** Most WebRTC viewers at a time; -1 for no limit. */
  webRTCViewerLimit?: number | null | undefined;
};

/** What `createFirstAdministrator` takes. */
export type CreateFirstAdministratorInput = {
  /** The e-mail, with which one logs in. */
  email: string;
  /** The first name. */
  firstName?: string | null | undefined;
  /** The last name. */
  lastName?: string | null | undefined;
  /** The password. */
  password: string;
  /** The set-up code that the server printed into its log at start. Not needed on the server's own machine. */
  setupCode?: string | null | undefined;
};

/** What `createStreamJwt` takes. */
export type CreateStreamJwtInput = {
  /** The application's name. Its setting `jwtStreamSecretKey` signs. */
  application: string;
  /** The JWT admits nobody from this time on. Whole seconds. */
  expiresAt: string;
  /** What the JWT admits to. */
  operation: Operation;
  /** The conference room whose members it opens. */
  roomId?: string | null | undefined;
  /** The stream; it need not have a record yet. */
  streamId: string;
};

/** What `createSubscriber` takes. */
export type CreateSubscriberInput = {
  /** The application's name. */
  application: string;
  /** Its secret in Base32. Left out, its codes derive from the application's secrets, unless one is generated. */
  b32Secret?: string | null | undefined;
  /** Most connections at a time; 1 when left out. */
  concurrentConnectionsLimit?: number | null | undefined;
  /** Generate a secret. It is shown once, in the answer. */
  generateSecret?: boolean;
  /** A name for people. */
  name?: string | null | undefined;
  /** The stream; it need not have a record yet. */
  streamId: string;
  /** The subscriber's name within the stream. */
  subscriberId: string;
  /** Length of a step of its codes, seconds; the application's period when left out. */
  totpPeriodSeconds?: number | null | undefined;
  /** What it may do; publishers may also play. */
  type?: Operation | null | undefined;
};

/** What `createToken` takes. */
export type CreateTokenInput = {
  /** The application's name. */
  application: string;
  /** The token admits nobody from this time on. */
  expiresAt: string;
  /** What the token admits to. */
  operation: Operation;
  /** The conference room whose members it opens. */
  roomId?: string | null | undefined;
  /** The stream; it need not have a record yet. */
  streamId: string;
};

/** What a peer shows to be let in. */
export type CredentialsInput = {
  /** Further parameters of the address, which only webhooks see, as in a query: `metaData=x&streamName=y`. */
  extra?: string | null | undefined;
  /** The conference room that a token was made for. */
  roomId?: string | null | undefined;
  /** The time-based code of that subscriber. */
  subscriberCode?: string | null | undefined;
  /** Whom it says to be. */
  subscriberId?: string | null | undefined;
  /** A one-time token, a JWT or a hash. */
  token?: string | null | undefined;
};

/** What `disconnectSession` takes. */
export type DisconnectSessionInput = {
  /** The application's name. */
  application: string;
  /** The session: its global id, or its UUID. */
  sessionId: string;
};

/** What `drainWorker` takes. */
export type DrainWorkerInput = {
  /** False lets it take publishers again. */
  on?: boolean;
  /** The worker: its global id, or its UUID. */
  workerId: string;
};

/** Changes that letting somebody in brings with it. */
export type EffectKind =
  /** A wrong code is counted. */
  | 'COUNT_FAILURE'
  /** The record of an undefined stream is created. */
  | 'CREATE_BROADCAST'
  /** The code's step is remembered as used by the client. */
  | 'MARK_TOTP_STEP'
  /** Another session loses its place. */
  | 'REPLACE'
  /** The one-time token is held for the client. */
  | 'RESERVE_TOKEN'
  /** The one-time token is spent. */
  | 'SPEND_TOKEN';

/** A request that somebody could make of the gate. */
export type ExplainAccessInput = {
  /** The IP address that it would come from; your own when left out. */
  address?: string | null | undefined;
  /** The application's name. */
  application: string;
  /** What it would show; nothing when left out. */
  credentials?: CredentialsInput | null | undefined;
  /** What the peer would do. */
  operation: Operation;
  /** Whether it would only ask for now, as with HEAD: then a one-time token would be held instead of spent. */
  probe?: boolean;
  /** How it would connect. RTMP for publishing and HLS for playing when left out. */
  protocol?: Protocol | null | undefined;
  /** The stream, as the peer would name it. */
  streamId: string;
  /** What its software would call itself. */
  userAgent?: string | null | undefined;
};

/** What `generateCode` takes. The subscriber need not have a record. */
export type GenerateCodeInput = {
  /** The application's name. */
  application: string;
  /** What the code is for. Needed unless the subscriber has a secret of its own. */
  operation?: Operation | null | undefined;
  /** The stream. */
  streamId: string;
  /** The subscriber's name within the stream. */
  subscriberId: string;
};

/** A role to give, and where it holds. */
export type GrantInput = {
  /** The application's name; the whole server when left out. */
  application?: string | null | undefined;
  /** The role. */
  role: Role;
};

/** What `login` takes. */
export type LoginInput = {
  /** The e-mail. */
  email: string;
  /** The password. */
  password: string;
};

/** What a peer does, or asks to do, with a broadcast. */
export type Operation =
  /** Receive media. */
  | 'PLAY'
  /** Send media in. */
  | 'PUBLISH';

/** A setting by its name. */
export type OtherSettingInput = {
  /** The setting's name. */
  name: string;
  /** Its new value; null resets it to its default. */
  value: unknown;
};

/** Yes or no. */
export type Outcome =
  /** It was allowed. */
  | 'ALLOWED'
  /** It was refused. */
  | 'DENIED';

/** Kinds of problems. */
export type ProblemCode =
  /** Something of this name is there already. */
  | 'ALREADY_EXISTS'
  /** Inputs that exclude one another, or a setting that excludes what is asked for. */
  | 'CONFLICT'
  /** You may see it, but not do this to it. */
  | 'FORBIDDEN'
  /** An input has the wrong form or range. */
  | 'INVALID'
  /** A limit of the server is reached. */
  | 'LIMIT'
  /** A required input is missing. */
  | 'MISSING'
  /** It is not there, or not yours to see. */
  | 'NOT_FOUND'
  /** There is nothing live to act on. */
  | 'NOT_LIVE'
  /** A secret that this needs is not set. */
  | 'SECRET_NOT_CONFIGURED'
  /** There were too many attempts; wait. */
  | 'THROTTLED'
  /** Nobody is logged in. */
  | 'UNAUTHENTICATED'
  /** The e-mail, password or code is wrong. */
  | 'WRONG_CREDENTIALS';

/** How a session reaches the server. */
export type Protocol =
  /** MPEG-DASH. */
  | 'DASH'
  /** HTTP Live Streaming. */
  | 'HLS'
  /** RTMP, from encoders such as OBS and ffmpeg. */
  | 'RTMP'
  /** SRT. */
  | 'SRT'
  /** Recorded media over HTTP. */
  | 'VOD'
  /** WebRTC with signaling over WebSocket. */
  | 'WEBRTC'
  /** WebRTC playback over HTTP. */
  | 'WHEP'
  /** WebRTC publishing over HTTP (RFC 9725). */
  | 'WHIP';

/** Why the gate refused. The same words, in kebab-case, stand in logs, metrics and the REST API. */
export type ReasonCode =
  /** The address is not among the allowed publishers. */
  | 'ADDRESS_NOT_ALLOWED'
  /** Nobody could decide in time. */
  | 'AUTHORITY_UNREACHABLE'
  /** The subscriber is blocked. */
  | 'BLOCKED'
  /** The code is wrong or expired. */
  | 'CODE_INVALID'
  /** The subscriber id or code is missing. */
  | 'CODE_MISSING'
  /** The code was used before by another client. */
  | 'CODE_REPLAYED'
  /** The subscriber has as many connections as it may have. */
  | 'CONCURRENCY_LIMIT'
  /** The hash is missing or wrong. */
  | 'HASH_INVALID'
  /** The JWT expired. */
  | 'JWT_EXPIRED'
  /** The JWT is not valid for this stream and operation. */
  | 'JWT_INVALID'
  /** The JWT is missing. */
  | 'JWT_MISSING'
  /** Playback over RTMP is switched off. */
  | 'PLAYBACK_DISABLED'
  /** The limit of publishers is reached. */
  | 'PUBLISHER_LIMIT'
  /** The server is at its limit. */
  | 'RESOURCE_LIMIT'
  /** The room has as many members as it may have. */
  | 'ROOM_FULL'
  /** A secret that this mode needs is not set. */
  | 'SECRET_NOT_CONFIGURED'
  /** The stream does not exist or is not live. */
  | 'STREAM_ABSENT'
  /** The stream id is not valid. */
  | 'STREAM_ID_INVALID'
  /** The stream id is missing. */
  | 'STREAM_ID_MISSING'
  /** The stream is published by somebody else. */
  | 'STREAM_IN_USE'
  /** The stream has expired or is outside its planned window. */
  | 'STREAM_NOT_ACTIVE'
  /** The subscriber may not do this. */
  | 'SUBSCRIBER_TYPE_MISMATCH'
  /** The subscriber is not registered for this stream. */
  | 'SUBSCRIBER_UNKNOWN'
  /** The token expired. */
  | 'TOKEN_EXPIRED'
  /** The token is not valid for this stream and operation. */
  | 'TOKEN_INVALID'
  /** A token is required. */
  | 'TOKEN_MISSING'
  /** The token was used before. */
  | 'TOKEN_SPENT'
  /** There were too many wrong codes. */
  | 'TOO_MANY_GUESSES'
  /** No application of this name exists. */
  | 'UNKNOWN_APPLICATION'
  /** The stream is not registered, and undefined streams are refused. */
  | 'UNREGISTERED_STREAM'
  /** The limit of viewers is reached. */
  | 'VIEWER_LIMIT'
  /** The authorization webhook refused. */
  | 'WEBHOOK_REFUSED'
  /** The authorization webhook did not answer. */
  | 'WEBHOOK_UNREACHABLE'
  /** WebRTC is switched off. */
  | 'WEBRTC_DISABLED';

/** What `revealToken` takes. */
export type RevealTokenInput = {
  /** The application's name. */
  application: string;
  /** The token's global id. */
  id: string;
};

/** What `revokeApiKey` takes. */
export type RevokeApiKeyInput = {
  /** The key's global id. */
  id: string;
};

/** What `revokeTokens` takes. */
export type RevokeTokensInput = {
  /** The application's name. */
  application: string;
  /** The global ids of the tokens, at most 250. Left out: all of the stream. */
  ids?: Array<string> | null | undefined;
  /** The stream. */
  streamId: string;
};

/** What somebody may do within a scope. Each role includes those before it. */
export type Role =
  /** Also manage settings, applications and other people. */
  | 'ADMIN'
  /** Also manage streams, subscribers and blocks. */
  | 'OPERATOR'
  /** Read. */
  | 'VIEWER';

/** A way to be let in. */
export type SecurityMode =
  /** A hash of stream, operation and the application's secret. */
  | 'HASH'
  /** A signed JSON Web Token. */
  | 'JWT'
  /** A token that admits once. */
  | 'ONE_TIME_TOKEN'
  /** A time-based one-time code of a subscriber. */
  | 'TOTP'
  /** The application's authorization webhook said yes. */
  | 'WEBHOOK';

/** What happened to a session. */
export type SessionEventKind =
  /** It is over. */
  | 'ENDED'
  /** The block ended, and media flows again. */
  | 'RESUMED'
  /** It began. */
  | 'STARTED'
  /** A block stopped its media. */
  | 'SUSPENDED';

/** Whether a session carries media now. */
export type SessionState =
  /** It carries media. */
  | 'ACTIVE'
  /** It is over. */
  | 'ENDED'
  /** It is admitted but blocked for now: not a byte of media passes. */
  | 'SUSPENDED';

/** What `stopBroadcast` takes. */
export type StopBroadcastInput = {
  /** The application's name. */
  application: string;
  /** The stream. */
  streamId: string;
  /** Stop the publishers of its tracks too. */
  withTracks?: boolean;
};

/** Which tokens to list. */
export type TokenFilter = {
  /** Those that admit to this alone. */
  operation?: Operation | null | undefined;
  /** Of this status alone. */
  status?: TokenStatus | null | undefined;
};

/** What a one-time token is good for now. */
export type TokenStatus =
  /** Its time passed before anybody spent it. */
  | 'EXPIRED'
  /** It is held for one client, which has not received media yet. */
  | 'RESERVED'
  /** It admitted somebody, and nobody any more. */
  | 'SPENT'
  /** It admits the first who shows it. */
  | 'UNUSED';

/** What `unblockSubscriber` takes. */
export type UnblockSubscriberInput = {
  /** The application's name. */
  application: string;
  /** What to allow again; both when left out. */
  operation?: BlockOperation;
  /** The stream. */
  streamId: string;
  /** Whose block to lift. */
  subscriberId: string;
};

/** What `updateApplicationSettings` takes. */
export type UpdateApplicationSettingsInput = {
  /** The application's name. */
  application: string;
  /** What to change. What is left out stays as it is; null resets a setting to its default. */
  settings: ApplicationSettingsPatch;
};

/** How somebody was recognised. */
export type ViewerKind =
  /** Logged in. */
  | 'ADMINISTRATOR'
  /** Not at all. An anonymous viewer may log in, and nothing else. */
  | 'ANONYMOUS'
  /** By an API key. */
  | 'API_KEY'
  /** Let in by an application's own filter. */
  | 'APPLICATION_FILTER'
  /** The request came from the server's own machine. */
  | 'LOCAL';

export type WhoQueryVariables = Exact<{ [key: string]: never; }>;


export type WhoQuery = { viewer: { kind: ViewerKind, name: string, role: Role | null }, server: { version: string, firstAdministratorMissing: boolean } };

export type ApplicationNamesQueryVariables = Exact<{ [key: string]: never; }>;


export type ApplicationNamesQuery = { applications: { nodes: Array<{ id: string, name: string }> } };

export type LogOutMutationVariables = Exact<{ [key: string]: never; }>;


export type LogOutMutation = { logout: { problems: Array<{ code: ProblemCode, message: string }> } };

export type ExplainAccessQueryVariables = Exact<{
  input: ExplainAccessInput;
}>;


export type ExplainAccessQuery = { explainAccess: { outcome: Outcome, reason: ReasonCode | null, message: string, asksWebhook: boolean, wouldSpend: Array<{ kind: EffectKind, message: string }>, steps: Array<{ rule: string, applied: boolean, skipped: string | null, verdict: AccessVerdict, reason: ReasonCode | null, message: string | null }> } };

export type Explanation_AccessExplanationFragment = { outcome: Outcome, reason: ReasonCode | null, message: string, asksWebhook: boolean, wouldSpend: Array<{ kind: EffectKind, message: string }>, steps: Array<{ rule: string, applied: boolean, skipped: string | null, verdict: AccessVerdict, reason: ReasonCode | null, message: string | null }> };

export type AuditQueryVariables = Exact<{
  filter?: AuditFilter | null | undefined;
  orderBy: AuditOrder;
  after?: string | null | undefined;
}>;


export type AuditQuery = { audit: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, at: string, kind: AuditKind, outcome: Outcome, code: string, actor: string | null, application: string | null, streamId: string | null, subscriberId: string | null, operation: Operation | null, protocol: Protocol | null, address: string | null, durationUs: string, detail: string | null }> } };

export type BlockSubscriberMutationVariables = Exact<{
  input: BlockSubscriberInput;
}>;


export type BlockSubscriberMutation = { blockSubscriber: { sessionsStopped: number, sessionsSuspended: number, workersAcknowledged: number, tookMs: number, workersPending: Array<{ name: string }>, problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type UnblockSubscriberMutationVariables = Exact<{
  input: UnblockSubscriberInput;
}>;


export type UnblockSubscriberMutation = { unblockSubscriber: { workersAcknowledged: number, workersPending: Array<{ name: string }>, problems: Array<{ code: ProblemCode, message: string }> } };

export type Addresses_BroadcastFragment = { urls: { publishPage: string | null, rtmpPublish: string, whip: string | null, whep: string | null, rtmpPlay: string | null, hls: string | null, dash: string | null, player: string } };

export type BroadcastTable_BroadcastFragment = { id: string, streamId: string, name: string | null, status: BroadcastStatus, createdAt: string, application: { name: string }, live: { since: string, protocol: Protocol, bitrate: string, viewers: { total: number, hls: number, dash: number, rtmp: number, srt: number, webrtc: number } } | null };

export type CreateBroadcastMutationVariables = Exact<{
  input: CreateBroadcastInput;
}>;


export type CreateBroadcastMutation = { createBroadcast: { broadcast: { id: string, streamId: string } | null, problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type LivePicture_LiveStreamFragment = { since: string, protocol: Protocol, speed: number, bitrate: string, viewers: { total: number, hls: number, dash: number, rtmp: number, srt: number, webrtc: number }, video: { codec: string, width: number, height: number } | null, audio: { codec: string, sampleRateHz: number, channels: number } | null };

export type BroadcastStatsSubscriptionVariables = Exact<{
  application: string;
  streamId: string;
}>;


export type BroadcastStatsSubscription = { broadcastStats: { at: string, live: { since: string, protocol: Protocol, speed: number, bitrate: string, viewers: { total: number, hls: number, dash: number, rtmp: number, srt: number, webrtc: number }, video: { codec: string, width: number, height: number } | null, audio: { codec: string, sampleRateHz: number, channels: number } | null } | null } };

export type StopBroadcastMutationVariables = Exact<{
  input: StopBroadcastInput;
}>;


export type StopBroadcastMutation = { stopBroadcast: { problems: Array<{ code: ProblemCode, message: string }> } };

export type DecisionsSubscriptionVariables = Exact<{
  application?: string | null | undefined;
  outcome?: Outcome | null | undefined;
}>;


export type DecisionsSubscription = { decisions: { at: string, outcome: Outcome, reason: ReasonCode | null, application: string | null, streamId: string | null, subscriberId: string | null, operation: Operation | null, protocol: Protocol | null, address: string | null, durationUs: string, record: { id: string } } };

export type CreateApiKeyMutationVariables = Exact<{
  input: CreateApiKeyInput;
}>;


export type CreateApiKeyMutation = { createApiKey: { secret: string | null, apiKey: { id: string, name: string } | null, problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type CreateFirstAdministratorMutationVariables = Exact<{
  input: CreateFirstAdministratorInput;
}>;


export type CreateFirstAdministratorMutation = { createFirstAdministrator: { problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type LogInMutationVariables = Exact<{
  input: LoginInput;
}>;


export type LogInMutation = { login: { accessToken: string | null, problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type OpenDoors_ApplicationFragment = { name: string, openDoors: Array<{ message: string, setting: string | null }> };

export type ServerStatsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type ServerStatsSubscription = { serverStats: { liveStreams: number, workers: number, receivedBitrate: string, viewers: { total: number } } };

export type Workers_WorkerFragment = { id: string, workerId: string, name: string, draining: boolean, streams: number, sessions: number, load: { cores: number, coresAvailable: number, memory: string, sentBitrate: string, receivedBitrate: string } };

export type DrainWorkerMutationVariables = Exact<{
  input: DrainWorkerInput;
}>;


export type DrainWorkerMutation = { drainWorker: { problems: Array<{ message: string }> } };

export type ConnectionEvents_ConnectionEventFragment = { id: string, at: string, kind: ConnectionEventKind, subscriberId: string, operation: Operation, protocol: Protocol, address: string };

export type DisconnectSessionMutationVariables = Exact<{
  input: DisconnectSessionInput;
}>;


export type DisconnectSessionMutation = { disconnectSession: { problems: Array<{ code: ProblemCode, message: string }> } };

export type ConnectionEventsQueryVariables = Exact<{
  application: string;
  streamId: string;
  filter?: ConnectionEventFilter | null | undefined;
  after?: string | null | undefined;
}>;


export type ConnectionEventsQuery = { broadcast: { id: string, connectionEvents: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, at: string, kind: ConnectionEventKind, subscriberId: string, operation: Operation, protocol: Protocol, address: string }> } } | null };

export type SessionTable_SessionFragment = { id: string, subscriberId: string | null, operation: Operation, protocol: Protocol, state: SessionState, address: string, userAgent: string | null, since: string, admittedBy: Array<SecurityMode>, stats: { bytes: string, videoBitrate: string, audioBitrate: string } };

export type SecurityForm_ApplicationFragment = { name: string, settings: { acceptOnlyStreamsInDataStore: boolean, publishTokenControlEnabled: boolean, playTokenControlEnabled: boolean, publishJwtControlEnabled: boolean, playJwtControlEnabled: boolean, hashControlPublishEnabled: boolean, hashControlPlayEnabled: boolean, enableTimeTokenForPublish: boolean, enableTimeTokenForPlay: boolean, timeTokenPeriod: number, timeTokenReplayProtection: boolean, jwtRequireScope: boolean, endSessionAtExpiry: boolean, allowedPublisherCIDR: string, ipFilterEnabled: boolean, remoteAllowedCIDR: string, hasTokenHashSecret: boolean, hasJwtStreamSecretKey: boolean, hasTimeTokenSecretForPublish: boolean, hasTimeTokenSecretForPlay: boolean, webhookAuthenticateURL: string, webhookPlayAuthUrl: string, hasWebhookSigningSecret: boolean, rtmpPlaybackEnabled: boolean, allowPublishTakeover: boolean } };

export type UpdateSettingsMutationVariables = Exact<{
  input: UpdateApplicationSettingsInput;
}>;


export type UpdateSettingsMutation = { updateApplicationSettings: { application: { id: string, name: string, settings: { acceptOnlyStreamsInDataStore: boolean, publishTokenControlEnabled: boolean, playTokenControlEnabled: boolean, publishJwtControlEnabled: boolean, playJwtControlEnabled: boolean, hashControlPublishEnabled: boolean, hashControlPlayEnabled: boolean, enableTimeTokenForPublish: boolean, enableTimeTokenForPlay: boolean, timeTokenPeriod: number, timeTokenReplayProtection: boolean, jwtRequireScope: boolean, endSessionAtExpiry: boolean, allowedPublisherCIDR: string, ipFilterEnabled: boolean, remoteAllowedCIDR: string, hasTokenHashSecret: boolean, hasJwtStreamSecretKey: boolean, hasTimeTokenSecretForPublish: boolean, hasTimeTokenSecretForPlay: boolean, webhookAuthenticateURL: string, webhookPlayAuthUrl: string, hasWebhookSigningSecret: boolean, rtmpPlaybackEnabled: boolean, allowPublishTakeover: boolean } } | null, problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type GenerateCodeMutationVariables = Exact<{
  input: GenerateCodeInput;
}>;


export type GenerateCodeMutation = { generateCode: { code: string | null, periodSeconds: number | null, stepEndsAt: string | null, problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type CreateSubscriberMutationVariables = Exact<{
  input: CreateSubscriberInput;
}>;


export type CreateSubscriberMutation = { createSubscriber: { secret: string | null, otpauthUrl: string | null, subscriber: { id: string, subscriberId: string } | null, problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type SubscriberTable_SubscriberFragment = { id: string, subscriberId: string, name: string | null, type: Operation | null, hasSecret: boolean, totpPeriodSeconds: number, connected: boolean, averageVideoBitrate: string, averageAudioBitrate: string, publishBlock: { until: string } | null, playBlock: { until: string } | null };

export type CreateTokenMutationVariables = Exact<{
  input: CreateTokenInput;
}>;


export type CreateTokenMutation = { createToken: { secret: string | null, token: { id: string, expiresAt: string } | null, problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type CreateStreamJwtMutationVariables = Exact<{
  input: CreateStreamJwtInput;
}>;


export type CreateStreamJwtMutation = { createStreamJwt: { jwt: string | null, expiresAt: string | null, problems: Array<{ code: ProblemCode, message: string, path: string | null }> } };

export type TokenRow_TokenFragment = { id: string, hint: string, operation: Operation, status: TokenStatus, createdAt: string, createdBy: string | null, expiresAt: string, reservedUntil: string | null, spentAt: string | null, client: string | null };

export type TokensQueryVariables = Exact<{
  application: string;
  streamId: string;
  filter?: TokenFilter | null | undefined;
  after?: string | null | undefined;
}>;


export type TokensQuery = { broadcast: { id: string, urls: { player: string, rtmpPublish: string }, tokens: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, hint: string, operation: Operation, status: TokenStatus, createdAt: string, createdBy: string | null, expiresAt: string, reservedUntil: string | null, spentAt: string | null, client: string | null }> } } | null };

export type RevealTokenMutationVariables = Exact<{
  input: RevealTokenInput;
}>;


export type RevealTokenMutation = { revealToken: { secret: string | null, problems: Array<{ code: ProblemCode, message: string }> } };

export type RevokeTokensMutationVariables = Exact<{
  input: RevokeTokensInput;
}>;


export type RevokeTokensMutation = { revokeTokens: { revokedCount: number, problems: Array<{ code: ProblemCode, message: string }> } };

export type BroadcastQueryVariables = Exact<{
  application: string;
  streamId: string;
  subscribersAfter?: string | null | undefined;
}>;


export type BroadcastQuery = { broadcast: { id: string, name: string | null, status: BroadcastStatus, live: { since: string, protocol: Protocol, speed: number, bitrate: string, viewers: { total: number, hls: number, dash: number, rtmp: number, srt: number, webrtc: number }, video: { codec: string, width: number, height: number } | null, audio: { codec: string, sampleRateHz: number, channels: number } | null } | null, subscribers: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, subscriberId: string, name: string | null, type: Operation | null, hasSecret: boolean, totpPeriodSeconds: number, connected: boolean, averageVideoBitrate: string, averageAudioBitrate: string, publishBlock: { until: string } | null, playBlock: { until: string } | null }> }, sessions: { totalCount: number, nodes: Array<{ id: string, subscriberId: string | null, operation: Operation, protocol: Protocol, state: SessionState, address: string, userAgent: string | null, since: string, admittedBy: Array<SecurityMode>, stats: { bytes: string, videoBitrate: string, audioBitrate: string } }> }, urls: { publishPage: string | null, rtmpPublish: string, whip: string | null, whep: string | null, rtmpPlay: string | null, hls: string | null, dash: string | null, player: string } } | null };

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


export type BroadcastsQuery = { application: { id: string, name: string, broadcasts: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, streamId: string, name: string | null, status: BroadcastStatus, createdAt: string, application: { name: string }, live: { since: string, protocol: Protocol, bitrate: string, viewers: { total: number, hls: number, dash: number, rtmp: number, srt: number, webrtc: number } } | null }> }, openDoors: Array<{ message: string, setting: string | null }> } | null };

export type ApiKeysQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type ApiKeysQuery = { applications: { nodes: Array<{ id: string, name: string }> }, apiKeys: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, name: string, createdAt: string, createdBy: string, expiresAt: string | null, grants: Array<{ application: string | null, role: Role }> }> } };

export type RevokeApiKeyMutationVariables = Exact<{
  input: RevokeApiKeyInput;
}>;


export type RevokeApiKeyMutation = { revokeApiKey: { revokedId: string | null, problems: Array<{ code: ProblemCode, message: string }> } };

export type OverviewQueryVariables = Exact<{ [key: string]: never; }>;


export type OverviewQuery = { workers: Array<{ id: string, workerId: string, name: string, draining: boolean, streams: number, sessions: number, load: { cores: number, coresAvailable: number, memory: string, sentBitrate: string, receivedBitrate: string } }>, applications: { nodes: Array<{ id: string, name: string, broadcasts: { nodes: Array<{ id: string, streamId: string, name: string | null, status: BroadcastStatus, createdAt: string, application: { name: string }, live: { since: string, protocol: Protocol, bitrate: string, viewers: { total: number, hls: number, dash: number, rtmp: number, srt: number, webrtc: number } } | null }> }, openDoors: Array<{ message: string, setting: string | null }> }> } };

export type SettingsQueryVariables = Exact<{
  application: string;
}>;


export type SettingsQuery = { application: { id: string, name: string, openDoors: Array<{ message: string, setting: string | null }>, settings: { acceptOnlyStreamsInDataStore: boolean, publishTokenControlEnabled: boolean, playTokenControlEnabled: boolean, publishJwtControlEnabled: boolean, playJwtControlEnabled: boolean, hashControlPublishEnabled: boolean, hashControlPlayEnabled: boolean, enableTimeTokenForPublish: boolean, enableTimeTokenForPlay: boolean, timeTokenPeriod: number, timeTokenReplayProtection: boolean, jwtRequireScope: boolean, endSessionAtExpiry: boolean, allowedPublisherCIDR: string, ipFilterEnabled: boolean, remoteAllowedCIDR: string, hasTokenHashSecret: boolean, hasJwtStreamSecretKey: boolean, hasTimeTokenSecretForPublish: boolean, hasTimeTokenSecretForPlay: boolean, webhookAuthenticateURL: string, webhookPlayAuthUrl: string, hasWebhookSigningSecret: boolean, rtmpPlaybackEnabled: boolean, allowPublishTakeover: boolean } } | null };

export type WhatIsLiveQueryVariables = Exact<{ [key: string]: never; }>;


export type WhatIsLiveQuery = { viewer: { name: string, role: Role | null }, applications: { nodes: Array<{ name: string, openDoors: Array<{ message: string, setting: string | null }>, broadcasts: { nodes: Array<{ streamId: string, live: { since: string, protocol: Protocol, bitrate: string, viewers: { total: number } } | null }> } }> } };

export type BlockMutationVariables = Exact<{ [key: string]: never; }>;


export type BlockMutation = { blockSubscriber: { sessionsStopped: number, sessionsSuspended: number, workersAcknowledged: number, tookMs: number, block: { operation: Operation, until: string } | null, problems: Array<{ code: ProblemCode, message: string }> } };

export type WhoWasRefusedQueryVariables = Exact<{ [key: string]: never; }>;


export type WhoWasRefusedQuery = { audit: { nodes: Array<{ at: string, reason: ReasonCode | null, application: string | null, streamId: string | null, subscriberId: string | null, operation: Operation | null, protocol: Protocol | null, address: string | null }> } };

export type WatchDecisionsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchDecisionsSubscription = { decisions: { at: string, outcome: Outcome, reason: ReasonCode | null, streamId: string | null, protocol: Protocol | null } };

export const Explanation_AccessExplanationFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Explanation_accessExplanation"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"AccessExplanation"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"asksWebhook"}},{"kind":"Field","name":{"kind":"Name","value":"wouldSpend"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}},{"kind":"Field","name":{"kind":"Name","value":"steps"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"rule"}},{"kind":"Field","name":{"kind":"Name","value":"applied"}},{"kind":"Field","name":{"kind":"Name","value":"skipped"}},{"kind":"Field","name":{"kind":"Name","value":"verdict"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]} as unknown as DocumentNode<Explanation_AccessExplanationFragment, unknown>;
export const Addresses_BroadcastFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Addresses_broadcast"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Broadcast"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"urls"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"publishPage"}},{"kind":"Field","name":{"kind":"Name","value":"rtmpPublish"}},{"kind":"Field","name":{"kind":"Name","value":"whip"}},{"kind":"Field","name":{"kind":"Name","value":"whep"}},{"kind":"Field","name":{"kind":"Name","value":"rtmpPlay"}},{"kind":"Field","name":{"kind":"Name","value":"hls"}},{"kind":"Field","name":{"kind":"Name","value":"dash"}},{"kind":"Field","name":{"kind":"Name","value":"player"}}]}}]}}]} as unknown as DocumentNode<Addresses_BroadcastFragment, unknown>;
export const BroadcastTable_BroadcastFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"BroadcastTable_broadcast"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Broadcast"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"streamId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"application"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"live"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"bitrate"}},{"kind":"Field","name":{"kind":"Name","value":"viewers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"total"}},{"kind":"Field","name":{"kind":"Name","value":"hls"}},{"kind":"Field","name":{"kind":"Name","value":"dash"}},{"kind":"Field","name":{"kind":"Name","value":"rtmp"}},{"kind":"Field","name":{"kind":"Name","value":"srt"}},{"kind":"Field","name":{"kind":"Name","value":"webrtc"}}]}}]}}]}}]} as unknown as DocumentNode<BroadcastTable_BroadcastFragment, unknown>;
export const LivePicture_LiveStreamFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"LivePicture_liveStream"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"LiveStream"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"speed"}},{"kind":"Field","name":{"kind":"Name","value":"bitrate"}},{"kind":"Field","name":{"kind":"Name","value":"viewers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"total"}},{"kind":"Field","name":{"kind":"Name","value":"hls"}},{"kind":"Field","name":{"kind":"Name","value":"dash"}},{"kind":"Field","name":{"kind":"Name","value":"rtmp"}},{"kind":"Field","name":{"kind":"Name","value":"srt"}},{"kind":"Field","name":{"kind":"Name","value":"webrtc"}}]}},{"kind":"Field","name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"codec"}},{"kind":"Field","name":{"kind":"Name","value":"width"}},{"kind":"Field","name":{"kind":"Name","value":"height"}}]}},{"kind":"Field","name":{"kind":"Name","value":"audio"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"codec"}},{"kind":"Field","name":{"kind":"Name","value":"sampleRateHz"}},{"kind":"Field","name":{"kind":"Name","value":"channels"}}]}}]}}]} as unknown as DocumentNode<LivePicture_LiveStreamFragment, unknown>;
export const OpenDoors_ApplicationFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OpenDoors_application"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Application"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"openDoors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"setting"}}]}}]}}]} as unknown as DocumentNode<OpenDoors_ApplicationFragment, unknown>;
export const Workers_WorkerFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Workers_worker"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Worker"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"workerId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"draining"}},{"kind":"Field","name":{"kind":"Name","value":"streams"}},{"kind":"Field","name":{"kind":"Name","value":"sessions"}},{"kind":"Field","name":{"kind":"Name","value":"load"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cores"}},{"kind":"Field","name":{"kind":"Name","value":"coresAvailable"}},{"kind":"Field","name":{"kind":"Name","value":"memory"}},{"kind":"Field","name":{"kind":"Name","value":"sentBitrate"}},{"kind":"Field","name":{"kind":"Name","value":"receivedBitrate"}}]}}]}}]} as unknown as DocumentNode<Workers_WorkerFragment, unknown>;
export const ConnectionEvents_ConnectionEventFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ConnectionEvents_connectionEvent"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ConnectionEvent"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"operation"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"address"}}]}}]} as unknown as DocumentNode<ConnectionEvents_ConnectionEventFragment, unknown>;
export const SessionTable_SessionFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SessionTable_session"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Session"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"operation"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"userAgent"}},{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"admittedBy"}},{"kind":"Field","name":{"kind":"Name","value":"stats"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"videoBitrate"}},{"kind":"Field","name":{"kind":"Name","value":"audioBitrate"}}]}}]}}]} as unknown as DocumentNode<SessionTable_SessionFragment, unknown>;
export const SecurityForm_ApplicationFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SecurityForm_application"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Application"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"settings"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"acceptOnlyStreamsInDataStore"}},{"kind":"Field","name":{"kind":"Name","value":"publishTokenControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"playTokenControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"publishJwtControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"playJwtControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"hashControlPublishEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"hashControlPlayEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"enableTimeTokenForPublish"}},{"kind":"Field","name":{"kind":"Name","value":"enableTimeTokenForPlay"}},{"kind":"Field","name":{"kind":"Name","value":"timeTokenPeriod"}},{"kind":"Field","name":{"kind":"Name","value":"timeTokenReplayProtection"}},{"kind":"Field","name":{"kind":"Name","value":"jwtRequireScope"}},{"kind":"Field","name":{"kind":"Name","value":"endSessionAtExpiry"}},{"kind":"Field","name":{"kind":"Name","value":"allowedPublisherCIDR"}},{"kind":"Field","name":{"kind":"Name","value":"ipFilterEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"remoteAllowedCIDR"}},{"kind":"Field","name":{"kind":"Name","value":"hasTokenHashSecret"}},{"kind":"Field","name":{"kind":"Name","value":"hasJwtStreamSecretKey"}},{"kind":"Field","name":{"kind":"Name","value":"hasTimeTokenSecretForPublish"}},{"kind":"Field","name":{"kind":"Name","value":"hasTimeTokenSecretForPlay"}},{"kind":"Field","name":{"kind":"Name","value":"webhookAuthenticateURL"}},{"kind":"Field","name":{"kind":"Name","value":"webhookPlayAuthUrl"}},{"kind":"Field","name":{"kind":"Name","value":"hasWebhookSigningSecret"}},{"kind":"Field","name":{"kind":"Name","value":"rtmpPlaybackEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"allowPublishTakeover"}}]}}]}}]} as unknown as DocumentNode<SecurityForm_ApplicationFragment, unknown>;
export const SubscriberTable_SubscriberFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SubscriberTable_subscriber"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Subscriber"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"hasSecret"}},{"kind":"Field","name":{"kind":"Name","value":"totpPeriodSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"connected"}},{"kind":"Field","name":{"kind":"Name","value":"averageVideoBitrate"}},{"kind":"Field","name":{"kind":"Name","value":"averageAudioBitrate"}},{"kind":"Field","name":{"kind":"Name","value":"publishBlock"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"until"}}]}},{"kind":"Field","name":{"kind":"Name","value":"playBlock"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"until"}}]}}]}}]} as unknown as DocumentNode<SubscriberTable_SubscriberFragment, unknown>;
export const TokenRow_TokenFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"TokenRow_token"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Token"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}},{"kind":"Field","name":{"kind":"Name","value":"operation"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"createdBy"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"reservedUntil"}},{"kind":"Field","name":{"kind":"Name","value":"spentAt"}},{"kind":"Field","name":{"kind":"Name","value":"client"}}]}}]} as unknown as DocumentNode<TokenRow_TokenFragment, unknown>;
export const WhoDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Who"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"viewer"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"role"}}]}},{"kind":"Field","name":{"kind":"Name","value":"server"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"firstAdministratorMissing"}}]}}]}}]} as unknown as DocumentNode<WhoQuery, WhoQueryVariables>;
export const ApplicationNamesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ApplicationNames"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"applications"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"250"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}}]}}]} as unknown as DocumentNode<ApplicationNamesQuery, ApplicationNamesQueryVariables>;
export const LogOutDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"LogOut"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"logout"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<LogOutMutation, LogOutMutationVariables>;
export const ExplainAccessDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ExplainAccess"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ExplainAccessInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"explainAccess"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Explanation_accessExplanation"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Explanation_accessExplanation"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"AccessExplanation"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"asksWebhook"}},{"kind":"Field","name":{"kind":"Name","value":"wouldSpend"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}},{"kind":"Field","name":{"kind":"Name","value":"steps"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"rule"}},{"kind":"Field","name":{"kind":"Name","value":"applied"}},{"kind":"Field","name":{"kind":"Name","value":"skipped"}},{"kind":"Field","name":{"kind":"Name","value":"verdict"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]} as unknown as DocumentNode<ExplainAccessQuery, ExplainAccessQueryVariables>;
export const AuditDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Audit"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"AuditFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"orderBy"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"AuditOrder"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"audit"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"Variable","name":{"kind":"Name","value":"orderBy"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"actor"}},{"kind":"Field","name":{"kind":"Name","value":"application"}},{"kind":"Field","name":{"kind":"Name","value":"streamId"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"operation"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"durationUs"}},{"kind":"Field","name":{"kind":"Name","value":"detail"}}]}}]}}]}}]} as unknown as DocumentNode<AuditQuery, AuditQueryVariables>;
export const BlockSubscriberDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"BlockSubscriber"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"BlockSubscriberInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"blockSubscriber"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"sessionsStopped"}},{"kind":"Field","name":{"kind":"Name","value":"sessionsSuspended"}},{"kind":"Field","name":{"kind":"Name","value":"workersAcknowledged"}},{"kind":"Field","name":{"kind":"Name","value":"workersPending"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"tookMs"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}}]} as unknown as DocumentNode<BlockSubscriberMutation, BlockSubscriberMutationVariables>;
export const UnblockSubscriberDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"UnblockSubscriber"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"UnblockSubscriberInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"unblockSubscriber"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"workersAcknowledged"}},{"kind":"Field","name":{"kind":"Name","value":"workersPending"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<UnblockSubscriberMutation, UnblockSubscriberMutationVariables>;
export const CreateBroadcastDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateBroadcast"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateBroadcastInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createBroadcast"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"broadcast"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"streamId"}}]}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}}]} as unknown as DocumentNode<CreateBroadcastMutation, CreateBroadcastMutationVariables>;
export const BroadcastStatsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"BroadcastStats"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"application"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"streamId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"broadcastStats"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"application"},"value":{"kind":"Variable","name":{"kind":"Name","value":"application"}}},{"kind":"Argument","name":{"kind":"Name","value":"streamId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"streamId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"live"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"LivePicture_liveStream"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"LivePicture_liveStream"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"LiveStream"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"speed"}},{"kind":"Field","name":{"kind":"Name","value":"bitrate"}},{"kind":"Field","name":{"kind":"Name","value":"viewers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"total"}},{"kind":"Field","name":{"kind":"Name","value":"hls"}},{"kind":"Field","name":{"kind":"Name","value":"dash"}},{"kind":"Field","name":{"kind":"Name","value":"rtmp"}},{"kind":"Field","name":{"kind":"Name","value":"srt"}},{"kind":"Field","name":{"kind":"Name","value":"webrtc"}}]}},{"kind":"Field","name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"codec"}},{"kind":"Field","name":{"kind":"Name","value":"width"}},{"kind":"Field","name":{"kind":"Name","value":"height"}}]}},{"kind":"Field","name":{"kind":"Name","value":"audio"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"codec"}},{"kind":"Field","name":{"kind":"Name","value":"sampleRateHz"}},{"kind":"Field","name":{"kind":"Name","value":"channels"}}]}}]}}]} as unknown as DocumentNode<BroadcastStatsSubscription, BroadcastStatsSubscriptionVariables>;
export const StopBroadcastDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"StopBroadcast"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"StopBroadcastInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stopBroadcast"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<StopBroadcastMutation, StopBroadcastMutationVariables>;
export const DecisionsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"Decisions"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"application"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"outcome"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Outcome"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"decisions"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"application"},"value":{"kind":"Variable","name":{"kind":"Name","value":"application"}}},{"kind":"Argument","name":{"kind":"Name","value":"outcome"},"value":{"kind":"Variable","name":{"kind":"Name","value":"outcome"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"record"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}},{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"application"}},{"kind":"Field","name":{"kind":"Name","value":"streamId"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"operation"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"durationUs"}}]}}]}}]} as unknown as DocumentNode<DecisionsSubscription, DecisionsSubscriptionVariables>;
export const CreateApiKeyDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateApiKey"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateApiKeyInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createApiKey"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"apiKey"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"secret"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}}]} as unknown as DocumentNode<CreateApiKeyMutation, CreateApiKeyMutationVariables>;
export const CreateFirstAdministratorDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateFirstAdministrator"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateFirstAdministratorInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createFirstAdministrator"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}}]} as unknown as DocumentNode<CreateFirstAdministratorMutation, CreateFirstAdministratorMutationVariables>;
export const LogInDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"LogIn"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"LoginInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"login"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"accessToken"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}}]} as unknown as DocumentNode<LogInMutation, LogInMutationVariables>;
export const ServerStatsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"ServerStats"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"serverStats"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"liveStreams"}},{"kind":"Field","name":{"kind":"Name","value":"viewers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"total"}}]}},{"kind":"Field","name":{"kind":"Name","value":"workers"}},{"kind":"Field","name":{"kind":"Name","value":"receivedBitrate"}}]}}]}}]} as unknown as DocumentNode<ServerStatsSubscription, ServerStatsSubscriptionVariables>;
export const DrainWorkerDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DrainWorker"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DrainWorkerInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"drainWorker"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<DrainWorkerMutation, DrainWorkerMutationVariables>;
export const DisconnectSessionDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DisconnectSession"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DisconnectSessionInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"disconnectSession"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<DisconnectSessionMutation, DisconnectSessionMutationVariables>;
export const ConnectionEventsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ConnectionEvents"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"application"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"streamId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"ConnectionEventFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"broadcast"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"application"},"value":{"kind":"Variable","name":{"kind":"Name","value":"application"}}},{"kind":"Argument","name":{"kind":"Name","value":"streamId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"streamId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"connectionEvents"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ConnectionEvents_connectionEvent"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ConnectionEvents_connectionEvent"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ConnectionEvent"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"operation"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"address"}}]}}]} as unknown as DocumentNode<ConnectionEventsQuery, ConnectionEventsQueryVariables>;
export const UpdateSettingsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"UpdateSettings"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"UpdateApplicationSettingsInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"updateApplicationSettings"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"application"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"SecurityForm_application"}}]}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SecurityForm_application"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Application"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"settings"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"acceptOnlyStreamsInDataStore"}},{"kind":"Field","name":{"kind":"Name","value":"publishTokenControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"playTokenControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"publishJwtControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"playJwtControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"hashControlPublishEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"hashControlPlayEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"enableTimeTokenForPublish"}},{"kind":"Field","name":{"kind":"Name","value":"enableTimeTokenForPlay"}},{"kind":"Field","name":{"kind":"Name","value":"timeTokenPeriod"}},{"kind":"Field","name":{"kind":"Name","value":"timeTokenReplayProtection"}},{"kind":"Field","name":{"kind":"Name","value":"jwtRequireScope"}},{"kind":"Field","name":{"kind":"Name","value":"endSessionAtExpiry"}},{"kind":"Field","name":{"kind":"Name","value":"allowedPublisherCIDR"}},{"kind":"Field","name":{"kind":"Name","value":"ipFilterEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"remoteAllowedCIDR"}},{"kind":"Field","name":{"kind":"Name","value":"hasTokenHashSecret"}},{"kind":"Field","name":{"kind":"Name","value":"hasJwtStreamSecretKey"}},{"kind":"Field","name":{"kind":"Name","value":"hasTimeTokenSecretForPublish"}},{"kind":"Field","name":{"kind":"Name","value":"hasTimeTokenSecretForPlay"}},{"kind":"Field","name":{"kind":"Name","value":"webhookAuthenticateURL"}},{"kind":"Field","name":{"kind":"Name","value":"webhookPlayAuthUrl"}},{"kind":"Field","name":{"kind":"Name","value":"hasWebhookSigningSecret"}},{"kind":"Field","name":{"kind":"Name","value":"rtmpPlaybackEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"allowPublishTakeover"}}]}}]}}]} as unknown as DocumentNode<UpdateSettingsMutation, UpdateSettingsMutationVariables>;
export const GenerateCodeDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"GenerateCode"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"GenerateCodeInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"generateCode"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"periodSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"stepEndsAt"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}}]} as unknown as DocumentNode<GenerateCodeMutation, GenerateCodeMutationVariables>;
export const CreateSubscriberDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateSubscriber"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateSubscriberInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createSubscriber"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"subscriber"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}}]}},{"kind":"Field","name":{"kind":"Name","value":"secret"}},{"kind":"Field","name":{"kind":"Name","value":"otpauthUrl"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}}]} as unknown as DocumentNode<CreateSubscriberMutation, CreateSubscriberMutationVariables>;
export const CreateTokenDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateToken"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateTokenInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createToken"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"secret"}},{"kind":"Field","name":{"kind":"Name","value":"token"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}}]} as unknown as DocumentNode<CreateTokenMutation, CreateTokenMutationVariables>;
export const CreateStreamJwtDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateStreamJwt"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateStreamJwtInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createStreamJwt"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"jwt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]}}]}}]} as unknown as DocumentNode<CreateStreamJwtMutation, CreateStreamJwtMutationVariables>;
export const TokensDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Tokens"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"application"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"streamId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"TokenFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"broadcast"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"application"},"value":{"kind":"Variable","name":{"kind":"Name","value":"application"}}},{"kind":"Argument","name":{"kind":"Name","value":"streamId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"streamId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"urls"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"player"}},{"kind":"Field","name":{"kind":"Name","value":"rtmpPublish"}}]}},{"kind":"Field","name":{"kind":"Name","value":"tokens"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"TokenRow_token"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"TokenRow_token"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Token"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"hint"}},{"kind":"Field","name":{"kind":"Name","value":"operation"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"createdBy"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"reservedUntil"}},{"kind":"Field","name":{"kind":"Name","value":"spentAt"}},{"kind":"Field","name":{"kind":"Name","value":"client"}}]}}]} as unknown as DocumentNode<TokensQuery, TokensQueryVariables>;
export const RevealTokenDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RevealToken"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"RevealTokenInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"revealToken"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"secret"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<RevealTokenMutation, RevealTokenMutationVariables>;
export const RevokeTokensDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RevokeTokens"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"RevokeTokensInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"revokeTokens"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"revokedCount"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<RevokeTokensMutation, RevokeTokensMutationVariables>;
export const BroadcastDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Broadcast"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"application"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"streamId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"subscribersAfter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"broadcast"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"application"},"value":{"kind":"Variable","name":{"kind":"Name","value":"application"}}},{"kind":"Argument","name":{"kind":"Name","value":"streamId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"streamId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"live"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"LivePicture_liveStream"}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Addresses_broadcast"}},{"kind":"Field","name":{"kind":"Name","value":"subscribers"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"subscribersAfter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"SubscriberTable_subscriber"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"sessions"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"100"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"open"},"value":{"kind":"BooleanValue","value":true}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"SessionTable_session"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"LivePicture_liveStream"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"LiveStream"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"speed"}},{"kind":"Field","name":{"kind":"Name","value":"bitrate"}},{"kind":"Field","name":{"kind":"Name","value":"viewers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"total"}},{"kind":"Field","name":{"kind":"Name","value":"hls"}},{"kind":"Field","name":{"kind":"Name","value":"dash"}},{"kind":"Field","name":{"kind":"Name","value":"rtmp"}},{"kind":"Field","name":{"kind":"Name","value":"srt"}},{"kind":"Field","name":{"kind":"Name","value":"webrtc"}}]}},{"kind":"Field","name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"codec"}},{"kind":"Field","name":{"kind":"Name","value":"width"}},{"kind":"Field","name":{"kind":"Name","value":"height"}}]}},{"kind":"Field","name":{"kind":"Name","value":"audio"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"codec"}},{"kind":"Field","name":{"kind":"Name","value":"sampleRateHz"}},{"kind":"Field","name":{"kind":"Name","value":"channels"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Addresses_broadcast"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Broadcast"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"urls"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"publishPage"}},{"kind":"Field","name":{"kind":"Name","value":"rtmpPublish"}},{"kind":"Field","name":{"kind":"Name","value":"whip"}},{"kind":"Field","name":{"kind":"Name","value":"whep"}},{"kind":"Field","name":{"kind":"Name","value":"rtmpPlay"}},{"kind":"Field","name":{"kind":"Name","value":"hls"}},{"kind":"Field","name":{"kind":"Name","value":"dash"}},{"kind":"Field","name":{"kind":"Name","value":"player"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SubscriberTable_subscriber"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Subscriber"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"hasSecret"}},{"kind":"Field","name":{"kind":"Name","value":"totpPeriodSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"connected"}},{"kind":"Field","name":{"kind":"Name","value":"averageVideoBitrate"}},{"kind":"Field","name":{"kind":"Name","value":"averageAudioBitrate"}},{"kind":"Field","name":{"kind":"Name","value":"publishBlock"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"until"}}]}},{"kind":"Field","name":{"kind":"Name","value":"playBlock"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"until"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SessionTable_session"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Session"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"operation"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"userAgent"}},{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"admittedBy"}},{"kind":"Field","name":{"kind":"Name","value":"stats"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"videoBitrate"}},{"kind":"Field","name":{"kind":"Name","value":"audioBitrate"}}]}}]}}]} as unknown as DocumentNode<BroadcastQuery, BroadcastQueryVariables>;
export const SessionEventsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"SessionEvents"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"application"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"streamId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"sessionEvents"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"application"},"value":{"kind":"Variable","name":{"kind":"Name","value":"application"}}},{"kind":"Argument","name":{"kind":"Name","value":"streamId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"streamId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"at"}}]}}]}}]} as unknown as DocumentNode<SessionEventsSubscription, SessionEventsSubscriptionVariables>;
export const BroadcastsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Broadcasts"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"application"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"BroadcastFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"application"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"name"},"value":{"kind":"Variable","name":{"kind":"Name","value":"application"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"OpenDoors_application"}},{"kind":"Field","name":{"kind":"Name","value":"broadcasts"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"BroadcastTable_broadcast"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OpenDoors_application"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Application"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"openDoors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"setting"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"BroadcastTable_broadcast"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Broadcast"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"streamId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"application"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"live"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"bitrate"}},{"kind":"Field","name":{"kind":"Name","value":"viewers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"total"}},{"kind":"Field","name":{"kind":"Name","value":"hls"}},{"kind":"Field","name":{"kind":"Name","value":"dash"}},{"kind":"Field","name":{"kind":"Name","value":"rtmp"}},{"kind":"Field","name":{"kind":"Name","value":"srt"}},{"kind":"Field","name":{"kind":"Name","value":"webrtc"}}]}}]}}]}}]} as unknown as DocumentNode<BroadcastsQuery, BroadcastsQueryVariables>;
export const ApiKeysDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ApiKeys"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"applications"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"250"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"apiKeys"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"createdBy"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"grants"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"application"}},{"kind":"Field","name":{"kind":"Name","value":"role"}}]}}]}}]}}]}}]} as unknown as DocumentNode<ApiKeysQuery, ApiKeysQueryVariables>;
export const RevokeApiKeyDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RevokeApiKey"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"RevokeApiKeyInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"revokeApiKey"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"revokedId"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<RevokeApiKeyMutation, RevokeApiKeyMutationVariables>;
export const OverviewDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Overview"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"workers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Workers_worker"}}]}},{"kind":"Field","name":{"kind":"Name","value":"applications"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"OpenDoors_application"}},{"kind":"Field","name":{"kind":"Name","value":"broadcasts"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"25"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"status"},"value":{"kind":"EnumValue","value":"BROADCASTING"}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"BroadcastTable_broadcast"}}]}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Workers_worker"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Worker"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"workerId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"draining"}},{"kind":"Field","name":{"kind":"Name","value":"streams"}},{"kind":"Field","name":{"kind":"Name","value":"sessions"}},{"kind":"Field","name":{"kind":"Name","value":"load"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cores"}},{"kind":"Field","name":{"kind":"Name","value":"coresAvailable"}},{"kind":"Field","name":{"kind":"Name","value":"memory"}},{"kind":"Field","name":{"kind":"Name","value":"sentBitrate"}},{"kind":"Field","name":{"kind":"Name","value":"receivedBitrate"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OpenDoors_application"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Application"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"openDoors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"setting"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"BroadcastTable_broadcast"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Broadcast"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"streamId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"application"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"live"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"bitrate"}},{"kind":"Field","name":{"kind":"Name","value":"viewers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"total"}},{"kind":"Field","name":{"kind":"Name","value":"hls"}},{"kind":"Field","name":{"kind":"Name","value":"dash"}},{"kind":"Field","name":{"kind":"Name","value":"rtmp"}},{"kind":"Field","name":{"kind":"Name","value":"srt"}},{"kind":"Field","name":{"kind":"Name","value":"webrtc"}}]}}]}}]}}]} as unknown as DocumentNode<OverviewQuery, OverviewQueryVariables>;
export const SettingsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Settings"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"application"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"application"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"name"},"value":{"kind":"Variable","name":{"kind":"Name","value":"application"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"OpenDoors_application"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"SecurityForm_application"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OpenDoors_application"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Application"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"openDoors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"setting"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SecurityForm_application"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Application"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"settings"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"acceptOnlyStreamsInDataStore"}},{"kind":"Field","name":{"kind":"Name","value":"publishTokenControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"playTokenControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"publishJwtControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"playJwtControlEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"hashControlPublishEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"hashControlPlayEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"enableTimeTokenForPublish"}},{"kind":"Field","name":{"kind":"Name","value":"enableTimeTokenForPlay"}},{"kind":"Field","name":{"kind":"Name","value":"timeTokenPeriod"}},{"kind":"Field","name":{"kind":"Name","value":"timeTokenReplayProtection"}},{"kind":"Field","name":{"kind":"Name","value":"jwtRequireScope"}},{"kind":"Field","name":{"kind":"Name","value":"endSessionAtExpiry"}},{"kind":"Field","name":{"kind":"Name","value":"allowedPublisherCIDR"}},{"kind":"Field","name":{"kind":"Name","value":"ipFilterEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"remoteAllowedCIDR"}},{"kind":"Field","name":{"kind":"Name","value":"hasTokenHashSecret"}},{"kind":"Field","name":{"kind":"Name","value":"hasJwtStreamSecretKey"}},{"kind":"Field","name":{"kind":"Name","value":"hasTimeTokenSecretForPublish"}},{"kind":"Field","name":{"kind":"Name","value":"hasTimeTokenSecretForPlay"}},{"kind":"Field","name":{"kind":"Name","value":"webhookAuthenticateURL"}},{"kind":"Field","name":{"kind":"Name","value":"webhookPlayAuthUrl"}},{"kind":"Field","name":{"kind":"Name","value":"hasWebhookSigningSecret"}},{"kind":"Field","name":{"kind":"Name","value":"rtmpPlaybackEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"allowPublishTakeover"}}]}}]}}]} as unknown as DocumentNode<SettingsQuery, SettingsQueryVariables>;
export const WhatIsLiveDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"WhatIsLive"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"viewer"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"role"}}]}},{"kind":"Field","name":{"kind":"Name","value":"applications"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"openDoors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"setting"}}]}},{"kind":"Field","name":{"kind":"Name","value":"broadcasts"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"10"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"status"},"value":{"kind":"EnumValue","value":"BROADCASTING"}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"streamId"}},{"kind":"Field","name":{"kind":"Name","value":"live"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"bitrate"}},{"kind":"Field","name":{"kind":"Name","value":"viewers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"total"}}]}}]}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<WhatIsLiveQuery, WhatIsLiveQueryVariables>;
export const BlockDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"Block"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"blockSubscriber"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"application"},"value":{"kind":"StringValue","value":"LiveApp","block":false}},{"kind":"ObjectField","name":{"kind":"Name","value":"streamId"},"value":{"kind":"StringValue","value":"stream1","block":false}},{"kind":"ObjectField","name":{"kind":"Name","value":"subscriberId"},"value":{"kind":"StringValue","value":"playerB","block":false}},{"kind":"ObjectField","name":{"kind":"Name","value":"operation"},"value":{"kind":"EnumValue","value":"PLAY"}},{"kind":"ObjectField","name":{"kind":"Name","value":"seconds"},"value":{"kind":"IntValue","value":"120"}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"block"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"operation"}},{"kind":"Field","name":{"kind":"Name","value":"until"}}]}},{"kind":"Field","name":{"kind":"Name","value":"sessionsStopped"}},{"kind":"Field","name":{"kind":"Name","value":"sessionsSuspended"}},{"kind":"Field","name":{"kind":"Name","value":"workersAcknowledged"}},{"kind":"Field","name":{"kind":"Name","value":"tookMs"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<BlockMutation, BlockMutationVariables>;
export const WhoWasRefusedDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"WhoWasRefused"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"audit"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"kind"},"value":{"kind":"EnumValue","value":"DECISION"}},{"kind":"ObjectField","name":{"kind":"Name","value":"outcome"},"value":{"kind":"EnumValue","value":"DENIED"}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"application"}},{"kind":"Field","name":{"kind":"Name","value":"streamId"}},{"kind":"Field","name":{"kind":"Name","value":"subscriberId"}},{"kind":"Field","name":{"kind":"Name","value":"operation"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}},{"kind":"Field","name":{"kind":"Name","value":"address"}}]}}]}}]}}]} as unknown as DocumentNode<WhoWasRefusedQuery, WhoWasRefusedQueryVariables>;
export const WatchDecisionsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"WatchDecisions"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"decisions"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"streamId"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}}]}}]}}]} as unknown as DocumentNode<WatchDecisionsSubscription, WatchDecisionsSubscriptionVariables>;