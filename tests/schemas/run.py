"""Runs schemathesis over the REST and the GraphQL schema of a server of its own.

usage: run.py BINARY

Checked are the answers: no 5xx, no status, media type or shape that the schema does not name. The last two lines count
the operations of both schemas: "# pass N" and "# fail N".
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
SCHEMATHESIS = pathlib.Path(sys.executable).with_name("schemathesis")
CHECKS = {
    "rest": "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,allow_header_conformance",
    # Its own check of errors in GraphQL answers takes every error for an outage; checks.py tells them apart.
    "graphql": "no_graphql_outage,status_code_conformance,content_type_conformance,response_schema_conformance",
}
PATIENCE_SECONDS = 60


def main(binary: str) -> int:
    with tempfile.TemporaryDirectory(prefix="sluice-schemas-") as folder:
        data = pathlib.Path(folder)
        server = start(binary, data)
        try:
            origin = listening(server, data)
            key = api_key(origin)
            counts = [check("rest", f"{origin}/openapi.json", key, data), check("graphql", f"{origin}/graphql", key, data)]
            if server.poll() is not None:
                print(f"the server ended with {server.returncode}:\n{(data / 'log').read_text()[-4000:]}")
                counts.append((0, 1))
        finally:
            server.terminate()
            server.wait()
    passed, failed = sum(count[0] for count in counts), sum(count[1] for count in counts)
    print(f"# pass {passed}\n# fail {failed}")
    return 0 if passed and not failed else 1


def start(binary: str, data: pathlib.Path) -> subprocess.Popen:
    own = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
    own |= {"SLUICE_DATA_DIR": str(data), "SLUICE_HTTP_ADDR": "127.0.0.1:0", "SLUICE_RTMP_ADDR": "127.0.0.1:0"}
    own |= {"SLUICE_WEBRTC_ADDR": "127.0.0.1:0"}
    with open(data / "log", "wb") as log:
        return subprocess.Popen([binary, "serve"], env=own, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def listening(server: subprocess.Popen, data: pathlib.Path) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (data / "listening.json").exists():
        if server.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"the server does not listen:\n{(data / 'log').read_text()}")
        time.sleep(0.02)
    return f"http://{json.loads((data / 'listening.json').read_text())['http']}"


def api_key(origin: str) -> str:
    """A key of an administrator: the calls that log out or change filters then take nothing away from the others."""
    query = """mutation {
        createApiKey(input: {name: "schemas", grants: [{role: ADMIN}]}) { secret problems { code message } }
    }"""
    request = urllib.request.Request(
        f"{origin}/graphql",
        data=json.dumps({"query": query}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        answer = json.load(response)
    key = (answer.get("data") or {}).get("createApiKey", {}).get("secret")
    return key or sys.exit(f"no API key was made: {answer}")


def check(name: str, schema: str, key: str, data: pathlib.Path) -> tuple[int, int]:
    """Operations of one schema that passed, and that failed."""
    report = data / f"{name}.xml"
    command = [SCHEMATHESIS, "--config-file", HERE / f"{name}.toml", "run", schema]
    # One worker: two threads of one interpreter that parse source text at once can fail (python/cpython#106905).
    command += ["--checks", CHECKS[name], "-H", f"Authorization: Bearer {key}", "--workers", "1"]
    command += ["--request-timeout", "20", "--warnings", "off", "--report-junit-path", report, "--no-color"]
    hooks = {"PYTHONPATH": str(HERE), "SCHEMATHESIS_HOOKS": "checks", "PYTHONDONTWRITEBYTECODE": "1"}
    status = subprocess.run(command, cwd=data, env=os.environ | hooks, stdin=subprocess.DEVNULL).returncode
    if not report.exists():
        return 0, 1
    cases = xml.etree.ElementTree.parse(report).getroot().findall(".//testcase")
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    # Whatever made it fail beside an operation is a failure too.
    return len(cases) - failed, failed or (1 if status else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
