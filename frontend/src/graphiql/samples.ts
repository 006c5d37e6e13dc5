//! The queries that a first visit shows, one per tab.

export const SAMPLES = {
  welcome: `# Sluice's GraphQL API. Log in at /admin/ first; this page then uses that login.
#
# Ctrl-Enter runs the query under the cursor, Ctrl-Space completes,
# and the book on the left holds a description of every type and field.

query WhatIsLive {
  viewer {
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
          }
        }
      }
    }
  }
}
`,
  block: `# Stops a viewer everywhere at once. The answer comes when every worker has confirmed.

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
  explain: `# Would this request be let in, and why? Decides and spends nothing.

query Explain {
  explainAccess(input: { application: "LiveApp", streamId: "stream1", operation: PLAY, protocol: HLS }) {
    outcome
    reason
    message
    steps {
      rule
      verdict
    }
  }
}
`,
  watch: `# Every decision of the gate, as it is made.

subscription Decisions {
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
