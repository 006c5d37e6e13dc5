"""What schemathesis is to hold GraphQL answers against beside its own checks."""

import schemathesis


@schemathesis.check
def no_graphql_outage(ctx, response, case):
    """No 5xx, and no error that is the server's own fault. Others (a cursor that is none, a page too large) are answers
    to what was asked; each names its code."""
    assert response.status_code < 500, f"status {response.status_code}"
    for error in response.json().get("errors") or []:
        code = (error.get("extensions") or {}).get("code")
        assert code, f"an error without a code: {error}"
        assert code not in ("INTERNAL", "UNAVAILABLE", "TIMEOUT"), f"an outage: {error}"
