//! The queries that a first visit shows, one per tab. `npm run generate` checks them against the schema.

export const SAMPLES = {
  welcome: /* GraphQL */ `
# Sluice's GraphQL API. Log in at /admin/ first; this page then uses that login.
#
# Ctrl-Enter runs the query under the cursor, Ctrl-Space completes,
# and the book on the left holds a description of every type and field.

query WhatIsLive {
  viewer {
    name
    role
  }
  applications(first: 20) {
    nodes {
      name
      openDoors {
        message
        setting
      }
      broadcasts(first: 10, filter: { status: BROADCASTING }) {
        nodes {
          streamId
          live {
            since
            protocol
            bitrate
            viewers {
              total
            }
          }
        }
      }
    }
  }
}
`,
  block: /* GraphQL */ `
# Stops a viewer everywhere at once. The answer comes when every worker has confirmed.

mutation Block {
  blockSubscriber(
    input: { application: "LiveApp", streamId: "stream1", subscriberId: "playerB", operation: PLAY, seconds: 120 }
  ) {
    block {
      operation
      until
    }
    sessionsStopped
    sessionsSuspended
    workersAcknowledged
    tookMs
    problems {
      code
      message
    }
  }
}
`,
  refused: /* GraphQL */ `
# Who was refused lately, and why.

query WhoWasRefused {
  audit(first: 20, filter: { kind: DECISION, outcome: DENIED }) {
    nodes {
      at
      reason
      application
      streamId
      subscriberId
      operation
      protocol
      address
    }
  }
}
`,
  watch: /* GraphQL */ `
# Every decision of the gate, as it is made.

subscription WatchDecisions {
  decisions {
    at
    outcome
    reason
    streamId
    protocol
  }
}
`,
};
