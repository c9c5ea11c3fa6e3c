# The agent's image: adit-agent, adit-wireguard, their libraries and CA certificates. deploy/docker/README.md says how it is
# built and run; deploy/docker/assemble puts it together.
ARG BASE=debian:bookworm-slim

# Compiles on the machine that builds, for the one that runs: nothing of this stage is emulated.
FROM --platform=${BUILDPLATFORM} ${BASE} AS compile
ARG TARGETARCH
WORKDIR /adit
COPY scripts/install-dependencies scripts/
RUN scripts/install-dependencies --architecture "${TARGETARCH}" build image
COPY . .
RUN deploy/docker/compile "${TARGETARCH}" adit-agent

# --build-context compile=docker-image://IMAGE takes programs that are compiled already, in /out of a Debian with their libraries.
FROM compile AS assemble
ARG TARGETARCH
COPY deploy/docker/assemble /adit/deploy/docker/
RUN /adit/deploy/docker/assemble "${TARGETARCH}" /image usr/bin/adit-agent usr/libexec/adit/adit-wireguard

FROM scratch
COPY --from=assemble /image /

ARG VERSION=0.1.0
ARG REVISION=""
ARG CREATED=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="adit/agent" \
      org.opencontainers.image.description="Connects private backends to a gateway by tunnels that it dials itself" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="Adit" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"

# Numeric, so that Kubernetes can see that it is not root (runAsNonRoot).
USER 10001:10001
# Kubelets and Prometheus ask from outside the container; /live, /ready and /metrics are all there is.
ENV TUNNEL_METRICS=0.0.0.0:20241
# glibc asks again after a second: its five, after one lost datagram, would be the whole time that a connection may take.
ENV RES_OPTIONS="timeout:1 attempts:4"
# Drains: no new streams, those that run end, for up to TUNNEL_GRACE_PERIOD.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 CMD ["/usr/bin/adit-agent", "healthcheck"]
ENTRYPOINT ["/usr/bin/adit-agent"]
CMD ["run"]
