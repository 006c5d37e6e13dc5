"""WHIP and WHEP with clients of others: aiortc publishes and plays, ffmpeg publishes.

usage: run.py BINARY

Starts a server of its own. What counts is what arrives: pictures that differ from one another, sound above silence. The
last two lines count the scenarios: "# pass N" and "# fail N".
"""

import asyncio
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request

import imageio_ffmpeg

from peers import Player, Publisher

PATIENCE_SECONDS = 60


class Answer:
    """A status, its headers and its text."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode(errors="replace")


class Server:
    """The binary on free ports of the loopback, with its own data folder."""

    def __init__(self, binary: str, data: pathlib.Path):
        own = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
        own |= {name: "127.0.0.1:0" for name in ("SLUICE_HTTP_ADDR", "SLUICE_RTMP_ADDR", "SLUICE_WEBRTC_ADDR")}
        own |= {"SLUICE_DATA_DIR": str(data), "SLUICE_APPLICATIONS": "LiveApp,Tokens"}
        self.log = data / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([binary, "serve"], env=own, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        listening = data / "listening.json"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not listening.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the server does not listen:\n{self.log.read_text()}")
            time.sleep(0.02)
        self.origin = f"http://{json.loads(listening.read_text())['http']}"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    async def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request; `headers` are written with underscores."""
        url = path if path.startswith("http") else self.origin + path
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(url, data=body, headers=named, method=method)

        def send() -> Answer:
            try:
                with urllib.request.urlopen(request, timeout=20) as response:
                    return Answer(response)
            except urllib.error.HTTPError as error:
                return Answer(error)

        return await asyncio.to_thread(send)

    async def set(self, application: str, **changes) -> None:
        path = f"/rest/v2/applications/settings/{application}"
        settings = json.loads((await self.ask("GET", path)).text) | changes
        answer = await self.ask("POST", path, json.dumps(settings).encode(), Content_Type="application/json")
        assert json.loads(answer.text)["success"], answer.text

    async def token(self, stream: str, kind: str) -> str:
        """A one-time token of the application that asks for them."""
        expires = int(time.time()) + 3600
        answer = await self.ask("GET", f"/Tokens/rest/v2/broadcasts/{stream}/token?expireDate={expires}&type={kind}")
        return json.loads(answer.text)["tokenId"]

    async def on_air(self, stream: str, is_on_air: bool = True) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = await self.ask("GET", f"/LiveApp/rest/v2/broadcasts/{stream}")
            if (answer.status == 200 and json.loads(answer.text).get("status") == "broadcasting") == is_on_air:
                return
            assert time.monotonic() < deadline, f"{stream} did not go {'on' if is_on_air else 'off'} the air"
            await asyncio.sleep(0.05)


class Ffmpeg:
    """A current ffmpeg that publishes a test picture and a tone over WHIP."""

    def __init__(self, url: str):
        source = ["-re", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=15", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"]
        video = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline", "-pix_fmt", "yuv420p"]
        groups = ["-g", "15", "-bf", "0", "-b:v", "300k"]
        audio = ["-c:a", "libopus", "-ac", "2", "-b:a", "64k"]
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin"]
        self.process = subprocess.Popen(
            [*command, *source, *video, *groups, *audio, "-f", "whip", url], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


async def aiortc_publishes_and_plays(server: Server) -> None:
    publisher = Publisher()
    created = await publisher.publish(server, "/LiveApp/whip/aio")
    assert created.status == 201, f"{created.status} {created.text}"
    assert created.headers["Content-Type"] == "application/sdp"
    assert "?" not in created.headers["Location"], created.headers["Location"]
    await server.on_air("aio")
    player = Player()
    created = await player.play(server, "/LiveApp/whep/aio")
    assert created.status == 201, f"{created.status} {created.text}"
    await player.watch(seconds=5)
    await player.close()
    await publisher.close()


async def ffmpeg_publishes_and_aiortc_plays(server: Server) -> None:
    ffmpeg = Ffmpeg(f"{server.origin}/LiveApp/whip/mpeg")
    try:
        await server.on_air("mpeg")
        player = Player()
        created = await player.play(server, "/LiveApp/whep/mpeg")
        assert created.status == 201, f"{created.status} {created.text}"
        await player.watch(seconds=5)
        await player.close()
    finally:
        ffmpeg.stop()


async def a_session_ends_when_its_owner_deletes_it_and_for_nobody_else(server: Server) -> None:
    publisher = Publisher()
    created = await publisher.publish(server, "/LiveApp/whip/owned")
    assert created.status == 201, f"{created.status} {created.text}"
    await server.on_air("owned")
    for path in ("/LiveApp/whip/owned/0000", "/LiveApp/whip/owned"):
        stranger = await server.ask("DELETE", path)
        assert stranger.status in (404, 405), f"{path}: {stranger.status}"
    await server.on_air("owned")
    location = urllib.parse.urljoin(f"{server.origin}/LiveApp/whip/owned", created.headers["Location"])
    assert (await server.ask("DELETE", location)).status == 200
    await server.on_air("owned", is_on_air=False)
    assert (await server.ask("DELETE", location)).status == 404
    await publisher.close()


async def a_bearer_token_opens_and_nothing_else_does(server: Server) -> None:
    await server.set("Tokens", publishTokenControlEnabled=True, playTokenControlEnabled=True)
    publisher = Publisher()
    refused = await publisher.publish(server, "/Tokens/whip/gated")
    assert refused.status == 401 and refused.headers["WWW-Authenticate"].startswith("Bearer"), refused.status
    refused = await publisher.publish(server, "/Tokens/whip/gated", token="wrong")
    assert refused.status == 403, refused.status
    created = await publisher.publish(server, "/Tokens/whip/gated", token=await server.token("gated", "publish"))
    assert created.status == 201, f"{created.status} {created.text}"
    await publisher.connected()
    player = Player()
    refused = await player.play(server, "/Tokens/whep/gated", token="wrong")
    assert refused.status == 403, refused.status
    created = await player.play(server, f"/Tokens/whep/gated?token={await server.token('gated', 'play')}")
    assert created.status == 201, f"{created.status} {created.text}"
    await player.watch(seconds=1)
    await player.close()
    await publisher.close()


async def what_is_no_offer_is_told_so(server: Server) -> None:
    wrong_type = await server.ask("POST", "/LiveApp/whip/x", b"v=0", Content_Type="text/plain")
    assert wrong_type.status == 415, wrong_type.status
    for body in (b"", b"no description", b"v=0\r\n"):
        answer = await server.ask("POST", "/LiveApp/whip/x", body, Content_Type="application/sdp")
        assert answer.status == 400, f"{body!r}: {answer.status}"
    nowhere = await Player().play(server, "/Nowhere/whep/x")
    assert nowhere.status == 404, nowhere.status
    absent = await Player().play(server, "/LiveApp/whep/absent")
    assert absent.status == 404, absent.status


async def pages_of_other_origins_may_read_where_their_session_is(server: Server) -> None:
    asked = {"Origin": "https://example.org", "Access_Control_Request_Method": "PATCH", "Access_Control_Request_Headers": "content-type"}
    preflight = await server.ask("OPTIONS", "/LiveApp/whip/cors", **asked)
    assert preflight.status in (200, 204), preflight.status
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
    publisher = Publisher()
    created = await publisher.publish(server, "/LiveApp/whip/cors", origin="https://example.org")
    exposed = created.headers["Access-Control-Expose-Headers"].lower()
    assert all(name in exposed for name in ("location", "etag", "link")), exposed
    await publisher.close()


SCENARIOS = [
    aiortc_publishes_and_plays,
    ffmpeg_publishes_and_aiortc_plays,
    a_session_ends_when_its_owner_deletes_it_and_for_nobody_else,
    a_bearer_token_opens_and_nothing_else_does,
    what_is_no_offer_is_told_so,
    pages_of_other_origins_may_read_where_their_session_is,
]


async def run(server: Server) -> int:
    """Runs all scenarios side by side; each has streams of its own. Returns how many failed."""
    results = await asyncio.gather(
        *(asyncio.wait_for(scenario(server), PATIENCE_SECONDS) for scenario in SCENARIOS), return_exceptions=True
    )
    failed = 0
    for scenario, result in zip(SCENARIOS, results):
        name = scenario.__name__.replace("_", " ")
        if result is None:
            print(f"ok {name}")
        else:
            failed += 1
            print(f"not ok {name}")
            traceback.print_exception(result)
    return failed


def main(binary: str) -> int:
    with tempfile.TemporaryDirectory(prefix="sluice-webrtc-") as folder:
        server = Server(binary, pathlib.Path(folder))
        try:
            failed = asyncio.run(run(server))
            if server.process.poll() is not None:
                print(f"the server ended with {server.process.returncode}:\n{server.log.read_text()[-4000:]}")
                failed += 1
        finally:
            server.stop()
    print(f"# pass {len(SCENARIOS) - min(failed, len(SCENARIOS))}\n# fail {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
