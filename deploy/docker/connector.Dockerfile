# The connector's image: adit-connector, adit-wireguard, their libraries and CA certificates. deploy/docker/README.md says how
# it is built and run; deploy/docker/assemble puts it together.
ARG BASE=debian:bookworm-slim

# Compiles on the machine that builds, for the one that runs: nothing of this stage is emulated.
FROM --platform=${BUILDPLATFORM} ${BASE} AS compile
ARG TARGETARCH
WORKDIR /adit
COPY scripts/install-dependencies scripts/
RUN scripts/install-dependencies --architecture "${TARGETARCH}" build image
COPY . .
RUN deploy/docker/compile "${TARGETARCH}" adit-connector

# --build-context compile=docker-image://IMAGE takes programs that are compiled already, in /out of a Debian with their libraries.
FROM compile AS assemble
ARG TARGETARCH
COPY deploy/docker/assemble /adit/deploy/docker/
RUN /adit/deploy/docker/assemble "${TARGETARCH}" /image usr/bin/adit-connector usr/libexec/adit/adit-wireguard \
    && install -d -o 10001 -g 10001 -m 700 /image/var/lib/adit

FROM scratch
COPY --from=assemble /image /

ARG VERSION=0.1.0
ARG REVISION=""
ARG CREATED=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="adit/connector" \
      org.opencontainers.image.description="The gateway side of Adit's tunnels: takes requests and carries them to private backends" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="Adit" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"

# Numeric, so that Kubernetes can see that it is not root (runAsNonRoot).
USER 10001:10001
# glibc asks again after a second: its five, after one lost datagram, would be the whole time that a connection may take.
ENV RES_OPTIONS="timeout:1 attempts:4"
# Where a configuration keeps tunnels.d and the connector's keys; a new volume that is mounted here belongs to the user.
VOLUME /var/lib/adit
# Drains: agents go elsewhere, requests that run end, for up to 30 s.
STOPSIGNAL SIGTERM
# Asks at the configuration's admin.address. A connector with tunnels is ready when an agent has come.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["/usr/bin/adit-connector", "healthcheck"]
ENTRYPOINT ["/usr/bin/adit-connector"]
CMD ["run"]
