# Postroom's image: a wheel and its locked dependencies in a virtual environment, run by a user without a name.
# It runs with a read-only root: only /var/lib/postroom (the store) and /tmp are written to.
#
#   docker build -t postroom .
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#     -v "$PWD/config:/etc/postroom:ro" -v postroom:/var/lib/postroom postroom
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src

# Two environments: one with what builds the wheel, which stays behind, and one with what runs, which has no pip.
RUN python -m venv /opt/build && python -m venv --without-pip /opt/postroom
COPY requirements.lock requirements-build.lock ./
RUN /opt/build/bin/python -m pip install --no-deps --require-hashes --requirement requirements-build.lock
RUN /opt/build/bin/python -m pip --python /opt/postroom/bin/python \
    install --no-deps --require-hashes --only-binary :all: --requirement requirements.lock

COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY runtime runtime
RUN /opt/build/bin/python -m hatchling build --target wheel \
    && /opt/build/bin/python -m pip --python /opt/postroom/bin/python install --no-deps --no-index dist/*.whl
RUN install --directory --mode 0750 --owner 10001 --group 10001 /data

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="Postroom" \
      org.opencontainers.image.description="An event-driven email channel runtime for contact centres." \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/postroom /opt/postroom
COPY --from=build --chown=10001:10001 /data /var/lib/postroom
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PATH=/opt/postroom/bin:/usr/local/bin:/usr/bin:/bin
USER 10001:10001
WORKDIR /var/lib/postroom
VOLUME ["/var/lib/postroom"]
EXPOSE 8025 9025
STOPSIGNAL SIGTERM
# Where ops.listen is another address than the default, POSTROOM_HEALTH names the page to ask.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["/opt/postroom/bin/python", "-c", "import os, urllib.request as u; u.urlopen(os.environ.get('POSTROOM_HEALTH', 'http://127.0.0.1:9025/healthz'), timeout=4)"]
ENTRYPOINT ["/opt/postroom/bin/postroom"]
CMD ["run", "--config", "/etc/postroom"]
