"""A publisher and a player by aiortc: what they send moves and sounds, what they receive is looked at."""

import asyncio
import fractions
import math
import time
import urllib.parse

import av
import numpy
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

PATIENCE_SECONDS = 20
SAMPLES = 960
RATE = 48_000


class MovingPicture(VideoStreamTrack):
    """A bright bar that walks over a dark picture."""

    def __init__(self):
        super().__init__()
        self.count = 0

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        picture = numpy.full((240, 320, 3), 40, numpy.uint8)
        left = (self.count * 8) % 300
        picture[:, left : left + 20] = 220
        self.count += 1
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Tone(AudioStreamTrack):
    """440 Hz in 20 ms frames."""

    def __init__(self):
        super().__init__()
        self.position = 0
        self.started = None

    async def recv(self):
        self.started = self.started or time.monotonic()
        due = self.started + self.position / RATE
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        times = (numpy.arange(SAMPLES) + self.position) / RATE
        samples = (numpy.sin(2 * math.pi * 440 * times) * 8000).astype(numpy.int16)
        frame = av.AudioFrame.from_ndarray(numpy.repeat(samples, 2).reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self.position, fractions.Fraction(1, RATE)
        self.position += SAMPLES
        return frame


class Peer:
    """One connection that an HTTP request sets up."""

    def __init__(self):
        self.connection = None

    async def offer(self, server, path, token=None, origin=None):
        """Sends the offer; takes the answer when there is one."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        headers = {"Content_Type": "application/sdp"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if origin is not None:
            headers["Origin"] = origin
        answer = await server.ask("POST", path, self.connection.localDescription.sdp.encode(), **headers)
        if answer.status == 201:
            self.session = urllib.parse.urljoin(server.origin + path, answer.headers["Location"])
            self.server = server
            # What was shown to open a session is shown to end it.
            self.proof = {name: value for name, value in headers.items() if name == "Authorization"}
            await self.connection.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        else:
            await self.connection.close()
        return answer

    async def connected(self):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.connection.connectionState != "connected":
            state = self.connection.connectionState
            assert state != "failed" and time.monotonic() < deadline, f"the connection is {state}"
            await asyncio.sleep(0.05)

    async def close(self):
        await self.server.ask("DELETE", self.session, **self.proof)
        await self.connection.close()


class Publisher(Peer):
    """Sends a moving picture and a tone."""

    async def publish(self, server, path, token=None, origin=None):
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.addTrack(MovingPicture())
        self.connection.addTrack(Tone())
        return await self.offer(server, path, token, origin)


class Player(Peer):
    """Receives, and judges what comes."""

    async def play(self, server, path, token=None):
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.tracks = {}
        self.connection.on("track", lambda track: self.tracks.__setitem__(track.kind, track))
        for kind in ("video", "audio"):
            self.connection.addTransceiver(kind, "recvonly")
        return await self.offer(server, path, token)

    async def watch(self, seconds):
        """Receives for that long; every second must bring other pictures, and sound."""
        await self.connected()
        pictures, loudest = await asyncio.gather(
            self._pictures(self.tracks["video"], seconds), self._loudest(self.tracks["audio"], seconds)
        )
        assert len(pictures) >= seconds * 3, f"{len(pictures)} different pictures in {seconds} s"
        assert loudest > 100, f"silence: the loudest sample is {loudest}"

    async def _pictures(self, track, seconds):
        pictures = set()
        async for frame in _frames(track, seconds):
            pictures.add(frame.reformat(width=64, height=36, format="gray").to_ndarray().tobytes())
        return pictures

    async def _loudest(self, track, seconds):
        loudest = 0
        async for frame in _frames(track, seconds):
            loudest = max(loudest, int(numpy.abs(frame.to_ndarray().astype(numpy.int32)).max()))
        return loudest


async def _frames(track, seconds):
    """Decoded frames for `seconds` from the first one on."""
    first = None
    while first is None or time.monotonic() - first < seconds:
        frame = await asyncio.wait_for(track.recv(), PATIENCE_SECONDS)
        first = first or time.monotonic()
        yield frame
