/* eslint-disable */
import * as types from './graphql';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  query Who {\n    viewer {\n      authenticated\n      name\n      role\n    }\n    server {\n      version\n      firstAdministratorNeeded\n      setUpCodeNeeded\n    }\n  }\n": typeof types.WhoDocument,
    "\n  query ApplicationNames {\n    applications(first: 250) {\n      nodes {\n        id\n        name\n      }\n    }\n  }\n": typeof types.ApplicationNamesDocument,
    "\n  mutation LogOut {\n    logout {\n      problems {\n        code\n        message\n      }\n    }\n  }\n": typeof types.LogOutDocument,
    "\n  mutation BlockSubscriber($input: BlockSubscriberInput!) {\n    blockSubscriber(input: $input) {\n      sessionsStopped\n      sessionsSuspended\n      workersAcknowledged\n      workersPending {\n        name\n      }\n      tookMs\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.BlockSubscriberDocument,
    "\n  mutation UnblockSubscriber($input: UnblockSubscriberInput!) {\n    unblockSubscriber(input: $input) {\n      workersAcknowledged\n      workersPending {\n        name\n      }\n      problems {\n        code\n        message\n      }\n    }\n  }\n": typeof types.UnblockSubscriberDocument,
    "\n  fragment Addresses_broadcast on Broadcast {\n    urls {\n      publish {\n        protocol\n        url\n      }\n      play {\n        protocol\n        url\n      }\n      player\n    }\n  }\n": typeof types.Addresses_BroadcastFragmentDoc,
    "\n  fragment BroadcastTable_broadcast on Broadcast {\n    id\n    streamId\n    name\n    status\n    createdAt\n    application {\n      name\n    }\n    live {\n      since\n      protocol\n      bitrateBps\n      viewerCount\n      viewers {\n        protocol\n        count\n      }\n    }\n  }\n": typeof types.BroadcastTable_BroadcastFragmentDoc,
    "\n  mutation CreateBroadcast($input: CreateBroadcastInput!) {\n    createBroadcast(input: $input) {\n      broadcast {\n        id\n        streamId\n      }\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.CreateBroadcastDocument,
    "\n  fragment LivePicture_liveStream on LiveStream {\n    since\n    protocol\n    speed\n    viewerCount\n    viewers {\n      protocol\n      count\n    }\n    video {\n      codec\n      width\n      height\n    }\n    audio {\n      codec\n      sampleRateHz\n      channels\n    }\n  }\n": typeof types.LivePicture_LiveStreamFragmentDoc,
    "\n  subscription BroadcastStats($application: String!, $streamId: String!) {\n    broadcastStats(application: $application, streamId: $streamId) {\n      at\n      bitrateBps\n      speed\n      viewerCount\n      viewers {\n        protocol\n        count\n      }\n    }\n  }\n": typeof types.BroadcastStatsDocument,
    "\n  mutation StopBroadcast($input: StopBroadcastInput!) {\n    stopBroadcast(input: $input) {\n      problems {\n        code\n        message\n      }\n    }\n  }\n": typeof types.StopBroadcastDocument,
    "\n  query Audit($filter: AuditFilter, $after: String) {\n    audit(first: 50, filter: $filter, after: $after) {\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n      nodes {\n        id\n        at\n        kind\n        outcome\n        code\n        actor\n        application\n        streamId\n        subscriberId\n        operation\n        protocol\n        address\n        durationMs\n      }\n    }\n  }\n": typeof types.AuditDocument,
    "\n  subscription Decisions($application: String, $outcome: Outcome) {\n    decisions(application: $application, outcome: $outcome) {\n      id\n      at\n      outcome\n      reason\n      application\n      streamId\n      subscriberId\n      operation\n      protocol\n      address\n      durationMs\n    }\n  }\n": typeof types.DecisionsDocument,
    "\n  mutation CreateFirstAdministrator($input: CreateFirstAdministratorInput!) {\n    createFirstAdministrator(input: $input) {\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.CreateFirstAdministratorDocument,
    "\n  mutation LogIn($input: LoginInput!) {\n    login(input: $input) {\n      accessToken\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.LogInDocument,
    "\n  fragment OpenDoors_application on Application {\n    name\n    openDoors {\n      message\n      setting\n    }\n  }\n": typeof types.OpenDoors_ApplicationFragmentDoc,
    "\n  subscription ServerStats {\n    serverStats {\n      liveStreams\n      viewerCount\n      workers\n      receivedBps\n    }\n  }\n": typeof types.ServerStatsDocument,
    "\n  fragment ConnectionEvents_connectionEvent on ConnectionEvent {\n    id\n    at\n    kind\n    subscriberId\n    operation\n    protocol\n    address\n  }\n": typeof types.ConnectionEvents_ConnectionEventFragmentDoc,
    "\n  mutation DisconnectSession($input: DisconnectSessionInput!) {\n    disconnectSession(input: $input) {\n      problems {\n        code\n        message\n      }\n    }\n  }\n": typeof types.DisconnectSessionDocument,
    "\n  fragment SessionTable_session on Session {\n    id\n    subscriberId\n    operation\n    protocol\n    state\n    address\n    userAgent\n    since\n    admittedBy\n    worker {\n      id\n      name\n    }\n    stats {\n      bytes\n      videoBitrateBps\n      audioBitrateBps\n      droppedFrames\n    }\n  }\n": typeof types.SessionTable_SessionFragmentDoc,
    "\n  fragment SecurityForm_application on Application {\n    name\n    settings {\n      acceptOnlyStreamsInDataStore\n      publishTokenControlEnabled\n      playTokenControlEnabled\n      publishJwtControlEnabled\n      playJwtControlEnabled\n      hashControlPublishEnabled\n      hashControlPlayEnabled\n      enableTimeTokenForPublish\n      enableTimeTokenForPlay\n      timeTokenPeriod\n      timeTokenReplayProtection\n      jwtRequireScope\n      endSessionAtExpiry\n      allowedPublisherCidr\n      ipFilterEnabled\n      remoteAllowedCidr\n      hasTokenHashSecret\n      hasJwtStreamSecretKey\n      hasTimeTokenSecretForPublish\n      hasTimeTokenSecretForPlay\n    }\n  }\n": typeof types.SecurityForm_ApplicationFragmentDoc,
    "\n  mutation UpdateSettings($input: UpdateApplicationSettingsInput!) {\n    updateApplicationSettings(input: $input) {\n      application {\n        id\n        ...SecurityForm_application\n      }\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.UpdateSettingsDocument,
    "\n  mutation GenerateCode($input: GenerateCodeInput!) {\n    generateCode(input: $input) {\n      code\n      periodSeconds\n      stepEndsAt\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.GenerateCodeDocument,
    "\n  mutation CreateSubscriber($input: CreateSubscriberInput!) {\n    createSubscriber(input: $input) {\n      subscriber {\n        id\n        subscriberId\n      }\n      secret\n      otpauthUrl\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.CreateSubscriberDocument,
    "\n  fragment SubscriberTable_subscriber on Subscriber {\n    id\n    subscriberId\n    name\n    type\n    hasSecret\n    totpPeriodSeconds\n    connected\n    averageVideoBitrate\n    averageAudioBitrate\n    publishBlock {\n      until\n    }\n    playBlock {\n      until\n    }\n  }\n": typeof types.SubscriberTable_SubscriberFragmentDoc,
    "\n  query Broadcast($application: String!, $streamId: String!, $subscribersAfter: String) {\n    broadcast(application: $application, streamId: $streamId) {\n      id\n      name\n      status\n      live {\n        ...LivePicture_liveStream\n      }\n      ...Addresses_broadcast\n      subscribers(first: 50, after: $subscribersAfter) {\n        totalCount\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n        nodes {\n          id\n          ...SubscriberTable_subscriber\n        }\n      }\n      sessions(first: 100, filter: { open: true }) {\n        totalCount\n        nodes {\n          id\n          ...SessionTable_session\n        }\n      }\n      connectionEvents(first: 20) {\n        nodes {\n          id\n          ...ConnectionEvents_connectionEvent\n        }\n      }\n    }\n  }\n": typeof types.BroadcastDocument,
    "\n  subscription SessionEvents($application: String!, $streamId: String!) {\n    sessionEvents(application: $application, streamId: $streamId) {\n      kind\n      at\n    }\n  }\n": typeof types.SessionEventsDocument,
    "\n  query Broadcasts($application: String!, $filter: BroadcastFilter, $after: String) {\n    application(name: $application) {\n      id\n      ...OpenDoors_application\n      broadcasts(first: 50, filter: $filter, after: $after) {\n        totalCount\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n        nodes {\n          id\n          ...BroadcastTable_broadcast\n        }\n      }\n    }\n  }\n": typeof types.BroadcastsDocument,
    "\n  query Overview {\n    applications(first: 50) {\n      nodes {\n        id\n        ...OpenDoors_application\n        broadcasts(first: 50, filter: { status: BROADCASTING }) {\n          nodes {\n            id\n            ...BroadcastTable_broadcast\n          }\n        }\n      }\n    }\n  }\n": typeof types.OverviewDocument,
    "\n  query Settings($application: String!) {\n    application(name: $application) {\n      id\n      ...OpenDoors_application\n      ...SecurityForm_application\n    }\n  }\n": typeof types.SettingsDocument,
};
const documents: Documents = {
    "\n  query Who {\n    viewer {\n      authenticated\n      name\n      role\n    }\n    server {\n      version\n      firstAdministratorNeeded\n      setUpCodeNeeded\n    }\n  }\n": types.WhoDocument,
    "\n  query ApplicationNames {\n    applications(first: 250) {\n      nodes {\n        id\n        name\n      }\n    }\n  }\n": types.ApplicationNamesDocument,
    "\n  mutation LogOut {\n    logout {\n      problems {\n        code\n        message\n      }\n    }\n  }\n": types.LogOutDocument,
    "\n  mutation BlockSubscriber($input: BlockSubscriberInput!) {\n    blockSubscriber(input: $input) {\n      sessionsStopped\n      sessionsSuspended\n      workersAcknowledged\n      workersPending {\n        name\n      }\n      tookMs\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.BlockSubscriberDocument,
    "\n  mutation UnblockSubscriber($input: UnblockSubscriberInput!) {\n    unblockSubscriber(input: $input) {\n      workersAcknowledged\n      workersPending {\n        name\n      }\n      problems {\n        code\n        message\n      }\n    }\n  }\n": types.UnblockSubscriberDocument,
    "\n  fragment Addresses_broadcast on Broadcast {\n    urls {\n      publish {\n        protocol\n        url\n      }\n      play {\n        protocol\n        url\n      }\n      player\n    }\n  }\n": types.Addresses_BroadcastFragmentDoc,
    "\n  fragment BroadcastTable_broadcast on Broadcast {\n    id\n    streamId\n    name\n    status\n    createdAt\n    application {\n      name\n    }\n    live {\n      since\n      protocol\n      bitrateBps\n      viewerCount\n      viewers {\n        protocol\n        count\n      }\n    }\n  }\n": types.BroadcastTable_BroadcastFragmentDoc,
    "\n  mutation CreateBroadcast($input: CreateBroadcastInput!) {\n    createBroadcast(input: $input) {\n      broadcast {\n        id\n        streamId\n      }\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.CreateBroadcastDocument,
    "\n  fragment LivePicture_liveStream on LiveStream {\n    since\n    protocol\n    speed\n    viewerCount\n    viewers {\n      protocol\n      count\n    }\n    video {\n      codec\n      width\n      height\n    }\n    audio {\n      codec\n      sampleRateHz\n      channels\n    }\n  }\n": types.LivePicture_LiveStreamFragmentDoc,
    "\n  subscription BroadcastStats($application: String!, $streamId: String!) {\n    broadcastStats(application: $application, streamId: $streamId) {\n      at\n      bitrateBps\n      speed\n      viewerCount\n      viewers {\n        protocol\n        count\n      }\n    }\n  }\n": types.BroadcastStatsDocument,
    "\n  mutation StopBroadcast($input: StopBroadcastInput!) {\n    stopBroadcast(input: $input) {\n      problems {\n        code\n        message\n      }\n    }\n  }\n": types.StopBroadcastDocument,
    "\n  query Audit($filter: AuditFilter, $after: String) {\n    audit(first: 50, filter: $filter, after: $after) {\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n      nodes {\n        id\n        at\n        kind\n        outcome\n        code\n        actor\n        application\n        streamId\n        subscriberId\n        operation\n        protocol\n        address\n        durationMs\n      }\n    }\n  }\n": types.AuditDocument,
    "\n  subscription Decisions($application: String, $outcome: Outcome) {\n    decisions(application: $application, outcome: $outcome) {\n      id\n      at\n      outcome\n      reason\n      application\n      streamId\n      subscriberId\n      operation\n      protocol\n      address\n      durationMs\n    }\n  }\n": types.DecisionsDocument,
    "\n  mutation CreateFirstAdministrator($input: CreateFirstAdministratorInput!) {\n    createFirstAdministrator(input: $input) {\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.CreateFirstAdministratorDocument,
    "\n  mutation LogIn($input: LoginInput!) {\n    login(input: $input) {\n      accessToken\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.LogInDocument,
    "\n  fragment OpenDoors_application on Application {\n    name\n    openDoors {\n      message\n      setting\n    }\n  }\n": types.OpenDoors_ApplicationFragmentDoc,
    "\n  subscription ServerStats {\n    serverStats {\n      liveStreams\n      viewerCount\n      workers\n      receivedBps\n    }\n  }\n": types.ServerStatsDocument,
    "\n  fragment ConnectionEvents_connectionEvent on ConnectionEvent {\n    id\n    at\n    kind\n    subscriberId\n    operation\n    protocol\n    address\n  }\n": types.ConnectionEvents_ConnectionEventFragmentDoc,
    "\n  mutation DisconnectSession($input: DisconnectSessionInput!) {\n    disconnectSession(input: $input) {\n      problems {\n        code\n        message\n      }\n    }\n  }\n": types.DisconnectSessionDocument,
    "\n  fragment SessionTable_session on Session {\n    id\n    subscriberId\n    operation\n    protocol\n    state\n    address\n    userAgent\n    since\n    admittedBy\n    worker {\n      id\n      name\n    }\n    stats {\n      bytes\n      videoBitrateBps\n      audioBitrateBps\n      droppedFrames\n    }\n  }\n": types.SessionTable_SessionFragmentDoc,
    "\n  fragment SecurityForm_application on Application {\n    name\n    settings {\n      acceptOnlyStreamsInDataStore\n      publishTokenControlEnabled\n      playTokenControlEnabled\n      publishJwtControlEnabled\n      playJwtControlEnabled\n      hashControlPublishEnabled\n      hashControlPlayEnabled\n      enableTimeTokenForPublish\n      enableTimeTokenForPlay\n      timeTokenPeriod\n      timeTokenReplayProtection\n      jwtRequireScope\n      endSessionAtExpiry\n      allowedPublisherCidr\n      ipFilterEnabled\n      remoteAllowedCidr\n      hasTokenHashSecret\n      hasJwtStreamSecretKey\n      hasTimeTokenSecretForPublish\n      hasTimeTokenSecretForPlay\n    }\n  }\n": types.SecurityForm_ApplicationFragmentDoc,
    "\n  mutation UpdateSettings($input: UpdateApplicationSettingsInput!) {\n    updateApplicationSettings(input: $input) {\n      application {\n        id\n        ...SecurityForm_application\n      }\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.UpdateSettingsDocument,
    "\n  mutation GenerateCode($input: GenerateCodeInput!) {\n    generateCode(input: $input) {\n      code\n      periodSeconds\n      stepEndsAt\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.GenerateCodeDocument,
    "\n  mutation CreateSubscriber($input: CreateSubscriberInput!) {\n    createSubscriber(input: $input) {\n      subscriber {\n        id\n        subscriberId\n      }\n      secret\n      otpauthUrl\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.CreateSubscriberDocument,
    "\n  fragment SubscriberTable_subscriber on Subscriber {\n    id\n    subscriberId\n    name\n    type\n    hasSecret\n    totpPeriodSeconds\n    connected\n    averageVideoBitrate\n    averageAudioBitrate\n    publishBlock {\n      until\n    }\n    playBlock {\n      until\n    }\n  }\n": types.SubscriberTable_SubscriberFragmentDoc,
    "\n  query Broadcast($application: String!, $streamId: String!, $subscribersAfter: String) {\n    broadcast(application: $application, streamId: $streamId) {\n      id\n      name\n      status\n      live {\n        ...LivePicture_liveStream\n      }\n      ...Addresses_broadcast\n      subscribers(first: 50, after: $subscribersAfter) {\n        totalCount\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n        nodes {\n          id\n          ...SubscriberTable_subscriber\n        }\n      }\n      sessions(first: 100, filter: { open: true }) {\n        totalCount\n        nodes {\n          id\n          ...SessionTable_session\n        }\n      }\n      connectionEvents(first: 20) {\n        nodes {\n          id\n          ...ConnectionEvents_connectionEvent\n        }\n      }\n    }\n  }\n": types.BroadcastDocument,
    "\n  subscription SessionEvents($application: String!, $streamId: String!) {\n    sessionEvents(application: $application, streamId: $streamId) {\n      kind\n      at\n    }\n  }\n": types.SessionEventsDocument,
    "\n  query Broadcasts($application: String!, $filter: BroadcastFilter, $after: String) {\n    application(name: $application) {\n      id\n      ...OpenDoors_application\n      broadcasts(first: 50, filter: $filter, after: $after) {\n        totalCount\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n        nodes {\n          id\n          ...BroadcastTable_broadcast\n        }\n      }\n    }\n  }\n": types.BroadcastsDocument,
    "\n  query Overview {\n    applications(first: 50) {\n      nodes {\n        id\n        ...OpenDoors_application\n        broadcasts(first: 50, filter: { status: BROADCASTING }) {\n          nodes {\n            id\n            ...BroadcastTable_broadcast\n          }\n        }\n      }\n    }\n  }\n": types.OverviewDocument,
    "\n  query Settings($application: String!) {\n    application(name: $application) {\n      id\n      ...OpenDoors_application\n      ...SecurityForm_application\n    }\n  }\n": types.SettingsDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Who {\n    viewer {\n      authenticated\n      name\n      role\n    }\n    server {\n      version\n      firstAdministratorNeeded\n      setUpCodeNeeded\n    }\n  }\n"): (typeof documents)["\n  query Who {\n    viewer {\n      authenticated\n      name\n      role\n    }\n    server {\n      version\n      firstAdministratorNeeded\n      setUpCodeNeeded\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ApplicationNames {\n    applications(first: 250) {\n      nodes {\n        id\n        name\n      }\n    }\n  }\n"): (typeof documents)["\n  query ApplicationNames {\n    applications(first: 250) {\n      nodes {\n        id\n        name\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation LogOut {\n    logout {\n      problems {\n        code\n        message\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation LogOut {\n    logout {\n      problems {\n        code\n        message\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation BlockSubscriber($input: BlockSubscriberInput!) {\n    blockSubscriber(input: $input) {\n      sessionsStopped\n      sessionsSuspended\n      workersAcknowledged\n      workersPending {\n        name\n      }\n      tookMs\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation BlockSubscriber($input: BlockSubscriberInput!) {\n    blockSubscriber(input: $input) {\n      sessionsStopped\n      sessionsSuspended\n      workersAcknowledged\n      workersPending {\n        name\n      }\n      tookMs\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UnblockSubscriber($input: UnblockSubscriberInput!) {\n    unblockSubscriber(input: $input) {\n      workersAcknowledged\n      workersPending {\n        name\n      }\n      problems {\n        code\n        message\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation UnblockSubscriber($input: UnblockSubscriberInput!) {\n    unblockSubscriber(input: $input) {\n      workersAcknowledged\n      workersPending {\n        name\n      }\n      problems {\n        code\n        message\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment Addresses_broadcast on Broadcast {\n    urls {\n      publish {\n        protocol\n        url\n      }\n      play {\n        protocol\n        url\n      }\n      player\n    }\n  }\n"): (typeof documents)["\n  fragment Addresses_broadcast on Broadcast {\n    urls {\n      publish {\n        protocol\n        url\n      }\n      play {\n        protocol\n        url\n      }\n      player\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment BroadcastTable_broadcast on Broadcast {\n    id\n    streamId\n    name\n    status\n    createdAt\n    application {\n      name\n    }\n    live {\n      since\n      protocol\n      bitrateBps\n      viewerCount\n      viewers {\n        protocol\n        count\n      }\n    }\n  }\n"): (typeof documents)["\n  fragment BroadcastTable_broadcast on Broadcast {\n    id\n    streamId\n    name\n    status\n    createdAt\n    application {\n      name\n    }\n    live {\n      since\n      protocol\n      bitrateBps\n      viewerCount\n      viewers {\n        protocol\n        count\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateBroadcast($input: CreateBroadcastInput!) {\n    createBroadcast(input: $input) {\n      broadcast {\n        id\n        streamId\n      }\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation CreateBroadcast($input: CreateBroadcastInput!) {\n    createBroadcast(input: $input) {\n      broadcast {\n        id\n        streamId\n      }\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment LivePicture_liveStream on LiveStream {\n    since\n    protocol\n    speed\n    viewerCount\n    viewers {\n      protocol\n      count\n    }\n    video {\n      codec\n      width\n      height\n    }\n    audio {\n      codec\n      sampleRateHz\n      channels\n    }\n  }\n"): (typeof documents)["\n  fragment LivePicture_liveStream on LiveStream {\n    since\n    protocol\n    speed\n    viewerCount\n    viewers {\n      protocol\n      count\n    }\n    video {\n      codec\n      width\n      height\n    }\n    audio {\n      codec\n      sampleRateHz\n      channels\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription BroadcastStats($application: String!, $streamId: String!) {\n    broadcastStats(application: $application, streamId: $streamId) {\n      at\n      bitrateBps\n      speed\n      viewerCount\n      viewers {\n        protocol\n        count\n      }\n    }\n  }\n"): (typeof documents)["\n  subscription BroadcastStats($application: String!, $streamId: String!) {\n    broadcastStats(application: $application, streamId: $streamId) {\n      at\n      bitrateBps\n      speed\n      viewerCount\n      viewers {\n        protocol\n        count\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation StopBroadcast($input: StopBroadcastInput!) {\n    stopBroadcast(input: $input) {\n      problems {\n        code\n        message\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation StopBroadcast($input: StopBroadcastInput!) {\n    stopBroadcast(input: $input) {\n      problems {\n        code\n        message\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Audit($filter: AuditFilter, $after: String) {\n    audit(first: 50, filter: $filter, after: $after) {\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n      nodes {\n        id\n        at\n        kind\n        outcome\n        code\n        actor\n        application\n        streamId\n        subscriberId\n        operation\n        protocol\n        address\n        durationMs\n      }\n    }\n  }\n"): (typeof documents)["\n  query Audit($filter: AuditFilter, $after: String) {\n    audit(first: 50, filter: $filter, after: $after) {\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n      nodes {\n        id\n        at\n        kind\n        outcome\n        code\n        actor\n        application\n        streamId\n        subscriberId\n        operation\n        protocol\n        address\n        durationMs\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription Decisions($application: String, $outcome: Outcome) {\n    decisions(application: $application, outcome: $outcome) {\n      id\n      at\n      outcome\n      reason\n      application\n      streamId\n      subscriberId\n      operation\n      protocol\n      address\n      durationMs\n    }\n  }\n"): (typeof documents)["\n  subscription Decisions($application: String, $outcome: Outcome) {\n    decisions(application: $application, outcome: $outcome) {\n      id\n      at\n      outcome\n      reason\n      application\n      streamId\n      subscriberId\n      operation\n      protocol\n      address\n      durationMs\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateFirstAdministrator($input: CreateFirstAdministratorInput!) {\n    createFirstAdministrator(input: $input) {\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation CreateFirstAdministrator($input: CreateFirstAdministratorInput!) {\n    createFirstAdministrator(input: $input) {\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation LogIn($input: LoginInput!) {\n    login(input: $input) {\n      accessToken\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation LogIn($input: LoginInput!) {\n    login(input: $input) {\n      accessToken\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment OpenDoors_application on Application {\n    name\n    openDoors {\n      message\n      setting\n    }\n  }\n"): (typeof documents)["\n  fragment OpenDoors_application on Application {\n    name\n    openDoors {\n      message\n      setting\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription ServerStats {\n    serverStats {\n      liveStreams\n      viewerCount\n      workers\n      receivedBps\n    }\n  }\n"): (typeof documents)["\n  subscription ServerStats {\n    serverStats {\n      liveStreams\n      viewerCount\n      workers\n      receivedBps\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment ConnectionEvents_connectionEvent on ConnectionEvent {\n    id\n    at\n    kind\n    subscriberId\n    operation\n    protocol\n    address\n  }\n"): (typeof documents)["\n  fragment ConnectionEvents_connectionEvent on ConnectionEvent {\n    id\n    at\n    kind\n    subscriberId\n    operation\n    protocol\n    address\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DisconnectSession($input: DisconnectSessionInput!) {\n    disconnectSession(input: $input) {\n      problems {\n        code\n        message\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation DisconnectSession($input: DisconnectSessionInput!) {\n    disconnectSession(input: $input) {\n      problems {\n        code\n        message\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment SessionTable_session on Session {\n    id\n    subscriberId\n    operation\n    protocol\n    state\n    address\n    userAgent\n    since\n    admittedBy\n    worker {\n      id\n      name\n    }\n    stats {\n      bytes\n      videoBitrateBps\n      audioBitrateBps\n      droppedFrames\n    }\n  }\n"): (typeof documents)["\n  fragment SessionTable_session on Session {\n    id\n    subscriberId\n    operation\n    protocol\n    state\n    address\n    userAgent\n    since\n    admittedBy\n    worker {\n      id\n      name\n    }\n    stats {\n      bytes\n      videoBitrateBps\n      audioBitrateBps\n      droppedFrames\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment SecurityForm_application on Application {\n    name\n    settings {\n      acceptOnlyStreamsInDataStore\n      publishTokenControlEnabled\n      playTokenControlEnabled\n      publishJwtControlEnabled\n      playJwtControlEnabled\n      hashControlPublishEnabled\n      hashControlPlayEnabled\n      enableTimeTokenForPublish\n      enableTimeTokenForPlay\n      timeTokenPeriod\n      timeTokenReplayProtection\n      jwtRequireScope\n      endSessionAtExpiry\n      allowedPublisherCidr\n      ipFilterEnabled\n      remoteAllowedCidr\n      hasTokenHashSecret\n      hasJwtStreamSecretKey\n      hasTimeTokenSecretForPublish\n      hasTimeTokenSecretForPlay\n    }\n  }\n"): (typeof documents)["\n  fragment SecurityForm_application on Application {\n    name\n    settings {\n      acceptOnlyStreamsInDataStore\n      publishTokenControlEnabled\n      playTokenControlEnabled\n      publishJwtControlEnabled\n      playJwtControlEnabled\n      hashControlPublishEnabled\n      hashControlPlayEnabled\n      enableTimeTokenForPublish\n      enableTimeTokenForPlay\n      timeTokenPeriod\n      timeTokenReplayProtection\n      jwtRequireScope\n      endSessionAtExpiry\n      allowedPublisherCidr\n      ipFilterEnabled\n      remoteAllowedCidr\n      hasTokenHashSecret\n      hasJwtStreamSecretKey\n      hasTimeTokenSecretForPublish\n      hasTimeTokenSecretForPlay\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdateSettings($input: UpdateApplicationSettingsInput!) {\n    updateApplicationSettings(input: $input) {\n      application {\n        id\n        ...SecurityForm_application\n      }\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation UpdateSettings($input: UpdateApplicationSettingsInput!) {\n    updateApplicationSettings(input: $input) {\n      application {\n        id\n        ...SecurityForm_application\n      }\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation GenerateCode($input: GenerateCodeInput!) {\n    generateCode(input: $input) {\n      code\n      periodSeconds\n      stepEndsAt\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation GenerateCode($input: GenerateCodeInput!) {\n    generateCode(input: $input) {\n      code\n      periodSeconds\n      stepEndsAt\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateSubscriber($input: CreateSubscriberInput!) {\n    createSubscriber(input: $input) {\n      subscriber {\n        id\n        subscriberId\n      }\n      secret\n      otpauthUrl\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation CreateSubscriber($input: CreateSubscriberInput!) {\n    createSubscriber(input: $input) {\n      subscriber {\n        id\n        subscriberId\n      }\n      secret\n      otpauthUrl\n      problems {\n        code\n        message\n        path\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment SubscriberTable_subscriber on Subscriber {\n    id\n    subscriberId\n    name\n    type\n    hasSecret\n    totpPeriodSeconds\n    connected\n    averageVideoBitrate\n    averageAudioBitrate\n    publishBlock {\n      until\n    }\n    playBlock {\n      until\n    }\n  }\n"): (typeof documents)["\n  fragment SubscriberTable_subscriber on Subscriber {\n    id\n    subscriberId\n    name\n    type\n    hasSecret\n    totpPeriodSeconds\n    connected\n    averageVideoBitrate\n    averageAudioBitrate\n    publishBlock {\n      until\n    }\n    playBlock {\n      until\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Broadcast($application: String!, $streamId: String!, $subscribersAfter: String) {\n    broadcast(application: $application, streamId: $streamId) {\n      id\n      name\n      status\n      live {\n        ...LivePicture_liveStream\n      }\n      ...Addresses_broadcast\n      subscribers(first: 50, after: $subscribersAfter) {\n        totalCount\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n        nodes {\n          id\n          ...SubscriberTable_subscriber\n        }\n      }\n      sessions(first: 100, filter: { open: true }) {\n        totalCount\n        nodes {\n          id\n          ...SessionTable_session\n        }\n      }\n      connectionEvents(first: 20) {\n        nodes {\n          id\n          ...ConnectionEvents_connectionEvent\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query Broadcast($application: String!, $streamId: String!, $subscribersAfter: String) {\n    broadcast(application: $application, streamId: $streamId) {\n      id\n      name\n      status\n      live {\n        ...LivePicture_liveStream\n      }\n      ...Addresses_broadcast\n      subscribers(first: 50, after: $subscribersAfter) {\n        totalCount\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n        nodes {\n          id\n          ...SubscriberTable_subscriber\n        }\n      }\n      sessions(first: 100, filter: { open: true }) {\n        totalCount\n        nodes {\n          id\n          ...SessionTable_session\n        }\n      }\n      connectionEvents(first: 20) {\n        nodes {\n          id\n          ...ConnectionEvents_connectionEvent\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription SessionEvents($application: String!, $streamId: String!) {\n    sessionEvents(application: $application, streamId: $streamId) {\n      kind\n      at\n    }\n  }\n"): (typeof documents)["\n  subscription SessionEvents($application: String!, $streamId: String!) {\n    sessionEvents(application: $application, streamId: $streamId) {\n      kind\n      at\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Broadcasts($application: String!, $filter: BroadcastFilter, $after: String) {\n    application(name: $application) {\n      id\n      ...OpenDoors_application\n      broadcasts(first: 50, filter: $filter, after: $after) {\n        totalCount\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n        nodes {\n          id\n          ...BroadcastTable_broadcast\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query Broadcasts($application: String!, $filter: BroadcastFilter, $after: String) {\n    application(name: $application) {\n      id\n      ...OpenDoors_application\n      broadcasts(first: 50, filter: $filter, after: $after) {\n        totalCount\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n        nodes {\n          id\n          ...BroadcastTable_broadcast\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Overview {\n    applications(first: 50) {\n      nodes {\n        id\n        ...OpenDoors_application\n        broadcasts(first: 50, filter: { status: BROADCASTING }) {\n          nodes {\n            id\n            ...BroadcastTable_broadcast\n          }\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query Overview {\n    applications(first: 50) {\n      nodes {\n        id\n        ...OpenDoors_application\n        broadcasts(first: 50, filter: { status: BROADCASTING }) {\n          nodes {\n            id\n            ...BroadcastTable_broadcast\n          }\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Settings($application: String!) {\n    application(name: $application) {\n      id\n      ...OpenDoors_application\n      ...SecurityForm_application\n    }\n  }\n"): (typeof documents)["\n  query Settings($application: String!) {\n    application(name: $application) {\n      id\n      ...OpenDoors_application\n      ...SecurityForm_application\n    }\n  }\n"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;