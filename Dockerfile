# syntax=docker/dockerfile:1.7
# One image for every part: `serve` (the default), `api`, `worker`, `migrate`.
#
#   docker build -t sluice .
#   docker run -p 5080:5080 -p 1935:1935 -p 5000:5000/udp -e SLUICE_WEBRTC_PUBLIC_IP=203.0.113.7 -v sluice:/data sluice
#
# The address is the machine's, as browsers reach it: WebRTC tells it to them.

FROM node:22-bookworm-slim AS frontend
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund --loglevel=error
COPY frontend/ ./
RUN npm run --silent build

FROM rust:1.95-bookworm AS build
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean \
    && apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev pkg-config
WORKDIR /src
COPY . .
COPY --from=frontend /src/frontend/dist frontend/dist
# The caches are no part of a layer, so the binary is taken out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin sluice \
    && install -m 0755 target/release/sluice /usr/local/bin/sluice

FROM debian:bookworm-slim
# plugins-base has the GStreamer elements that the packager uses beside its own; the others re-encode streams for players that
# cannot take them as they are (docs/design/transcoding.md). Certificates are for webhooks.
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        ca-certificates gstreamer1.0-libav gstreamer1.0-plugins-bad gstreamer1.0-plugins-base gstreamer1.0-plugins-good \
        libgstreamer-plugins-base1.0-0 libgstreamer1.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 sluice \
    && useradd --system --uid 10001 --gid sluice --home-dir /data --shell /usr/sbin/nologin sluice \
    && install -d -o sluice -g sluice -m 0750 /data /recordings
COPY deploy/docker/sluice-check /usr/local/bin/
COPY --from=build /usr/local/bin/sluice /usr/local/bin/

ENV SLUICE_DATA_DIR=/data
# GStreamer keeps its list of plugins in a file; this place is writable even where the rest is not.
ENV GST_REGISTRY=/tmp/gstreamer-registry.bin
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 5080 1935 5000/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 CMD ["sluice-check", "/healthz"]
ENTRYPOINT ["sluice"]
CMD ["serve"]

LABEL org.opencontainers.image.title="Sluice" \
      org.opencontainers.image.description="A live-streaming server whose gate is the product" \
      org.opencontainers.image.licenses="Apache-2.0"
